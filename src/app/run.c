/* weir run: an engine in a child on loopback, a PySpark script against it; signals and the exit
 * code pass through. */
#include "app/app.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs before the script: weir is the remote, so a master or packages named by the script have no
 * meaning here. */
static const char bootstrap[] =
    "import os, runpy, sys\n"
    "sys.argv = sys.argv[1:] if sys.argv[0] == '-c' else sys.argv\n"
    "__file__ = sys.argv[0]\n" /* the client takes a main module without a file for a doctest run */
    "import pyspark.sql.session as _p\n"
    "def _drop(builder):\n"
    "    opts = getattr(builder, '_options', {})\n"
    "    for k in ('spark.master', 'spark.jars', 'spark.jars.packages', 'spark.submit.pyFiles', "
    "'spark.api.mode'):\n"
    "        opts.pop(k, None)\n"
    "def _wrap(cls, name):\n"
    "    real = getattr(cls, name, None)\n"
    "    def wrapped(self, *args, **kw):\n"
    "        _drop(self)\n"
    "        return real(self, *args, **kw)\n"
    "    if real:\n"
    "        setattr(cls, name, wrapped)\n"
    "for _n in ('_validate_startup_urls', 'getOrCreate', 'create'):\n"
    "    _wrap(_p.SparkSession.Builder, _n)\n"
    "os.environ.pop('WEIR_BOOTSTRAP', None)\n"
    "sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))\n"
    "runpy.run_path(sys.argv[0], run_name='__main__')\n";

static volatile sig_atomic_t script_pid;

/* What a terminal sends has reached the script already. */
static void forward(int sig, siginfo_t *info, void *u) {
    (void)u;
    if (script_pid > 0 && info->si_code != SI_KERNEL) kill((pid_t)script_pid, sig);
}

static int fail(const char *what) {
    fprintf(stderr, "weir run: %s: %s\n", what, strerror(errno));
    return 1;
}

static void self_path(char *out, size_t n) {
    ssize_t k = readlink("/proc/self/exe", out, n - 1);
    out[k > 0 ? k : 0] = 0;
}

static const char *find_python(void) {
    static char path[PATH_MAX + 32];
    char exe[PATH_MAX];
    const char *env = getenv("WEIR_PYTHON");
    if (env && *env) return env;
    self_path(exe, sizeof exe);
    snprintf(path, sizeof path, "%s/../.venv/bin/python", dirname(exe));
    if (access(path, X_OK) == 0) return path;
    if (access(".venv/bin/python", X_OK) == 0) return ".venv/bin/python";
    return "python3";
}

/* Python workers of the engine are the script's interpreter, and import what lies beside it. */
static void python_environment(const char *script) {
    char dir[PATH_MAX], *path = NULL;
    const char *before = getenv("PYTHONPATH");
    setenv("WEIR_PYTHON", find_python(), 1);
    if (!realpath(script, dir)) return;
    int n = asprintf(&path, "%s%s%s", dirname(dir), before && *before ? ":" : "",
                     before ? before : "");
    if (n >= 0) setenv("PYTHONPATH", path, 1);
    free(path);
}

static pid_t start_server(char **extra, int nextra, const char *script, const char *token,
                          int *port) {
    int p[2];
    char exe[PATH_MAX], fd[16], self[16], buf[32] = "";
    if (pipe2(p, O_CLOEXEC) != 0) return -1;
    self_path(exe, sizeof exe);
    snprintf(self, sizeof self, "%d", (int)getpid());
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[256] = {exe, "server", "--port", "0", "--parent", self, "--ready-fd", fd};
        int n = 8;
        for (int i = 0; i < nextra && n < 255; i++) argv[n++] = extra[i];
        fcntl(p[1], F_SETFD, 0);
        snprintf(fd, sizeof fd, "%d", p[1]);
        setenv("WEIR_TOKEN", token, 1);
        python_environment(script);
        setpgid(0, 0); /* Ctrl-C goes to the script first; the engine is told afterwards */
        execv(exe, argv);
        _exit(127);
    }
    close(p[1]);
    ssize_t n = 0, k;
    while (pid > 0 && n < (ssize_t)sizeof buf - 1 &&
           (k = read(p[0], buf + n, sizeof buf - 1 - (size_t)n)) > 0)
        n += k;
    close(p[0]);
    *port = (int)strtol(buf, NULL, 10);
    return pid;
}

static pid_t start_script(int argc, char **argv, int port, const char *token) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    char remote[256], **v = calloc((size_t)argc + 5, sizeof *v);
    if (!v) _exit(127);
    snprintf(remote, sizeof remote, "sc://localhost:%d/;token=%s", port, token);
    setenv("SPARK_REMOTE", remote, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    const char *py = find_python();
    v[0] = (char *)(uintptr_t)py;
    v[1] = "-c";
    v[2] = (char *)(uintptr_t)bootstrap;
    memcpy(v + 3, argv, sizeof *v * (size_t)argc);
    execvp(py, v);
    fprintf(stderr, "weir run: cannot start %s: %s\n", py, strerror(errno));
    _exit(127);
}

static void stop_server(pid_t pid) {
    int status;
    kill(pid, SIGTERM);
    for (int i = 0; i < 240; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid) return;
        usleep(50000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

static void say_how(const char *what, int status) {
    if (WIFSIGNALED(status))
        fprintf(stderr, "weir run: the engine %s: %s\n", what, strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "weir run: the engine %s with exit code %d\n", what, WEXITSTATUS(status));
}

/* Ends the script: its client would try again for minutes. */
static void stop_script(pid_t script) {
    kill(script, SIGTERM);
    for (int i = 0; i < 40; i++) {
        if (waitpid(script, NULL, WNOHANG) == script) return;
        usleep(50000);
    }
    kill(script, SIGKILL);
    waitpid(script, NULL, 0);
}

/* Waits until the script or the engine ends. False: the engine ended first. */
static bool wait_script(pid_t script, pid_t server, int *status) {
    for (;;) {
        pid_t pid = waitpid(-1, status, 0);
        if (pid == script) return true;
        if (pid == server || (pid < 0 && errno != EINTR)) break;
    }
    script_pid = 0;
    say_how("ended before the script did", *status);
    stop_script(script);
    return false;
}

int weir_app_run(int argc, char **argv) {
    char token[WEIR_APP_TOKEN_SIZE];
    int port = 0, at = 1, status = 0;
    while (at < argc && argv[at][0] == '-') /* options of the engine come before the script */
        at += weir_app_flag(argv[at]) ? 1 : 2;
    if (at >= argc)
        return fprintf(stderr, "weir run: which script? weir run JOB.py [ARGS...]\n"), 2;
    if (access(argv[at], R_OK) != 0) return fail(argv[at]);
    weir_app_random_token(token);
    weir_app_hide_memory(); /* it knows the token; the script and the engine see to themselves */
    pid_t server = start_server(argv + 1, at - 1, argv[at], token, &port);
    weir_app_hide(at, argv, NULL);
    if (server < 0) return fail("cannot start the engine");
    if (!port) {
        waitpid(server, &status, 0);
        say_how("did not start: it ended", status);
        return 1;
    }
    struct sigaction sa = {.sa_sigaction = forward, .sa_flags = SA_SIGINFO};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    pid_t script = start_script(argc - at, argv + at, port, token);
    if (script < 0) return stop_server(server), fail("cannot start python");
    script_pid = script;
    if (!wait_script(script, server, &status)) return 1;
    script_pid = 0;
    stop_server(server);
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
        return 128 + WTERMSIG(status);
    }
    return WEXITSTATUS(status);
}
