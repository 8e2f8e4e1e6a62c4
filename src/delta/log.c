/* Replaying _delta_log. DELTA PROTOCOL "Delta Log Entries". */
#include "delta/delta.h"

#include "delta/props.h"

#include <stdio.h>
#include <stdlib.h>

/* Files by path: slots hold 1 + position, 0 is empty. Dead files have no path until compaction. */
struct weir_delta_index {
    int32_t *slot;
    int64_t nslot, cap, dead, ctomb;
    int ctxn;
};

static weir_rc damaged(weir_ctx *ctx, const char *where, const char *why) {
    return weir_fail(ctx, WEIR_E_DELTA_LOG_DAMAGED, "path", where, "reason", why);
}

/* The strings of a list, ended by NULL; *out is NULL where there is no list. */
static weir_rc names(weir_ctx *ctx, weir_delta *d, const weir_json *action, const char *key,
                     const char *where, const char ***out) {
    const weir_json *said = weir_json_get(action, key), *list = weir_json_arr(action, key);
    *out = NULL;
    if (!said || said->kind == WEIR_J_NULL) return WEIR_OK;
    bool ok = list != NULL;
    for (size_t i = 0; list && i < list->len; i++) ok &= list->item[i]->kind == WEIR_J_STRING;
    if (!ok) return damaged(ctx, where, weir_printf(ctx->arena, "%s is no list of strings", key));
    *out = WEIR_NEWN(d->mem, const char *, list->len + 1);
    for (size_t i = 0; i < list->len; i++) (*out)[i] = weir_strdup(d->mem, list->item[i]->text);
    return WEIR_OK;
}

weir_rc weir_delta_bad_protocol(weir_ctx *ctx, const weir_delta *d) {
    return weir_fail(ctx, WEIR_E_DELTA_INVALID_PROTOCOL, "tableNameOrPath", d->path,
                     "readerRequired", weir_printf(ctx->arena, "%d", d->min_reader),
                     "writerRequired", weir_printf(ctx->arena, "%d", d->min_writer),
                     "supportedReaders", "1, 2, 3", "supportedWriters", "1 to 7");
}

static weir_rc cannot_read(weir_ctx *ctx, const weir_delta *d, const char *feature) {
    return weir_fail(ctx, WEIR_E_DELTA_UNSUPPORTED_READ, "tableNameOrPath", d->path, "unsupported",
                     feature);
}

static weir_rc protocol(weir_ctx *ctx, weir_delta *d, const weir_json *p, const char *where) {
    d->min_reader = (int)weir_json_int(p, "minReaderVersion", 1);
    d->min_writer = (int)weir_json_int(p, "minWriterVersion", 2);
    WEIR_TRY(names(ctx, d, p, "readerFeatures", where, &d->reader_feature));
    WEIR_TRY(names(ctx, d, p, "writerFeatures", where, &d->writer_feature));
    if (d->min_reader > 3 || d->min_reader < 1) return weir_delta_bad_protocol(ctx, d);
    for (const char **f = d->reader_feature; f && *f; f++) {
        const weir_delta_feature *known = weir_delta_feature_find(*f, false);
        if (!known || !known->reads) return cannot_read(ctx, d, *f);
    }
    for (const char **f = d->writer_feature; f && *f; f++) {
        const weir_delta_feature *known = weir_delta_feature_find(*f, false);
        if (known && !known->reads && !known->reader) return cannot_read(ctx, d, *f);
    }
    return WEIR_OK;
}

/* Files of before a change of the partition columns keep the values that still have a column. */
static void keep_values(weir_delta *d, const char **old, int32_t nold) {
    for (int64_t i = 0; i < d->nfile; i++) {
        const char **v = WEIR_NEWN(d->mem, const char *, d->npart + 1);
        for (int32_t p = 0; p < d->npart; p++)
            for (int32_t q = 0; q < nold; q++)
                if (strcmp(d->part[p], old[q]) == 0) v[p] = d->file[i].part[q];
        d->file[i].part = v;
    }
}

