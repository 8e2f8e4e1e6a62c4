/* The sources of a checkpoint: what the newest offsets say of each, and the logs of files beside
 * them. See checkpoint.h. */
#include "inspect/inner.h"

#include "io/log_text.h"

#include <stdlib.h>
#include <string.h>

#define TEXT WEIR_CK_TEXT
#define COPY "Restore it from a copy of the checkpoint"

/* ---- the log of a file source ---- */

static weir_rc count_lines(weir_ctx *ctx, const char *path, int64_t *files) {
    char *text = NULL;
    int version = 0;
    WEIR_TRY(weir_log_text(ctx, path, 1, &version, &text));
    for (char *s = text, *end; *s; s = *end ? end + 1 : end) {
        end = s + strcspn(s, "\n");
        const weir_json *j = weir_json_parse(ctx->arena, s, (size_t)(end - s), NULL);
        if (!weir_json_str(j, "path", NULL))
            return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                             "a line is not a JSON object with a path");
        (*files)++;
    }
    return WEIR_OK;
}

/* *why NULL: the entry is whole. */
static weir_rc try_entry(weir_ctx *ctx, const char *path, int64_t *files, const char **why) {
    weir_err err;
    weir_ctx own = *ctx;
    weir_err_init(&err);
    own.err = &err;
    return weir_ck_caught(ctx, count_lines(&own, path, files), &err, why);
}

typedef struct names { /* of one log */
    const char *below;
    int64_t compact, newest, *id, n; /* id: plain entries */
} names;

static weir_rc find_names(weir_ctx *ctx, const weir_ck *c, const char *below, names *out) {
    weir_dirent *e = NULL;
    int64_t n = 0;
    *out = (names){.below = below, .compact = -1, .newest = -1};
    WEIR_TRY(weir_ck_list(ctx, c, below, &e, &n));
    out->id = WEIR_NEWN(ctx->arena, int64_t, n + 1);
    for (int64_t i = 0; i < n; i++) {
        const char *tail = "";
        int64_t id = weir_ck_number(e[i].name, &tail);
        bool compact = strcmp(tail, ".compact") == 0;
        if (id < 0 || (*tail && !compact)) continue;
        if (id > out->newest) out->newest = id;
        if (compact && id > out->compact) out->compact = id;
        if (!compact) out->id[out->n++] = id;
    }
    return WEIR_OK;
}

static bool has(const names *l, int64_t id) {
    for (int64_t i = 0; i < l->n; i++)
        if (l->id[i] == id) return true;
    return false;
}

/* An entry above what the offsets name was claimed for a batch that is not planned yet: its files
 * are found again. */
static weir_rc judge_entry(weir_ctx *ctx, weir_ck *c, const weir_ck_source *s, const char *path,
                           int64_t id, const char *why) {
    bool torn = false;
    WEIR_TRY(weir_ck_torn(ctx, weir_ck_path(ctx, c, path), &torn));
    if (torn && id > s->upto && id == s->newest)
        weir_ck_note(ctx, c, WEIR_CK_MENDABLE, path, why,
                     "No batch was planned with it: without it its files are found again", path);
    else
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path, why, COPY, NULL);
    return WEIR_OK;
}

static weir_rc read_file_log(weir_ctx *ctx, weir_ck *c, int i, weir_ck_source *s) {
    names l;
    const char *below = TEXT("sources/%d", i), *why = NULL;
    s->files = 0;
    WEIR_TRY(find_names(ctx, c, below, &l));
    s->newest = l.newest;
    WEIR_TRY(weir_ck_leftovers(ctx, c, below));
    for (int64_t id = l.compact < 0 ? 0 : l.compact; id <= l.newest; id++) {
        bool compact = id == l.compact;
        const char *path = TEXT("%s/%lld%s", below, (long long)id, compact ? ".compact" : "");
        if (!compact && !has(&l, id))
            why = "missing: the log has later entries";
        else
            WEIR_TRY(try_entry(ctx, weir_ck_path(ctx, c, path), &s->files, &why));
        if (why) WEIR_TRY(judge_entry(ctx, c, s, path, id, why));
    }
    if (s->upto > s->newest)
        weir_ck_note(ctx, c, WEIR_CK_STOPS, below,
                     TEXT("the offsets name entries up to %lld of its log of files, the newest is "
                          "%lld",
                          (long long)s->upto, (long long)s->newest),
                     "Restore the folder from a copy of the checkpoint", NULL);
    return WEIR_OK;
}

