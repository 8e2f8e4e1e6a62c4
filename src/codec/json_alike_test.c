/* The short ways for JSON records against the long one, token by token: the same rows from any
 * text. Most lines are plain, the rest are broken in many ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/conf.h"
#include "codec/json_inner.h"
#include "func/func.h"

static weir_err err;
static weir_ctx ctx = {.err = &err};

static int setup(void **state) {
    (void)state;
    weir_err_init(&err);
    weir_func_init();
    ctx.arena = weir_arena_new(NULL);
    ctx.conf = weir_conf_new(NULL);
    ctx.env = weir_env_real();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}

static uint64_t seed, seed_of_text;
static uint32_t roll(uint32_t n) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static const char *none(void *u, const char *key) { return (void)u, (void)key, NULL; }

static weir_schema *schema_of(void) {
    weir_field in[] = {{"x", &weir_t_int, true, NULL}, {"y", &weir_t_string, true, NULL}};
    weir_field f[] = {{"id", &weir_t_long, true, NULL},
                      {"at", &weir_t_timestamp, true, NULL},
                      {"name", &weir_t_string, true, NULL},
                      {"price", weir_type_decimal(ctx.arena, 10, 2), true, NULL},
                      {"weight", &weir_t_double, true, NULL},
                      {"on", &weir_t_boolean, true, NULL},
                      {"in", weir_type_struct(ctx.arena, in, 2), true, NULL},
                      {"small", &weir_t_byte, true, NULL},
                      {"day", &weir_t_date, true, NULL},
                      {"list", weir_type_array(ctx.arena, &weir_t_double, true), true, NULL},
                      {"_corrupt_record", &weir_t_string, true, NULL}};
    return weir_type_struct(ctx.arena, f, sizeof f / sizeof *f);
}

/* ---- lines ---- */

static const char *one_of(const char *const *v, uint32_t n) { return v[roll(n)]; }

static void value(weir_str *s, int k) {
    static const char *const names[] = {"\"u1\"",        "\"\"",  "\"caf\xc3\xa9\"",
                                        "\"a\\nb\"",     "null",  "\"\\u00e9\"",
                                        "\"\xff\"",      "5",     "\"sixteen letters.\"",
                                        "\"tab\there\"", "'one'", "\"a quote \\\" inside\""};
    static const char *const odd[] = {
        "null", "true", "\"text\"", "-0",     "007",           "1e3", "12345678901234567890",
        "[1]",  "{}",   "NaN",      "1.2345", "99999999999.5", "-",   "0.00",
        "3.",   "nul"};
    static const char *const times[] = {
        "\"2026-02-29T00:00:00.000Z\"",      "\"2026-03-01T24:00:00.000Z\"",
        "\"2026-03-01T23:59:59.999Z\"",      "\"2026-03-01 10:00:00\"",
        "\"-026-03-01T10:00:00.000Z\"",      "\"2026-03-01T10:00:00.12xZ\"",
        "\"2026-03-01T10:00:00.123+01:00\"", "1700000000"};
    if (roll(40) == 0) {
        weir_str_puts(s, one_of(odd, sizeof odd / sizeof *odd));
        return;
    }
    switch (k) {
    case 0: weir_str_printf(s, "%lld", (long long)roll(2000000000) * 1000003); break;
    case 1:
        if (roll(10) == 0)
            weir_str_puts(s, one_of(times, sizeof times / sizeof *times));
        else
            weir_str_printf(s, "\"2026-03-%02uT%02u:%02u:%02u.%03uZ\"", 1 + roll(3), roll(24),
                            roll(60), roll(60), roll(1000));
        break;
    case 2: weir_str_puts(s, one_of(names, sizeof names / sizeof *names)); break;
    case 3: weir_str_printf(s, "%s%u.%02u", roll(5) ? "" : "-", roll(100000), roll(100)); break;
    case 4: weir_str_printf(s, "%u.%u", roll(100), roll(1000000)); break;
    case 5: weir_str_puts(s, roll(2) ? "true" : "false"); break;
    case 6:
        weir_str_printf(s, roll(9) ? "{\"x\":%u,\"y\":\"z\"}" : "{ \"x\" : %u}", roll(9));
        break;
    case 7: weir_str_printf(s, "%u", roll(140)); break;
    case 8: weir_str_printf(s, "\"2026-0%u-1%u\"", roll(10), roll(10)); break;
    case 9: weir_str_printf(s, roll(9) ? "[%u, 1.50]" : "[%u,\"x\",null]", roll(9)); break;
    default: weir_str_printf(s, roll(2) ? "[%u, \"]\"]" : "-%u.5", roll(9)); break;
    }
}

