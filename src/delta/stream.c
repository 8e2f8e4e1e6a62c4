/* A Delta table as a stream: the files of a snapshot, then those that later versions add. SPARK
 * DeltaSource, DeltaSourceOffset. Query thread. */
#include "delta/delta.h"

#include <stdlib.h>
#include <strings.h>

/* Last file taken: number index of version. initial: inside the snapshot of version, whose files
 * are ordered by modification time and path. index -1: nothing of the version yet. */
typedef struct offset {
    int64_t version, index;
    bool initial;
} offset;

struct weir_delta_stream {
    weir_delta *snapshot; /* of the initial version; NULL: not needed (yet) */
    int64_t max_files, max_bytes, frozen;
    offset first; /* with startingVersion; version -1: from a snapshot */
    bool is_frozen, ignore_deletes, ignore_changes, skip_changes;
};

typedef struct picked {
    const weir_delta_file *file;
    offset at;
    bool last; /* of its version */
} picked;
typedef struct picks {
    picked *v;
    int64_t n, cap, bytes;
} picks;

static weir_delta_scan *scan_of(const weir_scan *s) { return s->impl; }

static bool option_on(const weir_scan *s, const char *key) {
    const char *v = weir_option_get(&s->options, key);
    return v && strcasecmp(v, "true") == 0;
}

static weir_rc bad_option(weir_ctx *ctx, const char *input, const char *name, const char *explain) {
    return weir_fail(ctx, WEIR_E_DELTA_ILLEGAL_OPTION, "input", input, "name", name, "explain",
                     explain);
}

static weir_rc starting(weir_ctx *ctx, const weir_scan *s, struct weir_delta_stream *t,
                        const weir_delta *d) {
    const char *v = weir_option_get(&s->options, "startingVersion"),
               *when = weir_option_get(&s->options, "startingTimestamp");
    char *end;
    t->first = (offset){-1, -1, true};
    if (v && when)
        return weir_fail(ctx, WEIR_E_DELTA_STARTING_VERSION_AND_TIMESTAMP_BOTH_SET, "version",
                         "startingVersion", "timestamp", "startingTimestamp");
    if (when) {
        t->first = (offset){0, -1, false};
        return weir_delta_version_at(ctx, d->path, when, true, &t->first.version);
    }
    if (!v) return WEIR_OK;
    t->first =
        (offset){strcmp(v, "latest") == 0 ? d->version + 1 : strtoll(v, &end, 10), -1, false};
    if (strcmp(v, "latest") != 0 && (*end || t->first.version < 0))
        return bad_option(ctx, v, "startingVersion", "must be greater than or equal to zero");
    return WEIR_OK;
}

weir_rc weir_delta_stream_open(weir_ctx *ctx, weir_scan *s, weir_delta_scan *scan) {
    struct weir_delta_stream *t = WEIR_NEW(ctx->arena, struct weir_delta_stream);
    const char *files = weir_option_get(&s->options, "maxFilesPerTrigger"),
               *bytes = weir_option_get(&s->options, "maxBytesPerTrigger");
    char *end = NULL;
    t->max_files = files ? strtoll(files, &end, 10) : bytes ? INT64_MAX : 1000;
    t->max_bytes = INT64_MAX;
    if (files && (*end || t->max_files <= 0))
        return bad_option(ctx, files, "maxFilesPerTrigger", "must be a positive integer");
    if (bytes && (!weir_parse_bytes(bytes, &t->max_bytes) || t->max_bytes <= 0))
        return bad_option(ctx, bytes, "maxBytesPerTrigger",
                          "must be a size configuration such as '10g'");
    t->ignore_deletes = option_on(s, "ignoreDeletes");
    t->ignore_changes = option_on(s, "ignoreChanges");
    t->skip_changes = option_on(s, "skipChangeCommits");
    scan->stream = t;
    return starting(ctx, s, t, scan->d);
}

/* ---- offsets ---- */

static const char *offset_text(weir_ctx *ctx, const weir_delta *d, offset o) {
    return weir_printf(ctx->arena,
                       "{\"sourceVersion\":1,\"reservoirId\":\"%s\",\"reservoirVersion\":%lld,"
                       "\"index\":%lld,\"isStartingVersion\":%s}",
                       d->id, (long long)o.version, (long long)o.index,
                       o.initial ? "true" : "false");
}

static weir_rc offset_of(weir_ctx *ctx, const weir_delta *d, const char *text, offset *out) {
    const weir_json *j = weir_json_parse(ctx->arena, text, strlen(text), NULL);
    const char *id = weir_json_str(j, "reservoirId", NULL);
    if (!id)
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", "offsets", "reason",
                         weir_printf(ctx->arena, "it holds no offset of a Delta table: %s", text));
    if (strcmp(id, d->id) != 0)
        return weir_fail(ctx, WEIR_E_DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE, "newTableId",
                         d->id, "oldTableId", id);
    *out = (offset){weir_json_int(j, "reservoirVersion", 0), weir_json_int(j, "index", -1),
                    weir_json_flag(j, "isStartingVersion", false)};
    if (out->index < 0) out->index = -1;
    return WEIR_OK;
}

