/* Checkpoints of the Delta log: reading all forms, writing the classic one, and the clean-up that
 * they allow. DELTA PROTOCOL "Checkpoints". Called by the log and by the sink after a commit; the
 * task of the snapshot. */
#include "arrow/parquet.h"
#include "base/log.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "delta/props.h"

#include <stdlib.h>

enum { ROWS = 8192, CLEAN_EVERY_MS = 3600 * 1000, CKPT_EVERY = 10, FILES_A_COMMIT = 100 };

/* ---- which ---- */

/* "<20 digits>.checkpoint[.<part>.<parts>|.<uuid>].parquet|json" */
static bool ckpt_name(const char *name, int64_t *version, int *part, int *parts) {
    char *end;
    if (strlen(name) < 39 || strncmp(name + 20, ".checkpoint.", 12) != 0) return false;
    *version = strtoll(name, &end, 10);
    if (end != name + 20) return false;
    const char *rest = name + 32;
    *part = *parts = 1;
    if (strcmp(rest, "parquet") == 0) return true;
    size_t n = strlen(rest);
    if (n == 29 && strcmp(rest + 21, ".parquet") == 0 && rest[10] == '.') {
        *part = (int)strtol(rest, &end, 10);
        if (end != rest + 10) return false;
        *parts = (int)strtol(rest + 11, &end, 10);
        return end == rest + 21 && *part >= 1 && *part <= *parts;
    }
    return (n == 44 && strcmp(rest + 36, ".parquet") == 0) ||
           (n == 41 && strcmp(rest + 36, ".json") == 0);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

weir_rc weir_delta_ckpt_find(weir_ctx *ctx, const weir_dirent *e, int64_t n, int64_t version,
                             weir_delta_ckpt *out) {
    *out = (weir_delta_ckpt){.version = -1};
    for (int64_t i = 0; i < n; i++) {
        int64_t v, w;
        int part, parts, p, q, have = 0;
        if (!ckpt_name(e[i].name, &v, &part, &parts) || part != 1 || v <= out->version ||
            (version >= 0 && v > version))
            continue;
        const char **file = WEIR_NEWN(ctx->arena, const char *, parts < 100000 ? parts : 1);
        file[have++] = e[i].name;
        for (int64_t j = 0; parts > 1 && parts < 100000 && j < n && have < parts; j++)
            if (j != i && ckpt_name(e[j].name, &w, &p, &q) && w == v && q == parts)
                file[have++] = e[j].name;
        if (have != parts) continue; /* not finished: an older one, or the entries, will do */
        qsort(file, (size_t)have, sizeof *file, by_name);
        *out = (weir_delta_ckpt){v, have, file};
    }
    return WEIR_OK;
}

/* ---- reading ---- */

typedef struct sidecars {
    weir_arena *mem;
    const char **path; /* as in the action: a URI below _sidecars, or absolute */
    int n, cap;
} sidecars;

static void add_sidecar(sidecars *s, const char *path) {
    if (s->n == s->cap) {
        int cap = s->cap ? s->cap * 2 : 16;
        const char **v = WEIR_NEWN(s->mem, const char *, cap);
        for (int i = 0; i < s->n; i++) v[i] = s->path[i];
        s->path = v;
        s->cap = cap;
    }
    s->path[s->n++] = weir_strdup(s->mem, path);
}

/* Each action of the row, as JSON. */
static weir_rc apply_row(weir_ctx *ctx, weir_delta *d, const weir_batch *b, int64_t row, bool first,
                         sidecars *side, const char *where) {
    const weir_json_write w = {.zone = weir_zone_utc()};
    for (int c = 0; c < b->schema->nfield; c++) {
        const char *name = b->schema->field[c].name;
        bool early = strcmp(name, "protocol") == 0 || strcmp(name, "metaData") == 0;
        if (weir_is_null(&b->col[c], row) || early != first) continue;
        weir_str s;
        weir_str_init(&s, ctx->arena, 1u << 30);
        weir_str_printf(&s, "{\"%s\":", name);
        weir_json_put(&w, &b->col[c], row, &s);
        weir_str_putc(&s, '}');
        const weir_json *j = weir_json_parse(ctx->arena, s.p, s.len, NULL);
        if (strcmp(name, "sidecar") == 0) {
            const char *p = weir_json_str(weir_json_get(j, "sidecar"), "path", NULL);
            if (p && side && !first) add_sidecar(side, p);
            continue;
        }
        WEIR_TRY(weir_delta_apply(ctx, d, j, where));
    }
    return WEIR_OK;
}

static bool is_action(const char *name) {
    static const char *const read[] = {"protocol", "metaData", "add", "remove", "txn", "sidecar"};
    for (int i = 0; i < 6; i++)
        if (strcmp(name, read[i]) == 0) return true;
    return false;
}

static weir_rc read_rows(weir_ctx *ctx, weir_delta *d, weir_parquet_reader *r, bool first,
                         sidecars *side, const char *path) {
    weir_schema *all = NULL;
    WEIR_TRY(weir_parquet_schema(ctx, r, false, &all)); /* statistics may be of any type */
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, all->nfield + 1);
    int n = 0;
    for (int i = 0; i < all->nfield; i++)
        if (is_action(all->field[i].name)) f[n++] = all->field[i];
    bool *need = WEIR_NEWN(ctx->arena, bool, n + 1);
    memset(need, 1, (size_t)n);
    WEIR_TRY(weir_parquet_select(ctx, r, weir_type_struct(ctx->arena, f, n), need));
    for (;;) {
        weir_batch b;
        bool eof = false;
        weir_ctx c = *ctx;
        c.arena = weir_arena_new(ctx->arena);
        weir_rc rc = weir_parquet_next(&c, r, &b, &eof);
        for (int64_t i = 0; rc == WEIR_OK && !eof && i < b.len; i++)
            rc = apply_row(&c, d, &b, i, first, side, path);
        weir_arena_free(c.arena);
        if (rc != WEIR_OK || eof) return rc;
    }
}

