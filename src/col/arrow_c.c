/* Owns the export of batches through the Arrow C data interface. Called by the Arrow C++ shim and
 * the IPC writer. Thread: export on the owner's; release may come from any thread, once for each
 * node. */
#include "col/arrow_c.h"
#include "col/variant.h"

/* One arena for a whole exported batch, freed by the last node released: a consumer may move
 * children out. */
typedef struct holder {
    atomic_int refs;
    weir_arena *arena;
} holder;

static void array_release(struct ArrowArray *a) {
    holder *h = a->private_data;
    for (int64_t i = 0; i < a->n_children; i++)
        if (a->children[i]->release) a->children[i]->release(a->children[i]);
    a->release = NULL;
    if (atomic_fetch_sub(&h->refs, 1) == 1) weir_arena_free(h->arena);
}

static void node_init(holder *h, struct ArrowArray *a, int64_t len, int64_t off, int nbuf,
                      int nkid) {
    *a = (struct ArrowArray){.length = len,
                             .offset = off,
                             .n_buffers = nbuf,
                             .n_children = nkid,
                             .release = array_release,
                             .private_data = h};
    a->buffers = WEIR_NEWN(h->arena, const void *, nbuf ? nbuf : 1);
    a->children = WEIR_NEWN(h->arena, struct ArrowArray *, nkid ? nkid : 1);
    for (int i = 0; i < nkid; i++) a->children[i] = WEIR_NEW(h->arena, struct ArrowArray);
    atomic_fetch_add(&h->refs, 1);
}

static const void *shared(holder *h, weir_buf *b) {
    weir_buf_keep(h->arena, b);
    return b ? b->p : NULL;
}

/* Bits of off+len rows, so that the column's offset holds for them as well. */
static weir_rc pack_bits(weir_ctx *ctx, const weir_column *c, const void **out) {
    weir_buf *b;
    WEIR_TRY(weir_buf_zero(ctx, (c->off + c->len + 7) / 8, &b));
    for (int64_t i = c->off; i < c->off + c->len; i++)
        if (c->data->p[i]) weir_bit_set(b->p, i);
    *out = b->p;
    return WEIR_OK;
}

typedef struct arrow_interval {
    int32_t months, days;
    int64_t nanos;
} arrow_interval;

static weir_rc export_intervals(weir_ctx *ctx, const weir_column *c, const void **out) {
    weir_buf *b;
    WEIR_TRY(weir_buf_zero(ctx, (c->off + c->len) * 16, &b));
    arrow_interval *to = (arrow_interval *)(void *)b->p;
    const weir_interval *from = (const weir_interval *)(const void *)c->data->p;
    for (int64_t i = c->off; i < c->off + c->len; i++) {
        to[i] = (arrow_interval){from[i].months, from[i].days, 0};
        if (weir_is_null(c, i - c->off)) continue;
        if (__builtin_mul_overflow(from[i].micros, 1000, &to[i].nanos))
            return weir_fail(ctx, WEIR_E_ARITHMETIC_OVERFLOW, "message", "long overflow",
                             "alternative", "", "config", "spark.sql.ansi.enabled");
    }
    *out = b->p;
    return WEIR_OK;
}

/* filled: without its nulls, which are those of the structs around it. */
static weir_rc export_column(weir_ctx *ctx, holder *h, const weir_column *c, bool filled,
                             struct ArrowArray *out);

/* A map's entries: one struct node between the map and its keys and values. */
static weir_rc export_map_kids(weir_ctx *ctx, holder *h, const weir_column *c,
                               struct ArrowArray *out) {
    int64_t n = c->kid[0].len < c->kid[1].len ? c->kid[0].len : c->kid[1].len;
    struct ArrowArray *entries = out->children[0];
    node_init(h, entries, n, 0, 1, 2);
    for (int i = 0; i < 2; i++)
        WEIR_TRY(export_column(ctx, h, &c->kid[i], false, entries->children[i]));
    return WEIR_OK;
}

/* A field that is never null where its struct is not: Arrow takes no nulls in it. */
static bool null_with_struct(const weir_column *c, const weir_column *kid) {
    for (int64_t i = 0; i < c->len; i++)
        if (weir_is_null(kid, c->off + i) && !weir_is_null(c, i)) return false;
    return true;
}

static weir_rc export_struct_kids(weir_ctx *ctx, holder *h, const weir_column *c,
                                  struct ArrowArray *out) {
    for (int i = 0; i < c->nkid; i++) {
        weir_column kid = c->kid[i];
        if (kid.form == WEIR_CONST) {
            weir_column one = kid;
            one.len = c->off + c->len;
            WEIR_TRY(weir_column_flatten(ctx, &one, &kid));
        }
        bool filled = !c->type->field[i].nullable && c->valid && kid.valid &&
                      kid.type->kind != WEIR_T_VOID && null_with_struct(c, &kid);
        WEIR_TRY(export_column(ctx, h, &kid, filled, out->children[i]));
    }
    return WEIR_OK;
}

