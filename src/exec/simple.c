/* Operators that pass batches through: project, filter, limit, offset, tail, union, explode. */
#include "exec/ops.h"

static weir_rc project_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    weir_batch in;
    WEIR_TRY(weir_op_next(ctx, op->in[0], &in, eof));
    if (*eof) return WEIR_OK;
    const weir_plan *p = op->plan;
    *out = (weir_batch){.schema = p->schema,
                        .len = in.len,
                        .col = WEIR_NEWN(ctx->arena, weir_column, p->nexpr + 1)};
    for (int i = 0; i < p->nexpr; i++) WEIR_TRY(weir_eval_run(ctx, op->eval, i, &in, &out->col[i]));
    return WEIR_OK;
}

const weir_op_ops weir_op_project = {"project", sizeof(weir_op), NULL, project_next, NULL, NULL};

static weir_rc filter_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    for (;;) {
        weir_batch in;
        weir_column keep;
        WEIR_TRY(weir_op_next(ctx, op->in[0], &in, eof));
        if (*eof) return WEIR_OK;
        WEIR_TRY(weir_eval_run(ctx, op->eval, 0, &in, &keep));
        int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, in.len + 1), n = weir_select_true(&keep, idx);
        if (n == 0) continue;
        if (n == in.len)
            *out = in;
        else
            WEIR_TRY(weir_batch_take(ctx, &in, idx, n, out));
        out->schema = op->plan->schema;
        return WEIR_OK;
    }
}

const weir_op_ops weir_op_filter = {"filter", sizeof(weir_op), NULL, filter_next, NULL, NULL};

typedef struct count_op {
    weir_op base;
    int64_t seen;
    weir_rows rows;
    weir_arena *held;
    int at;
} count_op;

static weir_rc count_reset(weir_ctx *ctx, weir_op *op) {
    (void)ctx;
    count_op *c = (count_op *)op;
    c->seen = 0;
    c->at = 0;
    weir_arena_free(c->held);
    c->held = NULL;
    return WEIR_OK;
}

static void count_close(weir_op *op) { (void)count_reset(NULL, op); }

static weir_rc limit_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    count_op *c = (count_op *)op;
    int64_t left = op->plan->n - c->seen;
    *eof = left <= 0;
    if (*eof) return WEIR_OK;
    weir_batch in;
    WEIR_TRY(weir_op_next(ctx, op->in[0], &in, eof));
    if (*eof) return WEIR_OK;
    if (in.len > left)
        *out = weir_batch_slice(ctx, &in, 0, left);
    else
        *out = in;
    c->seen += out->len;
    return WEIR_OK;
}

const weir_op_ops weir_op_limit = {"limit",    sizeof(count_op), NULL,
                                   limit_next, count_reset,      count_close};

static weir_rc offset_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    count_op *c = (count_op *)op;
    for (;;) {
        weir_batch in;
        WEIR_TRY(weir_op_next(ctx, op->in[0], &in, eof));
        if (*eof) return WEIR_OK;
        int64_t skip = op->plan->n - c->seen;
        if (skip < 0) skip = 0;
        if (skip >= in.len) {
            c->seen += in.len;
            continue;
        }
        c->seen += skip;
        *out = weir_batch_slice(ctx, &in, skip, in.len - skip);
        return WEIR_OK;
    }
}

const weir_op_ops weir_op_offset = {"offset",    sizeof(count_op), NULL,
                                    offset_next, count_reset,      count_close};

weir_rc weir_op_drain(weir_ctx *ctx, weir_op *in, weir_arena *mem, weir_rows *out) {
    int cap = 0;
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(ctx->arena);
    *out = (weir_rows){0};
    for (;;) {
        weir_batch b;
        bool eof;
        weir_rc rc = weir_op_next(&c, in, &b, &eof);
        if (rc != WEIR_OK || eof) {
            weir_arena_free(c.arena);
            return rc;
        }
        if (out->n == cap) {
            weir_batch *v = WEIR_NEWN(mem, weir_batch, cap ? cap * 2 : 16);
            if (out->n) memcpy(v, out->v, sizeof *v * (size_t)out->n);
            out->v = v;
            cap = cap ? cap * 2 : 16;
        }
        weir_batch_keep(mem, &b, &out->v[out->n++]);
        out->rows += b.len;
        weir_arena_reset(c.arena);
    }
}

weir_rc weir_rows_join(weir_ctx *ctx, weir_schema *schema, const weir_rows *r, weir_batch *out) {
    const weir_batch **v = WEIR_NEWN(ctx->arena, const weir_batch *, r->n + 1);
    for (int i = 0; i < r->n; i++) v[i] = &r->v[i];
    if (r->n == 1) {
        *out = r->v[0];
        return WEIR_OK;
    }
    return weir_batch_concat(ctx, schema, v, r->n, out);
}

static weir_rc tail_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    count_op *c = (count_op *)op;
    *eof = c->held != NULL;
    if (*eof) return WEIR_OK;
    c->held = weir_arena_new(NULL);
    WEIR_TRY(weir_op_drain(ctx, op->in[0], c->held, &c->rows));
    *eof = c->rows.rows == 0;
    if (*eof) return WEIR_OK;
    weir_batch all;
    WEIR_TRY(weir_rows_join(ctx, op->plan->schema, &c->rows, &all));
    int64_t n = all.len < op->plan->n ? all.len : op->plan->n;
    *out = weir_batch_slice(ctx, &all, all.len - n, n);
    return WEIR_OK;
}

const weir_op_ops weir_op_tail = {"tail",    sizeof(count_op), NULL,
                                  tail_next, count_reset,      count_close};