/* A version taken to its end is over: the next one has begun. */
static offset after(const picked *p) {
    return p->last ? (offset){p->at.version + 1, -1, false} : p->at;
}

/* ---- files ---- */

static int by_time(const void *a, const void *b) {
    const weir_delta_file *x = a, *y = b;
    if (x->mtime_ms != y->mtime_ms) return x->mtime_ms < y->mtime_ms ? -1 : 1;
    return strcmp(x->path, y->path);
}

static weir_rc snapshot_at(weir_ctx *ctx, weir_scan *s, int64_t version, weir_delta **out) {
    struct weir_delta_stream *t = scan_of(s)->stream;
    weir_ctx c = *ctx;
    c.arena = s->mem;
    if (!t->snapshot || t->snapshot->version != version) {
        WEIR_TRY(weir_delta_load(&c, s->path[0], version, &t->snapshot));
        if (t->snapshot->nfile)
            qsort(t->snapshot->file, (size_t)t->snapshot->nfile, sizeof *t->snapshot->file,
                  by_time);
    }
    *out = t->snapshot;
    return WEIR_OK;
}

/* False: the batch is full; the file that reaches the limit of bytes is still in it.
 * SPARK DeltaSource.AdmissionLimits */
static bool pick(weir_ctx *ctx, picks *k, picked p, int64_t max_files, int64_t max_bytes) {
    if (k->n >= max_files || k->bytes >= max_bytes) return false;
    if (k->n == k->cap) {
        int64_t cap = k->cap ? k->cap * 2 : 64;
        picked *v = WEIR_NEWN(ctx->arena, picked, cap);
        for (int64_t i = 0; i < k->n; i++) v[i] = k->v[i];
        k->v = v;
        k->cap = cap;
    }
    k->v[k->n++] = p;
    k->bytes += p.file->size_bytes;
    return true;
}

static weir_rc schema_changed(weir_ctx *ctx, const weir_delta *d, const weir_json *meta,
                              int64_t version) {
    const char *text = weir_json_str(meta, "schemaString", "");
    const weir_type *t = NULL;
    WEIR_TRY(weir_type_from_json(ctx, text, strlen(text), &t));
    if (weir_type_equal(t, d->schema)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DELTA_SCHEMA_CHANGED_WITH_VERSION, "version",
                     weir_printf(ctx->arena, "%lld", (long long)version), "readSchema",
                     weir_type_sql(ctx->arena, d->schema), "dataSchema",
                     weir_type_sql(ctx->arena, t));
}

typedef struct entry {
    weir_delta_file *file;
    int64_t n;
    const char *removed; /* one of its removed files, or NULL */
} entry;

static weir_rc read_line(weir_ctx *ctx, const weir_delta *d, const weir_json *j, int64_t version,
                         const char *path, entry *e) {
    const weir_json *add = weir_json_get(j, "add"), *gone = weir_json_get(j, "remove"),
                    *meta = weir_json_get(j, "metaData");
    if (add && weir_json_flag(add, "dataChange", true))
        WEIR_TRY(weir_delta_file_of(ctx, d, ctx->arena, add, path, &e->file[e->n++]));
    if (gone && weir_json_flag(gone, "dataChange", true))
        e->removed = weir_json_str(gone, "path", "");
    return meta && version > d->version ? schema_changed(ctx, d, meta, version) : WEIR_OK;
}

/* What the options say of a version that takes rows away. */
static weir_rc judge(weir_ctx *ctx, const weir_delta *d, const struct weir_delta_stream *t,
                     int64_t version, entry *e) {
    if (!e->removed) return WEIR_OK;
    if (t->skip_changes) return e->n = 0, WEIR_OK;
    if (t->ignore_changes || (t->ignore_deletes && !e->n)) return WEIR_OK;
    const char *v = weir_printf(ctx->arena, "%lld", (long long)version);
    if (e->n)
        return weir_fail(ctx, WEIR_E_DELTA_SOURCE_TABLE_IGNORE_CHANGES, "changeInfo", e->removed,
                         "version", v, "dataPath", d->path);
    return weir_fail(ctx, WEIR_E_DELTA_SOURCE_IGNORE_DELETE, "removedFile", e->removed, "version",
                     v, "dataPath", d->path);
}

static weir_rc read_version(weir_ctx *ctx, weir_scan *s, int64_t version, entry *e) {
    const weir_delta *d = scan_of(s)->d;
    char *text, *path = weir_delta_entry_path(ctx->arena, d, version);
    size_t n, lines = 1;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &n));
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++) lines++;
    *e = (entry){.file = WEIR_NEWN(ctx->arena, weir_delta_file, lines + 1)};
    for (char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        const weir_json *j = len ? weir_json_parse(ctx->arena, at, len, NULL) : NULL;
        if (len && !j)
            return weir_fail(ctx, WEIR_E_DELTA_LOG_DAMAGED, "path", path, "reason",
                             "a line is not JSON");
        if (j) WEIR_TRY(read_line(ctx, d, j, version, path, e));
        at += len + (at[len] == '\n');
    }
    return judge(ctx, d, scan_of(s)->stream, version, e);
}

