/* Reading text files record by record through a row maker, and putting partition columns beside.
 * One task. */
#include "base/log.h"
#include "source/files.h"

enum { ROWS = 8192 };

typedef struct text_reader {
    weir_reader base;
    weir_scan *scan;
    const weir_split *split;
    int64_t nsplit, at_split;
    const weir_text_ops *ops;
    void *u;
    weir_arena *mem, *file_mem;
    weir_text_file text;
    const char *window, *ahead; /* the part of it that is at hand */
    weir_lines lines;
    weir_text_rule rule;
    bool open, whole;
    weir_task *task;
} text_reader;

static weir_rc open_file(weir_ctx *ctx, text_reader *r) {
    const weir_split *sp = &r->split[r->at_split];
    weir_text_file *t = &r->text;
    weir_arena_reset(r->file_mem);
    weir_ctx c = *ctx;
    c.arena = r->file_mem;
    r->ops->file(r->u, sp->uri);
    WEIR_TRY(weir_text_open(&c, &r->rule, sp->path, sp->uri, r->whole, t));
    r->open = true;
    r->window = r->ahead = NULL;
    if (r->whole && t->damage && !r->rule.skip_damaged)
        return weir_text_over(ctx, &r->rule, t, sp->uri);
    if (r->whole && t->damage) t->len = r->ops->cut ? r->ops->cut(r->u, t->p, t->len) : 0;
    if (!t->map) r->ahead = t->p + t->len; /* nothing to be brought in, or given back */
    weir_lines_init(&r->lines, t->p, t->len, r->rule.sep);
    if (!r->whole && t->len >= 3 && memcmp(t->p, "\xEF\xBB\xBF", 3) == 0) r->lines.p += 3;
    return WEIR_OK;
}

/* Feeds records until the batch is full or the file ends. */
static weir_rc feed(weir_ctx *ctx, text_reader *r) {
    weir_lines *l = &r->lines;
    const char *p;
    int64_t n;
    if (r->whole && r->ops->step) {
        bool over = l->p >= l->end;
        if (!over) WEIR_TRY(r->ops->step(ctx, r->u, r->text.p, (int64_t)r->text.len, ROWS, &over));
        if (over) l->p = l->end;
        return WEIR_OK;
    }
    if (r->whole) {
        if (l->p < l->end) WEIR_TRY(r->ops->record(ctx, r->u, r->text.p, (int64_t)r->text.len, 0));
        l->p = l->end;
        return WEIR_OK;
    }
    for (;;) {
        if (l->p >= r->ahead && l->p < l->end)
            r->ahead = weir_map_advance(&r->window, l->p, l->end);
        if (r->ops->run && !l->sep.len) l->p = r->ops->run(r->u, l->p, l->end, ROWS);
        if (r->ops->rows(r->u) >= ROWS || !weir_lines_next(l, &p, &n)) return WEIR_OK;
        if (n || r->ops->blank) WEIR_TRY(r->ops->record(ctx, r->u, p, n, p - r->text.p));
    }
}

static weir_rc give(weir_ctx *ctx, text_reader *r, weir_batch *out) {
    const weir_split *sp = &r->split[r->at_split];
    weir_batch data;
    WEIR_TRY(r->ops->take(ctx, r->u, &data));
    if (r->ops->decoded) WEIR_TRY(weir_batch_utf8(ctx, &data, &data));
    WEIR_TRY(weir_files_columns(ctx, r->scan, sp, &data, out));
    weir_task_file(ctx, sp);
    return WEIR_OK;
}

/* SPARK FileScanRDD: with ignoreCorruptFiles a file ends where something is wrong with it, but for
 * what FAILFAST finds. */
static weir_rc feed_or_end(weir_ctx *ctx, text_reader *r) {
    const weir_split *sp = &r->split[r->at_split];
    if (!r->rule.skip_damaged) return feed(ctx, r);
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    weir_rc rc = feed(&c, r);
    if (rc == WEIR_FAIL && quiet.cls == WEIR_E_FAILED_READ_FILE) {
        weir_log(WEIR_LOG_WARN, "%s is read no further: %s", sp->uri, quiet.cause);
        r->lines.p = r->lines.end;
        rc = WEIR_OK;
    } else if (rc != WEIR_OK) {
        weir_err_copy(ctx->err, &quiet);
    }
    weir_err_clear(&quiet);
    return rc;
}

/* A batch never spans files: input_file_name() and partition values hold for all of it. */
static weir_rc reader_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    text_reader *r = (text_reader *)rd;
    for (;;) {
        *eof = r->at_split >= r->nsplit;
        if (*eof) return WEIR_OK;
        if (!r->open) WEIR_TRY(open_file(ctx, r));
        WEIR_TRY(feed_or_end(ctx, r));
        WEIR_TRY(weir_mapping_check(ctx, r->text.map));
        bool done = r->lines.p >= r->lines.end, rows = r->ops->rows(r->u) > 0;
        if (rows) WEIR_TRY(give(ctx, r, out));
        if (done && !rows)
            WEIR_TRY(weir_text_over(ctx, &r->rule, &r->text, r->split[r->at_split].uri));
        if (done && (!rows || !r->text.damage)) r->open = false, r->at_split++;
        if (rows) return WEIR_OK;
        WEIR_TRY(weir_check_cancel(ctx));
    }
}

static void reader_close(weir_reader *rd) { weir_arena_free(((text_reader *)rd)->mem); }

weir_rc weir_text_reader(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                         const weir_text_ops *ops, void *u, weir_arena *mem, bool whole,
                         weir_reader **out) {
    text_reader *r = WEIR_NEW(mem, text_reader);
    *r = (text_reader){.base = {reader_next, reader_close},
                       .scan = s,
                       .split = sp,
                       .nsplit = n,
                       .ops = ops,
                       .u = u,
                       .mem = mem,
                       .file_mem = weir_arena_new(mem),
                       .whole = whole};
    weir_ctx c = *ctx;
    c.arena = mem;
    WEIR_TRY(weir_text_rule_of(&c, s, &r->rule));
    *out = &r->base;
    return WEIR_OK;
}

/* ---- JSON rows ---- */
typedef struct json_rows {
    weir_json_reader *reader;
} json_rows;

static weir_rc json_record(weir_ctx *ctx, void *u, const char *p, int64_t n, int64_t at) {
    bool kept;
    return weir_json_record(ctx, ((json_rows *)u)->reader, p, n, at, &kept);
}
static int64_t json_count(void *u) { return weir_json_rows(((json_rows *)u)->reader); }
static weir_rc json_take(weir_ctx *ctx, void *u, weir_batch *out) {
    return weir_json_take(ctx, ((json_rows *)u)->reader, out);
}
static void json_file(void *u, const char *uri) {
    weir_json_reader_file(((json_rows *)u)->reader, uri, weir_pack_of(uri) != NULL);
}

static const char *json_run(void *u, const char *p, const char *end, int64_t max_rows) {
    return weir_json_alike(((json_rows *)u)->reader, p, end, max_rows);
}

const weir_text_ops weir_json_text_ops = {.record = json_record,
                                          .rows = json_count,
                                          .take = json_take,
                                          .file = json_file,
                                          .run = json_run};

weir_rc weir_json_text(weir_ctx *ctx, weir_schema *schema, weir_json_options *o, void **u) {
    json_rows *j = WEIR_NEW(ctx->arena, json_rows);
    *u = j;
    return weir_json_reader_new(ctx, schema, o, &j->reader);
}
