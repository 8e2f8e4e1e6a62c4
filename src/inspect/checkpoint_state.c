/* The state of a checkpoint: every file of every partition is read to its end once, and what the
 * next start loads is loaded. See checkpoint.h. State of another provider than the HDFS-backed one
 * is not looked into. */
#include "inspect/inner.h"

#include "state/file.h"
#include "state/schema.h"
#include "state/store.h"

#include <stdlib.h>
#include <string.h>

#define TEXT WEIR_CK_TEXT

/* ---- files ---- */

static weir_rc read_records(weir_ctx *ctx, const weir_part_dir *w, const weir_ck_state_file *f) {
    weir_records r;
    weir_record o;
    WEIR_TRY(weir_state_records(ctx, w, f->version, f->snapshot, &r));
    do WEIR_TRY(weir_records_next(ctx, &r, &o));
    while (!o.last);
    return WEIR_OK;
}

static weir_rc try_file(weir_ctx *ctx, const weir_part_dir *w, weir_ck_state_file *f) {
    weir_err err;
    weir_ctx own = *ctx;
    weir_err_init(&err);
    own.err = &err;
    own.arena = weir_arena_new(NULL);
    weir_rc rc = read_records(&own, w, f);
    weir_arena_free(own.arena);
    return weir_ck_caught(ctx, rc, &err, &f->why);
}

static int by_version(const void *a, const void *b) {
    const weir_ck_state_file *x = a, *y = b;
    return x->version != y->version ? (x->version < y->version ? -1 : 1)
                                    : x->snapshot - y->snapshot;
}

static weir_part_dir where(weir_ctx *ctx, const weir_ck *c, const weir_ck_store *s, int32_t part,
                           const weir_state_codec *codec) {
    return weir_part_dir_of(ctx, weir_ck_path(ctx, c, TEXT("state/%d", (int)s->op)), s->name, part,
                            codec, c->row_checksum);
}

static weir_rc read_part(weir_ctx *ctx, weir_ck *c, weir_ck_store *s, int32_t part,
                         const weir_state_codec *codec) {
    weir_ck_part *p = &s->part[part];
    weir_part_dir w = where(ctx, c, s, part, codec);
    weir_dirent *e = NULL;
    int64_t n = 0;
    p->dir = w.dir + strlen(c->dir) + 1;
    WEIR_TRY(weir_ck_leftovers(ctx, c, p->dir));
    WEIR_TRY(weir_ck_list(ctx, c, p->dir, &e, &n));
    p->file = WEIR_NEWN(ctx->arena, weir_ck_state_file, n + 1);
    for (int64_t i = 0; i < n; i++) {
        weir_ck_state_file f = {.size_bytes = e[i].size_bytes};
        if (!weir_state_name(e[i].name, &f.version, &f.snapshot)) continue;
        WEIR_TRY(try_file(ctx, &w, &f));
        p->size_bytes += f.size_bytes;
        p->file[p->n++] = f;
    }
    if (p->n) qsort(p->file, (size_t)p->n, sizeof *p->file, by_version);
    s->size_bytes += p->size_bytes;
    return WEIR_OK;
}

static const char *file_path(weir_ctx *ctx, const weir_ck_part *p, int64_t version,
                             bool snapshot) {
    return TEXT("%s/%lld.%s", p->dir, (long long)version, snapshot ? "snapshot" : "delta");
}

static const weir_ck_state_file *find_file(const weir_ck_part *p, int64_t version, bool snapshot) {
    const weir_ck_state_file key = {.version = version, .snapshot = snapshot};
    return p->n ? bsearch(&key, p->file, (size_t)p->n, sizeof key, by_version) : NULL;
}

/* ---- which versions can be loaded ---- */

static int64_t newest_snapshot(const weir_ck_part *p, int64_t version, bool whole) {
    int64_t v = 0;
    for (int64_t i = 0; i < p->n; i++)
        if (p->file[i].snapshot && p->file[i].version <= version && !(whole && p->file[i].why))
            v = p->file[i].version;
    return v;
}

/* The first version on the way from a snapshot (0: none) to version whose file is missing or
 * damaged; -1: all are whole. */