static weir_rc read_parquet(weir_ctx *ctx, weir_delta *d, const char *path, bool first,
                            sidecars *side) {
    weir_parquet_reader *r = NULL;
    WEIR_TRY(weir_parquet_open(ctx, path, path, &r));
    weir_rc rc = read_rows(ctx, d, r, first, side, path);
    weir_parquet_close(r);
    return rc;
}

static weir_rc json_line(weir_ctx *ctx, weir_delta *d, const weir_json *j, bool first,
                         sidecars *side, const char *where) {
    const char *p = weir_json_str(weir_json_get(j, "sidecar"), "path", NULL);
    bool early = weir_json_get(j, "protocol") || weir_json_get(j, "metaData");
    if (early != first) return WEIR_OK;
    if (!p) return weir_delta_apply(ctx, d, j, where);
    add_sidecar(side, p);
    return WEIR_OK;
}

static weir_rc read_json(weir_ctx *ctx, weir_delta *d, const char *path, bool first,
                         sidecars *side) {
    char *text;
    size_t size;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &size));
    for (char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        const weir_json *j = len ? weir_json_parse(ctx->arena, at, len, NULL) : NULL;
        if (len && !j)
            return weir_fail(ctx, WEIR_E_DELTA_LOG_DAMAGED, "path", path, "reason",
                             "a line of the checkpoint is not JSON");
        if (j) WEIR_TRY(json_line(ctx, d, j, first, side, path));
        at += len + (at[len] == '\n');
    }
    return WEIR_OK;
}

weir_rc weir_delta_ckpt_read(weir_ctx *ctx, weir_delta *d, const weir_delta_ckpt *k) {
    sidecars side = {.mem = ctx->arena};
    for (int pass = 0; pass < 2; pass++) /* partition columns are known before files */
        for (int i = 0; i < k->n; i++) {
            char *path = weir_printf(ctx->arena, "%s/_delta_log/%s", d->path, k->file[i]);
            size_t n = strlen(path);
            bool json = n > 5 && strcmp(path + n - 5, ".json") == 0;
            WEIR_TRY((json ? read_json : read_parquet)(ctx, d, path, pass == 0, &side));
        }
    const char *dir = weir_printf(ctx->arena, "%s/_delta_log/_sidecars", d->path);
    for (int i = 0; i < side.n; i++) {
        const char *path = NULL;
        WEIR_TRY(weir_uri_decode(ctx, side.path[i], dir, &path));
        WEIR_TRY(read_parquet(ctx, d, path, false, NULL));
    }
    d->version = k->version;
    return WEIR_OK;
}

/* ---- writing ---- */

