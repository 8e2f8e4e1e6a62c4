/* Reads a checkpoint's identity and logs, and says what the next start makes of them (the rules are
 * those of query/microbatch.c's recovery). See checkpoint.h. */
#include "inspect/checkpoint.h"

#include "inspect/inner.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TEXT WEIR_CK_TEXT
#define COPY "Restore it from a copy of the checkpoint"

/* ---- findings ---- */

void weir_ck_note(weir_ctx *ctx, weir_ck *c, weir_ck_grade grade, const char *path,
                  const char *what, const char *todo, const char *remove) {
    if (c->nfound == c->cfound) {
        c->cfound = c->cfound ? 2 * c->cfound : 16;
        weir_ck_finding *v = WEIR_NEWN(ctx->arena, weir_ck_finding, c->cfound);
        if (c->nfound) memcpy(v, c->found, sizeof *v * (size_t)c->nfound);
        c->found = v;
    }
    c->found[c->nfound++] = (weir_ck_finding){grade, path, what, todo, remove};
    c->stops |= grade != WEIR_CK_HARMLESS;
}

weir_rc weir_ck_caught(weir_ctx *ctx, weir_rc rc, weir_err *err, const char **why) {
    bool disk = rc != WEIR_OK && (err->cls == WEIR_E_IO_FAILED || rc == WEIR_CANCEL);
    *why = rc == WEIR_OK ? NULL : weir_strdup(ctx->arena, err->msg);
    if (disk) weir_err_copy(ctx->err, err);
    weir_err_clear(err);
    return disk ? rc : WEIR_OK;
}

bool weir_ck_hidden(const weir_ck *c, const char *below) {
    for (int i = 0; i < c->nhidden; i++)
        if (strcmp(c->hidden[i], below) == 0) return true;
    return false;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const weir_dirent *)a)->name, ((const weir_dirent *)b)->name);
}

weir_rc weir_ck_list(weir_ctx *ctx, const weir_ck *c, const char *below, weir_dirent **out,
                     int64_t *n) {
    int64_t len = 0;
    WEIR_TRY(weir_path_list(ctx, weir_ck_path(ctx, c, below), true, out, &len));
    *n = 0;
    for (int64_t i = 0; i < len; i++)
        if (!c->nhidden || !weir_ck_hidden(c, TEXT("%s/%s", below, (*out)[i].name)))
            (*out)[(*n)++] = (*out)[i];
    if (*n) qsort(*out, (size_t)*n, sizeof **out, by_name);
    return WEIR_OK;
}

int64_t weir_ck_number(const char *name, const char **tail) {
    char *end;
    if (*name < '0' || *name > '9') return -1;
    int64_t v = strtoll(name, &end, 10);
    if (tail) *tail = end;
    return tail || !*end ? v : -1;
}

/* JSON that ends inside a text or before its brackets are closed. */
static bool unfinished(const char *p, size_t n) {
    bool quoted = false;
    int64_t depth = 0;
    for (size_t i = 0; i < n; i++) {
        if (quoted && p[i] == '\\')
            i++;
        else if (p[i] == '"')
            quoted = !quoted;
        else if (!quoted && (p[i] == '{' || p[i] == '['))
            depth++;
        else if (!quoted && (p[i] == '}' || p[i] == ']') && --depth < 0)
            return false;
    }
    return n == 0 || quoted || depth > 0;
}

/* A text that ends in the middle of its last line's JSON, or of its version line. */
static bool cut_off(const char *text, size_t len) {
    size_t version = strspn(text + (len > 0), "0123456789");
    if (len == 0) return true;
    if (text[0] != 'v' || (len > 1 && !version)) return false;
    if (len <= 1 + version) return true;
    const char *last = text + len;
    while (last > text && last[-1] != '\n') last--;
    return text[1 + version] == '\n' && unfinished(last, (size_t)(text + len - last));
}

weir_rc weir_ck_torn(weir_ctx *ctx, const char *path, bool *torn) {
    char *text = NULL;
    size_t len = 0;
    weir_stat st;
    *torn = false;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) return WEIR_OK;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    size_t before = strnlen(text, len);
    for (size_t i = before; i < len; i++)
        if (text[i]) return WEIR_OK;
    *torn = (before == 0 && len > 0) || cut_off(text, before);
    return WEIR_OK;
}

/* ---- what is left over ---- */

