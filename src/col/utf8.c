/* Strings of columns as valid UTF-8. See column.h. */
#include "base/utf8.h"
#include "col/build.h"

static int64_t stored_rows(const weir_column *c) { return c->form == WEIR_CONST ? 1 : c->len; }

/* All bytes at once; then no row may begin inside a character. */
static bool is_utf8(const weir_column *c) {
    int64_t n = stored_rows(c);
    if (n == 0 || !c->data || !c->heap) return true;
    const int32_t *o = (const int32_t *)(const void *)c->data->p + c->off;
    const char *p = (const char *)c->heap->p;
    if (!weir_utf8_valid(p + o[0], (size_t)(o[n] - o[0]))) return false;
    for (int64_t i = 1; i < n; i++)
        if (o[i] < o[n] && (p[o[i]] & 0xC0) == 0x80) return false;
    return true;
}

static weir_rc mend_strings(weir_ctx *ctx, const weir_column *in, weir_column *out) {
    weir_build b;
    weir_str s;
    weir_column rows = *in;
    rows.len = stored_rows(in);
    WEIR_TRY(weir_build_init(ctx, &b, in->type));
    WEIR_TRY(weir_build_reserve(&b, rows.len));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < rows.len; i++) {
        if (weir_is_null(&rows, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes t = weir_get_bytes(&rows, i);
        s.len = 0;
        weir_utf8_add(&s, t.p, (size_t)t.len);
        b.failed |= s.failed;
        weir_build_bytes(&b, s.len ? s.p : "", s.len);
    }
    WEIR_TRY(weir_build_finish(ctx, &b, out));
    out->form = in->form;
    out->len = in->len;
    return WEIR_OK;
}

weir_rc weir_column_utf8(weir_ctx *ctx, const weir_column *in, weir_column *out) {
    const weir_column c = *in; /* out may be in */
    *out = c;
    if (c.type->kind == WEIR_T_STRING) return is_utf8(&c) ? WEIR_OK : mend_strings(ctx, &c, out);
    for (int i = 0; i < c.nkid; i++) {
        weir_column kid;
        WEIR_TRY(weir_column_utf8(ctx, &c.kid[i], &kid));
        if (kid.heap == c.kid[i].heap && kid.kid == c.kid[i].kid) continue;
        if (out->kid == c.kid)
            out->kid = weir_memdup(ctx->arena, c.kid, sizeof kid * (size_t)c.nkid);
        out->kid[i] = kid;
    }
    return WEIR_OK;
}

weir_rc weir_batch_utf8(weir_ctx *ctx, const weir_batch *in, weir_batch *out) {
    const weir_column *col = in->col; /* out may be in */
    *out = *in;
    out->col = WEIR_NEWN(ctx->arena, weir_column, in->schema->nfield + 1);
    for (int i = 0; i < out->schema->nfield; i++)
        WEIR_TRY(weir_column_utf8(ctx, &col[i], &out->col[i]));
    return WEIR_OK;
}
