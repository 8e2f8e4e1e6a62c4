/* A text file as the options have it: its lines, and what a missing or damaged one is. See files.h.
 * SPARK FileScanRDD, HadoopFileLinesReader */
#include "base/log.h"
#include "base/simd.h"
#include "source/files.h"

static weir_rc line_sep(weir_ctx *ctx, const weir_scan *s, weir_bytes *out) {
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

weir_rc weir_text_rule_of(weir_ctx *ctx, const weir_scan *s, weir_text_rule *out) {
    const weir_pack *pack;
    /* SPARK: files are unpacked by their names, yet the option is looked at */
    WEIR_TRY(weir_pack_find(ctx, weir_pack_name(&s->options), &pack));
    *out = (weir_text_rule){
        .skip_missing = weir_scan_flag(
            s, "ignoreMissingFiles",
            weir_conf_bool(ctx->conf, "spark.sql.files.ignoreMissingFiles")),
        .skip_damaged = weir_scan_flag(
            s, "ignoreCorruptFiles",
            weir_conf_bool(ctx->conf, "spark.sql.files.ignoreCorruptFiles"))};
    return line_sep(ctx, s, &out->sep);
}

/* ---- lines ---- */

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

/* ---- files ---- */

static void skipped(const char *uri, const char *why) {
    weir_log(WEIR_LOG_WARN, "%s is read no further: %s", uri, why);
}

/* Of a text that stops where it is damaged: how much are whole lines. */
static size_t whole_lines(const weir_text_file *t, weir_bytes sep) {
    size_t n = t->len, k = (size_t)sep.len;
    if (n && t->p[n - 1] == '\r') n--; /* whether a \n follows is not known */
    if (k) {
        while (n >= k && memcmp(t->p + n - k, sep.p, k) != 0) n--;
        return n >= k ? n : 0;
    }
    while (n && t->p[n - 1] != '\n' && t->p[n - 1] != '\r') n--;
    return n;
}

weir_rc weir_text_open(weir_ctx *ctx, const weir_text_rule *rule, const char *path,
                       const char *uri, bool whole, weir_text_file *out) {
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    weir_rc rc = weir_text_map(&c, path, out);
    bool missing = rc == WEIR_FAIL && quiet.cls == WEIR_E_FILE_NOT_EXIST,
         unread = rc == WEIR_FAIL && quiet.cls == WEIR_E_IO_FAILED;
    if (rc != WEIR_OK) *out = (weir_text_file){.p = ""};
    if (missing && rule->skip_missing)
        skipped(uri, "it is gone"), rc = WEIR_OK;
    else if (missing)
        rc = weir_fail(ctx, WEIR_E_FILE_NOT_EXIST, "path", uri);
    else if (unread && rule->skip_damaged)
        skipped(uri, quiet.msg), rc = WEIR_OK;
    else if (unread)
        rc = weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, uri, quiet.msg);
    else if (rc != WEIR_OK)
        weir_err_copy(ctx->err, &quiet);
    weir_err_clear(&quiet);
    if (rc == WEIR_OK && out->damage && !whole) out->len = whole_lines(out, rule->sep);
    return rc;
}

weir_rc weir_text_over(weir_ctx *ctx, const weir_text_rule *rule, const weir_text_file *t,
                       const char *uri) {
    if (!t->damage) return WEIR_OK;
    if (!rule->skip_damaged) return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, uri, t->damage);
    skipped(uri, t->damage);
    return WEIR_OK;
}

weir_rc weir_text_records(weir_ctx *ctx, const weir_text_rule *rule, const char *path, bool whole,
                       weir_rc (*fn)(weir_ctx *, void *u, const char *p, int64_t n, bool *enough),
                       void *u) {
    weir_text_file t;
    weir_lines lines;
    const char *line, *uri = weir_file_uri(ctx->arena, path);
    int64_t n;
    bool enough = false;
    WEIR_TRY(weir_text_open(ctx, rule, path, uri, whole, &t));
    if (whole && t.damage) return weir_text_over(ctx, rule, &t, uri);
    if (whole && t.len) WEIR_TRY(fn(ctx, u, t.p, (int64_t)t.len, &enough));
    if (whole) return weir_mapping_check(ctx, t.map);
    weir_lines_init(&lines, t.p, t.len, rule->sep);
    if (t.len >= 3 && memcmp(t.p, "\xEF\xBB\xBF", 3) == 0) lines.p += 3;
    for (int64_t i = 1; weir_lines_next(&lines, &line, &n); i++) {
        WEIR_TRY(fn(ctx, u, line, n, &enough));
        if (enough) return weir_mapping_check(ctx, t.map);
        if (i % 4096 == 0) WEIR_TRY(weir_check_cancel(ctx));
    }
    WEIR_TRY(weir_mapping_check(ctx, t.map));
    return weir_text_over(ctx, rule, &t, uri);
}