#define F(n, t)                                                                                    \
    { n, t, true, NULL }
#define N(a) ((int)(sizeof a / sizeof *a))

static weir_schema *ckpt_schema(weir_arena *a) {
    const weir_type *text = &weir_t_string, *num = &weir_t_long, *yes = &weir_t_boolean,
                    *map = weir_type_map(a, text, text, true),
                    *list = weir_type_array(a, text, true);
    weir_field txn[] = {F("appId", text), F("version", num), F("lastUpdated", num)};
    weir_field add[] = {F("path", text),      F("partitionValues", map),
                        F("size", num),       F("modificationTime", num),
                        F("dataChange", yes), F("stats", text)};
    weir_field gone[] = {F("path", text), F("deletionTimestamp", num), F("dataChange", yes)};
    weir_field format[] = {F("provider", text), F("options", map)};
    weir_field meta[] = {
        F("id", text),           F("name", text),
        F("description", text),  F("format", weir_type_struct(a, format, N(format))),
        F("schemaString", text), F("partitionColumns", list),
        F("configuration", map), F("createdTime", num)};
    weir_field proto[] = {F("minReaderVersion", &weir_t_int), F("minWriterVersion", &weir_t_int),
                          F("readerFeatures", list), F("writerFeatures", list)};
    weir_field top[] = {F("txn", weir_type_struct(a, txn, N(txn))),
                        F("add", weir_type_struct(a, add, N(add))),
                        F("remove", weir_type_struct(a, gone, N(gone))),
                        F("metaData", weir_type_struct(a, meta, N(meta))),
                        F("protocol", weir_type_struct(a, proto, N(proto)))};
    return weir_type_struct(a, top, N(top));
}

typedef struct ckpt_writer {
    weir_ctx ctx;
    weir_parquet_writer *file;
    weir_json_reader *rows;
    weir_arena *mem; /* of the batch being filled */
    int64_t n;
} ckpt_writer;

static weir_rc flush(ckpt_writer *w) {
    weir_batch b;
    weir_ctx c = w->ctx;
    if (!weir_json_rows(w->rows)) return WEIR_OK;
    c.arena = w->mem;
    WEIR_TRY(weir_json_take(&c, w->rows, &b));
    WEIR_TRY(weir_parquet_add(&c, w->file, &b));
    weir_arena_reset(w->mem);
    return WEIR_OK;
}

static weir_rc put_row(ckpt_writer *w, weir_str *row) {
    bool kept;
    WEIR_TRY(weir_json_record(&w->ctx, w->rows, row->p, (int64_t)row->len, 0, &kept));
    w->n++;
    return weir_json_rows(w->rows) >= ROWS ? flush(w) : WEIR_OK;
}

static void key_text(weir_jw *w, const char *key, const char *v) {
    if (!v) return;
    weir_jw_key(w, key);
    weir_jw_str(w, v);
}

static void key_int(weir_jw *w, const char *key, int64_t v) {
    weir_jw_key(w, key);
    weir_jw_int(w, v);
}

static void key_names(weir_jw *w, const char *key, const char *const *v, int n) {
    if (!v) return;
    weir_jw_key(w, key);
    weir_jw_arr(w);
    for (int i = 0; n < 0 ? v[i] != NULL : i < n; i++) weir_jw_str(w, v[i]);
    weir_jw_end_arr(w);
}

static void open_row(weir_jw *w, weir_str *s, const char *action) {
    s->len = 0;
    weir_jw_init(w, s);
    weir_jw_obj(w);
    weir_jw_key(w, action);
    weir_jw_obj(w);
}

static weir_rc close_row(ckpt_writer *k, weir_jw *w, weir_str *s) {
    weir_jw_end_obj(w);
    weir_jw_end_obj(w);
    return put_row(k, s);
}

