/* The parts that need no broker: JAAS, offsets, settings, tokens, stores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kafka/client.h"
#include "kafka/jaas.h"
#include "kafka/offsets.h"
#include "kafka/security.h"
#include "kafka/token.h"

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

/* ---- JAAS ---- */

static weir_rc parse(const char *text, weir_jaas *j) {
    return weir_jaas_parse(&ctx, text, strlen(text), j);
}

static void jaas_of_databricks_gives_its_values(void **state) {
    weir_jaas j;
    (void)state;
    assert_int_equal(parse("kafkashaded.org.apache.kafka.common.security.plain.PlainLoginModule "
                           "required username=\"a b\" password='p\\\"\\\\\\u\\n\\101=;';",
                           &j),
                     WEIR_OK);
    assert_string_equal(j.module, "PlainLoginModule");
    assert_string_equal(weir_jaas_get(&j, "username"), "a b");
    assert_string_equal(weir_jaas_get(&j, "password"), "p\"\\u\nA=;");
    assert_null(weir_jaas_get(&j, "other"));
}

static void jaas_with_comments_and_bare_words_is_taken(void **state) {
    weir_jaas j;
    (void)state;
    assert_int_equal(parse("/* a */ x.ScramLoginModule\n  REQUIRED // b\n user=me debug = true ; ",
                           &j),
                     WEIR_OK);
    assert_string_equal(weir_jaas_get(&j, "user"), "me");
    assert_string_equal(weir_jaas_get(&j, "debug"), "true");
}

static void jaas_that_is_malformed_names_the_place_not_the_text(void **state) {
    static const char *const bad[] = {
        "",
        ";",
        "Module",
        "Module wanted a=\"secret\";",
        "Module required password=\"secret",
        "Module required password=\"secret\"",
        "Module required password \"secret\";",
        "Module required password=;",
        "Module required =\"secret\";",
        "Module required a=\"secret\"; Other required b=\"secret\";",
        "Module required a=\"sec\nret\";",
        "Module required a=\"\\0secret\";",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_jaas j;
        weir_err_clear(&err);
        assert_int_equal(parse(bad[i], &j), WEIR_FAIL);
        assert_non_null(strstr(err.msg, "'kafka.sasl.jaas.config' at character"));
        assert_null(strstr(err.msg, "secret"));
    }
}

/* ---- offsets, as Spark 4.2 wrote them ---- */

static const char *const spark_texts[] = {
    "{\"wk4-10\":{\"0\":1},\"wk4-11\":{\"0\":1},\"wk4-12\":{\"0\":1},\"wk4-13\":{\"0\":1},"
    "\"wk4-9\":{\"0\":1},\"wk4-7\":{\"0\":1},\"wk4-8\":{\"0\":1},\"wk4-5\":{\"0\":1},"
    "\"wk4-6\":{\"0\":1},\"wk4-3\":{\"0\":1},\"wk4-4\":{\"0\":1},\"wk4-1\":{\"0\":1},"
    "\"wk4-2\":{\"0\":1},\"wk4-14\":{\"0\":1},\"wk4-0\":{\"0\":1}}",
    "{\"wk3b\":{\"0\":1},\"wk3a\":{\"0\":2,\"1\":1},\"Wk3.long_name-1\":{\"0\":1,\"1\":1}}",
    "{\"wk6\":{\"0\":1,\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,"
    "\"10\":1,\"11\":1,\"12\":1,\"13\":1,\"14\":1,\"15\":1,\"16\":1,\"17\":1,\"18\":1,\"19\":1}}",
    "{\"t\":{\"0\":9223372036854775807,\"1\":-2}}",
    "{}",
};

static void offsets_of_spark_come_back_as_they_were(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof spark_texts / sizeof *spark_texts; i++) {
        weir_kafka_offsets o;
        const char *text = spark_texts[i];
        assert_true(weir_kafka_offsets_parse(ctx.arena, text, strlen(text), &o));
        assert_string_equal(weir_kafka_offsets_text(ctx.arena, &o), text);
    }
}

static void offsets_that_are_malformed_are_refused(void **state) {
    static const char *const bad[] = {
        "",
        "[]",
        "{\"t\":1}",
        "{\"t\":{\"x\":1}}",
        "{\"t\":{\"0\":1.5}}",
        "{\"t\":[0]}",
        "{\"t\":{\"-1\":1}}",
        "{\"t\":{\"0\":\"1\"}}",
        "{\"t\":{\"0\":1}",
        "{\"t\":{\"0\":9223372036854775808}}",
        "{\"t\":{\"99999999999\":1}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_kafka_offsets o;
        assert_false(weir_kafka_offsets_parse(ctx.arena, bad[i], strlen(bad[i]), &o));
    }
}

/* ---- settings ---- */

static weir_rc settings(weir_kafka_role role, weir_option *opt, int n, weir_kafka_settings *out) {
    weir_options o = {n, opt};
    weir_err_clear(&err);
    return weir_kafka_settings_read(&ctx, &o, role, false, out);
}

