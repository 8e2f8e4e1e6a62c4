/* The source statestore: rows of the state of one operator, at a batch or as changes of batches.
 * SPARK StateDataSource. Nothing is written; the query may run meanwhile, for committed versions do
 * not change. A split is a partition of the state; a reader belongs to one task. */
#include "inspect/inspect.h"
#include "inspect/state_options.h"
#include "query/offsets.h"
#include "state/file.h"
#include "state/schema.h"
#include "state/store.h"

#include <stdlib.h>

enum { BATCH_ROWS = 4096 };

typedef struct state_scan {
    weir_state_options o;
    const char *dir;          /* of the operator */
    const char *store;        /* whose files are read */
    weir_schema *key, *value; /* of the files */
    const weir_type *shown_key, *shown_value; /* of the columns: prefixes of those */
    const weir_state_codec *codec;
    bool row_checksum;
} state_scan;

/* ---- analysis ---- */

/* What the batch ran with, from the offset log. */
static weir_rc read_conf(weir_ctx *ctx, state_scan *t) {
    weir_log_dir log = {weir_printf(ctx->arena, "%s/offsets", t->o.checkpoint), 2, 0};
    weir_offsets batch = {0};
    bool there = false;
    WEIR_TRY(weir_offsets_look(ctx, &log, t->o.batch, &there, &batch));
    if (!there)
        return weir_fail(ctx, WEIR_E_STDS_OFFSET_LOG_UNAVAILABLE, "batchId",
                         weir_printf(ctx->arena, "%lld", (long long)t->o.batch),
                         "checkpointLocation", weir_checkpoint_uri(ctx, t->o.checkpoint));
    weir_conf *conf = weir_conf_new(ctx->conf);
    weir_offsets_restore(&batch, conf);
    t->row_checksum = weir_conf_bool(conf, "spark.sql.streaming.stateStore.rowChecksum.enabled");
    weir_rc rc = weir_state_codec_find(
        ctx, weir_conf_get(conf, "spark.sql.streaming.stateStore.compression.codec"), &t->codec);
    if (rc == WEIR_OK) rc = weir_state_provider_check(ctx, conf);
    weir_conf_free(conf);
    return rc;
}

/* Options that only transformWithState knows, and names of stores where there is one only. */
static weir_rc check_operator(weir_ctx *ctx, const state_scan *t) {
    int32_t id = 0;
    int n = 0;
    const char *name = NULL, *option = t->o.timers ? "readRegisteredTimers" : "stateVarName";
    weir_state_store_info *info = NULL;
    WEIR_TRY(weir_state_metadata_read(ctx, t->dir, &id, &name, &info, &n));
    bool join = name && strcmp(name, "symmetricHashJoin") == 0,
         other = name && !join && strcmp(t->o.store, "default") != 0;
    if (!t->o.timers && !t->o.variable && !other) return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_STDS_INVALID_OPTION, "optionName", option, "message",
        weir_printf(ctx->arena,
                    "Providing %s is only supported with the transformWithState operator. Found "
                    "operator=%s. Please remove this option and re-run the query.",
                    t->o.timers ? "readRegisteredTimers=true" : "state variable names",
                    name ? name : "none"));
}

static weir_rc schema_failed(weir_ctx *ctx, const state_scan *t, weir_err *why) {
    weir_rc rc =
        weir_fail(ctx, WEIR_E_STDS_FAILED_TO_READ_STATE_SCHEMA, "sourceOptions",
                  weir_state_options_text(ctx, &t->o), "cause", why->msg ? why->msg : "unknown");
    weir_err_clear(why);
    return rc;
}

static weir_rc read_schema(weir_ctx *ctx, state_scan *t) {
    weir_err err;
    weir_ctx c = *ctx;
    bool plain = strcmp(t->store, "default") == 0;
    char *dir =
        weir_printf(ctx->arena, "%s/0%s%s", t->dir, plain ? "" : "/", plain ? "" : t->store);
    weir_err_init(&err);
    c.err = &err;
    if (weir_state_schema_read(&c, dir, &t->key, &t->value) != WEIR_OK)
        return schema_failed(ctx, t, &err);
    t->shown_key = t->key;
    t->shown_value = t->value;
    if (t->o.side == WEIR_SIDE_NONE) return WEIR_OK;
    /* SPARK: without the row's number behind the keys, and without its flag "matched" */
    int nvalue = t->value->nfield;
    bool flagged = nvalue > 0 && strcmp(t->value->field[nvalue - 1].name, "matched") == 0;
    t->shown_key = weir_type_struct(ctx->arena, t->key->field, t->key->nfield - 1);
    t->shown_value = weir_type_struct(ctx->arena, t->value->field, nvalue - flagged);
    return WEIR_OK;
}

