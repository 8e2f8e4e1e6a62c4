/* Reading Parquet files: a plan of columns (parquet_bind.h), the values and levels of its leaves
 * from Arrow, and columns made of them. See parquet.h. */
#include "arrow/load.h"
#include "arrow/parquet.h"
#include "arrow/parquet_bind.h"

enum { BATCH_ROWS = 8192 };

struct weir_parquet_reader {
    const weir_arrow_api *api;
    weir_arrow_reader *r;
    weir_arena *mem;
    weir_file *file;
    const char *name;
    weir_ctx *ctx; /* of the running call: for the callback */
    const weir_pq_node *root;
    weir_pq_plan plan;
    bool checked; /* that every leaf can be converted */
    int64_t rows; /* in the file */
};

static weir_rc read_failed(weir_ctx *ctx, const weir_parquet_reader *r, const char *why) {
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, r->name, why);
}

static int64_t read_cb(void *u, int64_t at, void *p, int64_t n) {
    weir_parquet_reader *r = u;
    int64_t got = 0;
    return weir_file_pread(r->ctx, r->file, at, p, n, &got) == WEIR_OK ? got : -1;
}

weir_rc weir_parquet_open(weir_ctx *ctx, const char *path, const char *name,
                          weir_parquet_reader **out) {
    const weir_arrow_api *api = NULL;
    weir_arrow_error e = {0};
    weir_stat st = {0};
    const weir_arrow_node *nodes = NULL;
    int n = 0;
    WEIR_TRY(weir_arrow_load(ctx, &api));
    weir_arena *mem = weir_arena_new(NULL);
    weir_parquet_reader *r = WEIR_NEW(mem, weir_parquet_reader);
    *r = (weir_parquet_reader){.api = api, .mem = mem, .name = weir_strdup(mem, name), .ctx = ctx};
    weir_rc rc = weir_file_open(ctx, path, &r->file);
    if (rc == WEIR_OK) rc = weir_path_stat(ctx, path, &st);
    weir_arrow_in in = {r, st.size_bytes, read_cb};
    if (rc == WEIR_OK && api->reader_open(&in, &r->r, &r->rows, &nodes, &n, &e) != 0)
        rc = weir_arrow_failed(ctx, r->name, &e);
    if (rc != WEIR_OK) return weir_parquet_close(r), rc;
    r->root = weir_pq_tree(mem, nodes, n);
    *out = r;
    return WEIR_OK;
}

/* Spark's own schema in the footer, which knows more than Parquet's types do. */
static const weir_type *spark_schema(weir_ctx *ctx, const weir_parquet_reader *r) {
    const char *text = r->api->reader_meta(r->r, "org.apache.spark.sql.parquet.row.metadata");
    const weir_type *t = NULL;
    weir_err quiet;
    weir_ctx c = *ctx;
    if (!text) return NULL;
    weir_err_init(&quiet);
    c.err = &quiet;
    weir_rc rc = weir_type_from_json(&c, text, strlen(text), &t);
    weir_err_clear(&quiet);
    return rc == WEIR_OK && t->kind == WEIR_T_STRUCT ? t : NULL;
}

weir_rc weir_parquet_schema(weir_ctx *ctx, const weir_parquet_reader *r, bool strict,
                            weir_schema **out) {
    *out = spark_schema(ctx, r);
    return *out ? WEIR_OK : weir_pq_schema(ctx, r->root, strict, out);
}

weir_rc weir_parquet_select(weir_ctx *ctx, weir_parquet_reader *r, weir_schema *want,
                            const bool *need) {
    weir_arrow_error e = {0};
    weir_ctx c = *ctx;
    c.arena = r->mem;
    r->ctx = ctx;
    WEIR_TRY(weir_pq_bind(&c, r->name, r->root, weir_type_copy(r->mem, want), need, &r->plan));
    if (r->api->reader_start(r->r, r->plan.leaf, r->plan.nleaf, &e) != 0)
        return weir_arrow_failed(ctx, r->name, &e);
    return WEIR_OK;
}

/* ---- values and levels ---- */