static weir_rc put_table(ckpt_writer *k, const weir_delta *d, weir_str *s) {
    weir_jw w;
    weir_str schema;
    open_row(&w, s, "protocol");
    key_int(&w, "minReaderVersion", d->min_reader);
    key_int(&w, "minWriterVersion", d->min_writer);
    key_names(&w, "readerFeatures", d->reader_feature, -1);
    key_names(&w, "writerFeatures", d->writer_feature, -1);
    WEIR_TRY(close_row(k, &w, s));
    open_row(&w, s, "metaData");
    weir_str_init(&schema, k->ctx.arena, 64 << 20);
    weir_type_to_json(d->schema, &schema);
    key_text(&w, "id", d->id);
    key_text(&w, "name", d->name);
    key_text(&w, "description", d->description);
    weir_jw_key(&w, "format");
    weir_jw_raw(&w, "{\"provider\":\"parquet\",\"options\":{}}");
    key_text(&w, "schemaString", schema.p);
    key_names(&w, "partitionColumns", d->part, d->npart);
    weir_jw_key(&w, "configuration");
    weir_jw_obj(&w);
    for (int i = 0; i < d->config.n; i++)
        key_text(&w, d->config.opt[i].key, d->config.opt[i].value);
    weir_jw_end_obj(&w);
    key_int(&w, "createdTime", d->created_ms);
    return close_row(k, &w, s);
}

static weir_rc put_all(ckpt_writer *k, const weir_delta *d) {
    weir_str s;
    weir_jw w;
    int64_t expired_ms = weir_now_ms(k->ctx.env) -
                         weir_delta_span_ms(&d->config, "delta.deletedFileRetentionDuration", 7);
    weir_str_init(&s, k->ctx.arena, 64 << 20);
    WEIR_TRY(put_table(k, d, &s));
    for (int i = 0; i < d->ntxn; i++) {
        if (weir_delta_txn_expired(d, &d->txn[i], weir_now_ms(k->ctx.env))) continue;
        open_row(&w, &s, "txn");
        key_text(&w, "appId", d->txn[i].app_id);
        key_int(&w, "version", d->txn[i].version);
        if (d->txn[i].updated_ms >= 0) key_int(&w, "lastUpdated", d->txn[i].updated_ms);
        WEIR_TRY(close_row(k, &w, &s));
    }
    for (int64_t i = 0; i < d->nfile; i++) {
        const weir_delta_file *f = &d->file[i];
        open_row(&w, &s, "add");
        key_text(&w, "path", f->path);
        weir_jw_key(&w, "partitionValues");
        weir_jw_obj(&w);
        for (int p = 0; p < d->npart; p++) {
            weir_jw_key(&w, d->part[p]);
            weir_jw_str(&w, f->part[p]);
        }
        weir_jw_end_obj(&w);
        key_int(&w, "size", f->size_bytes);
        key_int(&w, "modificationTime", f->mtime_ms);
        weir_jw_key(&w, "dataChange");
        weir_jw_bool(&w, false);
        key_text(&w, "stats", f->stats);
        WEIR_TRY(close_row(k, &w, &s));
    }
    for (int64_t i = 0; i < d->ntombstone; i++) {
        if (d->tombstone[i].deleted_ms < expired_ms) continue;
        open_row(&w, &s, "remove");
        key_text(&w, "path", d->tombstone[i].path);
        key_int(&w, "deletionTimestamp", d->tombstone[i].deleted_ms);
        weir_jw_key(&w, "dataChange");
        weir_jw_bool(&w, false);
        WEIR_TRY(close_row(k, &w, &s));
    }
    return flush(k);
}

/* Beside its place first, then renamed: a reader never sees half of it. */
static weir_rc write_ckpt(weir_ctx *ctx, const weir_delta *d) {
    char *dir = weir_printf(ctx->arena, "%s/_delta_log", d->path),
         *name = weir_printf(ctx->arena, "%020lld.checkpoint.parquet", (long long)d->version),
         id[37];
    weir_json_options o;
    weir_json_options_plain(&o);
    o.mode = WEIR_MODE_FAIL;
    weir_schema *schema = ckpt_schema(ctx->arena);
    weir_uuid(ctx->env, id);
    char *temp = weir_printf(ctx->arena, "%s/.%s.%s.tmp", dir, name, id);
    ckpt_writer k = {.ctx = *ctx, .mem = weir_arena_new(ctx->arena)};
    const weir_options none = {0};
    const weir_file_codec *codec;
    int64_t bytes = 0;
    bool lost = false;
    WEIR_TRY(weir_json_reader_new(ctx, schema, &o, &k.rows));
    WEIR_TRY(weir_file_codec_find(ctx, WEIR_FILES_PARQUET, &none, &codec));
    WEIR_TRY(weir_parquet_create(ctx, temp, schema, codec, false, &k.file));
    weir_rc rc = put_all(&k, d);
    if (rc != WEIR_OK)
        weir_parquet_abort(k.file);
    else
        rc = weir_parquet_finish(ctx, k.file, &bytes);
    if (rc == WEIR_OK)
        rc = weir_path_rename(ctx, temp, weir_printf(ctx->arena, "%s/%s", dir, name), false, &lost);
    if (rc != WEIR_OK || lost) return (void)weir_path_remove(ctx, temp), rc;
    WEIR_TRY(weir_dir_sync(ctx, dir));
    char *hint =
        weir_printf(ctx->arena,
                    "{\"version\":%lld,\"size\":%lld,\"sizeInBytes\":%lld,"
                    "\"numOfAddFiles\":%lld}",
                    (long long)d->version, (long long)k.n, (long long)bytes, (long long)d->nfile);
    return weir_file_put(ctx, weir_printf(ctx->arena, "%s/_last_checkpoint", dir), hint,
                         strlen(hint), true, NULL);
}