/* ".N.crc" of Hadoop: does it fit the file? */
static bool sum_fits(const uint8_t *sum, size_t nsum, const uint8_t *p, size_t n) {
    enum { HEAD = 8, PIECE = 512 };
    if (nsum != HEAD + 4 * ((n + PIECE - 1) / PIECE) || memcmp(sum, "crc\0\0\0\2\0", HEAD) != 0)
        return false;
    for (size_t at = 0, k = HEAD; at < n; at += PIECE, k += 4) {
        size_t piece = n - at < PIECE ? n - at : PIECE;
        uint32_t is = (uint32_t)crc32(crc32(0, NULL, 0), p + at, (uInt)piece),
                 said = (uint32_t)sum[k] << 24 | (uint32_t)sum[k + 1] << 16 |
                        (uint32_t)sum[k + 2] << 8 | sum[k + 3];
        if (is != said) return false;
    }
    return true;
}

static weir_rc check_sum(weir_ctx *ctx, weir_ck *c, const char *below, const char *name) {
    char *of = weir_strndup(ctx->arena, name + 1, strlen(name) - 5), *sum = NULL, *text = NULL;
    const char *path = TEXT("%s/%s", below, name), *own = TEXT("%s/%s", below, of);
    size_t nsum = 0, n = 0;
    weir_stat st = {0};
    if (!weir_ck_hidden(c, own)) WEIR_TRY(weir_path_stat(ctx, weir_ck_path(ctx, c, own), &st));
    if (st.exists) {
        WEIR_TRY(weir_file_slurp(ctx, weir_ck_path(ctx, c, path), &sum, &nsum));
        WEIR_TRY(weir_file_slurp(ctx, weir_ck_path(ctx, c, own), &text, &n));
        if (sum_fits((const uint8_t *)sum, nsum, (const uint8_t *)text, n)) return WEIR_OK;
    }
    weir_ck_note(ctx, c, WEIR_CK_HARMLESS, path,
                 st.exists ? "it is not the checksum of its file. Spark 4 and weir do not look at "
                             "it, older ones refuse the file"
                           : "a checksum whose file is gone",
                 "It may go", path);
    return WEIR_OK;
}

weir_rc weir_ck_leftovers(weir_ctx *ctx, weir_ck *c, const char *below) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_ck_list(ctx, c, below, &e, &n));
    for (int64_t i = 0; i < n; i++) {
        size_t len = strlen(e[i].name);
        if (e[i].name[0] != '.' || e[i].is_dir || len < 6) continue;
        const char *path = TEXT("%s/%s", below, e[i].name), *end = e[i].name + len - 4;
        if (strcmp(end, ".tmp") == 0)
            weir_ck_note(ctx, c, WEIR_CK_HARMLESS, path,
                         "a temporary file that a run left behind", "It may go", path);
        else if (strcmp(end, ".crc") == 0)
            WEIR_TRY(check_sum(ctx, c, below, e[i].name));
    }
    return WEIR_OK;
}

/* ---- the logs ---- */

static int by_id(const void *a, const void *b) {
    const weir_ck_entry *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

weir_ck_entry *weir_ck_entry_of(const weir_ck_log *l, int64_t id) {
    const weir_ck_entry key = {.id = id};
    return l->n ? bsearch(&key, l->v, (size_t)l->n, sizeof key, by_id) : NULL;
}

static weir_rc read_commit(weir_ctx *ctx, weir_log_dir *log, weir_ck_entry *e) {
    char *text = NULL;
    int version = 0;
    WEIR_TRY(weir_log_read(ctx, log, e->id, &version, &text));
    const weir_json *j = weir_json_parse(ctx->arena, text, strcspn(text, "\n"), NULL);
    if (!j || j->kind != WEIR_J_OBJECT)
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path",
                         TEXT("%s/%lld", log->dir, (long long)e->id), "reason",
                         "its second line is not a JSON object");
    e->next_ms = weir_json_int(j, "nextBatchWatermarkMs", 0);
    return WEIR_OK;
}

static weir_rc read_offsets(weir_ctx *ctx, weir_log_dir *log, weir_ck_entry *e) {
    bool there = false;
    WEIR_TRY(weir_offsets_look(ctx, log, e->id, &there, &e->o));
    for (int i = 0; i < e->o.n; i++) {
        const char *s = e->o.line[i];
        if (s && !weir_json_parse(ctx->arena, s, strlen(s), NULL))
            return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path",
                             TEXT("%s/%lld", log->dir, (long long)e->id), "reason",
                             TEXT("the offset of source %d is not JSON", i));
    }
    return WEIR_OK;
}