static weir_rc own(weir_ctx *ctx, const weir_parquet_reader *r, const void *p, int64_t n,
                   void **owner, weir_buf **out) {
    *out = NULL;
    if (!p) return WEIR_OK;
    void *mine = *owner;
    *owner = NULL;
    return weir_buf_wrap(ctx, p, n, r->api->release, mine, out);
}

static int64_t value_bytes(const weir_arrow_node *n, int64_t values) {
    static const int width[] = {1, 4, 8, 12, 4, 8, 4, 0};
    if (n->physical == WEIR_PQ_BINARY) values++; /* offsets: one more */
    return values * (n->physical == WEIR_PQ_FIXED ? n->length : width[n->physical]);
}

static weir_rc own_leaf(weir_ctx *ctx, const weir_parquet_reader *r, const weir_arrow_node *n,
                        weir_arrow_leaf *from, weir_pq_values *to) {
    static const int64_t nothing[2] = {0, 0};
    *to = (weir_pq_values){
        .levels = from->levels, .def = from->def, .rep = from->rep, .n = from->values};
    WEIR_TRY(own(ctx, r, from->valid, (from->values + 7) / 8, &from->valid_owner, &to->valid));
    WEIR_TRY(own(ctx, r, from->data, value_bytes(n, from->values), &from->data_owner, &to->data));
    WEIR_TRY(own(ctx, r, from->heap, from->heap_bytes, &from->heap_owner, &to->heap));
    if (!to->data && to->n) return read_failed(ctx, r, "A column has no values.");
    if (!to->data) WEIR_TRY(weir_buf_wrap(ctx, nothing, 0, NULL, NULL, &to->data));
    if (!to->heap) WEIR_TRY(weir_buf_wrap(ctx, nothing, 0, NULL, NULL, &to->heap));
    return WEIR_OK;
}

static const weir_arrow_node *leaf_node(const weir_pq_node *n, int leaf) {
    if (n->leaf == leaf) return n->is;
    for (int i = 0; i < n->nkid; i++) {
        const weir_arrow_node *found = leaf_node(&n->kid[i], leaf);
        if (found) return found;
    }
    return NULL;
}

/* The next rows of every leaf of the plan. */
static weir_rc next_values(weir_ctx *ctx, weir_parquet_reader *r, weir_pq_values **out,
                           int64_t *rows) {
    weir_arrow_error e = {0};
    int n = r->plan.nleaf;
    weir_arrow_leaf *raw = WEIR_NEWN(ctx->arena, weir_arrow_leaf, n + 1);
    *out = WEIR_NEWN(ctx->arena, weir_pq_values, n + 1);
    weir_rc rc = WEIR_OK;
    if (r->api->reader_next(r->r, BATCH_ROWS, raw, rows, &e) != 0)
        rc = weir_arrow_failed(ctx, r->name, &e);
    for (int i = 0; rc == WEIR_OK && *rows && i < n; i++)
        rc = own_leaf(ctx, r, leaf_node(r->root, r->plan.leaf[i]), &raw[i], &(*out)[i]);
    for (int i = 0; i < n; i++) {
        r->api->release(raw[i].valid_owner);
        r->api->release(raw[i].data_owner);
        r->api->release(raw[i].heap_owner);
    }
    return rc;
}

/* ---- columns ---- */

typedef struct assembly {
    weir_ctx *ctx;
    const weir_parquet_reader *r;
    const weir_pq_values *values;
} assembly;

static weir_rc uneven(const assembly *a, const weir_pq_col *c) {
    return read_failed(a->ctx, a->r,
                       weir_printf(a->ctx->arena,
                                   "The levels of the column %s do not fit together.",
                                   weir_pq_path(a->ctx->arena, c->node)));
}

static weir_rc make_column(const assembly *a, const weir_pq_col *c, int64_t slots,
                           weir_column *out);

static weir_rc make_kids(const assembly *a, const weir_pq_col *c, int64_t slots, weir_column *out) {
    out->nkid = c->nkid;
    out->kid = WEIR_NEWN(a->ctx->arena, weir_column, c->nkid ? c->nkid : 1);
    for (int i = 0; i < c->nkid; i++) WEIR_TRY(make_column(a, &c->kid[i], slots, &out->kid[i]));
    return WEIR_OK;
}

