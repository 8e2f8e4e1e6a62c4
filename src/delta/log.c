/* Replaying _delta_log. DELTA PROTOCOL "Delta Log Entries". */
#include "delta/delta.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct state {
    weir_ctx *ctx;
    weir_arena *mem;
    weir_delta *d;
    int64_t cap;
    int ctxn;
    const char *entry;
} state;

static weir_rc damaged(state *s, const char *why) {
    return weir_fail(s->ctx, WEIR_E_DELTA_LOG_DAMAGED, "path", s->entry, "reason", why);
}

static weir_rc protocol(state *s, const weir_json *p) {
    s->d->min_reader = (int)weir_json_int(p, "minReaderVersion", 1);
    s->d->min_writer = (int)weir_json_int(p, "minWriterVersion", 2);
    static const char *const known[] = {"appendOnly",
                                        "invariants",
                                        "timestampNtz",
                                        "domainMetadata",
                                        "inCommitTimestamp-preview",
                                        "vacuumProtocolCheck",
                                        "v2Checkpoint"};
    const weir_json *f = weir_json_get(p, "readerFeatures");
    if (s->d->min_reader > 3 || s->d->min_reader < 1)
        return weir_fail(s->ctx, WEIR_E_DELTA_INVALID_PROTOCOL, "tableNameOrPath", s->d->path,
                         "readerRequired", weir_printf(s->mem, "%d", s->d->min_reader),
                         "writerRequired", weir_printf(s->mem, "%d", s->d->min_writer),
                         "supportedReaders", "1, 2, 3", "supportedWriters", "2 to 7");
    for (size_t i = 0; f && i < f->len; i++) {
        bool ok = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            ok |= f->item[i]->text && strcmp(f->item[i]->text, known[k]) == 0;
        if (!ok)
            return weir_fail(s->ctx, WEIR_E_DELTA_UNSUPPORTED_READ, "tableNameOrPath", s->d->path,
                             "unsupported", f->item[i]->text ? f->item[i]->text : "?");
    }
    return WEIR_OK;
}

static weir_rc metadata(state *s, const weir_json *m) {
    const char *schema = weir_json_str(m, "schemaString", NULL);
    const weir_type *t = NULL;
    weir_ctx c = *s->ctx;
    c.arena = s->mem;
    if (!schema || weir_type_from_json(&c, schema, strlen(schema), &t) != WEIR_OK ||
        t->kind != WEIR_T_STRUCT)
        return damaged(s, "metaData has no usable schemaString");
    s->d->schema = t;
    s->d->id = weir_strdup(s->mem, weir_json_str(m, "id", ""));
    s->d->name = weir_strdup(s->mem, weir_json_str(m, "name", NULL));
    s->d->description = weir_strdup(s->mem, weir_json_str(m, "description", NULL));
    s->d->created_ms = weir_json_int(m, "createdTime", 0);
    const weir_json *p = weir_json_get(m, "partitionColumns"),
                    *conf = weir_json_get(m, "configuration");
    s->d->npart = 0;
    s->d->part = WEIR_NEWN(s->mem, const char *, (p ? p->len : 0) + 1);
    for (size_t i = 0; p && i < p->len; i++)
        s->d->part[s->d->npart++] = weir_strdup(s->mem, p->item[i]->text);
    s->d->config = (weir_options){0, WEIR_NEWN(s->mem, weir_option, (conf ? conf->len : 0) + 1)};
    for (size_t i = 0; conf && i < conf->len; i++)
        s->d->config.opt[s->d->config.n++] = (weir_option){
            weir_strdup(s->mem, conf->key[i]), weir_strdup(s->mem, conf->item[i]->text)};
    const char *mapping = weir_option_get(&s->d->config, "delta.columnMapping.mode");
    if (mapping && strcmp(mapping, "none") != 0)
        return weir_fail(s->ctx, WEIR_E_DELTA_UNSUPPORTED_READ, "tableNameOrPath", s->d->path,
                         "unsupported", "columnMapping");
    return WEIR_OK;
}