static void make_schema(weir_ctx *ctx, weir_scan *s, const state_scan *t) {
    const weir_field change[] = {{"batch_id", &weir_t_long, true, NULL},
                                 {"change_type", &weir_t_string, true, NULL},
                                 {"key", t->shown_key, true, NULL},
                                 {"value", t->shown_value, true, NULL},
                                 {"partition_id", &weir_t_int, true, NULL}};
    int from = t->o.changes ? 0 : 2;
    s->schema = weir_type_struct(ctx->arena, change + from, 5 - from);
}

static weir_rc state_open(weir_ctx *ctx, weir_scan *s) {
    static const char *const rows_of[] = {"", "left-keyWithIndexToValue",
                                          "right-keyWithIndexToValue"};
    state_scan *t = WEIR_NEW(ctx->arena, state_scan);
    if (s->user_schema)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
                         "statestore source does not support user-specified schema.");
    WEIR_TRY(weir_state_options_read(ctx, s, &t->o));
    t->dir = weir_printf(ctx->arena, "%s/state/%d", t->o.checkpoint, (int)t->o.op);
    t->store = t->o.side ? rows_of[t->o.side] : t->o.store;
    WEIR_TRY(read_conf(ctx, t));
    WEIR_TRY(check_operator(ctx, t));
    WEIR_TRY(read_schema(ctx, t));
    WEIR_TRY(weir_urow_supports(ctx, t->key));
    WEIR_TRY(weir_urow_supports(ctx, t->value));
    s->impl = t;
    make_schema(ctx, s, t);
    return WEIR_OK;
}

/* ---- partitions ---- */

static int by_number(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

static weir_rc list_parts(weir_ctx *ctx, const state_scan *t, int32_t **out, int32_t *n) {
    weir_dirent *e = NULL;
    int64_t len = 0;
    WEIR_TRY(weir_path_list(ctx, t->dir, false, &e, &len));
    *out = WEIR_NEWN(ctx->arena, int32_t, len + 1);
    *n = 0;
    for (int64_t i = 0; i < len; i++) {
        char *end;
        long v = strtol(e[i].name, &end, 10);
        if (e[i].is_dir && e[i].name[0] != '-' && *end == 0 && v <= INT32_MAX)
            (*out)[(*n)++] = (int32_t)v;
    }
    if (*n == 0)
        return weir_fail(ctx, WEIR_E_STDS_NO_PARTITION, "sourceOptions",
                         weir_state_options_text(ctx, &t->o));
    qsort(*out, (size_t)*n, sizeof **out, by_number);
    /* SPARK StateScan.planInputPartitions */
    if ((*out)[0] == 0 && (*out)[*n - 1] == *n - 1) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                     weir_printf(ctx->arena,
                                 "assertion failed: No continuous partitions in state: the folders "
                                 "of %s are not 0 to %d",
                                 t->dir, (int)*n - 1));
}

static weir_rc state_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                           weir_splits *out) {
    const state_scan *t = s->impl;
    int32_t *part = NULL, n = 0;
    bool found = false, one = t->o.snapshot_batch >= 0;
    (void)from;
    (void)to;
    WEIR_TRY(list_parts(ctx, t, &part, &n));
    for (int32_t i = 0; i < n; i++) {
        if (one && part[i] != t->o.snapshot_part) continue;
        found = true;
        weir_splits_add(ctx->arena, out, (weir_split){.uri = "", .lo = part[i]});
    }
    if (found) return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_STATE_SNAPSHOT_PARTITION, "snapshotPartitionId",
        weir_printf(ctx->arena, "%d", (int)t->o.snapshot_part), "operatorId",
        weir_printf(ctx->arena, "%d", (int)t->o.op), "checkpointLocation",
        weir_printf(ctx->arena, "%s/state", weir_path_text(ctx->arena, t->o.checkpoint)));
}

/* ---- rows ---- */

typedef struct rows {
    weir_reader base;
    weir_arena *mem, *file; /* file: of the delta that is read */
    const weir_scan *scan;
    const state_scan *t;
    const weir_split *split;
    int64_t n, at;
    const bool *need;
    bool begun;
    weir_part_dir where;
    weir_table table;
    int64_t entry;   /* of the table */
    int64_t version; /* of the delta, less one: its batch */
    bool opened, ended;
    weir_records records;
} rows;

