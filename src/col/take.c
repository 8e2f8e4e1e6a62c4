/* Owns the making of columns from rows of others: take, concat, flatten. Called by filters, joins,
 * exchanges; thread of the task. Results are FLAT with off 0, or CONST. Recursion follows the type,
 * not the data. */
#include "col/column.h"

static weir_rc too_large(weir_ctx *ctx, int64_t bytes) {
    return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes",
                     weir_printf(ctx->arena, "%lld", (long long)bytes), "receivedBytes",
                     "2147483647");
}

static void bits_ones(uint8_t *dst, int64_t d, int64_t n) {
    for (; n > 0 && (d & 7); n--, d++) weir_bit_set(dst, d);
    memset(dst + (d >> 3), 0xff, (size_t)(n >> 3));
    for (int64_t i = n & ~(int64_t)7; i < n; i++) weir_bit_set(dst, d + i);
}

static bool any_negative(const int64_t *idx, int64_t n) {
    int64_t all = 0;
    for (int64_t i = 0; i < n; i++) all |= idx[i];
    return all < 0;
}

static weir_rc take_valid(weir_ctx *ctx, const weir_column *c, const int64_t *idx, int64_t n,
                          bool neg, weir_buf **out) {
    if (!c->valid && !neg) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(ctx, (n + 7) / 8, out));
    uint8_t *bits = (*out)->p;
    if (!c->valid) {
        for (int64_t j = 0; j < n; j++) bits[j >> 3] |= (uint8_t)((idx[j] >= 0) << (j & 7));
        return WEIR_OK;
    }
    const uint8_t *src = c->valid->p;
    for (int64_t j = 0; j < n; j++)
        if (idx[j] >= 0 && weir_bit(src, weir_row(c, idx[j]))) weir_bit_set(bits, j);
    return WEIR_OK;
}

#define TAKE_LOOP(ctype)                                                                           \
    do {                                                                                           \
        const ctype *src = (const ctype *)(const void *)c->data->p + c->off;                       \
        ctype *dst = (ctype *)(void *)(*out)->p;                                                   \
        if (c->form == WEIR_CONST)                                                                 \
            for (int64_t j = 0; j < n; j++) dst[j] = src[0];                                       \
        else if (!neg)                                                                             \
            for (int64_t j = 0; j < n; j++) dst[j] = src[idx[j]];                                  \
        else                                                                                       \
            for (int64_t j = 0; j < n; j++) dst[j] = idx[j] < 0 ? (ctype)0 : src[idx[j]];          \
    } while (0)

static weir_rc take_fixed(weir_ctx *ctx, const weir_column *c, const int64_t *idx, int64_t n,
                          bool neg, weir_buf **out) {
    int width = weir_type_width(c->type);
    WEIR_TRY(weir_buf_new(ctx, n * width, out));
    if (width == 1)
        TAKE_LOOP(uint8_t);
    else if (width == 2)
        TAKE_LOOP(uint16_t);
    else if (width == 4)
        TAKE_LOOP(uint32_t);
    else if (width == 8)
        TAKE_LOOP(uint64_t);
    else
        TAKE_LOOP(weir_i128);
    return WEIR_OK;
}

static weir_rc take_bytes(weir_ctx *ctx, const weir_column *c, const int64_t *idx, int64_t n,
                          bool neg, weir_column *out) {
    WEIR_TRY(weir_buf_new(ctx, (n + 1) * 4, &out->data));
    int32_t *o = (int32_t *)(void *)out->data->p;
    int64_t total = 0;
    bool nulls = neg || c->valid;
    for (int64_t j = 0; j < n; j++) {
        o[j] = (int32_t)total;
        if (nulls && (idx[j] < 0 || weir_is_null(c, idx[j]))) continue;
        total += weir_get_bytes(c, idx[j]).len;
        if (total > INT32_MAX) return too_large(ctx, total);
    }
    o[n] = (int32_t)total;
    WEIR_TRY(weir_buf_new(ctx, total, &out->heap));
    uint8_t *to = out->heap->p;
    for (int64_t j = 0; j < n; j++) {
        size_t len = (size_t)(o[j + 1] - o[j]);
        if (len) memcpy(to + o[j], weir_get_bytes(c, idx[j]).p, len);
    }
    return WEIR_OK;
}