static weir_rc add_file(state *s, const weir_json *a) {
    weir_delta *d = s->d;
    const char *path = weir_json_str(a, "path", NULL);
    if (!path) return damaged(s, "an add action has no path");
    const weir_json *dv = weir_json_get(a, "deletionVector"),
                    *pv = weir_json_get(a, "partitionValues");
    if (dv && dv->kind == WEIR_J_OBJECT)
        return weir_fail(s->ctx, WEIR_E_DELTA_UNSUPPORTED_READ, "tableNameOrPath", d->path,
                         "unsupported", "deletionVectors");
    if (d->nfile == s->cap) {
        int64_t cap = s->cap ? s->cap * 2 : 64;
        weir_delta_file *v = WEIR_NEWN(s->mem, weir_delta_file, cap);
        if (d->nfile) memcpy(v, d->file, sizeof *v * (size_t)d->nfile);
        d->file = v;
        s->cap = cap;
    }
    weir_delta_file *f = &d->file[d->nfile++];
    *f = (weir_delta_file){.path = weir_strdup(s->mem, path),
                           .size_bytes = weir_json_int(a, "size", 0),
                           .mtime_ms = weir_json_int(a, "modificationTime", 0),
                           .stats = weir_strdup(s->mem, weir_json_str(a, "stats", NULL))};
    f->part = WEIR_NEWN(s->mem, const char *, d->npart + 1);
    for (int i = 0; i < d->npart; i++)
        f->part[i] = weir_strdup(s->mem, weir_json_str(pv, d->part[i], NULL));
    return WEIR_OK;
}

static void remove_file(state *s, const char *path) {
    for (int64_t i = s->d->nfile; path && i-- > 0;)
        if (strcmp(s->d->file[i].path, path) == 0) {
            memmove(&s->d->file[i], &s->d->file[i + 1],
                    sizeof *s->d->file * (size_t)(s->d->nfile - i - 1));
            s->d->nfile--;
            return;
        }
}

static void set_txn(state *s, const weir_json *t) {
    const char *app = weir_json_str(t, "appId", "");
    for (int i = 0; i < s->d->ntxn; i++)
        if (strcmp(s->d->txn[i].app_id, app) == 0) {
            s->d->txn[i].version = weir_json_int(t, "version", 0);
            return;
        }
    if (s->d->ntxn == s->ctxn) {
        int cap = s->ctxn ? s->ctxn * 2 : 8;
        weir_delta_txn *v = WEIR_NEWN(s->mem, weir_delta_txn, cap);
        if (s->d->ntxn) memcpy(v, s->d->txn, sizeof *v * (size_t)s->d->ntxn);
        s->d->txn = v;
        s->ctxn = cap;
    }
    s->d->txn[s->d->ntxn++] =
        (weir_delta_txn){weir_strdup(s->mem, app), weir_json_int(t, "version", 0)};
}

static weir_rc apply(state *s, const weir_json *j) {
    const weir_json *v;
    if ((v = weir_json_get(j, "protocol")) != NULL) return protocol(s, v);
    if ((v = weir_json_get(j, "metaData")) != NULL) return metadata(s, v);
    if ((v = weir_json_get(j, "add")) != NULL) {
        remove_file(s, weir_json_str(v, "path", NULL)); /* the same file again replaces its entry */
        return add_file(s, v);
    }
    if ((v = weir_json_get(j, "remove")) != NULL) remove_file(s, weir_json_str(v, "path", NULL));
    if ((v = weir_json_get(j, "txn")) != NULL) set_txn(s, v);
    return WEIR_OK; /* anything else is not ours to understand */
}

static weir_rc read_entry(state *s, const char *path) {
    weir_ctx c = *s->ctx;
    char *text;
    size_t n;
    c.arena = weir_arena_new(s->mem);
    s->entry = path;
    weir_rc rc = weir_file_slurp(&c, path, &text, &n);
    for (char *at = text; rc == WEIR_OK && *at;) {
        size_t len = strcspn(at, "\n");
        const weir_json *j = len ? weir_json_parse(c.arena, at, len, NULL) : NULL;
        if (len && !j)
            rc = damaged(s, weir_printf(s->mem, "the line at byte %lld is not JSON",
                                        (long long)(at - text)));
        else if (j)
            rc = apply(s, j);
        at += len + (at[len] == '\n');
    }
    weir_arena_free(c.arena);
    return rc;
}