/* A bit for each slot: whether there is a value. The slots must be as many as are said. */
static weir_rc make_struct(const assembly *a, const weir_pq_col *c, int64_t slots,
                           weir_column *out) {
    const weir_pq_values *v = &a->values[c->levels];
    if (c->def > c->base) WEIR_TRY(weir_buf_zero(a->ctx, (slots + 7) / 8, &out->valid));
    int64_t at = 0;
    for (int64_t i = 0; i < v->levels && v->def && c->def > c->base; i++) {
        if ((v->rep && v->rep[i] > c->rep) || v->def[i] < c->base) continue;
        if (at == slots) return uneven(a, c);
        if (v->def[i] >= c->def) weir_bit_set(out->valid->p, at);
        at++;
    }
    if (c->def > c->base && at != slots) return uneven(a, c);
    return make_kids(a, c, slots, out);
}

/* The offsets of lists: a slot begins where repetition starts anew, an item where it goes on at
 * the items' own level. */
static weir_rc make_items(const assembly *a, const weir_pq_col *c, int64_t slots,
                          weir_column *out) {
    const weir_pq_values *v = &a->values[c->levels];
    WEIR_TRY(weir_buf_zero(a->ctx, (slots + 7) / 8, &out->valid));
    WEIR_TRY(weir_buf_new(a->ctx, (slots + 1) * 4, &out->data));
    int32_t *offset = (int32_t *)(void *)out->data->p;
    int64_t at = 0, items = 0;
    if (!v->def || !v->rep) return uneven(a, c);
    for (int64_t i = 0; i < v->levels; i++) {
        if (v->rep[i] <= c->rep) {
            if (v->def[i] < c->base) continue;
            if (at == slots) return uneven(a, c);
            offset[at] = (int32_t)items;
            if (v->def[i] >= c->def) weir_bit_set(out->valid->p, at);
            at++;
        } else if (v->rep[i] != c->item_rep) {
            continue;
        }
        if (v->def[i] < c->item_def) continue;
        if (at == 0 || ++items > INT32_MAX) return uneven(a, c);
    }
    if (at != slots) return uneven(a, c);
    offset[at] = (int32_t)items;
    return make_kids(a, c, items, out);
}

static weir_rc make_column(const assembly *a, const weir_pq_col *c, int64_t slots,
                           weir_column *out) {
    *out = (weir_column){.type = c->type, .form = WEIR_FLAT, .len = slots};
    switch (c->form) {
    case WEIR_PQ_NOTHING: return weir_column_null(a->ctx, c->type, slots, out);
    case WEIR_PQ_STRUCT: return make_struct(a, c, slots, out);
    case WEIR_PQ_ITEMS: return make_items(a, c, slots, out);
    case WEIR_PQ_LEAF: break;
    }
    if (a->values[c->leaf].n != slots) return uneven(a, c);
    return weir_pq_convert(a->ctx, a->r->name, c, &a->values[c->leaf], out);
}

weir_rc weir_parquet_next(weir_ctx *ctx, weir_parquet_reader *r, weir_batch *out, bool *eof) {
    weir_pq_values *values;
    int64_t rows = 0;
    int n = r->plan.want->nfield;
    r->ctx = ctx;
    for (int i = 0; i < n && !r->checked && r->rows > 0; i++)
        WEIR_TRY(weir_pq_check(ctx, r->name, &r->plan.col[i]));
    r->checked = true;
    WEIR_TRY(next_values(ctx, r, &values, &rows));
    *eof = rows == 0;
    if (*eof) return WEIR_OK;
    *out = (weir_batch){
        .schema = r->plan.want, .len = rows, .col = WEIR_NEWN(ctx->arena, weir_column, n + 1)};
    const assembly a = {ctx, r, values};
    for (int i = 0; i < n; i++) WEIR_TRY(make_column(&a, &r->plan.col[i], rows, &out->col[i]));
    return WEIR_OK;
}

void weir_parquet_close(weir_parquet_reader *r) {
    if (!r) return;
    if (r->r) r->api->reader_free(r->r);
    weir_file_drop(r->file);
    weir_arena_free(r->mem);
}
