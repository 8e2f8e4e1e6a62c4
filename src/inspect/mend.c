/* Rollback and repair: plans that name the files to be taken away, and the carrying out. Nothing is
 * ever written into a file of the checkpoint, and nothing is deleted. See checkpoint.h. */
#include "inspect/inner.h"

#include "delta/delta.h"
#include "io/sink_log.h"

#include <string.h>
#include <time.h>

#define TEXT WEIR_CK_TEXT

/* ---- plans ---- */

static void take_away(weir_ctx *ctx, weir_ck_plan *p, const char *path, const char *why) {
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->remove[i], path) == 0) return;
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 16;
        const char **v = WEIR_NEWN(ctx->arena, const char *, 2 * p->cap);
        if (p->n) memcpy(v, p->remove, sizeof *v * (size_t)p->n);
        if (p->n) memcpy(v + p->cap, p->why, sizeof *v * (size_t)p->n);
        p->remove = v;
        p->why = v + p->cap;
    }
    p->remove[p->n] = path;
    p->why[p->n++] = why;
}

static void say(weir_ck_plan *p, const char *sentence) {
    if (p->nsay == p->csay) {
        p->csay = p->csay ? p->csay * 2 : 16;
        const char **v = WEIR_NEWN(p->mem, const char *, p->csay);
        if (p->nsay) memcpy(v, p->say, sizeof *v * (size_t)p->nsay);
        p->say = v;
    }
    p->say[p->nsay++] = sentence;
}

/* The checkpoint as it is without what the plan takes away. */
static weir_rc look_after(weir_ctx *ctx, const weir_ck *c, const weir_ck_plan *p, weir_ck **out) {
    weir_ck in = {.hidden = p->remove,
                  .nhidden = p->n,
                  .locked = c->locked,
                  .sink_known = c->sink_known,
                  .sink_batch = c->sink_batch};
    return weir_ck_read(ctx, c->dir, &in, out);
}

static weir_rc refuse(weir_ctx *ctx, const weir_ck *c, const char *what) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 20);
    weir_str_puts(&s, what);
    for (int i = 0, shown = 0; i < c->nfound; i++) {
        const weir_ck_finding *f = &c->found[i];
        if (f->grade == WEIR_CK_HARMLESS) continue;
        if (shown++ == 20) {
            weir_str_puts(&s, "\n  and more: see weir checkpoint inspect");
            break;
        }
        weir_str_printf(&s, "\n  %s: %s. %s", f->path, f->what, f->todo);
    }
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message", s.p);
}

static void say_rerun(weir_ctx *ctx, const weir_ck *c, const weir_ck *after, weir_ck_plan *p) {
    if (!after->again || (c->again && c->planned == after->planned)) return;
    say(p, TEXT("Batch %lld runs again from the offsets that are logged for it, so its input must "
                "still be there",
                (long long)after->planned));
    say(p, TEXT("A Delta table or a file sink that has batch %lld skips it; memory, console and "
                "foreachBatch get its rows a second time",
                (long long)after->planned));
}

static void take_found(weir_ctx *ctx, const weir_ck *c, weir_ck_plan *p) {
    for (int i = 0; i < c->nfound; i++) {
        const weir_ck_finding *f = &c->found[i];
        if (!f->remove) continue;
        bool own = strcmp(f->remove, f->path) == 0;
        take_away(ctx, p, f->remove, own ? f->what : TEXT("for %s: %s", f->path, f->what));
    }
}

weir_rc weir_ck_plan_repair(weir_ctx *ctx, const weir_ck *c, weir_ck_plan *p, weir_ck **after) {
    const weir_ck *now = c;
    *p = (weir_ck_plan){.mem = ctx->arena};
    for (int before = -1; before != p->n;) {
        before = p->n;
        take_found(ctx, now, p);
        if (before == p->n) break;
        WEIR_TRY(look_after(ctx, c, p, after));
        now = *after;
    }
    if (!p->n) *after = (weir_ck *)(uintptr_t)c;
    if (now->stops)
        return refuse(ctx, now, "This checkpoint cannot be repaired by taking files away:");
    if (!now->understood && now->nstore)
        say(p, TEXT("The state is of the provider %s: it was not looked into", now->provider));
    say_rerun(ctx, c, now, p);
    return WEIR_OK;
}

/* ---- rollback ---- */

