/* What was found, for people and as JSON. See checkpoint.h. */
#include "inspect/inner.h"

#include "query/query.h"

#include <string.h>

static const char *const grades[] = {"harmless", "repair", "restore"};

static const char *next_text(weir_ctx *ctx, const weir_ck *c) {
    if (c->stops) return "fails: see damage";
    if (c->planned < 0) return "plans batch 0: the query has not begun";
    if (c->again)
        return WEIR_CK_TEXT("runs batch %lld again, from the offsets logged for it, with watermark "
                            "%lld ms",
                            (long long)c->next, (long long)c->watermark_ms);
    return WEIR_CK_TEXT("plans batch %lld behind batch %lld, with watermark %lld ms",
                        (long long)c->next, (long long)c->planned, (long long)c->watermark_ms);
}

/* ---- text ---- */

static void log_text(const weir_ck_log *l, const char *word, weir_str *out) {
    if (!l->n)
        weir_str_printf(out, "none %s", word);
    else
        weir_str_printf(out, "%lld to %lld %s", (long long)l->v[0].id,
                        (long long)l->v[l->n - 1].id, word);
}

static void sources_text(const weir_ck *c, weir_str *out) {
    weir_str_puts(out, c->nsource ? "sources\n" : "");
    for (int i = 0; i < c->nsource; i++) {
        const weir_ck_source *s = &c->source[i];
        weir_str_printf(out, "  %d %s, at %s", i, s->kind, s->offset ? s->offset : "-");
        if (s->files >= 0)
            weir_str_printf(out, "; its log has entries up to %lld, %lld files",
                            (long long)s->newest, (long long)s->files);
        weir_str_putc(out, '\n');
    }
}

static void range_text(const weir_ck_store *s, weir_str *out) {
    int64_t lowest = -1, highest = -1;
    for (int32_t i = 0; i < s->npart; i++) {
        const weir_ck_part *p = &s->part[i];
        if (!p->n) continue;
        if (lowest < 0 || p->file[0].version < lowest) lowest = p->file[0].version;
        if (p->file[p->n - 1].version > highest) highest = p->file[p->n - 1].version;
    }
    if (lowest >= 0)
        weir_str_printf(out, "; files of versions %lld to %lld", (long long)lowest,
                        (long long)highest);
}

static void store_text(weir_ctx *ctx, const weir_ck *c, const weir_ck_store *s, weir_str *out) {
    weir_str_printf(out, "  operator %d %s, store %s", (int)s->op,
                    s->op_name ? s->op_name : "(no name)", s->name);
    if (!c->understood) {
        weir_str_printf(out, ", not looked into: provider %s\n", c->provider);
        return;
    }
    weir_str_printf(out, ", %d partition%s\n    version %lld: ", (int)s->npart,
                    s->npart == 1 ? "" : "s", (long long)s->version);
    if (s->rows < 0)
        weir_str_puts(out, "cannot be loaded");
    else
        weir_str_printf(out, "%lld rows", (long long)s->rows);
    weir_str_printf(out, "; %lld bytes on disk", (long long)s->size_bytes);
    range_text(s, out);
    weir_str_putc(out, '\n');
    if (s->key)
        weir_str_printf(out, "    key %s\n    value %s\n", weir_type_name(ctx->arena, s->key),
                        weir_type_name(ctx->arena, s->value));
}

static void found_text(const weir_ck *c, bool damage, weir_str *out) {
    bool any = false;
    for (int i = 0; i < c->nfound; i++) {
        const weir_ck_finding *f = &c->found[i];
        if ((f->grade != WEIR_CK_HARMLESS) != damage) continue;
        if (!any) weir_str_puts(out, damage ? "damage\n" : "harmless\n");
        any = true;
        weir_str_printf(out, "  %s: %s.%s%s%s\n", f->path, f->what, *f->todo ? " " : "", f->todo,
                        *f->todo ? "." : "");
        if (f->grade == WEIR_CK_MENDABLE)
            weir_str_printf(out, "    weir checkpoint repair %s\n", c->dir);
    }
    if (damage && !any) weir_str_puts(out, "damage     none\n");
}