/* Files after from, in order, until a limit, or until and with the offset to (NULL: the newest). */
static weir_rc walk(weir_ctx *ctx, weir_scan *s, offset from, const offset *to, int64_t max_files,
                    int64_t max_bytes, picks *out) {
    struct weir_delta_stream *t = scan_of(s)->stream;
    if (from.initial) {
        weir_delta *snap = NULL;
        WEIR_TRY(snapshot_at(ctx, s, from.version, &snap));
        int64_t end = to && to->initial ? to->index + 1 : snap->nfile;
        for (int64_t i = from.index + 1; i < end; i++) {
            picked p = {&snap->file[i], {from.version, i, true}, i == snap->nfile - 1};
            if (!pick(ctx, out, p, max_files, max_bytes)) return WEIR_OK;
        }
        if (to && to->initial) return WEIR_OK;
        from = (offset){from.version + 1, -1, false};
    }
    for (int64_t v = from.version;; v++) {
        weir_stat st;
        entry e;
        if (to ? v > to->version || (v == to->version && to->index < 0)
               : t->is_frozen && v > t->frozen)
            return WEIR_OK;
        WEIR_TRY(weir_path_stat(ctx, weir_delta_entry_path(ctx->arena, scan_of(s)->d, v), &st));
        if (!st.exists) return WEIR_OK;
        WEIR_TRY(read_version(ctx, s, v, &e));
        int64_t end = to && v == to->version ? to->index + 1 : e.n;
        for (int64_t i = v == from.version ? from.index + 1 : 0; i < end && i < e.n; i++) {
            picked p = {&e.file[i], {v, i, false}, i == e.n - 1};
            if (!pick(ctx, out, p, max_files, max_bytes)) return WEIR_OK;
        }
    }
}

/* ---- the source ---- */

weir_rc weir_delta_stream_start(weir_ctx *ctx, weir_scan *s, const char *last) {
    offset o;
    return last ? offset_of(ctx, scan_of(s)->d, last, &o) : WEIR_OK;
}

static weir_rc newest(weir_ctx *ctx, weir_scan *s, int64_t *version) {
    weir_delta *d = scan_of(s)->d;
    weir_stat st;
    for (*version = d->version;; ++*version) {
        WEIR_TRY(weir_path_stat(ctx, weir_delta_entry_path(ctx->arena, d, *version + 1), &st));
        if (!st.exists) return WEIR_OK;
    }
}

weir_rc weir_delta_stream_freeze(weir_ctx *ctx, weir_scan *s) {
    scan_of(s)->stream->is_frozen = true;
    return newest(ctx, s, &scan_of(s)->stream->frozen);
}

static weir_rc begin_at(weir_ctx *ctx, weir_scan *s, const char *from, offset *out) {
    struct weir_delta_stream *t = scan_of(s)->stream;
    if (from) return offset_of(ctx, scan_of(s)->d, from, out);
    *out = t->first;
    if (out->version < 0) WEIR_TRY(newest(ctx, s, &out->version));
    return WEIR_OK;
}

weir_rc weir_delta_stream_latest(weir_ctx *ctx, weir_scan *s, const char *from,
                                 const weir_limit *limit, const char **to) {
    struct weir_delta_stream *t = scan_of(s)->stream;
    offset at;
    picks k = {0};
    WEIR_TRY(begin_at(ctx, s, from, &at));
    WEIR_TRY(walk(ctx, s, at, NULL, limit->unlimited ? INT64_MAX : t->max_files,
                  limit->unlimited ? INT64_MAX : t->max_bytes, &k));
    *to = k.n ? offset_text(ctx, scan_of(s)->d, after(&k.v[k.n - 1])) : from;
    return WEIR_OK;
}

weir_rc weir_delta_stream_split(weir_ctx *ctx, weir_scan *s, const char *from, const char *to,
                                weir_splits *out) {
    struct weir_delta_stream *t = scan_of(s)->stream;
    offset a, b;
    picks k = {0};
    if (!to) return WEIR_OK;
    WEIR_TRY(offset_of(ctx, scan_of(s)->d, to, &b));
    if (from)
        WEIR_TRY(offset_of(ctx, scan_of(s)->d, from, &a));
    else if (t->first.version >= 0)
        a = t->first;
    else /* SPARK: the first batch is the snapshot that its end lies in or after */
        a = (offset){b.initial ? b.version : b.version - 1, -1, true};
    WEIR_TRY(walk(ctx, s, a, &b, INT64_MAX, INT64_MAX, &k));
    for (int64_t i = 0; i < k.n; i++)
        WEIR_TRY(weir_delta_add_split(ctx, scan_of(s)->d, k.v[i].file, out));
    return WEIR_OK;
}

const char *weir_delta_stream_description(weir_ctx *ctx, weir_scan *s) {
    return weir_printf(ctx->arena, "DeltaSource[file:%s]", s->path[0]);
}
