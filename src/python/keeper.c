/* The keeper: `weir python-keeper`, a process between the engine and a worker, one each. All that
 * comes of the worker stays below it, whatever sessions it makes and however often it forks
 * (PR_SET_CHILD_SUBREAPER). It ends when the worker does, when it is told to (SIGTERM), and with
 * the thread of the engine that started it; before, it ends all below. Its exit is the worker's. */
#include "python/confine.h"
#include "python/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TERM_MS = 300, STEP_MS = 2 };

extern char **environ;

static _Noreturn void work(char **argv, const weir_py_limits *limits, pid_t engine, pid_t keeper) {
    const pid_t guard[] = {keeper, engine};
    sigset_t none;
    setsid();
    weir_py_confine(limits, guard, 2);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(argv[0], argv, environ);
    perror(argv[0]);
    _exit(127);
}

/* Takes what has ended. True: the worker has. *none: nothing is left. */
static bool reap(pid_t worker, int *status, bool *none) {
    bool ended = false;
    int st = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
        if (pid != worker) continue;
        *status = st;
        ended = true;
    }
    if (none) *none = pid < 0 && errno == ECHILD;
    return ended;
}

static void kill_one(void *u, pid_t pid) {
    (void)u;
    kill(pid, SIGKILL);
}

static void end_all(pid_t worker, int *status) {
    const struct timespec step = {0, STEP_MS * 1000000};
    for (bool none = false;;) {
        weir_py_below(getpid(), kill_one, NULL);
        reap(worker, status, &none);
        if (none) return;
        nanosleep(&step, NULL);
    }
}

static void end_as(int status) {
    sigset_t one;
    if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
    int sig = WTERMSIG(status);
    signal(sig, SIG_DFL);
    sigemptyset(&one);
    sigaddset(&one, sig);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    kill(getpid(), sig);
    _exit(128 + sig);
}

int weir_py_keep(int argc, char **argv) {
    sigset_t all;
    if (argc < 5) return fprintf(stderr, "weir python-keeper is for the engine\n"), 2;
    sigfillset(&all); /* before there is a worker: a death now leaves nothing */
    sigprocmask(SIG_SETMASK, &all, NULL);
    const pid_t engine = (pid_t)strtol(argv[1], NULL, 10), keeper = getpid();
    const weir_py_limits limits = {.files = strtoll(argv[2], NULL, 10),
                                   .processes = strtoll(argv[3], NULL, 10)};
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (getppid() != engine) return 127;
    pid_t worker = fork();
    if (worker == 0) work(argv + 4, &limits, engine, keeper);
    if (worker < 0) return perror("weir: start a Python worker"), 127;
    close_range(0, ~0u, 0);
    int status = 0, sig = 0;
    bool ended = false;
    while (!ended && sig != SIGTERM) {
        sig = sigwaitinfo(&all, NULL);
        if (sig == SIGCHLD) ended = reap(worker, &status, NULL);
    }
    if (!ended) kill(-worker, SIGTERM);
    const struct timespec step = {0, STEP_MS * 1000000};
    for (int ms = 0; !ended && ms < TERM_MS; ms += STEP_MS) {
        nanosleep(&step, NULL);
        ended = reap(worker, &status, NULL);
    }
    end_all(worker, &status);
    end_as(status);
    return 0;
}