static void back_text(const weir_ck *c, weir_str *out) {
    weir_str_puts(out, "rollback   ");
    if (!c->nback) weir_str_puts(out, "to no batch");
    for (int i = 0; i < c->nback;) { /* as ranges */
        int j = i;
        while (j + 1 < c->nback && c->back[j + 1] == c->back[j] + 1) j++;
        weir_str_printf(out, "%s%lld", i ? ", " : "to batch ", (long long)c->back[i]);
        if (j > i) weir_str_printf(out, " to %lld", (long long)c->back[j]);
        i = j + 1;
    }
    weir_str_puts(out, " (weir checkpoint rollback DIR --to N)\n");
}

void weir_ck_text(weir_ctx *ctx, const weir_ck *c, weir_str *out) {
    char time[32];
    weir_iso_time(c->watermark_ms, time);
    weir_str_printf(out, "checkpoint %s\nquery      %s, ", c->dir, c->id ? c->id : "without an id");
    if (c->running)
        weir_str_printf(out, "running (run %s): what follows is a picture of one moment\n",
                        c->run_id);
    else
        weir_str_puts(out, "not run by weir now (a run of Spark cannot be seen)\n");
    weir_str_puts(out, "batches    ");
    log_text(&c->offsets, "planned", out);
    weir_str_puts(out, ", ");
    log_text(&c->commits, "committed", out);
    weir_str_printf(out, "\nwatermark  %s (%lld ms)\n", time, (long long)c->watermark_ms);
    if (*c->provider)
        weir_str_printf(out,
                        "recorded   %d partitions, codec %s, row checksums %s\n           %s\n",
                        (int)c->npart, c->codec, c->row_checksum ? "on" : "off", c->provider);
    sources_text(c, out);
    weir_str_puts(out, c->nstore ? "state\n" : "state      none\n");
    for (int i = 0; i < c->nstore; i++) store_text(ctx, c, &c->store[i], out);
    weir_str_printf(out, "next start %s\n", next_text(ctx, c));
    back_text(c, out);
    found_text(c, true, out);
    found_text(c, false, out);
}

void weir_ck_plan_text(weir_ctx *ctx, const weir_ck *after, const weir_ck_plan *p,
                       const char *kept, weir_str *out) {
    if (!p->n) {
        weir_str_printf(out, "nothing to do: the next start %s\n", next_text(ctx, after));
        return;
    }
    if (kept)
        weir_str_printf(out, "%d files moved to %s/%s\n", p->n, after->dir, kept);
    else
        weir_str_printf(out, "%d files would be moved into a folder beside them\n", p->n);
    for (int i = 0; i < p->n; i++) weir_str_printf(out, "  %s (%s)\n", p->remove[i], p->why[i]);
    for (int i = 0; i < p->nsay; i++) weir_str_printf(out, "%s.\n", p->say[i]);
    weir_str_printf(out, "%s the next start %s\n", kept ? "Now" : "Then", next_text(ctx, after));
    weir_str_puts(out, kept ? "To undo it, move the files back.\n"
                            : "Nothing was changed: add --apply to do it.\n");
}

/* ---- JSON ---- */

static void key_text(weir_jw *w, const char *key, const char *v) {
    weir_jw_key(w, key);
    weir_jw_str(w, v);
}
static void key_int(weir_jw *w, const char *key, int64_t v) {
    weir_jw_key(w, key);
    weir_jw_int(w, v);
}
static void key_flag(weir_jw *w, const char *key, bool v) {
    weir_jw_key(w, key);
    weir_jw_bool(w, v);
}

static void log_json(weir_jw *w, const char *key, const weir_ck_log *l) {
    weir_jw_key(w, key);
    weir_jw_arr(w);
    for (int64_t i = 0; i < l->n; i++) weir_jw_int(w, l->v[i].id);
    weir_jw_end_arr(w);
}

static void sources_json(const weir_ck *c, weir_jw *w) {
    weir_jw_key(w, "sources");
    weir_jw_arr(w);
    for (int i = 0; i < c->nsource; i++) {
        const weir_ck_source *s = &c->source[i];
        weir_jw_obj(w);
        key_text(w, "kind", s->kind);
        key_text(w, "offset", s->offset);
        if (s->files >= 0) {
            key_int(w, "newestEntry", s->newest);
            key_int(w, "files", s->files);
        }
        weir_jw_end_obj(w);
    }
    weir_jw_end_arr(w);
}

