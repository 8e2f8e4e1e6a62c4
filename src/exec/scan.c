/* Leaves: scans over splits, local rows, ranges. */
#include "exec/ops.h"
#include "func/assign.h"

typedef struct scan_op {
    weir_op base;
    weir_exec *x;
    int index;
    weir_reader *reader;
    bool done;
} scan_op;

void weir_op_scan_init(weir_op *op, weir_exec *x, int index) {
    scan_op *s = (scan_op *)op;
    s->x = x;
    s->index = index;
}

static void scan_close(weir_op *op) {
    scan_op *s = (scan_op *)op;
    if (s->reader) s->reader->close(s->reader);
    s->reader = NULL;
}

static weir_rc scan_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    scan_close(op);
    ((scan_op *)op)->done = false;
    return WEIR_OK;
}

static weir_column const_column(weir_column c, int64_t len) {
    c.form = WEIR_CONST;
    c.len = len;
    return c;
}

/* _metadata of the file that the rows are from, behind the columns of the reader. */
static weir_rc add_metadata(weir_ctx *ctx, const weir_op *op, bool wanted, weir_batch *b) {
    int n = op->plan->schema->nfield - 1;
    const weir_type *t = op->plan->schema->field[n].type;
    const weir_task *at = ctx->task;
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, n + 1);
    if (n) memcpy(col, b->col, sizeof *col * (size_t)n);
    b->col = col;
    if (!wanted || !at) return weir_column_null(ctx, t, b->len, &col[n]);
    /* SPARK: file:/a/b here, file:///a/b in input_file_name(); both encoded as URIs */
    const char *uri = at->input_file, *slash = strrchr(uri, '/'), *name = slash ? slash + 1 : uri,
               *path = strncmp(uri, "file:///", 8) == 0
                           ? weir_printf(ctx->arena, "file:%s", uri + 7)
                           : uri;
    weir_expr *v[] = {weir_lit_string(ctx->arena, path, strlen(path)),
                      weir_lit_string(ctx->arena, name, strlen(name)),
                      weir_lit_int(ctx->arena, &weir_t_long, at->input_file_size),
                      weir_lit_int(ctx->arena, &weir_t_long, at->input_block_start),
                      weir_lit_int(ctx->arena, &weir_t_long, at->input_block_length),
                      weir_lit_int(ctx->arena, &weir_t_timestamp, at->input_file_mtime_us)};
    col[n] = (weir_column){.type = t, .len = b->len, .form = WEIR_CONST, .nkid = t->nfield};
    col[n].kid = WEIR_NEWN(ctx->arena, weir_column, t->nfield);
    for (int i = 0; i < t->nfield; i++) col[n].kid[i] = const_column(v[i]->lit, 1);
    return WEIR_OK;
}

/* SPARK ApplyCharTypePadding: CHAR columns are read with their blanks, whoever wrote them. */
static weir_rc fill_chars(weir_ctx *ctx, const scan_op *s, const weir_scan *scan, weir_batch *b) {
    int n = scan->schema->nfield;
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, b->schema->nfield + 1);
    memcpy(col, b->col, sizeof *col * (size_t)b->schema->nfield);
    for (int i = 0; i < n; i++)
        if (scan->chars[i] && (!s->base.need || s->base.need[i]))
            WEIR_TRY(weir_fill_chars(ctx, scan->chars[i], &b->col[i], &col[i]));
    b->col = col;
    return WEIR_OK;
}

static weir_rc scan_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    scan_op *s = (scan_op *)op;
    weir_scan *scan = op->plan->scan;
    const weir_splits *sp = &s->x->splits[s->index];
    if (!s->reader && !s->done && sp->n) {
        WEIR_TRY(scan->ops->read(ctx, scan, sp->v, sp->n, op->need, &s->reader));
    }
    *eof = true;
    if (s->reader) WEIR_TRY(s->reader->next(ctx, s->reader, out, eof));
    if (*eof) {
        scan_close(op);
        s->done = true;
    } else {
        s->x->rows_in[s->index] += out->len;
        if (scan->chars) WEIR_TRY(fill_chars(ctx, s, scan, out));
        int last = op->plan->schema->nfield - 1;
        if (scan->metadata_wanted)
            WEIR_TRY(add_metadata(ctx, op, !op->need || op->need[last], out));
        out->schema = op->plan->schema;
    }
    return WEIR_OK;
}

const weir_op_ops weir_op_scan = {"scan", sizeof(scan_op), NULL, scan_next, scan_reset, scan_close};

typedef struct local_op {
    weir_op base;
    int at;
} local_op;

static weir_rc local_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    local_op *l = (local_op *)op;
    (void)ctx;
    *eof = l->at >= op->plan->nbatch;
    if (*eof) return WEIR_OK;
    *out = op->plan->batch[l->at++];
    out->schema = op->plan->schema;
    return WEIR_OK;
}

static weir_rc local_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    ((local_op *)op)->at = 0;
    return WEIR_OK;
}

const weir_op_ops weir_op_local = {"local", sizeof(local_op), NULL, local_next, local_reset, NULL};

typedef struct range_op {
    weir_op base;
    uint64_t at;
} range_op;

/* Rows of range(start, end, step): may span the whole 64-bit space, so counted unsigned. */
static uint64_t range_rows(const weir_plan *p) {
    if (p->step > 0 && p->end > p->start)
        return ((uint64_t)p->end - (uint64_t)p->start - 1) / (uint64_t)p->step + 1;
    if (p->step < 0 && p->end < p->start)
        return ((uint64_t)p->start - (uint64_t)p->end - 1) / (0 - (uint64_t)p->step) + 1;
    return 0;
}

static weir_rc range_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    range_op *r = (range_op *)op;
    uint64_t left = range_rows(op->plan) - r->at;
    *eof = left == 0;
    if (*eof) return WEIR_OK;
    int64_t n = left > WEIR_BATCH_ROWS ? WEIR_BATCH_ROWS : (int64_t)left;
    weir_buf *b = NULL;
    WEIR_TRY(weir_buf_new(ctx, n * 8, &b));
    int64_t *v = (int64_t *)(void *)b->p;
    for (int64_t i = 0; i < n; i++)
        v[i] =
            (int64_t)((uint64_t)op->plan->start + (r->at + (uint64_t)i) * (uint64_t)op->plan->step);
    r->at += (uint64_t)n;
    weir_column *c = WEIR_NEW(ctx->arena, weir_column);
    *c = (weir_column){.type = &weir_t_long, .form = WEIR_FLAT, .len = n, .data = b};
    *out = (weir_batch){.schema = op->plan->schema, .len = n, .col = c};
    return WEIR_OK;
}

static weir_rc range_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    ((range_op *)op)->at = 0;
    return WEIR_OK;
}

const weir_op_ops weir_op_range = {"range", sizeof(range_op), NULL, range_next, range_reset, NULL};
