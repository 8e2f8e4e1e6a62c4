/* Rows of a micro-batch, held for reading. See held.h. Written by the query's thread; read by any.
 * The file has one Arrow IPC message after the other; where each begins is known here. */
#include "sink/held.h"

#include "base/mem.h"
#include "codec/arrow_ipc.h"

enum { MESSAGE_MAX = 1 << 30 };

typedef struct piece {
    int64_t at, len;
} piece;

struct weir_held {
    weir_arena *mem;  /* schema, and everything that readers need */
    weir_arena *rows; /* batches in memory */
    weir_schema *schema;
    const char *dir;
    int64_t limit_bytes, held_bytes, nrow;
    weir_batch *batch;
    int nbatch, cbatch;
    weir_file *file; /* once it is too much for memory */
    int64_t file_bytes;
    piece *piece; /* the first is the schema's message */
    int64_t npiece, cpiece;
};

weir_held *weir_held_new(weir_ctx *ctx, weir_schema *schema) {
    weir_arena *mem = weir_arena_new(NULL);
    weir_held *h = WEIR_NEW(mem, weir_held);
    h->mem = mem;
    h->rows = weir_arena_new(NULL);
    h->schema = weir_type_copy(mem, schema);
    h->limit_bytes = weir_conf_bytes(ctx->conf, "spark.weir.foreachBatch.memory");
    h->dir = weir_strdup(mem, weir_conf_get(ctx->conf, "spark.local.dir"));
    return h;
}

int64_t weir_held_rows(const weir_held *h) { return h->nrow; }

static void drop_file(void *f) { weir_file_drop(f); }

static weir_rc add_piece(weir_ctx *ctx, weir_held *h, const weir_str *s) {
    if (s->failed)
        return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes", "over 1 GiB for one batch of",
                         "receivedBytes", "none");
    WEIR_TRY(weir_file_write(ctx, h->file, s->p, s->len));
    if (h->npiece == h->cpiece) {
        h->cpiece = h->cpiece ? h->cpiece * 2 : 64;
        piece *v = WEIR_NEWN(h->mem, piece, h->cpiece);
        if (h->npiece) memcpy(v, h->piece, sizeof *v * (size_t)h->npiece);
        h->piece = v;
    }
    h->piece[h->npiece++] = (piece){h->file_bytes, (int64_t)s->len};
    h->file_bytes += (int64_t)s->len;
    return WEIR_OK;
}

static weir_rc write_batch(weir_ctx *ctx, weir_held *h, const weir_batch *b) {
    weir_str s;
    weir_str_init(&s, NULL, MESSAGE_MAX);
    weir_rc rc = weir_ipc_write_batch(ctx, b, &s);
    if (rc == WEIR_OK) rc = add_piece(ctx, h, &s);
    weir_str_free(&s);
    return rc;
}

/* What is in memory goes to a file, as will all that follows. */
static weir_rc spill(weir_ctx *ctx, weir_held *h) {
    weir_str s;
    WEIR_TRY(weir_file_temp(ctx, h->dir, &h->file));
    weir_arena_defer(h->mem, drop_file, h->file);
    weir_str_init(&s, NULL, MESSAGE_MAX);
    weir_rc rc = weir_ipc_write_schema(ctx, h->schema, NULL, &s);
    if (rc == WEIR_OK) rc = add_piece(ctx, h, &s);
    weir_str_free(&s);
    for (int i = 0; i < h->nbatch && rc == WEIR_OK; i++) rc = write_batch(ctx, h, &h->batch[i]);
    h->nbatch = h->cbatch = 0;
    h->batch = NULL;
    weir_arena_reset(h->rows);
    return rc;
}