/* SPARK MetadataCleanup: the newest checkpoint not after the cut-off, and all after it, stay. */
static weir_rc clean_log(weir_ctx *ctx, const weir_delta *d) {
    char *dir = weir_printf(ctx->arena, "%s/_delta_log", d->path), *end;
    weir_dirent *e = NULL;
    weir_delta_ckpt keep;
    int64_t n = 0, k = 0, day_us = 86400000000ll,
            cut_us = (weir_now_ms(ctx->env) -
                      weir_delta_span_ms(&d->config, "delta.logRetentionDuration", 30)) *
                     1000;
    cut_us -= cut_us % day_us;
    WEIR_TRY(weir_path_list(ctx, dir, true, &e, &n));
    weir_dirent *old = WEIR_NEWN(ctx->arena, weir_dirent, n + 1);
    for (int64_t i = 0; i < n; i++)
        if (e[i].mtime_us <= cut_us) old[k++] = e[i];
    WEIR_TRY(weir_delta_ckpt_find(ctx, old, k, -1, &keep));
    for (int64_t i = 0; i < k && keep.version >= 0; i++) {
        int64_t v = strtoll(old[i].name, &end, 10);
        if (end != old[i].name + 20 || *end != '.' || v >= keep.version) continue;
        WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/%s", dir, old[i].name)));
    }
    return WEIR_OK;
}

/* What a checkpoint of ours would not carry over must not be checkpointed by us. */
static bool can_carry(const weir_delta *d) {
    for (const char **f = d->writer_feature; f && *f; f++) {
        const weir_delta_feature *known = weir_delta_feature_find(*f, false);
        if (!known || !known->carries) return false;
    }
    return !d->has_vectors;
}

/* Every tenth version, as Delta on Spark does. A checkpoint costs as much as the table has files,
 * so that a table of many files, unless it sets the interval itself, waits for as many commits as
 * keep that cost the same per commit. */
static bool ckpt_due(const weir_delta *d) {
    int64_t set = weir_delta_number(&d->config, "delta.checkpointInterval", 0),
            every = set > 0 ? set : CKPT_EVERY;
    if (d->version <= 0 || d->version % every != 0 || !can_carry(d)) return false;
    return set > 0 || d->version - d->ckpt_version >= (d->nfile + d->ntombstone) / FILES_A_COMMIT;
}

void weir_delta_maintain(weir_ctx *ctx, weir_delta *d) {
    int64_t now = weir_now_ms(ctx->env);
    if (!ckpt_due(d)) return;
    weir_ctx c = *ctx;
    weir_err err;
    weir_err_init(&err);
    c.err = &err;
    c.arena = weir_arena_new(NULL);
    weir_rc rc = write_ckpt(&c, d);
    if (rc == WEIR_OK) d->ckpt_version = d->version;
    if (rc == WEIR_OK && weir_delta_flag(&d->config, "delta.enableExpiredLogCleanup", true) &&
        now - d->cleaned_ms >= CLEAN_EVERY_MS) {
        d->cleaned_ms = now;
        rc = clean_log(&c, d);
    }
    if (rc != WEIR_OK)
        weir_log(WEIR_LOG_WARN,
                 "delta: the table %s has no checkpoint of version %lld, its log stays "
                 "readable without: %s",
                 d->path, (long long)d->version, err.msg ? err.msg : "");
    weir_arena_free(c.arena);
    weir_err_clear(&err);
}
