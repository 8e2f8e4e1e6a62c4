/* Child processes of python/: started, watched, ended. See spawn.h. The thread of the worker. */
#include "python/keeper.h"
#include "python/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A keeper gives its worker 300 ms. */
enum { KEEPER_MS = 2000, KILL_MS = 2000, STEP_US = 2000, MAX_DEPTH = 200 };

/* Between fork and exec: only what is safe in a copy of one thread. The keeper sees to its end. */
static void become(char *const *argv, char *const *envp, int sock, int out, pid_t parent) {
    sigset_t none;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int nothing = open("/dev/null", O_RDONLY);
    /* first out of the way of the numbers they get */
    int s = fcntl(sock, F_DUPFD, 10), o = fcntl(out, F_DUPFD, 10);
    if (nothing < 0 || s < 0 || o < 0) _exit(127);
    if (dup2(nothing, 0) < 0 || dup2(o, 1) < 0 || dup2(o, 2) < 0 || dup2(s, 3) < 0) _exit(127);
    close_range(4, ~0u, 0);
    execve("/proc/self/exe", argv, envp);
    _exit(127);
}

weir_rc weir_py_spawn(weir_ctx *ctx, char *const *argv, char *const *envp, int sock, int out,
                      pid_t *pid) {
    pid_t parent = getpid();
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* see end_orphans */
    *pid = fork();
    if (*pid == 0) become(argv, envp, sock, out, parent);
    if (*pid < 0) return weir_fail_io(ctx, "start a process of", argv[0]);
    return WEIR_OK;
}

static void children_of_task(pid_t pid, const char *task, int depth, void (*fn)(void *, pid_t),
                             void *u);

/* Each thread has children of its own. */
static void below(pid_t pid, int depth, void (*fn)(void *, pid_t), void *u) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = depth < MAX_DEPTH ? opendir(path) : NULL;
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.') children_of_task(pid, e->d_name, depth, fn, u);
    if (d) closedir(d);
}

static void children_of_task(pid_t pid, const char *task, int depth, void (*fn)(void *, pid_t),
                             void *u) {
    char path[320];
    int child;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, task);
    FILE *f = fopen(path, "re");
    if (!f) return;
    while (fscanf(f, "%d", &child) == 1) {
        fn(u, child);
        below(child, depth + 1, fn, u);
    }
    (void)fclose(f);
}

void weir_py_below(pid_t pid, void (*fn)(void *u, pid_t), void *u) { below(pid, 0, fn, u); }

/* Layers of filters, which only grow: those of a worker's processes are more than the engine's. */
static long filters_of(pid_t pid) {
    char path[64], line[256];
    long n = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Seccomp_filters:", 16) == 0) n = strtol(line + 16, NULL, 10);
    if (f) (void)fclose(f);
    return n;
}

static void end_orphan(void *u, pid_t pid) {
    bool *found = u;
    if (filters_of(pid) <= filters_of(getpid())) return;
    *found = true;
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, WNOHANG);
}

/* A keeper was killed by somebody else: what was below it is now below the engine. */
static void end_orphans(void) {
    bool found = true;
    for (int64_t us = 0; found && us < KILL_MS * 1000; us += STEP_US) {
        found = false;
        below(getpid(), MAX_DEPTH - 1, end_orphan, &found);
        if (found) usleep(STEP_US);
    }
}

bool weir_py_reap(pid_t pid, int64_t wait_ms, int *status) {
    for (int64_t us = 0;; us += STEP_US) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGKILL) end_orphans();
        if (got == pid || (got < 0 && errno == ECHILD)) return true;
        if (us >= wait_ms * 1000) return false;
        usleep(STEP_US);
    }
}

static void kill_one(void *u, pid_t pid) {
    (void)u;
    kill(pid, SIGKILL);
}

void weir_py_kill(pid_t pid) {
    int status = 0;
    kill(pid, SIGTERM);
    if (weir_py_reap(pid, KEEPER_MS, &status)) return;
    weir_py_below(pid, kill_one, NULL); /* the keeper is stopped, or stuck */
    kill(pid, SIGKILL);
    (void)weir_py_reap(pid, KILL_MS, &status);
}

static int64_t resident_of(pid_t pid) {
    char path[64], text[256] = "";
    long long all = 0, resident = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    bool read = fgets(text, sizeof text, f) && sscanf(text, "%lld %lld", &all, &resident) == 2;
    (void)fclose(f);
    return read ? resident * sysconf(_SC_PAGESIZE) : 0;
}

static void add_usage(void *u, pid_t pid) {
    weir_py_usage *sum = u;
    sum->resident_bytes += resident_of(pid);
    sum->processes++;
}

weir_py_usage weir_py_usage_below(pid_t pid) {
    weir_py_usage sum = {0, 0};
    weir_py_below(pid, add_usage, &sum);
    return sum;
}

const char *weir_py_how(weir_arena *a, int status) {
    if (WIFSIGNALED(status))
        return weir_printf(a, "was killed by signal %d (%s)", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    return weir_printf(a, "ended with exit code %d", WEXITSTATUS(status));
}
