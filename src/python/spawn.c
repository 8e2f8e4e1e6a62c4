/* Child processes of python/: started, watched, ended. See spawn.h. The thread of the worker. */
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
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TERM_MS = 300, KILL_MS = 2000, STEP_US = 2000 };

extern char **environ;

/* Between fork and exec: only what is safe in a copy of one thread. */
static void become(char *const *argv, char *const *envp, int sock, int out, pid_t parent) {
    sigset_t none;
    struct rlimit no_core = {0, 0};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setrlimit(RLIMIT_CORE, &no_core);
    int nothing = open("/dev/null", O_RDONLY);
    /* first out of the way of the numbers they get */
    int s = fcntl(sock, F_DUPFD, 10), o = fcntl(out, F_DUPFD, 10);
    if (nothing < 0 || s < 0 || o < 0) _exit(127);
    if (dup2(nothing, 0) < 0 || dup2(o, 1) < 0 || dup2(o, 2) < 0 || dup2(s, 3) < 0) _exit(127);
    close_range(4, ~0u, 0);
    execve(argv[0], argv, envp);
    _exit(127);
}

weir_rc weir_py_spawn(weir_ctx *ctx, char *const *argv, char *const *envp, int sock, int out,
                      pid_t *pid) {
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0) become(argv, envp, sock, out, parent);
    if (*pid < 0) return weir_fail_io(ctx, "start a process of", argv[0]);
    setpgid(*pid, *pid); /* whoever is first */
    return WEIR_OK;
}

bool weir_py_reap(pid_t pid, int64_t wait_ms, int *status) {
    for (int64_t us = 0;; us += STEP_US) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid || (got < 0 && errno == ECHILD)) return true;
        if (us >= wait_ms * 1000) return false;
        usleep(STEP_US);
    }
}

void weir_py_kill(pid_t pid) {
    int status = 0;
    kill(-pid, SIGTERM);
    bool gone = weir_py_reap(pid, TERM_MS, &status);
    kill(-pid, SIGKILL); /* also children that stayed behind */
    if (!gone) (void)weir_py_reap(pid, KILL_MS, &status);
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

static int64_t resident_tree(pid_t pid, int depth) {
    char path[64];
    int child;
    int64_t sum = resident_of(pid);
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = depth < 100 ? fopen(path, "re") : NULL;
    if (!f) return sum;
    while (fscanf(f, "%d", &child) == 1) sum += resident_tree(child, depth + 1);
    (void)fclose(f);
    return sum;
}

int64_t weir_py_resident(pid_t pid) { return resident_tree(pid, 0); }

const char *weir_py_how(weir_arena *a, int status) {
    if (WIFSIGNALED(status))
        return weir_printf(a, "was killed by signal %d (%s)", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    return weir_printf(a, "ended with exit code %d", WEXITSTATUS(status));
}

static bool named(const char *entry, const char *name) {
    size_t n = strlen(name);
    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

char **weir_py_environment(weir_arena *a, const char *const *more) {
    static const char *const own[] = {"WEIR_TOKEN", "WEIR_CRASH_AT", "WEIR_FAULT_AT",
                                      "WEIR_IO_TRACE", "SPARK_REMOTE"};
    int n = 0, extra = 0, out = 0;
    while (environ[n]) n++;
    while (more[extra]) extra++;
    char **v = WEIR_NEWN(a, char *, n + extra / 2 + 1);
    for (int i = 0; i < n; i++) {
        bool drop = strncmp(environ[i], "PYTHON_WORKER_FACTORY_", 22) == 0;
        for (size_t k = 0; k < sizeof own / sizeof *own; k++) drop |= named(environ[i], own[k]);
        for (int k = 0; k < extra; k += 2) drop |= named(environ[i], more[k]);
        if (!drop) v[out++] = environ[i];
    }
    for (int k = 0; k < extra; k += 2)
        if (more[k + 1]) v[out++] = weir_printf(a, "%s=%s", more[k], more[k + 1]);
    return v;
}
