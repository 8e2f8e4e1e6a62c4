/* Aggregation buffers that are objects in Spark. See codec/state_object.h. */
#include "codec/state_object.h"

#include "expr/fn.h"

static weir_rc damaged(weir_ctx *ctx, int64_t row, const char *why) {
    return weir_fail(ctx, WEIR_E_MALFORMED_STATE, "row",
                     weir_printf(ctx->arena, "%lld", (long long)row), "reason", why);
}

static weir_rc add(weir_ctx *ctx, weir_build *out, const weir_str *s) {
    if (s->failed)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "more than 2 GiB of state of one aggregate for one key");
    weir_build_bytes(out, s->p, s->len);
    return WEIR_OK;
}

/* ---- numbers in Java's byte order ---- */

static void put(weir_str *s, uint64_t v, int width) {
    while (width-- > 0) weir_str_putc(s, (char)(v >> 8 * width));
}

static void put_f64(weir_str *s, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put(s, bits, 8);
}

typedef struct cursor {
    const char *p, *end;
    bool short_of; /* bytes were wanted that are not there */
} cursor;

static uint64_t take(cursor *c, int width) {
    uint64_t v = 0;
    c->short_of |= c->end - c->p < width;
    if (c->short_of) return 0;
    while (width-- > 0) v = v << 8 | (uint8_t)*c->p++;
    return v;
}

static double take_f64(cursor *c) {
    uint64_t bits = take(c, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* ---- lists: one row of one column ---- */

static weir_schema *list_row(weir_arena *a, const weir_field *f) {
    weir_field one = {"list", f->type, true, NULL};
    return weir_type_struct(a, &one, 1);
}

static weir_rc pack_list(weir_ctx *ctx, const weir_field *f, const weir_column *c,
                         weir_build *out) {
    weir_rowset rows;
    WEIR_TRY(weir_urow_encode(ctx, list_row(ctx->arena, f), c, c->len, &rows));
    for (int64_t i = 0; i < c->len; i++) {
        weir_bytes r = weir_rowset_at(&rows, i);
        weir_build_bytes(out, r.p, (size_t)r.len);
    }
    return WEIR_OK;
}

static weir_rc unpack_list(weir_ctx *ctx, const weir_field *f, const weir_bytes *row, int64_t n,
                           weir_column *out) {
    return weir_urow_decode(ctx, list_row(ctx->arena, f), row, n, out);
}

/* ---- counts: each pair as a row behind its length; -1 ends ---- */

static weir_rc pack_counts(weir_ctx *ctx, const weir_field *f, const weir_column *c,
                           weir_build *out) {
    const weir_column *pair = &c->kid[0];
    weir_column half[2];
    weir_rowset rows;
    weir_str s;
    for (int k = 0; k < 2; k++) half[k] = weir_column_slice(&pair->kid[k], pair->off, pair->len);
    WEIR_TRY(weir_urow_encode(ctx, f->type->field[0].type, half, pair->len, &rows));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        int64_t first;
        int32_t n = weir_get_list(c, i, &first);
        s.len = 0;
        for (int32_t k = 0; k < n; k++) {
            weir_bytes r = weir_rowset_at(&rows, first + k);
            put(&s, (uint32_t)r.len, 4);
            weir_str_add(&s, r.p, (size_t)r.len);
        }
        put(&s, UINT32_MAX, 4);
        WEIR_TRY(add(ctx, out, &s));
    }
    return WEIR_OK;
}

static weir_rc count_rows(weir_ctx *ctx, const weir_bytes *row, int64_t n, int64_t *pairs) {
    *pairs = 0;
    for (int64_t i = 0; i < n; i++) {
        cursor c = {row[i].p, row[i].p + row[i].len, false};
        for (int32_t size; (size = (int32_t)take(&c, 4)) >= 0 && !c.short_of; (*pairs)++) {
            c.short_of |= c.end - c.p < size;
            if (!c.short_of) c.p += size;
        }
        if (c.short_of || c.p != c.end)
            return damaged(ctx, i, "the counts of its values do not end where they should");
    }
    return WEIR_OK;
}

static weir_rc unpack_counts(weir_ctx *ctx, const weir_field *f, const weir_bytes *row, int64_t n,
                             weir_column *out) {
    const weir_type *pair = f->type->field[0].type;
    int64_t total, at = 0;
    weir_column half[2];
    weir_build b;
    WEIR_TRY(count_rows(ctx, row, n, &total));
    weir_bytes *each = WEIR_NEWN(ctx->arena, weir_bytes, total + 1);
    int64_t *upto = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    for (int64_t i = 0; i < n; i++) {
        cursor c = {row[i].p, row[i].p + row[i].len, false};
        for (int32_t size; (size = (int32_t)take(&c, 4)) >= 0; c.p += size)
            each[at++] = (weir_bytes){c.p, size};
        upto[i] = at;
    }
    WEIR_TRY(weir_urow_decode(ctx, pair, each, total, half));
    WEIR_TRY(weir_build_init(ctx, &b, f->type));
    at = 0;
    for (int64_t i = 0; i < n; i++) {
        for (; at < upto[i]; at++) {
            if (weir_is_null(&half[0], at) || weir_is_null(&half[1], at))
                return damaged(ctx, i, "a value that is counted is null");
            for (int k = 0; k < 2; k++) weir_build_copy(&b.kid[0].kid[k], &half[k], at);
            weir_build_struct(&b.kid[0]);
        }
        weir_build_list(&b);
    }
    return weir_build_finish(ctx, &b, out);
}

/* ---- digests ---- */

static weir_rc pack_digest(weir_ctx *ctx, const weir_field *f, const weir_column *c,
                           weir_build *out) {
    const weir_column *kid = c->kid, *sample = kid[3].kid[0].kid;
    weir_str s;
    (void)f;
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        int64_t r = weir_kid_row(c, i), first;
        int32_t n = weir_get_list(&kid[3], r, &first);
        s.len = 0;
        put(&s, (uint32_t)WEIR_AT_ROW(int32_t, &kid[0], r), 4);
        put_f64(&s, WEIR_AT_ROW(double, &kid[1], r));
        put(&s, (uint64_t)WEIR_AT_ROW(int64_t, &kid[2], r), 8);
        put(&s, (uint32_t)n, 4);
        for (int32_t k = 0; k < n; k++) {
            int64_t e = weir_kid_row(&kid[3].kid[0], first + k);
            put_f64(&s, WEIR_AT_ROW(double, &sample[0], e));
            put(&s, (uint64_t)WEIR_AT_ROW(int64_t, &sample[1], e), 8);
            put(&s, (uint64_t)WEIR_AT_ROW(int64_t, &sample[2], e), 8);
        }
        WEIR_TRY(add(ctx, out, &s));
    }
    return WEIR_OK;
}