weir_rc weir_held_add(weir_ctx *ctx, weir_held *h, const weir_batch *b) {
    h->nrow += b->len;
    h->held_bytes += weir_batch_bytes(b);
    if (!h->file && h->held_bytes > h->limit_bytes) WEIR_TRY(spill(ctx, h));
    if (h->file) return write_batch(ctx, h, b);
    if (h->nbatch == h->cbatch) {
        h->cbatch = h->cbatch ? h->cbatch * 2 : 16;
        weir_batch *v = WEIR_NEWN(h->rows, weir_batch, h->cbatch);
        if (h->nbatch) memcpy(v, h->batch, sizeof *v * (size_t)h->nbatch);
        h->batch = v;
    }
    weir_batch_keep(h->rows, b, &h->batch[h->nbatch++]);
    return WEIR_OK;
}

void weir_held_free(weir_held *h) {
    if (!h) return;
    weir_arena_free(h->rows);
    weir_arena_free(h->mem);
}

/* ---- reading the file ---- */

typedef struct held_reader {
    weir_reader base;
    weir_arena *mem;
    const weir_held *held;
    weir_ipc_reader *ipc;
    int64_t at;
} held_reader;

static weir_rc read_piece(weir_ctx *ctx, held_reader *r, weir_batch *out, weir_ipc_kind *kind) {
    const piece *p = &r->held->piece[r->at++];
    int64_t got = 0;
    size_t used = 0;
    char *bytes = weir_mem_try(NULL, (size_t)p->len);
    if (!bytes) return weir_fail_memory(ctx, p->len);
    weir_rc rc = weir_file_pread(ctx, r->held->file, p->at, bytes, p->len, &got);
    if (rc == WEIR_OK)
        rc = weir_ipc_read_message(ctx, r->ipc, bytes, (size_t)got, &used, kind, out);
    weir_mem_free(bytes);
    return rc;
}

static weir_rc held_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    held_reader *r = (held_reader *)rd;
    weir_ipc_kind kind = WEIR_IPC_SCHEMA;
    if (r->at == 0) {
        weir_ctx own = *ctx;
        own.arena = r->mem;
        WEIR_TRY(read_piece(&own, r, out, &kind));
    }
    *eof = r->at >= r->held->npiece;
    if (*eof) return WEIR_OK;
    WEIR_TRY(read_piece(ctx, r, out, &kind));
    if (kind == WEIR_IPC_BATCH) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INTERNAL_ERROR, "message",
                     "the file of a micro-batch holds something else than rows.");
}

static void held_close(weir_reader *rd) { weir_arena_free(((held_reader *)rd)->mem); }

static weir_rc held_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                         const bool *columns, weir_reader **out) {
    weir_ctx own = *ctx;
    (void)sp, (void)n, (void)columns;
    own.arena = weir_arena_new(NULL);
    held_reader *r = WEIR_NEW(own.arena, held_reader);
    *r = (held_reader){.base = {held_next, held_close}, .mem = own.arena, .held = s->impl};
    r->ipc = weir_ipc_reader_new(&own, r->held->schema);
    *out = &r->base;
    return WEIR_OK;
}

static weir_rc held_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                          weir_splits *out) {
    (void)s, (void)from, (void)to;
    weir_splits_add(ctx->arena, out, (weir_split){0});
    return WEIR_OK;
}

static const weir_source_ops held_source = {
    .format = "micro-batch", .batch = true, .split = held_split, .read = held_read};

weir_rc weir_held_plan(weir_ctx *ctx, weir_held *h, weir_arena **mem, weir_plan **out) {
    (void)ctx;
    *mem = h->mem;
    if (!h->file) {
        *out = weir_plan_local(h->mem, h->schema, h->batch, h->nbatch);
        weir_arena_free(h->rows);
        return WEIR_OK;
    }
    weir_scan *scan = WEIR_NEW(h->mem, weir_scan);
    *scan = (weir_scan){.ops = &held_source, .mem = h->mem, .schema = h->schema, .impl = h};
    *out = weir_plan_new(h->mem, WEIR_P_SCAN, 0);
    (*out)->scan = scan;
    (*out)->schema = h->schema;
    (*out)->format = held_source.format;
    weir_arena_free(h->rows);
    return WEIR_OK;
}
