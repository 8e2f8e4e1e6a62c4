/* Reading text files record by record through a row maker, and putting partition columns beside.
 * One task. */
#include "source/files.h"

#include <strings.h>

enum { ROWS = 8192 };

typedef struct text_reader {
    weir_reader base;
    weir_scan *scan;
    const weir_split *split;
    int64_t nsplit, at_split, at;
    const weir_text_ops *ops;
    void *u;
    weir_arena *mem, *file_mem;
    const char *text;
    size_t len;
    bool open, whole, skip_missing;
    weir_task *task;
} text_reader;

static weir_rc open_file(weir_ctx *ctx, text_reader *r) {
    const weir_split *sp = &r->split[r->at_split];
    weir_arena_reset(r->file_mem);
    weir_ctx c = *ctx;
    c.arena = r->file_mem;
    r->at = 0;
    r->open = true;
    r->ops->file(r->u, sp->uri);
    if (r->skip_missing) {
        weir_stat st;
        WEIR_TRY(weir_path_stat(&c, sp->path, &st));
        if (!st.exists) return r->text = "", r->len = 0, WEIR_OK;
    }
    return weir_file_map(&c, sp->path, &r->text, &r->len);
}

/* Feeds records until the batch is full or the file ends. */
static weir_rc feed(weir_ctx *ctx, text_reader *r) {
    const char *end = r->text + r->len;
    if (r->whole) {
        WEIR_TRY(r->ops->record(ctx, r->u, r->text, (int64_t)r->len, 0));
        r->at = (int64_t)r->len;
        return WEIR_OK;
    }
    const char *p = r->text + r->at;
    if (r->at == 0 && r->len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
    while (p < end && r->ops->rows(r->u) < ROWS) {
        const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
        int64_t n = stop - p;
        if (n && p[n - 1] == '\r') n--;
        if (n) WEIR_TRY(r->ops->record(ctx, r->u, p, n, p - r->text));
        p = nl ? nl + 1 : end;
    }
    r->at = p - r->text;
    return WEIR_OK;
}

static weir_rc give(weir_ctx *ctx, text_reader *r, weir_batch *out) {
    const weir_split *sp = &r->split[r->at_split];
    weir_batch data;
    WEIR_TRY(r->ops->take(ctx, r->u, &data));
    WEIR_TRY(weir_files_columns(ctx, r->scan, sp, &data, out));
    weir_task_file(ctx, sp);
    return WEIR_OK;
}

/* A batch never spans files: input_file_name() and partition values hold for all of it. */
static weir_rc reader_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    text_reader *r = (text_reader *)rd;
    for (;;) {
        *eof = r->at_split >= r->nsplit;
        if (*eof) return WEIR_OK;
        if (!r->open) WEIR_TRY(open_file(ctx, r));
        WEIR_TRY(feed(ctx, r));
        bool done = r->at >= (int64_t)r->len;
        if (r->ops->rows(r->u)) {
            WEIR_TRY(give(ctx, r, out));
            if (done) r->open = false, r->at_split++;
            return WEIR_OK;
        }
        if (done) r->open = false, r->at_split++;
        WEIR_TRY(weir_check_cancel(ctx));
    }
}

static void reader_close(weir_reader *rd) { weir_arena_free(((text_reader *)rd)->mem); }

weir_rc weir_text_reader(weir_ctx *ctx, weir_scan *s, const weir_split *sp, int64_t n,
                         const weir_text_ops *ops, void *u, weir_arena *mem, bool whole,
                         weir_reader **out) {
    text_reader *r = WEIR_NEW(mem, text_reader);
    bool skip = weir_scan_flag(s, "ignoreMissingFiles",
                               weir_conf_bool(ctx->conf, "spark.sql.files.ignoreMissingFiles"));
    *r = (text_reader){.base = {reader_next, reader_close},
                       .scan = s,
                       .split = sp,
                       .nsplit = n,
                       .ops = ops,
                       .u = u,
                       .mem = mem,
                       .file_mem = weir_arena_new(mem),
                       .whole = whole,
                       .skip_missing = skip};
    *out = &r->base;
    return WEIR_OK;
}

/* ---- JSON rows ---- */
typedef struct json_rows {
    weir_json_reader *reader;
    weir_json_options *o;
} json_rows;

static weir_rc json_record(weir_ctx *ctx, void *u, const char *p, int64_t n, int64_t at) {
    bool kept;
    return weir_json_record(ctx, ((json_rows *)u)->reader, p, n, at, &kept);
}
static int64_t json_count(void *u) { return weir_json_rows(((json_rows *)u)->reader); }
static weir_rc json_take(weir_ctx *ctx, void *u, weir_batch *out) {
    return weir_json_take(ctx, ((json_rows *)u)->reader, out);
}
static void json_file(void *u, const char *uri) { ((json_rows *)u)->o->file = uri; }

const weir_text_ops weir_json_text_ops = {json_record, json_count, json_take, json_file};

weir_rc weir_json_text(weir_ctx *ctx, weir_schema *schema, weir_json_options *o, void **u) {
    json_rows *j = WEIR_NEW(ctx->arena, json_rows);
    j->o = o;
    *u = j;
    return weir_json_reader_new(ctx, schema, o, &j->reader);
}