static weir_rc unpack_digest(weir_ctx *ctx, const weir_field *f, const weir_bytes *row, int64_t n,
                             weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, f->type));
    for (int64_t i = 0; i < n; i++) {
        cursor c = {row[i].p, row[i].p + row[i].len, false};
        weir_build *sample = &b.kid[3].kid[0];
        weir_build_i32(&b.kid[0], (int32_t)take(&c, 4));
        weir_build_f64(&b.kid[1], take_f64(&c));
        weir_build_i64(&b.kid[2], (int64_t)take(&c, 8));
        int32_t samples = (int32_t)take(&c, 4);
        if (c.short_of || samples < 0 || c.end - c.p != (int64_t)samples * 24)
            return damaged(ctx, i, "the samples of its percentiles do not end where they should");
        while (samples-- > 0) {
            weir_build_f64(&sample->kid[0], take_f64(&c));
            weir_build_i64(&sample->kid[1], (int64_t)take(&c, 8));
            weir_build_i64(&sample->kid[2], (int64_t)take(&c, 8));
            weir_build_struct(sample);
        }
        weir_build_list(&b.kid[3]);
        weir_build_struct(&b);
    }
    return weir_build_finish(ctx, &b, out);
}

/* ---- any ---- */

typedef struct object_form {
    unsigned flag;
    weir_rc (*pack)(weir_ctx *, const weir_field *, const weir_column *, weir_build *);
    weir_rc (*unpack)(weir_ctx *, const weir_field *, const weir_bytes *, int64_t, weir_column *);
} object_form;
static const object_form forms[] = {
    {WEIR_AGG_LIST, pack_list, unpack_list},
    {WEIR_AGG_COUNTS, pack_counts, unpack_counts},
    {WEIR_AGG_DIGEST, pack_digest, unpack_digest},
};

static const object_form *form_of(unsigned flag) {
    int k = 0;
    while (forms[k].flag != flag) k++;
    return &forms[k];
}

weir_rc weir_object_pack(weir_ctx *ctx, unsigned form, const weir_field *f, const weir_column *c,
                         weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_binary));
    WEIR_TRY(form_of(form)->pack(ctx, f, c, &b));
    return weir_build_finish(ctx, &b, out);
}

weir_rc weir_object_unpack(weir_ctx *ctx, unsigned form, const weir_field *f, const weir_column *c,
                           weir_column *out) {
    weir_bytes *row = WEIR_NEWN(ctx->arena, weir_bytes, c->len + 1);
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(c, i)) return damaged(ctx, i, "the buffer of an aggregate is null");
        row[i] = weir_get_bytes(c, i);
    }
    return form_of(form)->unpack(ctx, f, row, c->len, out);
}
