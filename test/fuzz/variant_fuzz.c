/* libFuzzer: the first two bytes say how many of the others are metadata, the rest is a value: read
 * as a VARIANT, written as JSON, copied, and cast. What is whole has the text of its copy; any text
 * as JSON gives what is whole. */
#include "codec/json_convert.h"
#include "fuzz.h"
#include "func/variant_cast.h"

static weir_variant row_of(weir_ctx *ctx, weir_vbuild *v) {
    weir_build b;
    weir_column c;
    weir_assert(weir_build_init(ctx, &b, &weir_t_variant) == WEIR_OK);
    weir_assert(weir_vbuild_take(v, &b));
    weir_assert(weir_build_finish(ctx, &b, &c) == WEIR_OK);
    return weir_get_variant(&c, 0);
}

static void same(const weir_variant *a, const weir_variant *b) {
    weir_str s, t;
    weir_vfault f;
    weir_str_init(&s, NULL, 1 << 24);
    weir_str_init(&t, NULL, 1 << 24);
    weir_assert(weir_variant_json(a, 0, weir_zone_utc(), &s, &f));
    weir_assert(weir_variant_json(b, 0, weir_zone_utc(), &t, &f));
    weir_assert(s.failed || t.failed || (s.len == t.len && memcmp(s.p, t.p, s.len) == 0));
    weir_str_free(&s);
    weir_str_free(&t);
}

static void cast(weir_ctx *ctx, const weir_variant *v) {
    const weir_field f[] = {{"a", &weir_t_timestamp, true, NULL}, {"b", &weir_t_string, true, NULL}};
    const weir_type *to[] = {&weir_t_int, &weir_t_string, &weir_t_date,
                             weir_type_array(ctx->arena, &weir_t_double, true),
                             weir_type_map(ctx->arena, &weir_t_string, &weir_t_variant, true),
                             weir_type_struct(ctx->arena, f, 2)};
    weir_vref r = {.v = *v};
    weir_column c;
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        (void)weir_variant_cast(ctx, &r, 1, to[i], false, weir_zone_utc(), &c);
        weir_err_clear(ctx->err);
    }
}

static void binary(weir_ctx *ctx, weir_vbuild *b, const char *text, size_t len) {
    weir_vfault f;
    if (len < 2) return;
    size_t n = (unsigned char)text[0] | (size_t)(unsigned char)text[1] << 8, left = len - 2;
    if (n > left) n = left;
    const uint8_t *p = (const uint8_t *)text + 2;
    weir_variant v = {p + n, p, (uint32_t)(left - n), (uint32_t)n};
    cast(ctx, &v);
    bool whole = weir_variant_check(&v, &f);
    weir_vbuild_clear(b);
    if (!weir_vbuild_copy(b, &v, 0, &f)) return;
    weir_assert(whole);
    weir_variant copy = row_of(ctx, b);
    weir_assert(weir_variant_check(&copy, &f));
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    weir_json_options o;
    weir_jtok l;
    weir_vfault f;
    weir_vbuild *b = weir_vbuild_new(), *again = weir_vbuild_new();
    weir_json_options_plain(&o);
    weir_jt_init(&l, NULL, &o, true);
    weir_jt_start(&l, text, len);
    if (weir_jt_next(&l) && weir_jt_variant(&l, b)) {
        weir_variant v = row_of(ctx, b);
        weir_assert(weir_variant_check(&v, &f));
        weir_vbuild_clear(again);
        weir_assert(weir_vbuild_copy(again, &v, 0, &f));
        weir_variant w = row_of(ctx, again);
        same(&v, &w);
        cast(ctx, &v);
    }
    weir_jt_free(&l);
    binary(ctx, b, text, len);
    weir_vbuild_free(b);
    weir_vbuild_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
