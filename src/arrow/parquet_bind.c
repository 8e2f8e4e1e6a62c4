/* Asked columns against those of a Parquet file. See parquet_bind.h. Values are in
 * parquet_convert.c. */
#include "arrow/parquet_convert.h"

#include <strings.h>

typedef struct binding {
    weir_ctx *ctx;
    const char *file;
    bool exact; /* names: spark.sql.caseSensitive */
    weir_pq_plan *plan;
} binding;

static weir_rc refuse(const binding *b, const weir_pq_node *n, const weir_type *t) {
    weir_arena *a = b->ctx->arena;
    return weir_fail_read(b->ctx, WEIR_E_FAILED_READ_FILE, b->file,
                          weir_printf(a, "The column %s is %s in the file, and %s is asked for.",
                                      weir_pq_path(a, n), weir_pq_text(a, n->is),
                                      weir_type_name(a, t)));
}

/* The place of a leaf among those that are read. */
static int leaf_place(binding *b, const weir_pq_node *n) {
    for (int i = 0; i < b->plan->nleaf; i++)
        if (b->plan->leaf[i] == n->leaf) return i;
    b->plan->leaf[b->plan->nleaf] = n->leaf;
    return b->plan->nleaf++;
}

/* The field of that name; *out NULL: there is none. */
static weir_rc find_field(const binding *b, const weir_pq_node *n, const char *name,
                          const weir_pq_node **out) {
    const char *all = NULL;
    *out = NULL;
    for (int i = 0; i < n->nkid; i++) {
        const char *k = n->kid[i].is->name;
        if (b->exact ? strcmp(k, name) : strcasecmp(k, name)) continue;
        all = all ? weir_printf(b->ctx->arena, "%s, %s", all, k) : k;
        if (*out && !b->exact) continue;
        *out = &n->kid[i];
    }
    if (!*out || strcmp(all, (*out)->is->name) == 0 || b->exact) return WEIR_OK;
    /* SPARK foundDuplicateFieldInCaseInsensitiveModeError */
    return weir_fail_read(
        b->ctx, WEIR_E_FAILED_READ_FILE, b->file,
        weir_printf(b->ctx->arena, "Found duplicate field(s) \"%s\": [%s] in case-insensitive mode",
                    name, all));
}

/* Of all leaves below, the one with the fewest levels of repetition. */
static const weir_pq_node *flattest(const weir_pq_node *n) {
    const weir_pq_node *best = n->leaf >= 0 ? n : NULL;
    for (int i = 0; i < n->nkid; i++) {
        const weir_pq_node *k = flattest(&n->kid[i]);
        if (k && (!best || k->rep < best->rep)) best = k;
    }
    return best;
}

/* A leaf that is read anyway is as good as another. */
static void choose_levels(binding *b, weir_pq_col *c) {
    const weir_pq_node *best = NULL;
    for (int i = 0; i < c->nkid; i++) {
        const weir_pq_col *k = &c->kid[i];
        if (k->form == WEIR_PQ_NOTHING) continue;
        if (k->form == WEIR_PQ_LEAF) {
            c->levels = k->leaf;
            return;
        }
        if (!best) c->levels = k->levels;
        best = k->node;
    }
    if (!best) c->levels = leaf_place(b, flattest(c->node));
}

static weir_rc bind_node(binding *b, const weir_pq_node *n, const weir_type *t, bool item,
                         weir_pq_col *c);

static weir_rc bind_fields(binding *b, const weir_pq_node *n, const weir_type *t, weir_pq_col *c) {
    c->nkid = t->nfield;
    c->kid = WEIR_NEWN(b->ctx->arena, weir_pq_col, t->nfield ? t->nfield : 1);
    for (int i = 0; i < t->nfield; i++) {
        const weir_pq_node *k;
        weir_pq_col *to = &c->kid[i];
        *to = (weir_pq_col){.type = t->field[i].type, .rep = c->rep, .base = c->base};
        WEIR_TRY(find_field(b, n, t->field[i].name, &k));
        if (k) WEIR_TRY(bind_node(b, k, t->field[i].type, false, to));
    }
    return WEIR_OK;
}