/* twice: the key that every record has twice; 99 none */
static void line(weir_str *s, bool spaces, uint32_t twice) {
    static const char *const key[] = {"id", "at",    "name", "price", "weight", "on",
                                      "in", "small", "day",  "list",  "unknown"};
    static const char *const ends[] = {"\n", "\r\n", "\r", "\n\n", " \n", "x\n"};
    size_t from = s->len;
    uint32_t skip = roll(20) ? 99 : roll(11), again = roll(30) ? twice : roll(11),
             stop = roll(25) ? 11 : roll(11);
    for (uint32_t k = 0, n = 0; k < stop; k++) {
        if (k == skip) continue;
        for (int i = k == again; i >= 0; i--) {
            weir_str_puts(s, n++ ? spaces ? ", " : "," : "{");
            weir_str_printf(s, spaces ? "\"%s\": " : "\"%s\":", key[k]);
            value(s, (int)k);
        }
    }
    weir_str_puts(s, stop ? "}" : "{}");
    if (roll(15) == 0) s->p[from + roll((uint32_t)(s->len - from))] = "\"{}:, \\x0\n\r"[roll(11)];
    if (roll(60) == 0) s->len = from + roll((uint32_t)(s->len - from));
    weir_str_puts(s, roll(10) ? "\n" : one_of(ends, 6));
}

/* ---- all ways ---- */

typedef enum { TOKENS, QUICK, ALIKE } way;

static weir_batch read(weir_schema *schema, weir_json_options o, const char *p, size_t n, way w) {
    weir_json_reader *r = NULL;
    weir_batch b;
    bool kept;
    assert_int_equal(weir_json_reader_new(&ctx, schema, &o, &r), WEIR_OK);
    if (w == TOKENS) r->quick = false;
    for (const char *end = p + n; p < end;) {
        if (w == ALIKE) p = weir_json_alike(r, p, end, 100);
        if (p == end) break;
        const char *stop = p;
        while (stop < end && *stop != '\n' && *stop != '\r') stop++;
        if (stop > p) assert_int_equal(weir_json_record(&ctx, r, p, stop - p, 0, &kept), WEIR_OK);
        p = stop + (end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n') + (stop < end);
    }
    assert_int_equal(weir_json_take(&ctx, r, &b), WEIR_OK);
    return b;
}

static void compare(weir_schema *schema, const weir_json_options *o, const weir_str *s, way w) {
    weir_batch a = read(schema, *o, s->p, s->len, TOKENS), b = read(schema, *o, s->p, s->len, w);
    assert_int_equal(a.len, b.len);
    for (int c = 0; c < schema->nfield; c++)
        for (int64_t i = 0; i < a.len; i++)
            if (weir_compare(&a.col[c], i, &b.col[c], i) != 0)
                fail_msg("column %s of row %d differs, seed %d, way %d", schema->field[c].name,
                         (int)i, (int)seed_of_text, (int)w);
}

static void lines_of_all_kinds_read_alike(void **state) {
    (void)state;
    bool need[11] = {true, true, false, true, false, false, true, false, true, false, true};
    for (uint64_t k = seed_of_text = 1; k <= 300; seed_of_text = ++k) {
        weir_json_options o;
        weir_str s;
        weir_schema *schema = schema_of();
        seed = k;
        weir_str_init(&s, ctx.arena, 1 << 24);
        assert_int_equal(weir_json_options_read(&ctx, false, none, NULL, &o), WEIR_OK);
        bool spaces = roll(3) == 0;
        uint32_t twice = roll(5) ? 99 : roll(11);
        for (int i = 0; i < 60; i++) line(&s, spaces, twice);
        if (roll(3) == 0) o.need = need;
        if (roll(4) == 0) o.mode = WEIR_MODE_DROP;
        if (roll(6) == 0) o.case_sensitive = false;
        if (roll(6) == 0) o.rescue_column = "name";
        if (roll(4) == 0) o.exact_text = false;
        if (roll(6) == 0) o.chars = true;
        if (roll(6) == 0) o.decoded = true;
        if (roll(6) == 0) o.partial = false;
        if (roll(6) == 0) o.allow_leading_zeros = o.allow_control = true;
        compare(schema, &o, &s, QUICK);
        compare(schema, &o, &s, ALIKE);
        weir_arena_reset(ctx.arena);
    }
}

static void plain_lines_take_the_short_way(void **state) {
    (void)state;
    weir_json_options o;
    weir_json_reader *r = NULL;
    weir_str s;
    bool kept;
    weir_str_init(&s, ctx.arena, 1 << 20);
    for (int i = 0; i < 50; i++)
        weir_str_printf(&s,
                        "{\"id\":%d,\"at\":\"2026-03-01T00:00:%02d.000Z\",\"other\":[1,2],"
                        "\"name\":\"caf\xc3\xa9\",\"price\":1.5}\n",
                        i, i);
    assert_int_equal(weir_json_options_read(&ctx, false, none, NULL, &o), WEIR_OK);
    assert_int_equal(weir_json_reader_new(&ctx, schema_of(), &o, &r), WEIR_OK);
    const char *first = strchr(s.p, '\n') + 1, *end = s.p + s.len;
    assert_int_equal(weir_json_record(&ctx, r, s.p, first - s.p - 1, 0, &kept), WEIR_OK);
    assert_ptr_equal(weir_json_alike(r, first, end, 30), strstr(s.p, "{\"id\":30,"));
    assert_ptr_equal(weir_json_alike(r, strstr(s.p, "{\"id\":30,"), end, 100), end);
    assert_int_equal(weir_json_rows(r), 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_all_kinds_read_alike),
        cmocka_unit_test(plain_lines_take_the_short_way),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