static int64_t breaks_at(const weir_ck_part *p, int64_t from, int64_t version) {
    const weir_ck_state_file *f = from ? find_file(p, from, true) : NULL;
    if (from && (!f || f->why)) return from;
    for (int64_t v = from + 1; v <= version; v++) {
        f = find_file(p, v, false);
        if (!f || f->why) return v;
    }
    return -1;
}

static bool part_loads(const weir_ck_part *p, int64_t version) {
    return version <= 0 || breaks_at(p, newest_snapshot(p, version, false), version) < 0;
}

bool weir_ck_loads(const weir_ck *c, int64_t version) {
    for (int i = 0; i < c->nstore; i++)
        for (int32_t k = 0; k < c->store[i].npart; k++)
            if (!part_loads(&c->store[i].part[k], version)) return false;
    return true;
}

/* ---- judgement ---- */

/* Version broken of a committed batch, the one before whole: that batch makes it again. */
static bool can_rerun(const weir_ck *c, int64_t version) {
    const weir_ck_entry *last = weir_ck_entry_of(&c->offsets, c->planned),
                        *before = weir_ck_entry_of(&c->offsets, c->planned - 1);
    bool logs = last && !last->why && (c->planned == 0 || (before && !before->why));
    return logs && !c->again && version == c->planned + 1 && weir_ck_loads(c, version - 1);
}

/* The file that breaks the way to version is named, and what helps. */
static void judge_broken(weir_ctx *ctx, weir_ck *c, const weir_ck_part *p, int64_t version) {
    int64_t from = newest_snapshot(p, version, false), at = breaks_at(p, from, version);
    bool snapshot = at == from;
    const weir_ck_state_file *f = find_file(p, at, snapshot);
    const char *path = file_path(ctx, p, at, snapshot), *why = f ? f->why : "missing";
    if (snapshot && breaks_at(p, newest_snapshot(p, at - 1, true), version) < 0) {
        weir_ck_note(ctx, c, WEIR_CK_MENDABLE, path, why,
                     "The files before it are whole and hold the same: it may go", path);
    } else if (can_rerun(c, version)) {
        const char *commit = TEXT("commits/%lld", (long long)c->planned);
        weir_ck_note(ctx, c, WEIR_CK_MENDABLE, path, why,
                     TEXT("Without %s batch %lld runs again from the same offsets and writes this "
                          "file again",
                          commit, (long long)c->planned),
                     commit);
    } else {
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path, why,
                     "Restore it from a copy of the checkpoint, or go back to a batch before it "
                     "(weir checkpoint rollback)",
                     NULL);
    }
}

/* Files that nothing reads any more, or not yet. */
static void judge_spare(weir_ctx *ctx, weir_ck *c, const weir_ck_part *p, int64_t version) {
    int64_t base = newest_snapshot(p, version, false);
    for (int64_t i = 0; i < p->n; i++) {
        const weir_ck_state_file *f = &p->file[i];
        const char *path = file_path(ctx, p, f->version, f->snapshot);
        if (f->version > version && f->snapshot)
            weir_ck_note(ctx, c, WEIR_CK_HARMLESS, path,
                         "a snapshot of a version that no committed batch made; once that version "
                         "is reached again it would be taken for it",
                         "It should go", path);
        else if (f->why && f->version < base + !f->snapshot)
            weir_ck_note(ctx, c, WEIR_CK_HARMLESS, path, f->why,
                         TEXT("No start reads it: %lld.snapshot covers it. It may go",
                              (long long)base),
                         path);
    }
}

static void judge_ahead(weir_ctx *ctx, weir_ck *c, const weir_ck_store *s, int64_t version) {
    int64_t n = 0;
    for (int32_t i = 0; i < s->npart; i++)
        for (int64_t k = 0; k < s->part[i].n; k++) n += s->part[i].file[k].version > version;
    if (!n) return;
    weir_ck_note(ctx, c, WEIR_CK_HARMLESS, TEXT("state/%d", (int)s->op),
                 TEXT("%lld files of store %s belong to versions above %lld: a batch that was not "
                      "committed left them, and its next run writes them again",
                      (long long)n, s->name, (long long)version),
                 "", NULL);
}

