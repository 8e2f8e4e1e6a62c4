/* Each file operation of a commit and of maintenance fails once, or the process is killed at it.
 * The version before is always there, and the new one when the commit said so. This program starts
 * itself for that: faults are set in the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "state/store.h"

enum { ROWS = 40, BASE = 3, DONE = 0, REFUSED = 3 };

static weir_err err;
static weir_ctx ctx = {.err = &err};

static weir_store_spec spec_of(const char *dir, int nheld) {
    const weir_field f = {"k", &weir_t_long, true, NULL};
    weir_schema *t = weir_type_struct(ctx.arena, &f, 1);
    return (weir_store_spec){
        .dir = dir, .name = "default", .nheld = nheld, .key = t, .value = t, .codec = "lz4"};
}

static int64_t find(weir_store *s, weir_bytes key) {
    int64_t e;
    assert_int_equal(weir_store_find(&ctx, s, key, &e), WEIR_OK);
    return e;
}

/* Version v holds the keys v .. v + ROWS - 1, each with v * 1000 + key. */
static weir_rc step(weir_store *s, int nheld, int64_t v) {
    int64_t old = v - 1, e = find(s, (weir_bytes){(const char *)&old, sizeof old});
    if (e >= 0) weir_store_remove(s, e);
    for (int64_t k = v; k < v + ROWS; k++) {
        int64_t x = v * 1000 + k;
        WEIR_TRY(weir_store_put(&ctx, s, (int32_t)(k % nheld),
                                (weir_bytes){(const char *)&k, sizeof k},
                                (weir_bytes){(const char *)&x, sizeof x}));
    }
    return weir_store_commit(&ctx, s);
}

static weir_rc run(const char *dir, int nheld, int64_t from, int64_t to, bool maintain) {
    weir_store_spec spec = spec_of(dir, nheld);
    weir_store *s = NULL;
    weir_rc rc = weir_store_open(&ctx, &spec, from, &s);
    for (int64_t v = from + 1; v <= to && rc == WEIR_OK; v++) rc = step(s, nheld, v);
    weir_store_close(s);
    if (rc == WEIR_OK && maintain) rc = weir_state_maintain(&ctx, &spec, to, 1, 1);
    return rc;
}

static bool holds(const char *dir, int nheld, int64_t v) {
    weir_store_spec spec = spec_of(dir, nheld);
    weir_store *s = NULL;
    bool good = weir_store_open(&ctx, &spec, v, &s) == WEIR_OK && weir_store_count(s) == ROWS;
    for (int64_t e = -1; good && (e = weir_store_next(s, e)) >= 0;) {
        int64_t k, x;
        memcpy(&k, weir_store_key(&ctx, s, e).p, sizeof k);
        memcpy(&x, weir_store_value(&ctx, s, e).p, sizeof x);
        good = k >= v && k < v + ROWS && x == v * 1000 + k;
    }
    if (!good) print_message("version %lld: %s\n", (long long)v, err.msg ? err.msg : "other rows");
    weir_store_close(s);
    weir_err_clear(&err);
    return good;
}

/* This program again, as a child with a variable of its environment set, which writes to proof what
 * it broke. */
static int child(const char *dir, int nheld, const char *name, const char *value,
                 const char *proof) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char n[16];
        (void)snprintf(n, sizeof n, "%d", nheld);
        setenv(name, value, 1);
        setenv("WEIR_FAULT_PROOF", proof, 1);
        execl("/proc/self/exe", "fault_test", dir, n, (char *)NULL);
        _exit(99);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Whether the child wrote that operation n was broken; the file is gone then. */
static bool proven(const char *proof, const char *kind, int n) {
    char *text = NULL, want[32];
    size_t len = 0;
    bool there = access(proof, F_OK) == 0;
    if (!there) return false;
    assert_int_equal(weir_file_slurp(&ctx, proof, &text, &len), WEIR_OK);
    (void)unlink(proof);
    if (len == 0) return false;
    /* half of a write is asked for at each operation: what has no half fails as a whole */
    bool whole = strcmp(kind, "SHORT") == 0 && strncmp(text, "SHORT", 5) != 0;
    (void)snprintf(want, sizeof want, "%s\t%d\t", whole ? "ENOSPC" : kind, n);
    assert_memory_equal(text, want, strlen(want));
    return true;
}

static void each_operation(const char *kind, int nheld) {
    bool kills = strcmp(kind, "KILL") == 0, broken = true;
    int n = 0, refused = 0;
    for (; broken; n++) {
        char dir[64], proof[80], at[32];
        bool shm = access("/dev/shm", W_OK) == 0; /* no disk: flushes cost nothing there */
        (void)snprintf(dir, sizeof dir, "%s/weir-fault-XXXXXX", shm ? "/dev/shm" : "/tmp");
        assert_non_null(mkdtemp(dir));
        assert_int_equal(run(dir, nheld, 0, BASE, false), WEIR_OK);
        (void)snprintf(proof, sizeof proof, "%s.proof", dir);
        (void)snprintf(at, sizeof at, kills ? "%d" : "%d:%s", n + 1, kind);
        int got = child(dir, nheld, kills ? "WEIR_CRASH_AT" : "WEIR_FAULT_AT", at, proof);
        broken = proven(proof, kind, n + 1);
        assert_true(got == DONE || (broken && got == (kills ? -SIGKILL : REFUSED)));
        assert_true(got != DONE || !kills || !broken);
        refused += got != DONE;
        assert_true(holds(dir, nheld, BASE));
        if (got == DONE) assert_true(holds(dir, nheld, BASE + 1));
        /* and the batch can be run again */
        assert_int_equal(run(dir, nheld, BASE, BASE + 1, true), WEIR_OK);
        assert_true(holds(dir, nheld, BASE + 1));
        assert_int_equal(weir_path_remove_all(&ctx, dir), WEIR_OK);
    }
    assert_true(n > 10 * nheld && refused > 10 * nheld); /* some failures only put off a clean-up */
}

static void a_failing_operation_leaves_the_version_before(void **state) {
    (void)state;
    each_operation("ENOSPC", 2);
    each_operation("SHORT", 4);
}

static void a_kill_leaves_the_version_before(void **state) {
    (void)state;
    each_operation("KILL", 4);
}

int main(int argc, char **argv) {
    weir_err_init(&err);
    ctx.env = weir_env_real();
    ctx.arena = weir_arena_new(NULL);
    int rc;
    if (argc == 3) {
        int nheld = (int)strtol(argv[2], NULL, 10);
        rc = run(argv[1], nheld, BASE, BASE + 1, true) == WEIR_OK ? DONE : REFUSED;
    } else {
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_failing_operation_leaves_the_version_before),
            cmocka_unit_test(a_kill_leaves_the_version_before),
        };
        rc = cmocka_run_group_tests(tests, NULL, NULL);
    }
    weir_err_clear(&err);
    weir_arena_free(ctx.arena);
    return rc;
}