static weir_rc take_list(weir_ctx *ctx, const weir_column *c, const int64_t *idx, int64_t n,
                         weir_column *out) {
    WEIR_TRY(weir_buf_new(ctx, (n + 1) * 4, &out->data));
    int32_t *o = (int32_t *)(void *)out->data->p;
    int64_t total = 0, first;
    for (int64_t j = 0; j < n; j++) {
        o[j] = (int32_t)total;
        if (idx[j] < 0 || weir_is_null(c, idx[j])) continue;
        total += weir_get_list(c, idx[j], &first);
        if (total > INT32_MAX) return too_large(ctx, total);
    }
    o[n] = (int32_t)total;
    weir_buf *rows;
    WEIR_TRY(weir_buf_new(ctx, total * 8, &rows));
    int64_t *kid_idx = (int64_t *)(void *)rows->p;
    for (int64_t j = 0; j < n; j++) {
        int32_t len = o[j + 1] - o[j];
        if (len == 0) continue;
        weir_get_list(c, idx[j], &first);
        for (int32_t k = 0; k < len; k++) kid_idx[o[j] + k] = first + k;
    }
    for (int i = 0; i < c->nkid; i++)
        WEIR_TRY(weir_column_take(ctx, &c->kid[i], kid_idx, total, &out->kid[i]));
    return WEIR_OK;
}

static weir_rc take_struct(weir_ctx *ctx, const weir_column *c, const int64_t *idx, int64_t n,
                           weir_column *out) {
    const int64_t *kid_idx = idx;
    if (c->form == WEIR_CONST || c->off) {
        weir_buf *rows;
        WEIR_TRY(weir_buf_new(ctx, n * 8, &rows));
        int64_t *moved = (int64_t *)(void *)rows->p;
        for (int64_t j = 0; j < n; j++) moved[j] = idx[j] < 0 ? -1 : weir_row(c, idx[j]);
        kid_idx = moved;
    }
    for (int i = 0; i < c->nkid; i++)
        WEIR_TRY(weir_column_take(ctx, &c->kid[i], kid_idx, n, &out->kid[i]));
    return WEIR_OK;
}

static weir_rc take(weir_ctx *ctx, const weir_column *c, const int64_t *idx, int64_t n, bool neg,
                    weir_column *out) {
    weir_column r = {.type = c->type, .form = WEIR_FLAT, .len = n, .nkid = c->nkid};
    weir_kind k = c->type->kind;
    if (c->nkid) r.kid = WEIR_NEWN(ctx->arena, weir_column, c->nkid);
    if (k != WEIR_T_VOID) WEIR_TRY(take_valid(ctx, c, idx, n, neg, &r.valid));
    if (weir_type_width(c->type))
        WEIR_TRY(take_fixed(ctx, c, idx, n, neg, &r.data));
    else if (k == WEIR_T_ARRAY || k == WEIR_T_MAP)
        WEIR_TRY(take_list(ctx, c, idx, n, &r));
    else if (k == WEIR_T_STRUCT)
        WEIR_TRY(take_struct(ctx, c, idx, n, &r));
    else if (k != WEIR_T_VOID)
        WEIR_TRY(take_bytes(ctx, c, idx, n, neg, &r));
    *out = r;
    return WEIR_OK;
}

weir_rc weir_column_take(weir_ctx *ctx, const weir_column *c, const int64_t *idx, int64_t n,
                         weir_column *out) {
    bool neg = any_negative(idx, n);
    if (c->form == WEIR_CONST && !neg && c->len > 0) {
        *out = *c;
        out->len = n;
        return WEIR_OK;
    }
    return take(ctx, c, idx, n, neg, out);
}

/* CONST to FLAT: row 0, len times. */
static weir_rc spread(weir_ctx *ctx, const weir_column *c, weir_column *out) {
    weir_buf *rows;
    WEIR_TRY(weir_buf_zero(ctx, c->len * 8, &rows));
    return take(ctx, c, (const int64_t *)(const void *)rows->p, c->len, false, out);
}

weir_rc weir_column_flatten(weir_ctx *ctx, const weir_column *c, weir_column *out) {
    if (c->form == WEIR_CONST) return spread(ctx, c, out);
    return weir_column_concat(ctx, &c, 1, out);
}

static const int32_t *offsets(const weir_column *c) {
    return (const int32_t *)(const void *)c->data->p + c->off;
}

static weir_rc concat_valid(weir_ctx *ctx, const weir_column *in, int n, weir_column *out) {
    bool any = false;
    for (int i = 0; i < n; i++) any |= in[i].valid != NULL;
    if (!any || out->type->kind == WEIR_T_VOID) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(ctx, (out->len + 7) / 8, &out->valid));
    int64_t at = 0;
    for (int i = 0; i < n; at += in[i].len, i++) {
        if (in[i].valid)
            weir_bits_copy(out->valid->p, at, in[i].valid->p, in[i].off, in[i].len);
        else
            bits_ones(out->valid->p, at, in[i].len);
    }
    return WEIR_OK;
}