/* ---- an operator ---- */

static weir_rc load_rows(weir_ctx *ctx, const weir_ck *c, weir_ck_store *s,
                         const weir_state_codec *codec) {
    s->rows = 0;
    for (int32_t i = 0; i < s->npart; i++) {
        weir_table t = {0};
        weir_part_dir w = where(ctx, c, s, i, codec);
        int64_t from = newest_snapshot(&s->part[i], s->version, false);
        weir_rc rc = weir_state_load_from(ctx, &w, from, s->version, &t);
        s->rows += t.live;
        weir_table_free(&t);
        WEIR_TRY(rc);
    }
    return WEIR_OK;
}

/* SPARK writes schema and metadata again when they are missing: what is cut off may go. */
static weir_rc judge_beside(weir_ctx *ctx, weir_ck *c, const char *path, const char *why, bool torn,
                            const char *unchecked) {
    bool cut = torn;
    if (!torn) WEIR_TRY(weir_ck_torn(ctx, weir_ck_path(ctx, c, path), &cut));
    if (cut)
        weir_ck_note(ctx, c, WEIR_CK_MENDABLE, path, why, unchecked, path);
    else
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path, why, "Restore it from a copy of the checkpoint",
                     NULL);
    return WEIR_OK;
}

static weir_rc read_schema(weir_ctx *ctx, weir_ck *c, weir_ck_store *s) {
    bool plain = strcmp(s->name, "default") == 0;
    const char *dir = TEXT("state/%d/0%s%s", (int)s->op, plain ? "" : "/", plain ? "" : s->name),
               *path = TEXT("%s/_metadata/schema", dir);
    char *text = NULL;
    const char *why = NULL;
    size_t n = 0;
    weir_stat st = {0};
    weir_err err;
    weir_ctx own = *ctx;
    if (!weir_ck_hidden(c, path)) WEIR_TRY(weir_path_stat(ctx, weir_ck_path(ctx, c, path), &st));
    if (!st.exists) {
        weir_ck_note(ctx, c, WEIR_CK_HARMLESS, path, "missing",
                     "The next start writes the query's, and does not compare it", NULL);
        return WEIR_OK;
    }
    WEIR_TRY(weir_file_slurp(ctx, weir_ck_path(ctx, c, path), &text, &n));
    weir_err_init(&err);
    own.err = &err;
    WEIR_TRY(weir_ck_caught(
        ctx, weir_state_schema_parse(&own, path, text, n, &s->key, &s->value), &err, &why));
    if (!why) return WEIR_OK;
    s->key = s->value = NULL;
    bool ours = n >= 4 && (memcmp(text, "\0\2v1", 4) == 0 || memcmp(text, "\0\2v2", 4) == 0);
    return judge_beside(ctx, c, path, why, ours,
                        "Without it the next start writes the query's, and does not compare it: "
                        "start the query as it was");
}

static weir_rc read_operator_name(weir_ctx *ctx, weir_ck *c, int32_t op, const char **name,
                                  weir_state_store_info **info, int *n) {
    const char *path = TEXT("state/%d/_metadata/metadata", (int)op), *why = NULL;
    weir_err err;
    weir_ctx own = *ctx;
    int32_t id = 0;
    weir_err_init(&err);
    own.err = &err;
    *name = NULL;
    *n = 0;
    if (weir_ck_hidden(c, path)) return WEIR_OK;
    WEIR_TRY(weir_ck_caught(
        ctx,
        weir_state_metadata_read(&own, weir_ck_path(ctx, c, TEXT("state/%d", (int)op)), &id, name,
                                 info, n),
        &err, &why));
    if (!why) return WEIR_OK;
    *name = NULL;
    *n = 0;
    return judge_beside(ctx, c, path, why, false,
                        "Without it the next start does not compare the operator's name: start the "
                        "query as it was");
}