/* What is inside a repeated node: its items, or the keys and values of its entries. */
static weir_rc bind_items(binding *b, const weir_pq_node *repeated, const weir_pq_node *item,
                          const weir_type *t, weir_pq_col *c) {
    c->form = WEIR_PQ_ITEMS;
    c->item_rep = repeated->rep;
    c->item_def = repeated->def;
    c->nkid = t->nfield;
    c->kid = WEIR_NEWN(b->ctx->arena, weir_pq_col, t->nfield);
    for (int i = 0; i < t->nfield; i++) {
        c->kid[i] =
            (weir_pq_col){.type = t->field[i].type, .rep = repeated->rep, .base = repeated->def};
        WEIR_TRY(bind_node(b, t->kind == WEIR_T_MAP ? &item->kid[i] : item, t->field[i].type,
                           t->kind == WEIR_T_ARRAY, &c->kid[i]));
    }
    choose_levels(b, c);
    return WEIR_OK;
}

static weir_rc bind_leaf(binding *b, const weir_pq_node *n, const weir_type *t, weir_pq_col *c) {
    bool flat = t->kind != WEIR_T_STRUCT;
    for (int i = 0; i < t->nfield; i++) flat = flat && !weir_type_is_nested(t->field[i].type);
    if (!flat) return refuse(b, n, t); /* SPARK: at once; else only when there are values */
    c->how = weir_pq_conversion_find(n->is, t);
    c->form = WEIR_PQ_LEAF;
    c->leaf = leaf_place(b, n);
    return WEIR_OK;
}

/* A value of n as t. item: n stands for one item even if it is repeated. c has the place of its
 * slots. */
static weir_rc bind_node(binding *b, const weir_pq_node *n, const weir_type *t, bool item,
                         weir_pq_col *c) {
    const weir_pq_node *of;
    c->node = n;
    c->def = n->def;
    if (!item && n->is->repetition == WEIR_PQ_REPEATED) { /* a list that nothing says is one */
        c->def = (int16_t)(n->def - 1);
        return t->kind == WEIR_T_ARRAY ? bind_items(b, n, n, t, c) : refuse(b, n, t);
    }
    if (n->leaf >= 0) return bind_leaf(b, n, t, c);
    if (t->kind == WEIR_T_ARRAY && (of = weir_pq_list_item(n)))
        return bind_items(b, n->kid, of, t, c);
    if (t->kind == WEIR_T_MAP && (of = weir_pq_map_entry(n))) return bind_items(b, of, of, t, c);
    if (t->kind != WEIR_T_STRUCT || !weir_pq_is_struct(n) || !flattest(n)) return refuse(b, n, t);
    c->form = WEIR_PQ_STRUCT;
    WEIR_TRY(bind_fields(b, n, t, c));
    choose_levels(b, c);
    return WEIR_OK;
}

static int count_leaves(const weir_pq_node *n) {
    int k = n->leaf >= 0;
    for (int i = 0; i < n->nkid; i++) k += count_leaves(&n->kid[i]);
    return k;
}

weir_rc weir_pq_bind(weir_ctx *ctx, const char *file, const weir_pq_node *root, weir_schema *want,
                     const bool *need, weir_pq_plan *out) {
    *out = (weir_pq_plan){.want = want,
                          .col = WEIR_NEWN(ctx->arena, weir_pq_col, want->nfield + 1),
                          .leaf = WEIR_NEWN(ctx->arena, int, count_leaves(root) + 1)};
    binding b = {ctx, file, weir_names_exact(ctx), out};
    for (int i = 0; i < want->nfield; i++) {
        const weir_pq_node *n = NULL;
        out->col[i] = (weir_pq_col){.type = want->field[i].type};
        if (need && !need[i]) continue;
        WEIR_TRY(find_field(&b, root, want->field[i].name, &n));
        if (n) WEIR_TRY(bind_node(&b, n, want->field[i].type, false, &out->col[i]));
    }
    return WEIR_OK;
}

weir_rc weir_pq_check(weir_ctx *ctx, const char *file, const weir_pq_col *c) {
    for (int i = 0; i < c->nkid; i++) WEIR_TRY(weir_pq_check(ctx, file, &c->kid[i]));
    if (c->form != WEIR_PQ_LEAF || c->how) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_PARQUET_COLUMN_DATA_TYPE_MISMATCH, "path", file, "column",
                     weir_pq_path(ctx->arena, c->node), "expectedType",
                     weir_type_name(ctx->arena, c->type), "actualType",
                     weir_pq_physical_text(c->node->is));
}
