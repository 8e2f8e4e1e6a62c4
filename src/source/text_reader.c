/* Reading text files record by record through a row maker, and putting partition columns beside.
 * One task. */
#include "base/simd.h"
#include "codec/pack.h"
#include "func/charset.h"
#include "source/files.h"

#include <strings.h>

enum { ROWS = 8192 };

typedef struct text_reader {
    weir_reader base;
    weir_scan *scan;
    const weir_split *split;
    int64_t nsplit, at_split;
    const weir_text_ops *ops;
    void *u;
    weir_arena *mem, *file_mem;
    const char *text, *window, *ahead; /* the file, the part of it that is at hand */
    size_t len;
    weir_lines lines;
    weir_bytes sep;
    bool open, whole, skip_missing;
    weir_task *task;
} text_reader;

weir_rc weir_line_sep(weir_ctx *ctx, const weir_scan *s, weir_bytes *out) {
    const char *v = weir_option_get(&s->options, "lineSep"),
               *enc = weir_option_get(&s->options, "encoding");
    if (!enc) enc = weir_option_get(&s->options, "charset");
    weir_charset set = WEIR_CHARSET_UTF8;
    *out = (weir_bytes){0};
    if (!v) return WEIR_OK;
    if (enc && !weir_charset_find(enc, strlen(enc), &set)) return WEIR_OK; /* said elsewhere */
    weir_str t;
    weir_str_init(&t, ctx->arena, 1 << 20);
    (void)weir_charset_encode(set, v, strlen(v), true, &t);
    *out = (weir_bytes){t.p, (int32_t)t.len};
    return WEIR_OK;
}

void weir_lines_init(weir_lines *l, const char *p, size_t n, weir_bytes sep) {
    *l = (weir_lines){.p = p, .end = n ? p + n : p, .sep = sep};
}

static const char *line_end(const weir_lines *l, size_t *skip) {
    size_t left = (size_t)(l->end - l->p);
    *skip = l->sep.len ? (size_t)l->sep.len : 1;
    if (l->sep.len) return memmem(l->p, left, l->sep.p, *skip);
    const char *stop = weir_line_stop(l->p, l->end);
    if (stop && *stop == '\r' && stop + 1 < l->end && stop[1] == '\n') *skip = 2;
    return stop;
}

bool weir_lines_next(weir_lines *l, const char **line, int64_t *n) {
    size_t skip;
    if (l->p >= l->end) return false;
    const char *stop = line_end(l, &skip);
    *line = l->p;
    *n = (stop ? stop : l->end) - l->p;
    l->p = stop ? stop + skip : l->end;
    return true;
}

static weir_rc open_file(weir_ctx *ctx, text_reader *r) {
    const weir_split *sp = &r->split[r->at_split];
    weir_arena_reset(r->file_mem);
    weir_ctx c = *ctx;
    weir_stat st = {.exists = true};
    c.arena = r->file_mem;
    r->open = true;
    r->ops->file(r->u, sp->uri);
    if (r->skip_missing) WEIR_TRY(weir_path_stat(&c, sp->path, &st));
    r->text = "";
    r->len = 0;
    r->window = r->ahead = NULL;
    bool mapped = true;
    if (st.exists) WEIR_TRY(weir_text_map(&c, sp->path, &r->text, &r->len, &mapped));
    if (!mapped) r->ahead = r->text + r->len; /* nothing to be brought in, or given back */
    weir_lines_init(&r->lines, r->text, r->len, r->sep);
    if (!r->whole && r->len >= 3 && memcmp(r->text, "\xEF\xBB\xBF", 3) == 0) r->lines.p += 3;
    return WEIR_OK;
}

/* Feeds records until the batch is full or the file ends. */
static weir_rc feed(weir_ctx *ctx, text_reader *r) {
    weir_lines *l = &r->lines;
    const char *p;
    int64_t n;
    if (r->whole && r->ops->step) {
        bool over = l->p >= l->end;
        if (!over) WEIR_TRY(r->ops->step(ctx, r->u, r->text, (int64_t)r->len, ROWS, &over));
        if (over) l->p = l->end;
        return WEIR_OK;
    }
    if (r->whole) {
        if (l->p < l->end) WEIR_TRY(r->ops->record(ctx, r->u, r->text, (int64_t)r->len, 0));
        l->p = l->end;
        return WEIR_OK;
    }
    for (;;) {
        if (l->p >= r->ahead && l->p < l->end)
            r->ahead = weir_map_advance(&r->window, l->p, l->end);
        if (r->ops->run && !l->sep.len) l->p = r->ops->run(r->u, l->p, l->end, ROWS);
        if (r->ops->rows(r->u) >= ROWS || !weir_lines_next(l, &p, &n)) return WEIR_OK;
        if (n || r->ops->blank) WEIR_TRY(r->ops->record(ctx, r->u, p, n, p - r->text));
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

/* A batch never spans files: input_file_name() and partition values hold for all of it. */
static weir_rc reader_next(weir_ctx *ctx, weir_reader *rd, weir_batch *out, bool *eof) {
    text_reader *r = (text_reader *)rd;
    for (;;) {
        *eof = r->at_split >= r->nsplit;
        if (*eof) return WEIR_OK;
        if (!r->open) WEIR_TRY(open_file(ctx, r));
        WEIR_TRY(feed(ctx, r));
        bool done = r->lines.p >= r->lines.end;
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
    weir_ctx c = *ctx;
    c.arena = mem;
    return weir_line_sep(&c, s, &r->sep);
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

void weir_json_infer_file(weir_json_infer *f, weir_bytes sep, bool whole, const char *p, size_t n) {
    weir_lines lines;
    const char *line;
    int64_t len;
    weir_lines_init(&lines, p, n, sep);
    while (!whole && weir_lines_next(&lines, &line, &len)) weir_json_infer_record(f, line, len);
    if (whole) weir_json_infer_record(f, p, (int64_t)n);
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