static weir_rc read_entry(weir_ctx *ctx, weir_log_dir *log, bool offsets, weir_ck_entry *e) {
    weir_err err;
    weir_ctx own = *ctx;
    weir_err_init(&err);
    own.err = &err;
    weir_rc rc = offsets ? read_offsets(&own, log, e) : read_commit(&own, log, e);
    bool newer = rc != WEIR_OK && err.cls == WEIR_E_INVALID_LOG_VERSION;
    WEIR_TRY(weir_ck_caught(ctx, rc, &err, &e->why));
    if (!e->why || newer) return WEIR_OK;
    return weir_ck_torn(ctx, TEXT("%s/%lld", log->dir, (long long)e->id), &e->torn);
}

static weir_rc read_log(weir_ctx *ctx, weir_ck *c, const char *name, int max, weir_ck_log *out) {
    weir_log_dir log = {weir_ck_path(ctx, c, name), max, 0};
    weir_dirent *e = NULL;
    int64_t n = 0;
    WEIR_TRY(weir_ck_leftovers(ctx, c, name));
    WEIR_TRY(weir_ck_list(ctx, c, name, &e, &n));
    out->v = WEIR_NEWN(ctx->arena, weir_ck_entry, n + 1);
    for (int64_t i = 0; i < n; i++) {
        int64_t id = weir_ck_number(e[i].name, NULL);
        if (id >= 0) out->v[out->n++] = (weir_ck_entry){.id = id};
    }
    if (out->n) qsort(out->v, (size_t)out->n, sizeof *out->v, by_id);
    for (int64_t i = 0; i < out->n; i++)
        WEIR_TRY(read_entry(ctx, &log, max == 2, &out->v[i]));
    return WEIR_OK;
}

/* A file cut off between two lines lacks sources. */
static void compare_lengths(weir_ctx *ctx, weir_ck *c) {
    for (int64_t i = 1; i < c->offsets.n; i++) {
        weir_ck_entry *e = &c->offsets.v[i], *p = &c->offsets.v[i - 1];
        if (e->why || p->why || e->o.n == p->o.n) continue;
        e->why = TEXT("it has the offsets of %d sources, batch %lld has %d", e->o.n,
                      (long long)p->id, p->o.n);
        e->torn = e->o.n < p->o.n;
    }
}

/* ---- what the next start makes of them ---- */

static void judge_planned(weir_ctx *ctx, weir_ck *c, weir_ck_entry *last) {
    const char *path = TEXT("offsets/%lld", (long long)last->id);
    bool known = c->sink_known && c->sink_batch < last->id;
    if (!last->why) return;
    if (c->committed >= last->id || !last->torn) {
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path, last->why,
                     TEXT(COPY ", or go back: rollback --to %lld", (long long)last->id - 1), NULL);
    } else if (known) {
        weir_ck_note(ctx, c, WEIR_CK_MENDABLE, path, last->why,
                     "Its batch was never committed, and the sink does not have it: without this "
                     "file it is planned anew",
                     path);
    } else if (c->sink_known) {
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path, last->why,
                     TEXT(COPY ": the sink has batch %lld, and what it took is written only here",
                          (long long)c->sink_batch),
                     NULL);
    } else {
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path, last->why,
                     COPY ". If the sink does not have its batch, the file may go: say where the "
                          "query writes with --sink DIR (or --sink none), and repair looks",
                     NULL);
    }
}