typedef struct piece { /* rows of one batch */
    weir_bytes key[BATCH_ROWS], value[BATCH_ROWS];
    bool removed[BATCH_ROWS];
    int64_t n;
} piece;

static weir_rc begin(weir_ctx *ctx, rows *r) {
    const state_scan *t = r->t;
    weir_ctx c = *ctx;
    c.arena = r->mem;
    r->where = weir_part_dir_of(&c, t->dir, t->store, (int32_t)r->split[r->at].lo, t->codec,
                                t->row_checksum);
    r->begun = true;
    r->entry = 0;
    r->version = t->o.change_from;
    r->opened = r->ended = false;
    if (t->o.changes) return WEIR_OK;
    return t->o.snapshot_batch >= 0
               ? weir_state_load_from(ctx, &r->where, t->o.snapshot_batch + 1, t->o.batch + 1,
                                      &r->table)
               : weir_state_load(ctx, &r->where, t->o.batch + 1, &r->table);
}

static weir_bytes expanded(weir_ctx *ctx, const weir_entry *e, bool key) {
    int32_t n = key ? weir_entry_klen(e) : weir_entry_vlen(e);
    char *p = weir_alloc(ctx->arena, (size_t)n + 1);
    key ? weir_entry_key(e, p) : weir_entry_value(e, p);
    return (weir_bytes){p, n};
}

static void take_entries(weir_ctx *ctx, rows *r, piece *p) {
    for (; r->entry < r->table.top && p->n < BATCH_ROWS; r->entry++) {
        const weir_entry *e = weir_table_entry(&r->table, r->entry);
        if (!e->live) continue;
        p->key[p->n] = expanded(ctx, e, true);
        p->value[p->n] = expanded(ctx, e, false);
        p->removed[p->n++] = false;
    }
}

/* SPARK HDFSBackedStateStoreChangeDataReader: a delta that is missing fails another way than when
 * state is loaded. */
static weir_rc next_delta(weir_ctx *ctx, rows *r) {
    weir_ctx c = *ctx;
    weir_stat st;
    weir_arena_reset(r->file);
    c.arena = r->file;
    char *path =
        weir_printf(r->file, "%s/%lld.delta", r->where.dir, (long long)r->version + 1);
    WEIR_TRY(weir_path_stat(&c, path, &st));
    if (!st.exists)
        return weir_fail(ctx, WEIR_E_STATE_CHANGES_MISSING, "fileToRead", path);
    r->opened = true;
    return weir_state_records(&c, &r->where, r->version + 1, false, &r->records);
}

/* Rows of one delta; p->n stays 0 at the end of the last. */
static weir_rc take_changes(weir_ctx *ctx, rows *r, piece *p) {
    for (weir_record o; p->n == 0 && r->version <= r->t->o.change_to;) {
        WEIR_TRY(weir_check_cancel(ctx));
        if (!r->opened) WEIR_TRY(next_delta(ctx, r));
        while (p->n < BATCH_ROWS && !r->ended) {
            WEIR_TRY(weir_records_next(ctx, &r->records, &o));
            r->ended = o.last;
            if (o.last) break;
            p->key[p->n] = o.key;
            p->value[p->n] = o.value;
            p->removed[p->n++] = o.removed;
        }
        if (p->n) break;
        r->version++;
        r->opened = r->ended = false;
    }
    return WEIR_OK;
}

/* ---- columns ---- */

/* A row of nothing but nulls stands for the value of a removal. */
static weir_bytes null_row(weir_ctx *ctx, const weir_type *t) {
    int64_t n = weir_urow_fixed(t);
    char *p = WEIR_NEWN(ctx->arena, char, n + 8);
    memset(p, 0xff, (size_t)weir_urow_bitmap(t->nfield));
    for (int i = t->nfield; i < 8 * weir_urow_bitmap(t->nfield); i++)
        p[i / 8] = (char)(p[i / 8] & ~(1 << i % 8));
    return (weir_bytes){p, (int32_t)n};
}