static weir_rc no_way_back(weir_ctx *ctx, const weir_ck *c, int64_t to) {
    const weir_ck_entry *e = weir_ck_entry_of(&c->commits, to),
                        *o = weir_ck_entry_of(&c->offsets, to),
                        *p = weir_ck_entry_of(&c->offsets, to - 1);
    const char *why = "the state cannot be loaded at its end: a snapshot or delta is missing or "
                      "damaged";
    if (!c->id)
        why = "the query's id is not known (see metadata)";
    else if (!c->understood && c->nstore)
        why = TEXT("the state is of the provider %s, which this command does not understand",
                   c->provider);
    else if (!e)
        why = "it is not committed, or its commit is no longer kept";
    else if (e->why)
        why = e->why;
    else if (!o || (to > 0 && !p))
        why = TEXT("offsets/%lld is no longer kept", (long long)(o ? to - 1 : to));
    else if (o->why || (to > 0 && p->why))
        why = o->why ? o->why : p->why;
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 20);
    weir_str_printf(&s, "The checkpoint cannot go back to batch %lld: %s.", (long long)to, why);
    if (c->nback) weir_str_puts(&s, " It can go back to");
    for (int i = 0; i < c->nback; i++)
        weir_str_printf(&s, "%s %lld", i ? "," : "", (long long)c->back[i]);
    weir_str_puts(&s, c->nback ? "" : " No batch is left to which it can");
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message", s.p);
}

/* Snapshots before the logs: one that stayed would be taken for the state of a version that the
 * query has yet to make again. */
static void take_state(weir_ctx *ctx, const weir_ck *c, int64_t to, bool snapshots,
                       weir_ck_plan *p) {
    for (int i = 0; i < c->nstore; i++) {
        for (int32_t k = 0; k < c->store[i].npart; k++) {
            const weir_ck_part *part = &c->store[i].part[k];
            for (int64_t f = part->n; f-- > 0;) {
                int64_t v = part->file[f].version;
                if (v > to + 1 && part->file[f].snapshot == snapshots)
                    take_away(ctx, p,
                              TEXT("%s/%lld.%s", part->dir, (long long)v,
                                   snapshots ? "snapshot" : "delta"),
                              TEXT("state at the end of batch %lld", (long long)v - 1));
            }
        }
    }
}

static void say_sources(weir_ctx *ctx, const weir_ck *after, weir_ck_plan *p) {
    for (int i = 0; i < after->nsource; i++) {
        const weir_ck_source *s = &after->source[i];
        if (s->files >= 0 && s->newest > s->upto)
            say(p, TEXT("Source %d (%s): its log stays, and holds entries up to %lld. Batch %lld "
                        "takes the files of entries %lld to %lld at once, whatever the limits say",
                        i, s->kind, (long long)s->newest, (long long)after->next,
                        (long long)s->upto + 1, (long long)s->newest));
        else if (s->files < 0)
            say(p, TEXT("Source %d (%s) is read again from %s: what lies behind it must still be "
                        "there",
                        i, s->kind, s->offset ? s->offset : "its beginning"));
    }
}

static void say_sink(weir_ctx *ctx, const weir_ck *c, int64_t to, weir_ck_plan *p) {
    say(p, TEXT("The sink is not changed. What batches %lld and later wrote stays there",
                (long long)to + 1));
    if (c->sink_known && c->sink_batch <= to) {
        say(p, TEXT("The sink has no batch after %lld: nothing will be skipped", (long long)to));
        return;
    }
    const char *upto = c->sink_known ? TEXT("%lld", (long long)c->sink_batch) : NULL;
    say(p, TEXT("A Delta table (by the query's id in txn) and a file sink (by _spark_metadata) "
                "skip batches that they have: batches %lld to %s run again and %s NOT be written "
                "again",
                (long long)to + 1, upto ? upto : "the newest that it has",
                upto ? "will" : "would"));
    say(p, "If such a batch takes other input than the first time, the rows that were not written "
           "then are lost. Restoring the table does not help, its txn stays: a query that must "
           "write these batches anew needs a new checkpoint, and so a new id");
    say(p, "memory, console and foreachBatch get the rows of these batches again");
}

weir_rc weir_ck_plan_rollback(weir_ctx *ctx, const weir_ck *c, int64_t to, weir_ck_plan *p,
                              weir_ck **after) {
    int64_t top = c->planned > c->committed ? c->planned : c->committed;
    bool possible = false;
    *p = (weir_ck_plan){.mem = ctx->arena};
    for (int i = 0; i < c->nback; i++) possible |= c->back[i] == to;
    bool here = to == c->planned && to == c->committed;
    if (!possible && !(here && !c->stops)) return no_way_back(ctx, c, to);
    take_state(ctx, c, to, true, p);
    for (int64_t id = top; id > to; id--) {
        if (weir_ck_entry_of(&c->commits, id))
            take_away(ctx, p, TEXT("commits/%lld", (long long)id), "a later batch");
        if (weir_ck_entry_of(&c->offsets, id))
            take_away(ctx, p, TEXT("offsets/%lld", (long long)id), "a later batch");
    }
    take_state(ctx, c, to, false, p);
    WEIR_TRY(look_after(ctx, c, p, after));
    if ((*after)->stops)
        return refuse(ctx, *after, "Even after the rollback the next start would fail:");
    if (!p->n) return WEIR_OK;
    say_sources(ctx, *after, p);
    say_sink(ctx, c, to, p);
    return WEIR_OK;
}