static void judge_commits(weir_ctx *ctx, weir_ck *c) {
    weir_ck_entry *last = weir_ck_entry_of(&c->commits, c->committed);
    const char *path = TEXT("commits/%lld", (long long)c->committed),
               *again = TEXT("Without it batch %lld runs again from the same offsets, as after a "
                             "crash before its commit",
                             (long long)c->committed);
    if (!last) return;
    if (last->why && last->torn && c->committed >= c->planned) {
        weir_ck_note(ctx, c, WEIR_CK_MENDABLE, path, last->why, again, path);
    } else if (last->why && c->committed >= c->planned) {
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path, last->why, COPY, NULL);
    } else if (c->committed > c->planned) {
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path,
                     TEXT("batch %lld is committed, but offsets/%lld, where it ended, is missing",
                          (long long)c->committed, (long long)c->committed),
                     TEXT("Restore that file from a copy of the checkpoint, or go back: rollback "
                          "--to %lld",
                          (long long)c->planned),
                     NULL);
    }
    if (c->committed < c->planned - 1)
        weir_ck_note(ctx, c, WEIR_CK_HARMLESS, TEXT("commits/%lld", (long long)c->planned - 1),
                     TEXT("missing: the newest commit is %lld. The next start runs batch %lld "
                          "again, and nothing before it",
                          (long long)c->committed, (long long)c->planned),
                     "", NULL);
}

static void judge_older(weir_ctx *ctx, weir_ck *c) {
    static const char *const what[] = {"offsets", "commits"};
    const weir_ck_log *log[] = {&c->offsets, &c->commits};
    for (int k = 0; k < 2; k++) {
        for (int64_t i = 0; i < log[k]->n; i++) {
            const weir_ck_entry *e = &log[k]->v[i];
            if (!e->why || e->id >= (k ? c->committed : c->planned - 1)) continue;
            weir_ck_note(ctx, c, WEIR_CK_HARMLESS, TEXT("%s/%lld", what[k], (long long)e->id),
                         e->why, "No start reads it; a rollback to its batch is not possible",
                         NULL);
        }
    }
}

static void judge_logs(weir_ctx *ctx, weir_ck *c) {
    weir_ck_entry *last = weir_ck_entry_of(&c->offsets, c->planned),
                  *before = weir_ck_entry_of(&c->offsets, c->planned - 1);
    const char *path = TEXT("offsets/%lld", (long long)c->planned - 1);
    if (last) judge_planned(ctx, c, last);
    if (c->planned > 0 && (!before || before->why))
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path,
                     before ? before->why
                            : TEXT("missing: every start reads the two newest files of offsets"),
                     COPY, NULL);
    if (c->planned < 0 && c->commits.n) {
        weir_ck_note(ctx, c, WEIR_CK_STOPS, "offsets",
                     "there are commits, but no offsets: where the query stands is not known",
                     "Restore the folder from a copy, or start with a new checkpoint", NULL);
        return;
    }
    judge_commits(ctx, c);
    judge_older(ctx, c);
}

/* Which batch comes next, and with which watermark. */
static void find_next(weir_ck *c) {
    const weir_ck_entry *last = weir_ck_entry_of(&c->offsets, c->planned),
                        *commit = weir_ck_entry_of(&c->commits, c->committed);
    c->again = last && c->planned != c->committed;
    c->next = c->again ? c->planned : c->planned + 1;
    if (!last || last->why) return;
    c->watermark_ms = last->o.watermark_ms;
    if (!c->again && commit && commit->next_ms > c->watermark_ms) c->watermark_ms = commit->next_ms;
}

static const char *recorded(const weir_offsets *o, const char *key, const char *dflt) {
    const char *v = o->conf ? weir_json_str(o->conf, key, NULL) : NULL;
    return v ? v : dflt;
}

static void read_conf(weir_ck *c) {
    const weir_offsets *o = NULL;
    for (int64_t i = c->offsets.n; i-- > 0 && !o;)
        if (!c->offsets.v[i].why) o = &c->offsets.v[i].o;
    c->provider = o ? recorded(o, "spark.sql.streaming.stateStore.providerClass", "") : "";
    const char *dot = strrchr(c->provider, '.'), *name = dot ? dot + 1 : c->provider;
    c->understood = !*name || strcmp(name, "HDFSBackedStateStoreProvider") == 0;
    c->codec = o ? recorded(o, "spark.sql.streaming.stateStore.compression.codec", "lz4") : "lz4";
    const char *sum =
        o ? recorded(o, "spark.sql.streaming.stateStore.rowChecksum.enabled", "false") : "false";
    c->row_checksum = strcmp(sum, "true") == 0;
    c->npart =
        (int32_t)strtol(o ? recorded(o, "spark.sql.shuffle.partitions", "0") : "0", NULL, 10);
}

/* ---- identity ---- */

