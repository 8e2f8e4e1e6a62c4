/* The source state-metadata: a row for each store of each operator with state. SPARK
 * StateMetadataSource. Reads only. */
#include "inspect/inspect.h"
#include "inspect/state_options.h"
#include "query/ckpt_log.h"
#include "state/store.h"

#include <stdlib.h>

typedef struct metadata_scan {
    const char *checkpoint;
    bool prefix; /* the hidden column is asked for */
} metadata_scan;

static weir_rc metadata_open(weir_ctx *ctx, weir_scan *s) {
    static const weir_field f[] = {{"operatorId", &weir_t_long, true, NULL},
                                   {"operatorName", &weir_t_string, true, NULL},
                                   {"stateStoreName", &weir_t_string, true, NULL},
                                   {"numPartitions", &weir_t_int, true, NULL},
                                   {"minBatchId", &weir_t_long, true, NULL},
                                   {"maxBatchId", &weir_t_long, true, NULL},
                                   {"operatorProperties", &weir_t_string, true, NULL},
                                   {"_numColsPrefixKey", &weir_t_int, true, NULL}};
    metadata_scan *t = WEIR_NEW(ctx->arena, metadata_scan);
    int64_t batch;
    bool given;
    if (s->user_schema)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
                         "state-metadata source does not support user-specified schema.");
    WEIR_TRY(weir_state_path(ctx, s, &t->checkpoint));
    /* SPARK: the batch would choose the version of metadata v2; v1 has one version */
    WEIR_TRY(weir_state_number(ctx, s, "batchId", &batch, &given));
    t->prefix = s->spec->metadata;
    s->hidden = t->prefix;
    s->schema = weir_type_struct(ctx->arena, f, t->prefix ? 8 : 7);
    s->impl = t;
    return WEIR_OK;
}

static weir_rc metadata_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                              weir_splits *out) {
    (void)s;
    (void)from;
    (void)to;
    weir_splits_add(ctx->arena, out, (weir_split){.uri = ""});
    return WEIR_OK;
}

typedef struct rows {
    weir_reader base;
    weir_arena *mem;
    const weir_scan *scan;
    bool done;
} rows;

static int by_id(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static weir_rc operators(weir_ctx *ctx, const char *dir, int64_t **id, int64_t *n) {
    weir_dirent *e = NULL;
    int64_t len = 0;
    WEIR_TRY(weir_path_list(ctx, dir, false, &e, &len));
    *id = WEIR_NEWN(ctx->arena, int64_t, len + 1);
    *n = 0;
    for (int64_t i = 0; i < len; i++) {
        char *end;
        int64_t v = strtoll(e[i].name, &end, 10);
        if (*e[i].name >= '0' && *e[i].name <= '9' && *end == 0) (*id)[(*n)++] = v;
    }
    qsort(*id, (size_t)*n, sizeof **id, by_id);
    return WEIR_OK;
}

static void put_text(weir_build *b, const char *s) { weir_build_bytes(b, s, strlen(s)); }

static weir_rc operator_rows(weir_ctx *ctx, const char *dir, int64_t lowest, int64_t latest,
                             bool prefix, weir_build *b, int64_t *len) {
    const char *name = NULL;
    weir_state_store_info *info = NULL;
    int32_t op = 0;
    int n = 0;
    WEIR_TRY(weir_state_metadata_read(ctx, dir, &op, &name, &info, &n));
    for (int i = 0; name && i < n; i++, (*len)++) {
        weir_build_i64(&b[0], op);
        put_text(&b[1], name);
        put_text(&b[2], info[i].name);
        weir_build_i32(&b[3], info[i].npart);
        weir_build_i64(&b[4], lowest);
        weir_build_i64(&b[5], latest);
        weir_build_null(&b[6]);
        if (prefix) weir_build_i32(&b[7], info[i].prefix_cols);
    }
    return WEIR_OK;
}

/* SPARK reads the logs' first and last entries, so a damaged one fails here, too. */
static weir_rc committed_range(weir_ctx *ctx, const char *checkpoint, int64_t *lowest,
                               int64_t *latest) {
    weir_log_dir log = {weir_printf(ctx->arena, "%s/commits", checkpoint), 3, 0};
    int version;
    char *text = NULL;
    WEIR_TRY(weir_log_range(ctx, &log, lowest, latest));
    return *latest < 0 ? WEIR_OK : weir_log_read(ctx, &log, *latest, &version, &text);
}

static weir_rc rows_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    rows *r = (rows *)rd;
    const metadata_scan *t = r->scan->impl;
    weir_schema *schema = r->scan->schema;
    int64_t lowest, latest, *op = NULL, nop = 0, len = 0;
    weir_build b[8];
    *eof = r->done;
    if (r->done) return WEIR_OK;
    r->done = true;
    for (int i = 0; i < schema->nfield; i++)
        WEIR_TRY(weir_build_init(ctx, &b[i], schema->field[i].type));
    char *dir = weir_printf(ctx->arena, "%s/state", t->checkpoint);
    WEIR_TRY(committed_range(ctx, t->checkpoint, &lowest, &latest));
    WEIR_TRY(operators(ctx, dir, &op, &nop));
    for (int64_t i = 0; i < nop; i++)
        WEIR_TRY(operator_rows(ctx,
                               weir_printf(ctx->arena, "%s/%lld", dir, (long long)op[i]), lowest,
                               latest, t->prefix, b, &len));
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, schema->nfield);
    for (int i = 0; i < schema->nfield; i++) WEIR_TRY(weir_build_finish(ctx, &b[i], &col[i]));
    *out = (weir_batch){.schema = schema, .len = len, .col = col};
    *eof = len == 0;
    return WEIR_OK;
}

static void rows_close(weir_reader *rd) { weir_arena_free(((rows *)rd)->mem); }

static weir_rc metadata_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                             const bool *columns, weir_reader **out) {
    (void)ctx;
    (void)sp;
    (void)n;
    (void)columns;
    weir_arena *mem = weir_arena_new(NULL);
    rows *r = WEIR_NEW(mem, rows);
    *r = (rows){.base = {rows_next, rows_close}, .mem = mem, .scan = s};
    *out = &r->base;
    return WEIR_OK;
}

const weir_source_ops weir_state_metadata_source = {.format = "state-metadata",
                                                    .options = "state-metadata",
                                                    .batch = true,
                                                    .open = metadata_open,
                                                    .split = metadata_split,
                                                    .read = metadata_read};