/* ---- kinds ---- */

/* A number is rate's (with the time of its start beside it), socket's or memory's. */
static weir_rc read_number(weir_ctx *ctx, weir_ck *c, int i, weir_ck_source *s) {
    const char *path = TEXT("sources/%d/0", i);
    char *text = NULL, *end;
    size_t n = 0;
    weir_stat st;
    WEIR_TRY(weir_path_stat(ctx, weir_ck_path(ctx, c, path), &st));
    s->kind = st.exists ? "rate" : "socket, memory, or rate";
    if (!st.exists) return WEIR_OK;
    WEIR_TRY(weir_file_slurp(ctx, weir_ck_path(ctx, c, path), &text, &n));
    char *number = strncmp(text, "v1\n", 3) == 0 ? text + 3 : text;
    (void)strtoll(number, &end, 10);
    if (end == number || (*end && *end != '\n'))
        weir_ck_note(ctx, c, WEIR_CK_STOPS, path,
                     "it does not hold the start time of a rate source", COPY, NULL);
    return WEIR_OK;
}

static weir_rc read_source(weir_ctx *ctx, weir_ck *c, int i, const char *line,
                           weir_ck_source *s) {
    const weir_json *j = line ? weir_json_parse(ctx->arena, line, strlen(line), NULL) : NULL;
    *s = (weir_ck_source){"no offset yet", line, -1, -1, -1};
    if (!j) return WEIR_OK;
    s->kind = "unknown";
    if (j->kind == WEIR_J_NUMBER) return read_number(ctx, c, i, s);
    if (j->kind != WEIR_J_OBJECT) return WEIR_OK;
    const char *log = weir_json_get(j, "logOffset") ? "logOffset"
                      : weir_json_get(j, "seqNum")  ? "seqNum"
                                                    : NULL;
    if (log) {
        s->kind = *log == 'l' ? "files" : "cloudFiles";
        s->upto = weir_json_int(j, log, -1);
        return read_file_log(ctx, c, i, s);
    }
    if (weir_json_get(j, "reservoirId"))
        s->kind = "delta";
    else if (weir_json_get(j, "offset") && weir_json_get(j, "timestamp"))
        s->kind = "rate-micro-batch";
    else if (j->len && j->item[0]->kind == WEIR_J_OBJECT)
        s->kind = "kafka";
    return WEIR_OK;
}

static bool has_log(const char *line) {
    return line && (strstr(line, "\"logOffset\"") || strstr(line, "\"seqNum\""));
}

/* A source that the query names twice has two lines of offsets, which are the same, and one folder:
 * from line i on there are more lines of file sources than folders. */
static weir_rc is_again(weir_ctx *ctx, const weir_ck *c, const weir_offsets *o, int i, bool *yes) {
    weir_dirent *e = NULL;
    int64_t n = 0, lines = 0, folders = 0;
    bool before = false;
    *yes = false;
    if (!has_log(o->line[i])) return WEIR_OK;
    for (int k = 0; k < i; k++) before |= o->line[k] && strcmp(o->line[k], o->line[i]) == 0;
    if (!before) return WEIR_OK;
    WEIR_TRY(weir_ck_list(ctx, c, "sources", &e, &n));
    for (int64_t k = 0; k < n; k++) {
        const char *tail = "";
        folders += weir_ck_number(e[k].name, &tail) >= c->nsource && !*tail;
    }
    for (int k = i; k < o->n; k++) lines += has_log(o->line[k]);
    *yes = lines > folders;
    return WEIR_OK;
}

weir_rc weir_ck_read_sources(weir_ctx *ctx, weir_ck *c) {
    const weir_ck_entry *last = NULL;
    for (int64_t i = c->offsets.n; i-- > 0 && !last;)
        if (!c->offsets.v[i].why) last = &c->offsets.v[i];
    if (!last) return WEIR_OK;
    c->source = WEIR_NEWN(ctx->arena, weir_ck_source, last->o.n + 1);
    for (int i = 0; i < last->o.n; i++) {
        bool again = false;
        WEIR_TRY(is_again(ctx, c, &last->o, i, &again));
        if (again) continue;
        WEIR_TRY(read_source(ctx, c, c->nsource, last->o.line[i], &c->source[c->nsource]));
        c->nsource++;
    }
    return WEIR_OK;
}
