/* ORC files as batches. See orc.h. */
#include "orc/orc.h"

#include "orc/proto.h"
#include "orc/values.h"

enum { BATCH_ROWS = 8192 };

struct weir_orc_reader {
    weir_arena *mem;
    weir_orc_file file;
    weir_orc_tail tail;
    weir_orc_scan scan;
    weir_schema *want;
    weir_orc_col *col;
    weir_orc_values **by_column; /* those that are read, by the column's number */
    bool reads;                  /* some column is read, not only counted */
    int stripe;                  /* the next one */
    int64_t left;                /* rows of the one that is read */
};

weir_rc weir_orc_open(weir_ctx *ctx, const char *path, const char *name, weir_orc_reader **out) {
    weir_stat st = {0};
    weir_arena *mem = weir_arena_new(NULL);
    weir_orc_reader *r = WEIR_NEW(mem, weir_orc_reader);
    r->mem = mem;
    r->file = (weir_orc_file){.ctx = ctx, .name = weir_strdup(mem, name)};
    weir_rc rc = weir_file_open(ctx, path, &r->file.file);
    if (rc == WEIR_OK) rc = weir_path_stat(ctx, path, &st);
    r->file.size = st.size_bytes;
    if (rc == WEIR_OK) rc = weir_orc_tail_read(&r->file, mem, &r->tail);
    if (rc == WEIR_OK && r->tail.root->kind != WEIR_ORC_STRUCT)
        rc = weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, name,
                            "the ORC file has no columns, but one nameless value a row");
    if (rc != WEIR_OK) return weir_orc_close(r), rc;
    *out = r;
    return WEIR_OK;
}

weir_rc weir_orc_schema(weir_ctx *ctx, const weir_orc_reader *r, weir_schema **out) {
    return weir_orc_sql_type(ctx, r->tail.root, out);
}

weir_rc weir_orc_select(weir_ctx *ctx, weir_orc_reader *r, weir_schema *want, const bool *need) {
    r->file.ctx = ctx;
    r->want = weir_type_copy(r->mem, want);
    WEIR_TRY(weir_orc_bind(&r->file, r->mem, r->tail.root, r->want, need, &r->col));
    r->scan = (weir_orc_scan){.file = &r->file,
                              .mem = r->mem,
                              .zone = weir_zone_process(),
                              .proleptic = r->tail.proleptic,
                              .decimal64 = r->tail.decimal64};
    r->by_column = WEIR_NEWN(r->mem, weir_orc_values *, r->tail.ntype);
    for (int i = 0; i < want->nfield; i++) {
        weir_orc_values_new(&r->scan, &r->col[i], r->by_column);
        r->reads |= r->col[i].form != WEIR_ORC_NOTHING;
    }
    return WEIR_OK;
}

/* ---- stripes ---- */

/* Streams lie side by side from the stripe's start on, in the order of its footer. */
static weir_rc add_stream(weir_orc_reader *r, const weir_orc_stripe *s, weir_proto m, int64_t *at) {
    weir_proto_field f;
    uint64_t kind = 0, column = 0, bytes = 0;
    while (weir_proto_next(&m, &f)) {
        if (f.id == 1) kind = f.value;
        if (f.id == 2) column = f.value;
        if (f.id == 3) bytes = f.value;
    }
    int64_t end = s->at + s->index_bytes + s->data_bytes;
    if (m.bad || bytes > (uint64_t)(end - *at))
        return weir_orc_damaged(&r->file, "a stream lies outside of its stripe");
    weir_orc_values *v = column < (uint64_t)r->tail.ntype ? r->by_column[column] : NULL;
    if (v && kind < WEIR_ORC_STREAMS && v->what[kind]) {
        v->has[kind] = true;
        v->at[kind] = *at;
        v->bytes[kind] = (int64_t)bytes;
    }
    *at += (int64_t)bytes;
    return WEIR_OK;
}