/* The values, or what is left of each row, its metadata. */
static weir_rc export_part(weir_ctx *ctx, holder *h, const weir_column *c, bool meta,
                           struct ArrowArray *out) {
    weir_buf *data, *heap;
    int64_t rows = c->off + c->len, n = 0;
    weir_column all = *c;
    all.off = 0;
    all.len = rows;
    node_init(h, out, rows, 0, 3, 0);
    WEIR_TRY(weir_buf_new(ctx, (rows + 1) * 4, &data));
    int32_t *o = (int32_t *)(void *)data->p;
    for (int64_t i = 0; i < rows; i++) {
        o[i] = (int32_t)n;
        if (i < c->off || weir_is_null(&all, i)) continue;
        weir_variant v = weir_get_variant(&all, i);
        n += meta ? v.nmeta : v.nvalue;
    }
    o[rows] = (int32_t)n;
    WEIR_TRY(weir_buf_new(ctx, n, &heap));
    for (int64_t i = c->off; i < rows; i++) {
        if (o[i + 1] == o[i]) continue;
        weir_variant v = weir_get_variant(&all, i);
        memcpy(heap->p + o[i], meta ? v.meta : v.value, (size_t)(o[i + 1] - o[i]));
    }
    out->buffers[1] = data->p;
    out->buffers[2] = heap->p;
    return WEIR_OK;
}

/* SPARK ArrowUtils: a struct of the value and the metadata. */
static weir_rc export_variants(weir_ctx *ctx, holder *h, const weir_column *c, bool filled,
                               struct ArrowArray *out) {
    node_init(h, out, c->len, c->off, 1, 2);
    out->buffers[0] = filled ? NULL : shared(h, c->valid);
    out->null_count = out->buffers[0] ? -1 : 0;
    WEIR_TRY(export_part(ctx, h, c, false, out->children[0]));
    return export_part(ctx, h, c, true, out->children[1]);
}

static weir_rc export_column(weir_ctx *ctx, holder *h, const weir_column *c, bool filled,
                             struct ArrowArray *out) {
    weir_column flat;
    weir_kind k = c->type->kind;
    if (k == WEIR_T_VOID) {
        node_init(h, out, c->len, 0, 0, 0);
        out->null_count = c->len;
        return WEIR_OK;
    }
    if (c->form == WEIR_CONST) {
        WEIR_TRY(weir_column_flatten(ctx, c, &flat));
        c = &flat;
    }
    if (k == WEIR_T_VARIANT) return export_variants(ctx, h, c, filled, out);
    bool map = k == WEIR_T_MAP, row = k == WEIR_T_STRUCT,
         bytes = !weir_type_is_nested(c->type) && c->heap;
    node_init(h, out, c->len, c->off, row ? 1 : bytes ? 3 : 2, map ? 1 : c->nkid);
    out->buffers[0] = filled ? NULL : shared(h, c->valid);
    out->null_count = out->buffers[0] ? -1 : 0;
    if (row) return export_struct_kids(ctx, h, c, out);
    if (k == WEIR_T_BOOLEAN) return pack_bits(ctx, c, &out->buffers[1]);
    if (k == WEIR_T_INTERVAL) return export_intervals(ctx, c, &out->buffers[1]);
    out->buffers[1] = shared(h, c->data);
    if (bytes) out->buffers[2] = shared(h, c->heap);
    if (map) return export_map_kids(ctx, h, c, out);
    if (k == WEIR_T_ARRAY) return export_column(ctx, h, &c->kid[0], false, out->children[0]);
    return WEIR_OK;
}

weir_rc weir_batch_export(weir_ctx *ctx, const weir_batch *b, struct ArrowArray *out) {
    weir_arena *a = weir_arena_new(NULL);
    holder *h = WEIR_NEW(a, holder);
    h->arena = a;
    atomic_init(&h->refs, 0);
    weir_ctx in = *ctx;
    in.arena = a; /* copies made on the way live as long as the export */
    node_init(h, out, b->len, 0, 1, b->schema->nfield);
    for (int i = 0; i < b->schema->nfield; i++) {
        weir_column c = b->col[i];
        c.len = b->len;
        weir_rc rc = export_column(&in, h, &c, false, out->children[i]);
        if (rc == WEIR_OK) continue;
        weir_arena_free(a);
        memset(out, 0, sizeof *out);
        return rc;
    }
    return WEIR_OK;
}
