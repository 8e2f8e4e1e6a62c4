/* Owns columns as values: null columns, views, references, null counts. Called by everything that
 * touches data; a column belongs to one thread until published, buffers may then be shared.
 * Gathering is in take.c. */
#include "col/column.h"

void weir_bits_copy(uint8_t *dst, int64_t d, const uint8_t *src, int64_t s, int64_t n) {
    for (; n > 0 && (d & 7); n--, d++, s++)
        if (weir_bit(src, s)) weir_bit_set(dst, d);
    int shift = (int)(s & 7);
    const uint8_t *p = src + (s >> 3);
    uint8_t *q = dst + (d >> 3);
    int64_t whole = n >> 3;
    if (shift == 0)
        memcpy(q, p, (size_t)whole);
    else
        for (int64_t i = 0; i < whole; i++)
            q[i] = (uint8_t)(p[i] >> shift | p[i + 1] << (8 - shift));
    for (int64_t i = whole << 3; i < n; i++)
        if (weir_bit(src, s + i)) weir_bit_set(dst, d + i);
}

int64_t weir_null_count(const weir_column *c) {
    if (c->type->kind == WEIR_T_VOID) return c->len;
    if (!c->valid || c->len == 0) return 0;
    if (c->form == WEIR_CONST) return weir_bit(c->valid->p, c->off) ? 0 : c->len;
    const uint8_t *bits = c->valid->p;
    int64_t i = c->off, end = c->off + c->len, set = 0;
    for (; i < end && (i & 7); i++) set += weir_bit(bits, i);
    for (; i + 64 <= end; i += 64) {
        uint64_t w;
        memcpy(&w, bits + (i >> 3), 8);
        set += __builtin_popcountll(w);
    }
    for (; i < end; i++) set += weir_bit(bits, i);
    return c->len - set;
}

/* Buffers of rows stored rows, all zero: every value null (or, without valid, empty). */
static weir_rc zero_rows(weir_ctx *ctx, const weir_type *t, int64_t rows, weir_column *c) {
    if (t->kind == WEIR_T_VOID) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(ctx, (rows + 7) / 8, &c->valid));
    if (weir_type_width(t)) return weir_buf_zero(ctx, rows * weir_type_width(t), &c->data);
    if (t->kind != WEIR_T_STRUCT) WEIR_TRY(weir_buf_zero(ctx, (rows + 1) * 4, &c->data));
    if (!weir_type_is_nested(t)) return weir_buf_zero(ctx, 0, &c->heap);
    c->nkid = t->nfield;
    c->kid = WEIR_NEWN(ctx->arena, weir_column, t->nfield ? t->nfield : 1);
    for (int i = 0; i < t->nfield; i++) {
        int64_t n = t->kind == WEIR_T_STRUCT ? rows : 0;
        c->kid[i] = (weir_column){.type = t->field[i].type, .form = WEIR_FLAT, .len = n};
        WEIR_TRY(zero_rows(ctx, t->field[i].type, n, &c->kid[i]));
    }
    return WEIR_OK;
}

weir_rc weir_column_null(weir_ctx *ctx, const weir_type *t, int64_t len, weir_column *out) {
    *out = (weir_column){.type = t, .form = WEIR_CONST, .len = len};
    return zero_rows(ctx, t, 1, out);
}

weir_column weir_column_slice(const weir_column *c, int64_t from, int64_t len) {
    weir_assert(from >= 0 && len >= 0 && from + len <= c->len);
    weir_column out = *c;
    out.len = len;
    if (c->form == WEIR_FLAT) out.off += from;
    return out;
}

weir_batch weir_batch_slice(weir_ctx *ctx, const weir_batch *b, int64_t from, int64_t n) {
    weir_batch out = {.schema = b->schema, .len = n};
    if (from == 0 && n == b->len) return *b;
    out.col = WEIR_NEWN(ctx->arena, weir_column, b->schema->nfield + 1);
    for (int i = 0; i < b->schema->nfield; i++) out.col[i] = weir_column_slice(&b->col[i], from, n);
    return out;
}