static weir_rc union_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    count_op *c = (count_op *)op;
    for (; c->at < op->nin; c->at++) {
        WEIR_TRY(weir_op_next(ctx, op->in[c->at], out, eof));
        if (*eof) continue;
        out->schema = op->plan->schema;
        return WEIR_OK;
    }
    *eof = true;
    return WEIR_OK;
}

const weir_op_ops weir_op_union = {"union",    sizeof(count_op), NULL,
                                   union_next, count_reset,      count_close};

/* Lists are made for some rows of the input at a time, and given in pieces: a few rows can have
 * more elements than there is memory for. */
enum { PIECE_ROWS = 8192, FIRST_ROWS = 16, MOST_ELEMENTS = 1 << 18 };

typedef struct explode_op {
    weir_op base;
    weir_arena *held, *part_mem; /* of in; of part and list */
    weir_batch in, part;         /* part: rows of in whose lists are there */
    weir_column list;
    int64_t at, rows; /* the next row of in, and how many are taken next */
    int64_t row, elem; /* of part: where the next piece begins */
} explode_op;

/* Row numbers of part, and of the list's elements, for each output row. */
typedef struct exploded {
    int64_t *row, *elem, *pos;
    int64_t n;
} exploded;

static void explode_piece(weir_ctx *ctx, explode_op *o, bool outer, exploded *x) {
    x->row = WEIR_NEWN(ctx->arena, int64_t, PIECE_ROWS);
    x->elem = WEIR_NEWN(ctx->arena, int64_t, PIECE_ROWS);
    x->pos = WEIR_NEWN(ctx->arena, int64_t, PIECE_ROWS);
    for (; o->row < o->part.len && x->n < PIECE_ROWS; o->row++, o->elem = 0) {
        int64_t first;
        int32_t k = weir_is_null(&o->list, o->row) ? 0 : weir_get_list(&o->list, o->row, &first);
        for (; o->elem < (k ? k : outer ? 1 : 0); o->elem++) {
            if (x->n == PIECE_ROWS) return;
            x->row[x->n] = o->row;
            x->elem[x->n] = k ? first + o->elem : -1;
            x->pos[x->n++] = k ? o->elem : -1;
        }
    }
}

static weir_rc explode_pos(weir_ctx *ctx, const exploded *x, weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_int));
    for (int64_t i = 0; i < x->n; i++) {
        if (x->pos[i] < 0)
            weir_build_null(&b);
        else
            weir_build_i32(&b, (int32_t)x->pos[i]);
    }
    return weir_build_finish(ctx, &b, out);
}

/* The next rows of the input, and their lists: so many that these have some 2^18 elements. */
static weir_rc explode_part(weir_ctx *ctx, explode_op *o, bool *eof) {
    weir_batch b;
    weir_ctx c = *ctx;
    *eof = false;
    if (o->at == o->in.len) {
        WEIR_TRY(weir_op_next(ctx, o->base.in[0], &b, eof));
        if (*eof) return WEIR_OK;
        weir_arena_reset(o->held);
        weir_batch_keep(o->held, &b, &o->in);
        o->at = 0;
    }
    int64_t n = o->in.len - o->at < o->rows ? o->in.len - o->at : o->rows, first, elements = 0;
    weir_arena_reset(o->part_mem);
    c.arena = o->part_mem;
    o->part = weir_batch_slice(&c, &o->in, o->at, n);
    WEIR_TRY(weir_eval_run(&c, o->base.eval, 0, &o->part, &o->list));
    for (int64_t i = 0; i < n; i++)
        elements += weir_is_null(&o->list, i) ? 1 : weir_get_list(&o->list, i, &first) + 1;
    o->at += n;
    o->row = o->elem = 0;
    if (elements < MOST_ELEMENTS / 4 && o->rows < PIECE_ROWS) o->rows *= 4;
    if (elements > MOST_ELEMENTS && o->rows > 1) o->rows /= 4;
    return WEIR_OK;
}

static weir_rc explode_open(weir_ctx *ctx, weir_op *op) {
    explode_op *o = (explode_op *)op;
    (void)ctx;
    o->held = weir_arena_new(op->mem);
    o->part_mem = weir_arena_new(op->mem);
    o->rows = FIRST_ROWS;
    return WEIR_OK;
}

static weir_rc explode_reset(weir_ctx *ctx, weir_op *op) {
    explode_op *o = (explode_op *)op;
    (void)ctx;
    o->in.len = o->part.len = o->at = o->row = o->elem = 0;
    weir_arena_reset(o->held);
    weir_arena_reset(o->part_mem);
    return WEIR_OK;
}

static weir_rc explode_next(weir_ctx *ctx, weir_op *op, weir_batch *out, bool *eof) {
    const weir_plan *p = op->plan;
    explode_op *o = (explode_op *)op;
    exploded x = {0};
    for (*eof = false; !x.n; explode_piece(ctx, o, p->outer, &x)) {
        if (o->row < o->part.len) continue;
        WEIR_TRY(explode_part(ctx, o, eof));
        if (*eof) return WEIR_OK;
        WEIR_TRY(weir_check_cancel(ctx));
    }
    int n = o->part.schema->nfield;
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, p->schema->nfield + 1);
    for (int i = 0; i < n; i++)
        WEIR_TRY(weir_column_take(ctx, &o->part.col[i], x.row, x.n, &col[i]));
    if (p->all) WEIR_TRY(explode_pos(ctx, &x, &col[n++]));
    for (int k = 0; k < o->list.nkid; k++)
        WEIR_TRY(weir_column_take(ctx, &o->list.kid[k], x.elem, x.n, &col[n++]));
    *out = (weir_batch){.schema = p->schema, .len = x.n, .col = col};
    return WEIR_OK;
}

const weir_op_ops weir_op_explode = {"explode",    sizeof(explode_op), explode_open,
                                     explode_next, explode_reset,      NULL};
