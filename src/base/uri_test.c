/* What texts become as paths: as new Path(text) and FileSystem.get of Hadoop 3.5 (Spark 4.2) have
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "base/uri.h"

static weir_err err;
static weir_ctx ctx = {.err = &err};

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    ctx.arena = weir_arena_new(NULL);
    ctx.conf = weir_conf_new(NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_conf_free((weir_conf *)(uintptr_t)ctx.conf);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}

static void becomes(const char *text, const char *local) {
    const char *got = NULL;
    assert_int_equal(weir_uri_local(&ctx, text, "/base", &got), WEIR_OK);
    assert_string_equal(got, local);
}

static void fails(const char *text, const char *message) {
    const char *got = NULL;
    assert_int_not_equal(weir_uri_local(&ctx, text, "/base", &got), WEIR_OK);
    if (!strstr(err.msg, message)) fail_msg("%s: %s", text, err.msg);
    weir_err_clear(&err);
}

static void test_local(void **state) {
    (void)state;
    becomes("/a/b", "/a/b");
    becomes("/a//b///", "/a/b");
    becomes("/a/./b/../c", "/a/c");
    becomes("/../a", "/../a"); /* java.net.URI keeps it; the root is its own parent */
    becomes("/", "/");
    becomes("/a/..", "/");
    becomes("file:/a b%20c", "/a b%20c");
    becomes("file:///a", "/a");
    becomes("file:////a", "/a");
    becomes("FILE:/a", "/a");
    becomes("file://", "/");
    becomes("a/b:c", "/base/a/b:c");
    becomes("a/../../b", "/b");
    becomes(".", "/base");
    becomes("a/...", "/base/a/...");
    becomes("/a#b?c[d]", "/a#b?c[d]");
}

static void test_refused(void **state) {
    (void)state;
    fails("", "Can not create a Path from an empty string");
    fails("a:b", "Relative path in absolute URI: a:b");
    fails("file:", "Expected scheme-specific part at index 5: file:");
    fails(":/a", "Expected scheme name at index 0: :/a");
    fails("1a:/b", "Illegal character in scheme name at index 0: 1a:/b");
    fails("file://host/a", "Wrong FS: file://host/a, expected: file:///");
    fails("//host/a", "No FileSystem for scheme \"null\"");
    fails("s3://b/x", "No FileSystem for scheme \"s3\": s3://b/x. Mount it");
    fails("S3:/x", "No FileSystem for scheme \"S3\"");
    fails("nosuch:/x", "No FileSystem for scheme \"nosuch\"");
    fails("dbfs:/x", "Set spark.weir.dbfs.root");
}

static void test_dbfs(void **state) {
    (void)state;
    weir_conf_put((weir_conf *)(uintptr_t)ctx.conf, "spark.weir.dbfs.root", "/mnt/dbfs/");
    becomes("dbfs:/a b/c", "/mnt/dbfs/a b/c");
    becomes("dbfs:///a", "/mnt/dbfs/a");
    becomes("dbfs:/", "/mnt/dbfs");
    becomes("dbfs:/../../etc", "/mnt/dbfs/etc"); /* never above the root */
    becomes("dbfs:/a/../..", "/mnt/dbfs");
    fails("dbfs://host/a", "Wrong FS");
    weir_conf_put((weir_conf *)(uintptr_t)ctx.conf, "spark.weir.dbfs.root", "dbfs:/x");
    fails("dbfs:/a", "begins with dbfs:");
}

static void decodes(const char *text, const char *local) {
    const char *got = NULL;
    assert_int_equal(weir_uri_decode(&ctx, text, "/table", &got), WEIR_OK);
    assert_string_equal(got, local);
}

static void test_decoded(void **state) {
    (void)state;
    decodes("p=a%2520b/part%3A0", "/table/p=a%20b/part:0");
    decodes("a%3Ab/c", "/table/a:b/c"); /* a colon that is written as code begins no scheme */
    decodes("file:///a%20b", "/a b");
    decodes("/a%zz%4", "/a%zz%4");
    const char *got = NULL;
    assert_int_not_equal(weir_uri_decode(&ctx, "s3://b/x", "/table", &got), WEIR_OK);
    weir_err_clear(&err);
}

static void test_shown(void **state) {
    (void)state;
    assert_string_equal(weir_path_text(ctx.arena, "/a b"), "file:/a b");
    assert_string_equal(weir_path_uri(ctx.arena, "/a b%"), "file:/a%20b%25");
    assert_string_equal(weir_file_uri(ctx.arena, "/a#b"), "file:///a%23b");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_local, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dbfs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decoded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