static weir_rc read_identity(weir_ctx *ctx, weir_ck *c) {
    const char *path = weir_ck_path(ctx, c, "metadata");
    bool logs = c->offsets.n || c->commits.n;
    char *text = NULL;
    size_t len = 0;
    weir_stat st = {0};
    if (!weir_ck_hidden(c, "metadata")) WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (st.exists) WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    const char *id =
        text ? weir_json_str(weir_json_parse(ctx->arena, text, len, NULL), "id", NULL) : NULL;
    if (id && strlen(id) == 36) c->id = id;
    if (c->id || (!st.exists && !logs)) return WEIR_OK;
    if (!logs)
        weir_ck_note(ctx, c, WEIR_CK_MENDABLE, "metadata", "it holds no query id",
                     "No batch was planned yet: without it the query gets a new id", "metadata");
    else
        weir_ck_note(ctx, c, WEIR_CK_STOPS, "metadata",
                     st.exists ? "it holds no query id" : "missing: the query's id stands there",
                     "Restore it from a copy of the checkpoint. It is one line, "
                     "{\"id\":\"<the query's id>\"}; the id also stands in the query's progress "
                     "and, as appId of txn, in the log of a Delta table that it writes to",
                     NULL);
    return WEIR_OK;
}

static weir_rc read_lock(weir_ctx *ctx, weir_ck *c) {
    const char *path = weir_ck_path(ctx, c, ".weir.lock");
    char *run = NULL;
    size_t n = 0;
    WEIR_TRY(weir_path_locked(ctx, path, &c->running));
    if (!c->running) return WEIR_OK;
    WEIR_TRY(weir_file_slurp(ctx, path, &run, &n));
    c->run_id = run;
    return WEIR_OK;
}

static weir_rc check_there(weir_ctx *ctx, const char *dir) {
    static const char *const signs[] = {"metadata", "offsets", "commits"};
    weir_stat st;
    for (int i = 0; i < 3; i++) {
        WEIR_TRY(weir_path_stat(ctx, TEXT("%s/%s", dir, signs[i]), &st));
        if (st.exists) return WEIR_OK;
    }
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     TEXT("%s holds no checkpoint: no metadata, offsets or commits are in it. Name "
                          "the folder that is the query's checkpointLocation",
                          dir));
}

/* Batches whose offsets, commit and state are whole: a rollback can end with them. */
static void find_back(weir_ctx *ctx, weir_ck *c) {
    c->back = WEIR_NEWN(ctx->arena, int64_t, c->commits.n + 1);
    if (!c->id || (c->nstore && !c->understood)) return;
    for (int64_t i = 0; i < c->commits.n; i++) {
        const weir_ck_entry *e = &c->commits.v[i], *o = weir_ck_entry_of(&c->offsets, e->id),
                            *p = weir_ck_entry_of(&c->offsets, e->id - 1);
        bool whole = !e->why && o && !o->why && (e->id == 0 || (p && !p->why)),
             here = e->id == c->planned && e->id == c->committed;
        if (whole && !here && weir_ck_loads(c, e->id + 1)) c->back[c->nback++] = e->id;
    }
}

weir_rc weir_ck_read(weir_ctx *ctx, const char *dir, const weir_ck *in, weir_ck **out) {
    weir_ck *c = WEIR_NEW(ctx->arena, weir_ck);
    if (in) {
        c->locked = in->locked;
        c->sink_known = in->sink_known;
        c->sink_batch = in->sink_batch;
        c->hidden = in->hidden;
        c->nhidden = in->nhidden;
    }
    c->dir = dir;
    c->planned = c->committed = -1;
    WEIR_TRY(check_there(ctx, dir));
    if (!c->locked) WEIR_TRY(read_lock(ctx, c));
    WEIR_TRY(read_log(ctx, c, "offsets", 2, &c->offsets));
    WEIR_TRY(read_log(ctx, c, "commits", 3, &c->commits));
    compare_lengths(ctx, c);
    if (c->offsets.n) c->planned = c->offsets.v[c->offsets.n - 1].id;
    if (c->commits.n) c->committed = c->commits.v[c->commits.n - 1].id;
    WEIR_TRY(read_identity(ctx, c));
    judge_logs(ctx, c);
    find_next(c);
    read_conf(c);
    WEIR_TRY(weir_ck_read_sources(ctx, c));
    WEIR_TRY(weir_ck_read_state(ctx, c));
    find_back(ctx, c);
    *out = c;
    return WEIR_OK;
}