static weir_rc partitions(weir_ctx *ctx, weir_delta *d, const weir_json *m, const char *where) {
    const char **old = d->part, **v = NULL;
    int32_t n = 0, nold = d->npart;
    WEIR_TRY(names(ctx, d, m, "partitionColumns", where, &v));
    while (v && v[n]) n++;
    bool same = n == nold;
    for (int32_t p = 0; same && p < n; p++) same = strcmp(v[p], old[p]) == 0;
    d->part = v;
    d->npart = n;
    if (!same) keep_values(d, old, nold);
    return WEIR_OK;
}

static weir_rc metadata(weir_ctx *ctx, weir_delta *d, const weir_json *m, const char *where) {
    const char *schema = weir_json_str(m, "schemaString", NULL);
    const weir_type *t = NULL;
    weir_ctx c = *ctx;
    c.arena = d->mem;
    if (!schema || weir_type_from_json(&c, schema, strlen(schema), &t) != WEIR_OK ||
        t->kind != WEIR_T_STRUCT)
        return damaged(ctx, where, "metaData has no usable schemaString");
    d->schema = t;
    d->id = weir_strdup(d->mem, weir_json_str(m, "id", ""));
    d->name = weir_strdup(d->mem, weir_json_str(m, "name", NULL));
    d->description = weir_strdup(d->mem, weir_json_str(m, "description", NULL));
    d->created_ms = weir_json_int(m, "createdTime", 0);
    WEIR_TRY(partitions(ctx, d, m, where));
    const weir_json *conf = weir_json_obj(m, "configuration");
    d->config = (weir_options){0, WEIR_NEWN(d->mem, weir_option, (conf ? conf->len : 0) + 1)};
    for (size_t i = 0; conf && i < conf->len; i++)
        if (conf->item[i]->kind == WEIR_J_STRING)
            d->config.opt[d->config.n++] = (weir_option){weir_strdup(d->mem, conf->key[i]),
                                                         weir_strdup(d->mem, conf->item[i]->text)};
    const char *mapping = weir_option_get(&d->config, "delta.columnMapping.mode");
    if (mapping && strcmp(mapping, "none") != 0) return cannot_read(ctx, d, "columnMapping");
    return WEIR_OK;
}

/* ---- files ---- */

static int32_t *slot_of(const weir_delta *d, const char *path) {
    uint64_t h = 0xcbf29ce484222325ull;
    for (const char *p = path; *p; p++) h = (h ^ (unsigned char)*p) * 0x100000001b3ull;
    int64_t mask = d->index->nslot - 1, i = (int64_t)(h ^ h >> 29) & mask;
    for (;; i = (i + 1) & mask) {
        int32_t *s = &d->index->slot[i];
        if (!*s) return s;
        const char *have = d->file[*s - 1].path;
        if (have && strcmp(have, path) == 0) return s;
    }
}

/* Drops dead files, makes room and indexes the rest anew. */
static void rebuild(weir_delta *d, int64_t room) {
    struct weir_delta_index *x = d->index;
    int64_t live = 0, cap = 64;
    while (cap < (d->nfile - x->dead + room) * 2) cap *= 2;
    weir_delta_file *v = cap > x->cap ? WEIR_NEWN(d->mem, weir_delta_file, cap) : d->file;
    for (int64_t i = 0; i < d->nfile; i++)
        if (d->file[i].path) v[live++] = d->file[i];
    d->file = v;
    d->nfile = live;
    x->dead = 0;
    if (cap > x->cap) {
        x->cap = cap;
        x->nslot = cap * 2;
        x->slot = WEIR_NEWN(d->mem, int32_t, x->nslot);
    } else {
        memset(x->slot, 0, sizeof *x->slot * (size_t)x->nslot);
    }
    for (int64_t i = 0; i < live; i++) *slot_of(d, v[i].path) = (int32_t)(i + 1);
}