static void keep(weir_arena *a, const weir_type *t, const weir_column *c, weir_column *out) {
    weir_column *kid = c->nkid ? WEIR_NEWN(a, weir_column, c->nkid) : NULL;
    weir_buf_keep(a, c->valid);
    weir_buf_keep(a, c->data);
    weir_buf_keep(a, c->heap);
    for (int i = 0; i < c->nkid; i++) keep(a, t->field[i].type, &c->kid[i], &kid[i]);
    *out = *c;
    out->type = t;
    out->kid = kid;
}

void weir_column_keep(weir_arena *a, const weir_column *c, weir_column *out) {
    keep(a, weir_type_copy(a, c->type), c, out);
}

void weir_batch_keep(weir_arena *a, const weir_batch *b, weir_batch *out) {
    weir_schema *schema = weir_type_copy(a, b->schema);
    weir_column *col = WEIR_NEWN(a, weir_column, schema->nfield ? schema->nfield : 1);
    for (int i = 0; i < schema->nfield; i++) {
        const weir_type *t = schema->field[i].type;
        /* A column may carry its own idea of inner nullability; it must not point into b's arena.
         */
        if (!weir_type_equal(t, b->col[i].type)) t = weir_type_copy(a, b->col[i].type);
        keep(a, t, &b->col[i], &col[i]);
    }
    *out = (weir_batch){schema, b->len, col};
}

static int64_t column_bytes(const weir_column *c) {
    int64_t n = (c->valid ? c->valid->len : 0) + (c->data ? c->data->len : 0) +
                (c->heap ? c->heap->len : 0);
    for (int i = 0; i < c->nkid; i++) n += column_bytes(&c->kid[i]);
    return n;
}

int64_t weir_batch_bytes(const weir_batch *b) {
    int64_t n = 0;
    for (int i = 0; i < b->schema->nfield; i++) n += column_bytes(&b->col[i]);
    return n;
}

weir_rc weir_batch_take(weir_ctx *ctx, const weir_batch *b, const int64_t *idx, int64_t n,
                        weir_batch *out) {
    weir_column *col =
        WEIR_NEWN(ctx->arena, weir_column, b->schema->nfield ? b->schema->nfield : 1);
    for (int i = 0; i < b->schema->nfield; i++)
        WEIR_TRY(weir_column_take(ctx, &b->col[i], idx, n, &col[i]));
    *out = (weir_batch){b->schema, n, col};
    return WEIR_OK;
}

weir_rc weir_batch_concat(weir_ctx *ctx, weir_schema *schema, const weir_batch *const *in, int n,
                          weir_batch *out) {
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, schema->nfield ? schema->nfield : 1);
    const weir_column **part = WEIR_NEWN(ctx->arena, const weir_column *, n ? n : 1);
    int64_t len = 0;
    for (int j = 0; j < n; j++) len += in[j]->len;
    for (int i = 0; i < schema->nfield; i++) {
        if (n == 0) {
            col[i] = (weir_column){.type = schema->field[i].type, .form = WEIR_FLAT};
            WEIR_TRY(zero_rows(ctx, schema->field[i].type, 0, &col[i]));
            continue;
        }
        for (int j = 0; j < n; j++) part[j] = &in[j]->col[i];
        WEIR_TRY(weir_column_concat(ctx, part, n, &col[i]));
    }
    *out = (weir_batch){schema, len, col};
    return WEIR_OK;
}

weir_rc weir_column_field(weir_ctx *ctx, const weir_column *s, int f, int64_t from, int64_t len,
                          weir_column *out) {
    *out = weir_column_slice(&s->kid[f], from, len);
    if (!s->valid || out->type->kind == WEIR_T_VOID) return WEIR_OK;
    weir_buf *bits;
    if (out->form == WEIR_CONST) {
        weir_column flat;
        WEIR_TRY(weir_column_flatten(ctx, out, &flat));
        *out = flat;
    }
    WEIR_TRY(weir_buf_zero(ctx, (out->off + len + 7) / 8, &bits));
    for (int64_t i = 0; i < len; i++)
        if (weir_bit(s->valid->p, from + i) &&
            (!out->valid || weir_bit(out->valid->p, out->off + i)))
            weir_bit_set(bits->p, out->off + i);
    out->valid = bits;
    return WEIR_OK;
}