static bool version_of(const char *name, int64_t *v) {
    char *end;
    if (strlen(name) != 25 || strcmp(name + 20, ".json") != 0) return false;
    *v = strtoll(name, &end, 10);
    return end == name + 20;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

weir_rc weir_delta_load(weir_ctx *ctx, const char *path, int64_t version, weir_delta **out) {
    weir_delta *d = WEIR_NEW(ctx->arena, weir_delta);
    weir_dirent *e = NULL;
    int64_t n = 0, k = 0, *v;
    state s = {.ctx = ctx, .mem = ctx->arena, .d = d};
    d->path = weir_strdup(ctx->arena, path);
    d->version = -1;
    *out = d;
    char *dir = weir_printf(ctx->arena, "%s/_delta_log", path);
    WEIR_TRY(weir_path_list(ctx, dir, false, &e, &n));
    v = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    for (int64_t i = 0; i < n; i++) k += version_of(e[i].name, &v[k]);
    if (k) qsort(v, (size_t)k, sizeof *v, ascending);
    if (k && v[0] != 0)
        return weir_fail(ctx, WEIR_E_DELTA_LOG_DAMAGED, "path", dir, "reason",
                         "its first entries were cleaned up and weir does not read Delta "
                         "checkpoints yet; read the table with Apache Spark");
    for (int64_t i = 0; i < k && (version < 0 || v[i] <= version); i++) {
        if (v[i] != i)
            return weir_fail(
                ctx, WEIR_E_DELTA_LOG_DAMAGED, "path", dir, "reason",
                weir_printf(ctx->arena, "the entry of version %lld is missing", (long long)i));
        WEIR_TRY(read_entry(&s, weir_printf(ctx->arena, "%s/%020lld.json", dir, (long long)v[i])));
        d->version = v[i];
    }
    if (version >= 0 && d->version != version && d->version >= 0)
        return weir_fail(
            ctx, WEIR_E_ANALYSIS_LEGACY, "message",
            weir_printf(
                ctx->arena,
                "Cannot time travel Delta table to version %lld. Available versions: [0, %lld].",
                (long long)version, (long long)d->version));
    if (d->version >= 0 && !d->schema)
        return weir_fail(ctx, WEIR_E_DELTA_LOG_DAMAGED, "path", dir, "reason",
                         "no entry holds the table's metaData");
    return WEIR_OK;
}

int64_t weir_delta_txn_version(const weir_delta *d, const char *app_id) {
    for (int i = 0; i < d->ntxn; i++)
        if (strcmp(d->txn[i].app_id, app_id) == 0) return d->txn[i].version;
    return -1;
}

char *weir_delta_local(weir_arena *a, const weir_delta *d, const char *p) {
    char *o = weir_alloc(a, strlen(p) + 1), *q = o;
    for (; *p; p++) {
        char hex[3] = {p[0] == '%' ? p[1] : 0, p[0] == '%' && p[1] ? p[2] : 0, 0}, *end = hex;
        long v = hex[0] ? strtol(hex, &end, 16) : 0;
        if (hex[0] && !*end)
            *q++ = (char)v, p += 2;
        else
            *q++ = *p;
    }
    if (strncmp(o, "file:", 5) == 0) return o + 5 + strspn(o + 5, "/") - 1;
    return *o == '/' ? o : weir_printf(a, "%s/%s", d->path, o);
}

weir_rc weir_delta_commit(weir_ctx *ctx, const char *path, int64_t version, const char *actions,
                          bool *lost) {
    char *dir = weir_printf(ctx->arena, "%s/_delta_log", path);
    WEIR_TRY(weir_path_mkdirs(ctx, dir));
    return weir_file_put(ctx, weir_printf(ctx->arena, "%s/%020lld.json", dir, (long long)version),
                         actions, strlen(actions), false, lost);
}