static void schema_json(weir_ctx *ctx, weir_jw *w, const char *key, weir_schema *t) {
    weir_str s;
    if (!t) return;
    weir_str_init(&s, ctx->arena, 64 << 20);
    weir_type_to_json(t, &s);
    weir_jw_key(w, key);
    weir_jw_raw(w, s.p);
}

static void state_json(weir_ctx *ctx, const weir_ck *c, weir_jw *w) {
    weir_jw_key(w, "state");
    weir_jw_arr(w);
    for (int i = 0; i < c->nstore; i++) {
        const weir_ck_store *s = &c->store[i];
        weir_jw_obj(w);
        key_int(w, "operatorId", s->op);
        key_text(w, "operatorName", s->op_name);
        key_text(w, "storeName", s->name);
        key_flag(w, "understood", c->understood);
        key_int(w, "partitions", s->npart);
        key_int(w, "version", s->version);
        if (s->rows >= 0) key_int(w, "rows", s->rows);
        key_int(w, "bytes", s->size_bytes);
        schema_json(ctx, w, "key", s->key);
        schema_json(ctx, w, "value", s->value);
        weir_jw_end_obj(w);
    }
    weir_jw_end_arr(w);
}

static void found_json(const weir_ck *c, weir_jw *w) {
    weir_jw_key(w, "findings");
    weir_jw_arr(w);
    for (int i = 0; i < c->nfound; i++) {
        const weir_ck_finding *f = &c->found[i];
        weir_jw_obj(w);
        key_text(w, "grade", grades[f->grade]);
        key_text(w, "path", f->path);
        key_text(w, "what", f->what);
        key_text(w, "todo", f->todo);
        key_text(w, "remove", f->remove);
        weir_jw_end_obj(w);
    }
    weir_jw_end_arr(w);
}

static void next_json(weir_ctx *ctx, const weir_ck *c, weir_jw *w) {
    weir_jw_key(w, "next");
    weir_jw_obj(w);
    key_flag(w, "starts", !c->stops);
    key_int(w, "batch", c->next);
    key_flag(w, "again", c->again);
    key_int(w, "watermarkMs", c->watermark_ms);
    key_text(w, "text", next_text(ctx, c));
    weir_jw_end_obj(w);
}

static void texts_json(weir_jw *w, const char *key, const char *const *v, int n) {
    weir_jw_key(w, key);
    weir_jw_arr(w);
    for (int i = 0; i < n; i++) weir_jw_str(w, v[i]);
    weir_jw_end_arr(w);
}

void weir_ck_json(weir_ctx *ctx, const weir_ck *c, weir_str *out) {
    weir_jw w;
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    key_text(&w, "checkpoint", c->dir);
    key_text(&w, "id", c->id);
    key_flag(&w, "running", c->running);
    key_text(&w, "runId", c->run_id);
    log_json(&w, "planned", &c->offsets);
    log_json(&w, "committed", &c->commits);
    key_text(&w, "provider", c->provider);
    key_text(&w, "codec", c->codec);
    key_int(&w, "partitions", c->npart);
    key_flag(&w, "rowChecksum", c->row_checksum);
    sources_json(c, &w);
    state_json(ctx, c, &w);
    next_json(ctx, c, &w);
    weir_jw_key(&w, "rollback");
    weir_jw_arr(&w);
    for (int i = 0; i < c->nback; i++) weir_jw_int(&w, c->back[i]);
    weir_jw_end_arr(&w);
    found_json(c, &w);
    weir_jw_end_obj(&w);
    weir_str_putc(out, '\n');
}

void weir_ck_plan_json(weir_ctx *ctx, const weir_ck *after, const weir_ck_plan *p,
                       const char *kept, weir_str *out) {
    weir_jw w;
    weir_jw_init(&w, out);
    weir_jw_obj(&w);
    key_text(&w, "checkpoint", after->dir);
    key_flag(&w, "applied", kept != NULL);
    key_text(&w, "kept", kept);
    texts_json(&w, "remove", p->remove, p->n);
    texts_json(&w, "why", p->why, p->n);
    texts_json(&w, "consequences", p->say, p->nsay);
    next_json(ctx, after, &w);
    weir_jw_end_obj(&w);
    weir_str_putc(out, '\n');
}