static void bury(weir_delta *d, const char *path, int64_t deleted_ms) {
    struct weir_delta_index *x = d->index;
    if (d->ntombstone == x->ctomb) {
        int64_t cap = x->ctomb ? x->ctomb * 2 : 16;
        weir_delta_tombstone *v = WEIR_NEWN(d->mem, weir_delta_tombstone, cap);
        for (int64_t i = 0; i < d->ntombstone; i++) v[i] = d->tombstone[i];
        d->tombstone = v;
        x->ctomb = cap;
    }
    d->tombstone[d->ntombstone++] = (weir_delta_tombstone){weir_strdup(d->mem, path), deleted_ms};
}

static void remove_file(weir_delta *d, const weir_json *r) {
    const char *path = weir_json_str(r, "path", NULL);
    if (!path) return;
    int32_t *s = d->index->nslot ? slot_of(d, path) : NULL;
    if (s && *s) {
        d->file[*s - 1].path = NULL; /* the slot goes on to lead past it */
        d->index->dead++;
    }
    d->has_vectors |= weir_json_obj(r, "deletionVector") != NULL;
    bury(d, path, weir_json_int(r, "deletionTimestamp", 0));
}

weir_rc weir_delta_file_of(weir_ctx *ctx, const weir_delta *d, weir_arena *mem, const weir_json *a,
                           const char *where, weir_delta_file *out) {
    const char *path = weir_json_str(a, "path", NULL);
    const weir_json *dv = weir_json_get(a, "deletionVector"),
                    *pv = weir_json_get(a, "partitionValues");
    if (!path) return damaged(ctx, where, "an add action has no path");
    if (dv && dv->kind == WEIR_J_OBJECT) return cannot_read(ctx, d, "deletionVectors");
    *out = (weir_delta_file){.path = weir_strdup(mem, path),
                             .size_bytes = weir_json_int(a, "size", 0),
                             .mtime_ms = weir_json_int(a, "modificationTime", 0),
                             .stats = weir_strdup(mem, weir_json_str(a, "stats", NULL))};
    out->part = WEIR_NEWN(mem, const char *, d->npart + 1);
    for (int i = 0; i < d->npart; i++)
        out->part[i] = weir_strdup(mem, weir_json_str(pv, d->part[i], NULL));
    return WEIR_OK;
}

static weir_rc add_file(weir_ctx *ctx, weir_delta *d, const weir_json *a, const char *where) {
    weir_delta_file file;
    WEIR_TRY(weir_delta_file_of(ctx, d, d->mem, a, where, &file));
    const char *path = file.path;
    if (d->nfile >= d->index->cap) rebuild(d, 1);
    int32_t *s = slot_of(d, path);
    bool again = *s != 0; /* the same file again replaces its entry */
    d->file[again ? *s - 1 : d->nfile] = file;
    if (!again) *s = (int32_t)++d->nfile;
    for (int64_t i = 0; i < d->ntombstone; i++)
        if (strcmp(d->tombstone[i].path, path) == 0)
            d->tombstone[i--] = d->tombstone[--d->ntombstone];
    return WEIR_OK;
}

static void set_txn(weir_delta *d, const weir_json *t) {
    const char *app = weir_json_str(t, "appId", "");
    int64_t version = weir_json_int(t, "version", 0), ms = weir_json_int(t, "lastUpdated", -1);
    for (int i = 0; i < d->ntxn; i++)
        if (strcmp(d->txn[i].app_id, app) == 0) {
            d->txn[i].version = version;
            d->txn[i].updated_ms = ms;
            return;
        }
    if (d->ntxn == d->index->ctxn) {
        int cap = d->index->ctxn ? d->index->ctxn * 2 : 8;
        weir_delta_txn *v = WEIR_NEWN(d->mem, weir_delta_txn, cap);
        for (int i = 0; i < d->ntxn; i++) v[i] = d->txn[i];
        d->txn = v;
        d->index->ctxn = cap;
    }
    d->txn[d->ntxn++] = (weir_delta_txn){weir_strdup(d->mem, app), version, ms};
}

void weir_delta_settle(weir_delta *d) {
    if (d->index->dead) rebuild(d, 0);
}