static weir_rc concat_fixed(weir_ctx *ctx, const weir_column *in, int n, weir_column *out) {
    int64_t width = weir_type_width(out->type);
    WEIR_TRY(weir_buf_new(ctx, out->len * width, &out->data));
    uint8_t *to = out->data->p;
    for (int i = 0; i < n; i++) {
        if (in[i].len == 0) continue;
        memcpy(to, in[i].data->p + in[i].off * width, (size_t)(in[i].len * width));
        to += in[i].len * width;
    }
    return WEIR_OK;
}

/* Offsets of all parts as one run from 0; *total = bytes (or elements) they span. */
static weir_rc concat_offsets(weir_ctx *ctx, const weir_column *in, int n, weir_column *out,
                              int64_t *total) {
    WEIR_TRY(weir_buf_new(ctx, (out->len + 1) * 4, &out->data));
    int32_t *to = (int32_t *)(void *)out->data->p;
    int64_t base = 0;
    for (int i = 0; i < n; i++) {
        if (in[i].len == 0) continue;
        const int32_t *o = offsets(&in[i]);
        if (base + (o[in[i].len] - o[0]) > INT32_MAX)
            return too_large(ctx, base + (o[in[i].len] - o[0]));
        int32_t shift = (int32_t)base - o[0];
        for (int64_t j = 0; j < in[i].len; j++) *to++ = o[j] + shift;
        base += o[in[i].len] - o[0];
    }
    *to = (int32_t)base;
    *total = base;
    return WEIR_OK;
}

static weir_rc concat_bytes(weir_ctx *ctx, const weir_column *in, int n, weir_column *out) {
    int64_t total;
    WEIR_TRY(concat_offsets(ctx, in, n, out, &total));
    WEIR_TRY(weir_buf_new(ctx, total, &out->heap));
    uint8_t *to = out->heap->p;
    for (int i = 0; i < n; i++) {
        if (in[i].len == 0) continue;
        const int32_t *o = offsets(&in[i]);
        size_t len = (size_t)(o[in[i].len] - o[0]);
        if (len) memcpy(to, in[i].heap->p + o[0], len);
        to += len;
    }
    return WEIR_OK;
}

static weir_rc concat_kids(weir_ctx *ctx, const weir_column *in, int n, weir_column *out) {
    bool list = out->type->kind != WEIR_T_STRUCT;
    int64_t total;
    if (list) WEIR_TRY(concat_offsets(ctx, in, n, out, &total));
    weir_column *part = WEIR_NEWN(ctx->arena, weir_column, n);
    const weir_column **ptr = WEIR_NEWN(ctx->arena, const weir_column *, n);
    for (int k = 0; k < out->nkid; k++) {
        for (int i = 0; i < n; i++) {
            int64_t from = in[i].off, len = in[i].len;
            if (list && len) {
                const int32_t *o = offsets(&in[i]);
                from = o[0];
                len = o[in[i].len] - o[0];
            }
            part[i] = len ? weir_column_slice(&in[i].kid[k], from, len) : in[i].kid[k];
            part[i].len = len;
            ptr[i] = &part[i];
        }
        WEIR_TRY(weir_column_concat(ctx, ptr, n, &out->kid[k]));
    }
    return WEIR_OK;
}

weir_rc weir_column_concat(weir_ctx *ctx, const weir_column *const *in, int n, weir_column *out) {
    weir_assert(n > 0);
    if (n == 1 && in[0]->form == WEIR_FLAT && in[0]->off == 0) {
        *out = *in[0];
        return WEIR_OK;
    }
    weir_column r = {.type = in[0]->type, .form = WEIR_FLAT, .nkid = in[0]->nkid};
    weir_column *flat = WEIR_NEWN(ctx->arena, weir_column, n);
    for (int i = 0; i < n; i++) {
        flat[i] = *in[i];
        if (in[i]->form == WEIR_CONST) WEIR_TRY(spread(ctx, in[i], &flat[i]));
        r.len += flat[i].len;
    }
    if (r.nkid) r.kid = WEIR_NEWN(ctx->arena, weir_column, r.nkid);
    weir_kind k = r.type->kind;
    WEIR_TRY(concat_valid(ctx, flat, n, &r));
    if (weir_type_width(r.type))
        WEIR_TRY(concat_fixed(ctx, flat, n, &r));
    else if (weir_type_is_nested(r.type))
        WEIR_TRY(concat_kids(ctx, flat, n, &r));
    else if (k != WEIR_T_VOID)
        WEIR_TRY(concat_bytes(ctx, flat, n, &r));
    *out = r;
    return WEIR_OK;
}