static void settings_are_renamed(void **state) {
    weir_kafka_settings s;
    weir_option opt[] = {{"kafka.bootstrap.servers", "a:1"},
                         {"KAFKA.max.partition.fetch.bytes", "77"},
                         {"kafka.fetch.max.wait.ms", "5"},
                         {"kafka.receive.buffer.bytes", "-1"},
                         {"kafka.request.timeout.ms", "1234"},
                         {"kafka.isolation.level", "READ_COMMITTED"},
                         {"kafka.linger.ms", "9"},
                         {"kafka.security.protocol", "SASL_PLAINTEXT"},
                         {"kafka.sasl.mechanism", "SCRAM-SHA-512"},
                         {"kafka.sasl.jaas.config", "a.ScramLoginModule required username=\"u\" "
                                                    "password=\"pa55word\";"}};
    (void)state;
    assert_int_equal(settings(WEIR_KAFKA_CONSUMER, opt, 10, &s), WEIR_OK);
    assert_string_equal(weir_kafka_get(&s, "fetch.message.max.bytes"), "77");
    assert_string_equal(weir_kafka_get(&s, "fetch.wait.max.ms"), "5");
    assert_string_equal(weir_kafka_get(&s, "socket.receive.buffer.bytes"), "0");
    assert_string_equal(weir_kafka_get(&s, "socket.timeout.ms"), "1234");
    assert_string_equal(weir_kafka_get(&s, "isolation.level"), "read_committed");
    assert_string_equal(weir_kafka_get(&s, "sasl.username"), "u");
    assert_string_equal(weir_kafka_get(&s, "sasl.password"), "pa55word");
    assert_null(weir_kafka_get(&s, "linger.ms"));
    assert_string_equal(weir_kafka_redact(ctx.arena, &s, "x pa55word y pa55word"),
                        "x *********(redacted) y *********(redacted)");
    assert_int_equal(settings(WEIR_KAFKA_PRODUCER, opt, 7, &s), WEIR_OK);
    assert_string_equal(weir_kafka_get(&s, "linger.ms"), "9");
    assert_string_equal(weir_kafka_get(&s, "partitioner"), "murmur2_random");
    assert_string_equal(weir_kafka_get(&s, "request.timeout.ms"), "1234");
}

static void settings_that_cannot_be_are_refused(void **state) {
    static const struct {
        const char *key, *value, *says;
    } bad[] = {
        {"kafka.security.protocol", "TLS", "'tls' is not one of"},
        {"kafka.isolation.level", "x", "Invalid value x for configuration isolation.level"},
        {"kafka.default.api.timeout.ms", "soon", "Invalid value soon for configuration"},
        {"kafka.security.protocol", "SASL_SSL", "'kafka.sasl.jaas.config': it is not set"},
        {"kafka.interceptor.classes", "x", "Kafka option 'interceptor.classes' is not supported"},
        {"kafka.bootstrap.servers", "", "bootstrap.servers"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_kafka_settings s;
        weir_option opt[] = {{"kafka.bootstrap.servers", "a:1"}, {bad[i].key, bad[i].value}};
        assert_int_equal(settings(WEIR_KAFKA_CONSUMER, opt, 2, &s), WEIR_FAIL);
        if (!strstr(err.msg, bad[i].says)) fail_msg("%s", err.msg);
    }
}

static const char *file_of(const void *p, size_t n) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/weir-kafka-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    close(fd);
    return path;
}

static void a_java_key_store_is_refused_with_the_way_out(void **state) {
    weir_kafka_settings s;
    const char *path = file_of("\xfe\xed\xfe\xed\0\0\0\2", 8);
    weir_option opt[] = {{"kafka.bootstrap.servers", "a:1"},
                         {"kafka.security.protocol", "SSL"},
                         {"kafka.ssl.truststore.location", path},
                         {"kafka.ssl.truststore.password", "hidden"}};
    (void)state;
    assert_int_equal(settings(WEIR_KAFKA_CONSUMER, opt, 4, &s), WEIR_FAIL);
    assert_non_null(strstr(err.msg, "keytool -importkeystore -srckeystore"));
    assert_null(strstr(err.msg, "hidden"));
    unlink(path);
    assert_int_equal(settings(WEIR_KAFKA_CONSUMER, opt, 4, &s), WEIR_FAIL);
    assert_non_null(strstr(err.msg, "'kafka.ssl.truststore.location': there is no file"));
    path = file_of("0\x82 no store", 11);
    opt[2].value = path;
    assert_int_equal(settings(WEIR_KAFKA_CONSUMER, opt, 4, &s), WEIR_FAIL);
    assert_non_null(strstr(err.msg, "Failed to load SSL keystore"));
    unlink(path);
}

static void a_token_says_whose_it_is(void **state) {
    /* {"alg":"none"} . {"sub":"alice","exp":2000000000} . (no signature) */
    static const char jwt[] =
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSIsImV4cCI6MjAwMDAwMDAwMH0.";
    const char *who = NULL;
    int64_t until_ms = 0;
    (void)state;
    assert_true(weir_kafka_token_claims(ctx.arena, jwt, strlen(jwt), &who, &until_ms));
    assert_string_equal(who, "alice");
    assert_int_equal(until_ms, 2000000000000);
    assert_false(weir_kafka_token_claims(ctx.arena, "a.b", 3, &who, &until_ms));
    assert_false(weir_kafka_token_claims(ctx.arena, "a.?.c", 5, &who, &until_ms));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jaas_of_databricks_gives_its_values),
        cmocka_unit_test(jaas_with_comments_and_bare_words_is_taken),
        cmocka_unit_test(jaas_that_is_malformed_names_the_place_not_the_text),
        cmocka_unit_test(offsets_of_spark_come_back_as_they_were),
        cmocka_unit_test(offsets_that_are_malformed_are_refused),
        cmocka_unit_test(settings_are_renamed),
        cmocka_unit_test(settings_that_cannot_be_are_refused),
        cmocka_unit_test(a_java_key_store_is_refused_with_the_way_out),
        cmocka_unit_test(a_token_says_whose_it_is),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