static weir_rc decode(weir_ctx *ctx, const rows *r, weir_schema *file, const weir_type *shown,
                      const weir_bytes *row, int64_t n, weir_column *out) {
    weir_err err;
    weir_ctx c = *ctx;
    *out = (weir_column){.type = shown, .len = n, .nkid = shown->nfield};
    out->kid = WEIR_NEWN(ctx->arena, weir_column, file->nfield + 1);
    weir_err_init(&err);
    c.err = &err;
    weir_rc rc = weir_urow_decode(&c, file, row, n, out->kid);
    if (rc != WEIR_OK && err.cls == WEIR_E_MALFORMED_STATE) /* the folder is named, too */
        rc = weir_fail(ctx, WEIR_E_STATE_FILE_DAMAGED, "fileToRead", r->where.dir, "reason",
                       err.msg);
    else if (rc != WEIR_OK)
        weir_err_copy(ctx->err, &err);
    weir_err_clear(&err);
    return rc;
}

static weir_rc values(weir_ctx *ctx, const rows *r, piece *p, weir_column *out) {
    weir_bytes none = {NULL, 0};
    for (int64_t i = 0; i < p->n; i++) {
        if (!p->removed[i]) continue;
        if (!none.p) none = null_row(ctx, r->t->value);
        p->value[i] = none;
    }
    WEIR_TRY(decode(ctx, r, r->t->value, r->t->shown_value, p->value, p->n, out));
    if (!none.p) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(ctx, (p->n + 7) / 8, &out->valid));
    for (int64_t i = 0; i < p->n; i++)
        if (!p->removed[i]) weir_bit_set(out->valid->p, i);
    return WEIR_OK;
}

static weir_rc change_types(weir_ctx *ctx, const piece *p, weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_string));
    for (int64_t i = 0; i < p->n; i++)
        weir_build_bytes(&b, p->removed[i] ? "delete" : "update", 6);
    return weir_build_finish(ctx, &b, out);
}

static weir_rc constant(weir_ctx *ctx, const weir_type *t, int64_t v, int64_t n,
                        weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, t));
    weir_build_int(&b, v);
    WEIR_TRY(weir_build_finish(ctx, &b, out));
    out->form = WEIR_CONST;
    out->len = n;
    return WEIR_OK;
}

static weir_rc make_columns(weir_ctx *ctx, const rows *r, piece *p, weir_column *col) {
    weir_schema *schema = r->scan->schema;
    int at = 0;
    if (r->t->o.changes) {
        WEIR_TRY(constant(ctx, &weir_t_long, r->version, p->n, &col[at++]));
        WEIR_TRY(change_types(ctx, p, &col[at++]));
    }
    for (int k = 0; k < 2; k++, at++) {
        if (r->need && !r->need[at])
            WEIR_TRY(weir_column_null(ctx, schema->field[at].type, p->n, &col[at]));
        else if (k == 0)
            WEIR_TRY(decode(ctx, r, r->t->key, r->t->shown_key, p->key, p->n, &col[at]));
        else
            WEIR_TRY(values(ctx, r, p, &col[at]));
    }
    return constant(ctx, &weir_t_int, r->where.part, p->n, &col[at]);
}

static weir_rc rows_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    rows *r = (rows *)rd;
    piece *p = WEIR_NEW(ctx->arena, piece);
    for (;; r->at++) {
        *eof = r->at >= r->n;
        if (*eof) return WEIR_OK;
        if (!r->begun) WEIR_TRY(begin(ctx, r));
        if (r->t->o.changes)
            WEIR_TRY(take_changes(ctx, r, p));
        else
            take_entries(ctx, r, p);
        if (p->n) break;
        weir_table_free(&r->table);
        r->table = (weir_table){0};
        r->begun = false;
    }
    weir_schema *schema = r->scan->schema;
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, schema->nfield);
    WEIR_TRY(make_columns(ctx, r, p, col));
    *out = (weir_batch){.schema = schema, .len = p->n, .col = col};
    return WEIR_OK;
}

static void rows_close(weir_reader *rd) {
    rows *r = (rows *)rd;
    weir_table_free(&r->table);
    weir_arena_free(r->mem);
}

static weir_rc state_read(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                          const bool *columns, weir_reader **out) {
    (void)ctx;
    weir_arena *mem = weir_arena_new(NULL);
    rows *r = WEIR_NEW(mem, rows);
    *r = (rows){.base = {rows_next, rows_close},
                .mem = mem,
                .file = weir_arena_new(mem),
                .scan = s,
                .t = s->impl,
                .split = sp,
                .n = n,
                .need = columns};
    *out = &r->base;
    return WEIR_OK;
}

const weir_source_ops weir_statestore_source = {.format = "statestore",
                                                .options = "statestore",
                                                .batch = true,
                                                .open = state_open,
                                                .split = state_split,
                                                .read = state_read};
