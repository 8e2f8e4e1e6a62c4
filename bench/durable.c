/* The floor of latency: a C program that waits for a file, reads it, and makes durable the same files that a
 * micro-batch has to: the source's log, offsets, with state a delta of each partition, data and the log of a Delta table
 * (unless there is no sink), commits. Usage: durable IN OUT [PARTITIONS [nosink]]. Each file: temporary name, write,
 * fsync, rename, fsync of the folder; of many partitions all are flushed together, which is faster. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static char out[4096];

static void folder(const char *name) {
    char p[8192];
    snprintf(p, sizeof p, "%s/%s", out, name);
    mkdir(p, 0755);
}

static void put(const char *name, const char *leaf, const void *p, size_t n) {
    char dir[8192], temp[9000], to[9000];
    snprintf(dir, sizeof dir, "%s/%s", out, name);
    snprintf(temp, sizeof temp, "%s/.%s.tmp", dir, leaf);
    snprintf(to, sizeof to, "%s/%s", dir, leaf);
    int f = open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0644), d = open(dir, O_RDONLY | O_DIRECTORY);
    if (f < 0 || d < 0 || write(f, p, n) != (ssize_t)n || fsync(f) || close(f) || rename(temp, to) ||
        fsync(d) || close(d)) {
        perror(to);
        exit(1);
    }
}

static void flush(void) {
    int d = open(out, O_RDONLY | O_DIRECTORY);
    if (d < 0 || syncfs(d) || close(d)) {
        perror(out);
        exit(1);
    }
}

static void deltas(int parts, int version, const void *p, size_t n) {
    char name[64], temp[9000], to[9000];
    for (int i = 0; i < parts && parts <= 3; i++) {
        snprintf(name, sizeof name, "state/%d", i);
        snprintf(to, sizeof to, "%d.delta", version);
        put(name, to, p, n);
    }
    if (parts <= 3) return;
    for (int i = 0; i < parts; i++) {
        snprintf(temp, sizeof temp, "%s/state/%d/.%d.tmp", out, i, version);
        int f = open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (f < 0 || write(f, p, n) != (ssize_t)n || close(f)) {
            perror(temp);
            exit(1);
        }
    }
    flush();
    for (int i = 0; i < parts; i++) {
        snprintf(temp, sizeof temp, "%s/state/%d/.%d.tmp", out, i, version);
        snprintf(to, sizeof to, "%s/state/%d/%d.delta", out, i, version);
        if (rename(temp, to)) {
            perror(to);
            exit(1);
        }
    }
    flush();
}

int main(int argc, char **argv) {
    static char event[65536], text[1 << 20], body[4096];
    if (argc < 3) return 2;
    int parts = argc > 3 ? atoi(argv[3]) : 0, sink = argc < 5;
    snprintf(out, sizeof out, "%s", argv[2]);
    int q = inotify_init1(IN_CLOEXEC), n = 0;
    if (q < 0 || inotify_add_watch(q, argv[1], IN_MOVED_TO) < 0) return 1;
    mkdir(out, 0755);
    const char *dirs[] = {"sources", "offsets", "data", "_delta_log", "commits", "state"};
    for (int i = 0; i < 6; i++) folder(dirs[i]);
    for (int i = 0; i < parts; i++) {
        char name[64];
        snprintf(name, sizeof name, "state/%d", i);
        folder(name);
    }
    memset(body, 'x', sizeof body);
    puts("READY");
    fflush(stdout);
    for (;;) {
        ssize_t len = read(q, event, sizeof event);
        for (char *e = event; e < event + len;) {
            struct inotify_event *i = (void *)e;
            char path[8192], leaf[64];
            e += sizeof *i + i->len;
            snprintf(path, sizeof path, "%s/%s", argv[1], i->name);
            int f = open(path, O_RDONLY);
            if (f < 0 || read(f, text, sizeof text) <= 0) continue;
            close(f);
            snprintf(leaf, sizeof leaf, "%d", n);
            put("sources", leaf, body, 180);
            put("offsets", leaf, body, 600);
            if (sink) put("data", leaf, body, 1700);
            deltas(parts, n, body, 300);
            snprintf(leaf, sizeof leaf, "%020d.json", n);
            if (sink) put("_delta_log", leaf, body, 900);
            snprintf(leaf, sizeof leaf, "%d", n++);
            put("commits", leaf, body, 30);
        }
    }
}