static void add_encoding(weir_orc_values *v, weir_proto m) {
    weir_proto_field f;
    v->encoding = 0;
    v->dictionary_size = 0;
    while (weir_proto_next(&m, &f)) {
        if (f.id == 1) v->encoding = f.value < 4 ? (int)f.value : -1;
        if (f.id == 2) v->dictionary_size = f.value < INT32_MAX ? (int64_t)f.value : -1;
    }
}

static weir_rc read_stripe_footer(weir_orc_reader *r, const weir_orc_stripe *s, weir_proto m) {
    weir_proto_field f;
    int64_t at = s->at;
    int column = 0;
    r->scan.writer_zone = r->scan.zone; /* files that do not say: the reader's */
    for (int i = 0; i < r->tail.ntype; i++)
        if (r->by_column[i]) memset(r->by_column[i]->has, 0, sizeof r->by_column[i]->has);
    for (int i = 0; i < r->tail.ntype; i++)
        if (r->by_column[i]) memset(r->by_column[i]->bytes, 0, sizeof r->by_column[i]->bytes);
    while (weir_proto_next(&m, &f)) {
        if (f.id == 1) WEIR_TRY(add_stream(r, s, f.bytes, &at));
        if (f.id == 2 && column < r->tail.ntype) {
            if (r->by_column[column]) add_encoding(r->by_column[column], f.bytes);
            column++;
        }
        if (f.id != 3 || f.bytes.p == f.bytes.end) continue;
        const char *id = (const char *)f.bytes.p;
        r->scan.writer_zone = weir_zone_find(id, (size_t)(f.bytes.end - f.bytes.p));
        if (!r->scan.writer_zone)
            return weir_orc_damaged(&r->file, "%.*s is no time zone",
                                    (int)(f.bytes.end - f.bytes.p), id);
    }
    return m.bad || column < r->tail.ntype
               ? weir_orc_damaged(&r->file, "the footer of a stripe is cut")
               : WEIR_OK;
}

static weir_rc start_stripe(weir_orc_reader *r) {
    const weir_orc_stripe *s = &r->tail.stripe[r->stripe++];
    uint8_t *footer = NULL;
    int64_t n = 0;
    r->left = s->rows;
    if (!r->reads || !s->rows) return WEIR_OK;
    weir_arena *mem = weir_arena_new(NULL);
    weir_rc rc = weir_orc_section(&r->file, mem, s->at + s->index_bytes + s->data_bytes,
                                  s->footer_bytes, &footer, &n);
    if (rc == WEIR_OK) rc = read_stripe_footer(r, s, (weir_proto){footer, footer + n, false});
    for (int i = 0; rc == WEIR_OK && i < r->want->nfield; i++)
        rc = weir_orc_values_start(&r->scan, &r->col[i]);
    weir_arena_free(mem);
    return rc;
}

weir_rc weir_orc_next(weir_ctx *ctx, weir_orc_reader *r, weir_batch *out, bool *eof) {
    r->file.ctx = ctx;
    /* SPARK-8501: files without columns have no rows either */
    while (r->left == 0 && r->stripe < r->tail.nstripe && r->tail.root->nkid)
        WEIR_TRY(start_stripe(r));
    *eof = r->left == 0;
    if (*eof) return WEIR_OK;
    int64_t n = r->left < BATCH_ROWS ? r->left : BATCH_ROWS;
    *out = (weir_batch){.schema = r->want,
                        .len = n,
                        .col = WEIR_NEWN(ctx->arena, weir_column, r->want->nfield + 1)};
    for (int i = 0; i < r->want->nfield; i++)
        WEIR_TRY(weir_orc_values_next(&r->scan, &r->col[i], n, NULL, &out->col[i]));
    r->left -= n;
    return WEIR_OK;
}

void weir_orc_close(weir_orc_reader *r) {
    if (!r) return;
    weir_file_drop(r->file.file);
    weir_arena_free(r->mem);
}