weir_delta *weir_delta_none(weir_arena *mem, const char *path) {
    weir_delta *d = WEIR_NEW(mem, weir_delta);
    d->mem = mem;
    d->index = WEIR_NEW(mem, struct weir_delta_index);
    d->path = weir_strdup(mem, path);
    d->version = -1;
    return d;
}

weir_rc weir_delta_apply(weir_ctx *ctx, weir_delta *d, const weir_json *j, const char *where) {
    const weir_json *v;
    if ((v = weir_json_get(j, "protocol")) != NULL) return protocol(ctx, d, v, where);
    if ((v = weir_json_get(j, "metaData")) != NULL) return metadata(ctx, d, v, where);
    if ((v = weir_json_get(j, "add")) != NULL) return add_file(ctx, d, v, where);
    if ((v = weir_json_get(j, "remove")) != NULL) remove_file(d, v);
    if ((v = weir_json_get(j, "txn")) != NULL) set_txn(d, v);
    return WEIR_OK; /* anything else is not ours to understand */
}

/* ---- entries ---- */

static weir_rc apply_text(weir_ctx *ctx, weir_delta *d, const char *text, const char *where) {
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        const weir_json *j = len ? weir_json_parse(ctx->arena, at, len, NULL) : NULL;
        if (len && !j)
            return damaged(ctx, where,
                           weir_printf(ctx->arena, "the line at byte %lld is not JSON",
                                       (long long)(at - text)));
        if (j) WEIR_TRY(weir_delta_apply(ctx, d, j, where));
        at += len + (at[len] == '\n');
    }
    weir_delta_settle(d);
    return WEIR_OK;
}

char *weir_delta_entry_path(weir_arena *a, const weir_delta *d, int64_t version) {
    return weir_printf(a, "%s/_delta_log/%020lld.json", d->path, (long long)version);
}

weir_rc weir_delta_read_entry(weir_ctx *ctx, weir_delta *d, int64_t version) {
    weir_ctx c = *ctx;
    char *text, *path = weir_delta_entry_path(ctx->arena, d, version);
    size_t n;
    c.arena = weir_arena_new(NULL);
    weir_rc rc = weir_file_slurp(&c, path, &text, &n);
    if (rc == WEIR_OK) rc = apply_text(&c, d, text, path);
    weir_arena_free(c.arena);
    if (rc == WEIR_OK) d->version = version;
    return rc;
}

weir_rc weir_delta_advance(weir_ctx *ctx, weir_delta *d, const char *actions) {
    weir_ctx c = *ctx;
    c.arena = weir_arena_new(NULL);
    weir_rc rc = apply_text(&c, d, actions, weir_delta_entry_path(c.arena, d, d->version + 1));
    weir_arena_free(c.arena);
    d->version++;
    return rc;
}

bool weir_delta_txn_expired(const weir_delta *d, const weir_delta_txn *t, int64_t now_ms) {
    static const char key[] = "delta.setTransactionRetentionDuration";
    return t->updated_ms >= 0 && weir_option_get(&d->config, key) &&
           t->updated_ms <= now_ms - weir_delta_span_ms(&d->config, key, 0);
}

int64_t weir_delta_txn_version(const weir_delta *d, const char *app_id, int64_t now_ms) {
    for (int i = 0; i < d->ntxn; i++)
        if (strcmp(d->txn[i].app_id, app_id) == 0)
            return weir_delta_txn_expired(d, &d->txn[i], now_ms) ? -1 : d->txn[i].version;
    return -1;
}

weir_rc weir_delta_commit(weir_ctx *ctx, const weir_delta *d, const char *actions, bool *lost) {
    if (d->version < 0)
        WEIR_TRY(weir_path_mkdirs(ctx, weir_printf(ctx->arena, "%s/_delta_log", d->path)));
    else
        WEIR_TRY(weir_delta_check_there(ctx, d));
    return weir_file_put(ctx, weir_delta_entry_path(ctx->arena, d, d->version + 1), actions,
                         strlen(actions), false, lost);
}