/* How many partitions must be there: global aggregates and limits have one. */
static weir_rc count_parts(weir_ctx *ctx, const weir_ck *c, weir_ck_store *s) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    bool one = (s->key && s->key->nfield == 0) ||
               (s->op_name && strcmp(s->op_name, "globalLimit") == 0);
    WEIR_TRY(weir_ck_list(ctx, c, TEXT("state/%d", (int)s->op), &e, &n));
    for (int64_t i = 0; i < n; i++) {
        int64_t part = weir_ck_number(e[i].name, NULL);
        if (e[i].is_dir && part >= s->npart && part < 1 << 20) s->npart = (int32_t)part + 1;
    }
    if (!one && s->key && c->npart > s->npart && c->npart < 1 << 20) s->npart = c->npart;
    return WEIR_OK;
}

static weir_rc read_store(weir_ctx *ctx, weir_ck *c, weir_ck_store *s) {
    const weir_state_codec *codec = NULL;
    bool loads = true;
    WEIR_TRY(weir_state_codec_find(ctx, c->codec, &codec));
    WEIR_TRY(read_schema(ctx, c, s));
    WEIR_TRY(count_parts(ctx, c, s));
    s->part = WEIR_NEWN(ctx->arena, weir_ck_part, s->npart + 1);
    s->version = c->again ? c->planned : c->planned + 1;
    for (int32_t i = 0; i < s->npart; i++) {
        WEIR_TRY(weir_check_cancel(ctx));
        WEIR_TRY(read_part(ctx, c, s, i, codec));
        loads &= part_loads(&s->part[i], s->version);
    }
    s->rows = -1;
    return loads && s->npart ? load_rows(ctx, c, s, codec) : WEIR_OK;
}

static void judge_store(weir_ctx *ctx, weir_ck *c, const weir_ck_store *s) {
    for (int32_t i = 0; i < s->npart; i++) {
        if (!part_loads(&s->part[i], s->version))
            judge_broken(ctx, c, &s->part[i], s->version);
        judge_spare(ctx, c, &s->part[i], s->version);
    }
    judge_ahead(ctx, c, s, s->version);
}

static void add_store(weir_ctx *ctx, weir_ck *c, int *cap, weir_ck_store s) {
    if (c->nstore == *cap) {
        *cap = *cap ? 2 * *cap : 4;
        weir_ck_store *v = WEIR_NEWN(ctx->arena, weir_ck_store, *cap);
        if (c->nstore) memcpy(v, c->store, sizeof *v * (size_t)c->nstore);
        c->store = v;
    }
    c->store[c->nstore++] = s;
}

weir_rc weir_ck_read_state(weir_ctx *ctx, weir_ck *c) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    int cap = 0;
    WEIR_TRY(weir_ck_list(ctx, c, "state", &e, &n));
    for (int64_t i = 0; i < n; i++) {
        int64_t op = weir_ck_number(e[i].name, NULL);
        const char *name = NULL;
        weir_state_store_info *info = NULL;
        int ninfo = 0;
        if (op < 0 || op > INT32_MAX || !e[i].is_dir) continue;
        if (c->planned < 0) {
            weir_ck_note(ctx, c, WEIR_CK_STOPS, "state",
                         "there is state, but no offsets: where the query stands is not known",
                         "Restore offsets from a copy, or start with a new checkpoint", NULL);
            return WEIR_OK;
        }
        WEIR_TRY(read_operator_name(ctx, c, (int32_t)op, &name, &info, &ninfo));
        for (int k = 0; k < ninfo; k++)
            if (!*info[k].name || strchr(info[k].name, '/')) ninfo = 0; /* names of no folder */
        for (int k = 0; k < (ninfo ? ninfo : 1); k++)
            add_store(ctx, c, &cap,
                      (weir_ck_store){.op = (int32_t)op,
                                      .op_name = name,
                                      .name = ninfo ? info[k].name : "default",
                                      .rows = -1});
    }
    for (int i = 0; i < c->nstore && c->understood; i++)
        WEIR_TRY(read_store(ctx, c, &c->store[i]));
    for (int i = 0; i < c->nstore && c->understood; i++) judge_store(ctx, c, &c->store[i]);
    return WEIR_OK;
}