/* ---- the sink ---- */

weir_rc weir_ck_sink(weir_ctx *ctx, weir_ck *c, const char *sink) {
    weir_sink_log log;
    weir_delta *d = NULL;
    c->sink_batch = -1;
    c->sink_known = true;
    if (strcmp(sink, "none") == 0) return WEIR_OK;
    WEIR_TRY(weir_sink_log_open(ctx, sink, &log));
    if (log.exists) {
        c->sink_batch = log.latest;
        return WEIR_OK;
    }
    WEIR_TRY(weir_delta_load(ctx, sink, -1, &d));
    if (d->version < 0)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         TEXT("%s is neither a Delta table nor the folder of a file sink. For "
                              "another sink say --sink none: it means that batches it gets twice "
                              "do no harm",
                              sink));
    if (!c->id)
        return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                         "The query's id is not known, so the table cannot say which of its "
                         "batches it has");
    c->sink_batch = weir_delta_txn_version(d, c->id, weir_now_ms(ctx->env));
    return WEIR_OK;
}

/* ---- carrying out ---- */

weir_rc weir_ck_lock(weir_ctx *ctx, const char *dir, weir_file **lock) {
    static const char owner[] = "weir checkpoint (a repair or rollback)";
    bool busy = false;
    WEIR_TRY(weir_path_lock(ctx, TEXT("%s/.weir.lock", dir), &busy, lock));
    if (!busy) return weir_file_write(ctx, *lock, owner, sizeof owner - 1);
    return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                     TEXT("A query runs on %s. Stop it first", dir));
}

static weir_rc make_kept(weir_ctx *ctx, const weir_ck *c, const char **kept) {
    time_t now = (time_t)(weir_now_ms(ctx->env) / 1000);
    struct tm tm;
    char text[32];
    weir_stat st = {.exists = true};
    gmtime_r(&now, &tm);
    strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm);
    for (int i = 1; st.exists; i++) {
        *kept = i == 1 ? TEXT(".weir-removed-%s", text) : TEXT(".weir-removed-%s-%d", text, i);
        WEIR_TRY(weir_path_stat(ctx, weir_ck_path(ctx, c, *kept), &st));
    }
    return weir_path_mkdirs(ctx, weir_ck_path(ctx, c, *kept));
}

static char *folder_of(weir_ctx *ctx, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? weir_strndup(ctx->arena, path, (size_t)(slash - path))
                 : weir_strdup(ctx->arena, "");
}

static weir_rc move(weir_ctx *ctx, const weir_ck *c, const char *kept, const char *path) {
    char *from = TEXT("%s/%s", c->dir, path), *to = TEXT("%s/%s/%s", c->dir, kept, path);
    weir_stat st;
    bool lost = false;
    WEIR_TRY(weir_path_stat(ctx, from, &st));
    return st.exists ? weir_path_rename(ctx, from, to, false, &lost) : WEIR_OK;
}

/* Its checksum goes first: a file without one is good. */
static weir_rc move_both(weir_ctx *ctx, const weir_ck *c, const char *kept, const char *path) {
    const char *folder = folder_of(ctx, path), *slash = strrchr(path, '/');
    WEIR_TRY(weir_path_mkdirs(ctx, TEXT("%s/%s/%s", c->dir, kept, folder)));
    WEIR_TRY(move(ctx, c, kept,
                  TEXT("%s%s.%s.crc", folder, *folder ? "/" : "", slash ? slash + 1 : path)));
    return move(ctx, c, kept, path);
}

weir_rc weir_ck_apply(weir_ctx *ctx, const weir_ck *c, const weir_ck_plan *p, const char **kept) {
    WEIR_TRY(make_kept(ctx, c, kept));
    for (int i = 0; i < p->n; i++) {
        char *folder = folder_of(ctx, p->remove[i]);
        bool more = i + 1 < p->n && strcmp(folder, folder_of(ctx, p->remove[i + 1])) == 0;
        WEIR_TRY(move_both(ctx, c, *kept, p->remove[i]));
        if (more && strncmp(folder, "state/", 6) == 0) continue;
        WEIR_TRY(weir_dir_sync(ctx, TEXT("%s/%s/%s", c->dir, *kept, folder)));
        WEIR_TRY(weir_dir_sync(ctx, TEXT("%s/%s", c->dir, folder)));
    }
    return WEIR_OK;
}
