/* State directories real Spark wrote, read at each of their versions, against the texts beside
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "state/schema.h"
#include "state/store.h"

static weir_err err;
static weir_ctx ctx = {.err = &err};

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    ctx.env = weir_env_real();
    ctx.arena = weir_arena_new(NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}

static weir_bytes unhex(const char *p, size_t n) {
    char *out = weir_alloc(ctx.arena, n / 2 + 1);
    for (size_t i = 0; i < n / 2; i++) {
        char two[3] = {p[2 * i], p[2 * i + 1], 0};
        out[i] = (char)strtol(two, NULL, 16);
    }
    return (weir_bytes){out, (int32_t)(n / 2)};
}

static int64_t find(weir_store *s, weir_bytes key) {
    int64_t e;
    assert_int_equal(weir_store_find(&ctx, s, key, &e), WEIR_OK);
    return e;
}

/* The entries of one version, from the lines behind its head; gives what follows them. */
static char *compare(weir_store *s, char *line, int64_t n) {
    assert_int_equal(weir_store_count(s), n);
    for (int64_t i = 0; i < n; i++) {
        char *key = strchr(line, ' ') + 1, *value = strchr(key, ' ') + 1,
             *end = strchr(value, '\n');
        weir_bytes k = unhex(key, (size_t)(value - key - 1)),
                   v = unhex(value, (size_t)(end - value));
        int64_t e = find(s, k);
        assert_true(e >= 0);
        assert_int_equal(weir_store_part(s, e), strtol(line, NULL, 10));
        weir_bytes got = weir_store_value(&ctx, s, e);
        assert_int_equal(got.len, v.len);
        assert_memory_equal(got.p, v.p, (size_t)v.len);
        line = end + 1;
    }
    return line;
}

/* Of a golden checkpoint, or packed anew by another codec. */
static char *state_of(const char *name) {
    char *dir = weir_printf(ctx.arena, "test/golden/state/%s/0", name);
    if (access(dir, F_OK) == 0) return dir;
    return weir_printf(ctx.arena, "test/golden/checkpoint/%s/checkpoint/state/0", name);
}

static weir_store_spec spec_of(const char *name, int nheld) {
    weir_store_spec s = {.name = "default", .nheld = nheld};
    s.dir = state_of(name);
    char *path = weir_printf(ctx.arena, "%s/0/_metadata/schema", s.dir), *text;
    size_t len = 0;
    assert_int_equal(weir_file_slurp(&ctx, path, &text, &len), WEIR_OK);
    assert_int_equal(weir_state_schema_parse(&ctx, path, text, len, &s.key, &s.value), WEIR_OK);
    const char *codecs[] = {"zstd", "snappy", "lzf"};
    s.codec = "lz4";
    for (int i = 0; i < 3; i++)
        if (strstr(name, codecs[i])) s.codec = codecs[i];
    s.row_checksum = strstr(name, "rowck") != NULL;
    return s;
}

static void each_version_is_what_spark_wrote(void **state) {
    const char *name = *state;
    char *text = NULL;
    size_t len = 0;
    long held;
    int versions = 0;
    assert_int_equal(weir_file_slurp(&ctx, weir_printf(ctx.arena, "test/golden/state/%s.txt", name),
                                     &text, &len),
                     WEIR_OK);
    assert_int_equal(sscanf(text, "partitions %ld", &held), 1);
    weir_store_spec spec = spec_of(name, (int)held);
    for (char *line = strchr(text, '\n') + 1; *line; versions++) {
        weir_store *s = NULL;
        long long version, n;
        assert_int_equal(sscanf(line, "version %lld %lld", &version, &n), 2);
        assert_int_equal(weir_store_open(&ctx, &spec, version, &s), WEIR_OK);
        assert_int_equal(weir_store_version(s), version);
        line = compare(s, strchr(line, '\n') + 1, n);
        weir_store_close(s);
    }
    assert_true(versions > 0);
}

static void the_name_of_the_operator_is_read(void **state) {
    (void)state;
    int32_t id = -1;
    int n = 0;
    const char *name = NULL;
    weir_state_store_info *info = NULL;
    assert_int_equal(weir_state_metadata_read(&ctx, state_of("session_append_hdfs"), &id,
                                              &name, &info, &n),
                     WEIR_OK);
    assert_string_equal(name, "sessionWindowStateStoreSaveExec");
    assert_int_equal(id, 0);
    assert_int_equal(n, 1);
    assert_string_equal(info[0].name, "default");
    assert_int_equal(info[0].prefix_cols, 1);
    assert_int_equal(info[0].npart, 2);
}

/* What is written for the same schemas and operator is the same file, byte for byte. */
static void schema_and_metadata_are_written_as_spark_does(void **state) {
    (void)state;
    const char *files[] = {"0/_metadata/schema", "../_metadata/metadata"};
    char dir[] = "/tmp/weir-golden-XXXXXX";
    assert_non_null(mkdtemp(dir));
    weir_store_spec spec = spec_of("session_append_hdfs", 2);
    weir_state_store_info info = {"default", 1, 2};
    weir_store *s = NULL;
    spec.dir = weir_printf(ctx.arena, "%s/part", dir);
    assert_int_equal(weir_path_mkdirs(&ctx, spec.dir), WEIR_OK);
    assert_int_equal(weir_store_open(&ctx, &spec, 0, &s), WEIR_OK);
    weir_store_close(s);
    assert_int_equal(
        weir_state_metadata_write(&ctx, dir, 0, "sessionWindowStateStoreSaveExec", &info, 1),
        WEIR_OK);
    const char *golden[] = {"0/_metadata/schema", "_metadata/metadata"};
    for (int i = 0; i < 2; i++) {
        char *a = NULL, *b = NULL;
        size_t n = 0, m = 0;
        assert_int_equal(
            weir_file_slurp(&ctx, weir_printf(ctx.arena, "%s/%s", spec.dir, files[i]), &a, &n),
            WEIR_OK);
        char *theirs = weir_printf(ctx.arena, "%s/%s", state_of("session_append_hdfs"), golden[i]);
        assert_int_equal(weir_file_slurp(&ctx, theirs, &b, &m), WEIR_OK);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
    }
    assert_int_equal(weir_path_remove_all(&ctx, dir), WEIR_OK);
}

#define CASE(name)                                                                                 \
    { #name, each_version_is_what_spark_wrote, setup, teardown, (void *)(uintptr_t) #name }

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(agg_append_hdfs),
        CASE(agg_append_hdfs_long),
        CASE(agg_append_hdfs_zstd),
        CASE(agg_update_hdfs_big),
        CASE(agg_update_hdfs_big_snappy),
        CASE(agg_update_hdfs_big_lzf),
        CASE(agg_update_hdfs_rowck),
        CASE(session_append_hdfs),
        CASE(dedupwm_hdfs),
        cmocka_unit_test_setup_teardown(the_name_of_the_operator_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(schema_and_metadata_are_written_as_spark_does, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
