/* Rows as text: JSON, CSV, XML and plain text files. SPARK JsonOutputWriter, UnivocityGenerator,
 * XmlOutputWriter, TextOutputWriter. Called by the file sink; a file belongs to one task. */
#include "sink/text_format.h"

#include "base/utf8.h"
#include "codec/pack.h"
#include "codec/xml_write.h"
#include "func/charset.h"
#include "func/func.h"

#include <strings.h>

enum { FLUSH = 1 << 20 };

typedef struct csv_options {
    const char *sep, *null_value, *empty_value;
    char quote, escape;
    bool header, quote_all, escape_quotes, trim_left, trim_right;
} csv_options;

struct weir_file_out {
    weir_file *f;
    const char *path;
    weir_str buf, cell, packed; /* cell: a value before its quotes */
    weir_packer *packer;        /* NULL: the text is written as it is */
    int64_t bytes;
    const weir_write_info *info;
    const char *line_end;
    weir_json_write json;
    weir_charset charset;
    weir_str encoded; /* not UTF-8 */
    csv_options csv;
    weir_xml_writer xml;
    bool begun; /* what comes before the rows is written */
    void (*row)(weir_file_out *, const weir_batch *, int64_t row);
};

static const char *get_option(void *u, const char *key) {
    return weir_option_get(&((const weir_write_info *)u)->options, key);
}

static bool flag(const weir_write_info *i, const char *key, bool dflt) {
    const char *v = weir_option_get(&i->options, key);
    return v ? strcasecmp(v, "true") == 0 : dflt;
}

static weir_rc check_text_file(weir_ctx *ctx, const weir_write_info *i) {
    const weir_pack *pack;
    return weir_pack_find(ctx, weir_option_get(&i->options, "compression"), &pack);
}

static weir_rc check_utf8(weir_ctx *ctx, const weir_write_info *i) {
    const char *enc = weir_option_get(&i->options, "encoding");
    if (enc && strcasecmp(enc, "UTF-8") != 0)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         weir_printf(ctx->arena, "the encoding %s; write UTF-8", enc));
    return check_text_file(ctx, i);
}

static weir_rc charset_of(weir_ctx *ctx, const weir_write_info *i, const char *options,
                          weir_charset *out) {
    const char *v = weir_option_get(&i->options, "encoding");
    return weir_charset_option(ctx, v ? v : weir_option_get(&i->options, "charset"), options, out);
}

static weir_rc bad_column(weir_ctx *ctx, const weir_field *f, const char *format) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "columnName",
                     weir_printf(ctx->arena, "`%s`", f->name), "columnType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->type)),
                     "format", format);
}

static weir_rc open_file(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                         weir_file_out **out) {
    weir_file_out *o = WEIR_NEW(mem, weir_file_out);
    const char *end = weir_option_get(&i->options, "lineSep");
    o->info = i;
    o->line_end = end && *end ? end : "\n";
    weir_str_init(&o->buf, mem, 1u << 30);
    weir_str_init(&o->packed, mem, 1u << 30);
    const weir_pack *pack;
    WEIR_TRY(weir_pack_find(ctx, weir_option_get(&i->options, "compression"), &pack));
    if (pack) o->packer = weir_packer_new(mem, pack);
    *out = o;
    return weir_file_create(ctx, path, true, &o->f);
}

static weir_rc flush(weir_ctx *ctx, weir_file_out *o, bool last) {
    const weir_str *t = &o->buf;
    o->packed.len = o->encoded.len = 0;
    if (o->charset && t->len) {
        (void)weir_charset_encode(o->charset, t->p, t->len, !o->begun, &o->encoded);
        o->begun = true;
        t = &o->encoded;
    }
    if (o->packer) {
        weir_packer_add(o->packer, t->p ? t->p : "", t->len, last, &o->packed);
        t = &o->packed;
    }
    if (t->len) WEIR_TRY(weir_file_write(ctx, o->f, t->p, t->len));
    o->bytes += (int64_t)t->len;
    o->buf.len = 0;
    return WEIR_OK;
}

static weir_rc add_rows(weir_ctx *ctx, weir_file_out *o, const weir_batch *b) {
    for (int64_t i = 0; i < b->len; i++) {
        o->row(o, b, i);
        weir_str_puts(&o->buf, o->line_end);
        if (o->buf.len >= FLUSH) WEIR_TRY(flush(ctx, o, false));
    }
    return WEIR_OK;
}

static weir_rc finish_file(weir_ctx *ctx, weir_file_out *o, int64_t *bytes) {
    weir_file *f = o->f;
    WEIR_TRY(flush(ctx, o, true));
    WEIR_TRY(weir_file_sync(ctx, f));
    o->f = NULL;
    *bytes = o->bytes;
    return weir_file_close(ctx, f);
}

static void drop_file(weir_file_out *o) {
    if (o && o->f) weir_file_drop(o->f);
    if (o) o->f = NULL;
}

/* ---- JSON ---- */

static bool has_kind(const weir_type *t, weir_kind k) {
    bool found = t->kind == k;
    for (int i = 0; i < t->nfield && !found; i++) found = has_kind(t->field[i].type, k);
    return found;
}

static weir_rc json_check(weir_ctx *ctx, const weir_write_info *i) {
    weir_charset set;
    WEIR_TRY(check_text_file(ctx, i));
    WEIR_TRY(charset_of(ctx, i, "`JSONOptions`", &set));
    for (int c = 0; c < i->schema->nfield; c++) {
        const weir_field *f = &i->schema->field[c];
        if (has_kind(f->type, WEIR_T_TIME))
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_TIME_TYPE, "typeName", "TIME");
        if (has_kind(f->type, WEIR_T_INTERVAL)) return bad_column(ctx, f, "JSON");
    }
    return WEIR_OK;
}

static void json_row(weir_file_out *o, const weir_batch *b, int64_t row) {
    const weir_column whole = {
        .type = b->schema, .len = b->len, .kid = b->col, .nkid = b->schema->nfield};
    weir_json_put(&o->json, &whole, row, &o->buf);
}

static weir_rc json_open(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                         weir_file_out **out) {
    weir_ctx c = *ctx;
    c.arena = mem;
    WEIR_TRY(open_file(ctx, mem, path, i, out));
    (*out)->row = json_row;
    WEIR_TRY(charset_of(ctx, i, "`JSONOptions`", &(*out)->charset));
    weir_str_init(&(*out)->encoded, mem, 1u << 30);
    return weir_json_write_options(&c, get_option, (void *)(uintptr_t)i, &(*out)->json);
}

/* ---- text ---- */

static weir_rc text_check(weir_ctx *ctx, const weir_write_info *i) {
    WEIR_TRY(check_utf8(ctx, i));
    for (int c = 0; c < i->schema->nfield; c++)
        if (i->schema->field[c].type->kind != WEIR_T_STRING)
            return bad_column(ctx, &i->schema->field[c], "Text");
    if (i->schema->nfield != 1)
        return weir_fail(ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         weir_printf(ctx->arena,
                                     "Text data source supports only a single column, and you have "
                                     "%d columns.",
                                     i->schema->nfield));
    return WEIR_OK;
}

static void text_row(weir_file_out *o, const weir_batch *b, int64_t row) {
    if (weir_is_null(&b->col[0], row)) return;
    weir_bytes t = weir_get_bytes(&b->col[0], row);
    weir_str_add(&o->buf, t.p, (size_t)t.len);
}

static weir_rc text_open(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                         weir_file_out **out) {
    WEIR_TRY(open_file(ctx, mem, path, i, out));
    (*out)->row = text_row;
    return WEIR_OK;
}

/* ---- CSV ---- */

static weir_rc csv_check(weir_ctx *ctx, const weir_write_info *i) {
    weir_charset set;
    WEIR_TRY(check_text_file(ctx, i));
    WEIR_TRY(charset_of(ctx, i, "`CSVOptions`", &set));
    for (int c = 0; c < i->schema->nfield; c++)
        if (weir_type_is_nested(i->schema->field[c].type) ||
            i->schema->field[c].type->kind == WEIR_T_BINARY)
            return bad_column(ctx, &i->schema->field[c], "CSV");
    return WEIR_OK;
}

static char one_char(const weir_write_info *i, const char *key, char dflt) {
    const char *v = weir_option_get(&i->options, key);
    return v ? *v : dflt;
}

static csv_options csv_options_of(const weir_write_info *i) {
    const char *sep = weir_option_get(&i->options, "sep"),
               *delimiter = weir_option_get(&i->options, "delimiter"),
               *null = weir_option_get(&i->options, "nullValue"),
               *empty = weir_option_get(&i->options, "emptyValue");
    return (csv_options){.sep = sep         ? sep
                                : delimiter ? delimiter
                                            : ",",
                         .null_value = null ? null : "",
                         .empty_value = empty ? empty : "\"\"",
                         .quote = one_char(i, "quote", '"'),
                         .escape = one_char(i, "escape", '\\'),
                         .header = flag(i, "header", false),
                         .quote_all = flag(i, "quoteAll", false),
                         .escape_quotes = flag(i, "escapeQuotes", true),
                         .trim_left = flag(i, "ignoreLeadingWhiteSpace", true),
                         .trim_right = flag(i, "ignoreTrailingWhiteSpace", true)};
}

static bool needs_quotes(const csv_options *c, const char *p, size_t n) {
    size_t k = strlen(c->sep);
    if (c->quote_all) return true;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' || p[i] == '\r' || (p[i] == c->quote && c->escape_quotes)) return true;
        if (k && n - i >= k && memcmp(p + i, c->sep, k) == 0) return true;
    }
    return false;
}

/* What stands for null or the empty string: quoted with all the rest only. */
static void csv_special(weir_file_out *o, const char *v) {
    bool quotes = o->csv.quote_all && *v != o->csv.quote;
    if (quotes) weir_str_putc(&o->buf, o->csv.quote);
    weir_str_puts(&o->buf, v);
    if (quotes) weir_str_putc(&o->buf, o->csv.quote);
}

static void csv_text(weir_file_out *o, const char *p, size_t n) {
    const csv_options *c = &o->csv;
    while (c->trim_left && n && (unsigned char)*p <= ' ') p++, n--;
    while (c->trim_right && n && (unsigned char)p[n - 1] <= ' ') n--;
    if (!n) {
        csv_special(o, c->empty_value);
        return;
    }
    if (!needs_quotes(c, p, n)) {
        weir_str_add(&o->buf, p, n);
        return;
    }
    weir_str_putc(&o->buf, c->quote);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == c->quote || (p[i] == c->escape && c->escape != c->quote))
            weir_str_putc(&o->buf, c->escape);
        weir_str_putc(&o->buf, p[i]);
    }
    weir_str_putc(&o->buf, c->quote);
}

static void csv_cell(weir_file_out *o, const weir_column *col, int64_t row) {
    weir_str *t = &o->cell;
    if (weir_is_null(col, row)) {
        csv_special(o, o->csv.null_value);
        return;
    }
    if (col->type->kind == WEIR_T_STRING) {
        weir_bytes b = weir_get_bytes(col, row);
        t->len = 0;
        weir_utf8_add(t, b.p, (size_t)b.len);
        csv_text(o, t->len ? t->p : "", t->len);
        return;
    }
    t->len = 0;
    weir_json_put(&o->json, col, row, t); /* numbers and times read as in JSON */
    bool quoted = t->len >= 2 && t->p[0] == '"';
    csv_text(o, t->p + quoted, t->len - 2u * quoted);
}

static void csv_row(weir_file_out *o, const weir_batch *b, int64_t row) {
    for (int c = 0; c < b->schema->nfield; c++) {
        if (c) weir_str_puts(&o->buf, o->csv.sep);
        csv_cell(o, &b->col[c], row);
    }
}

static weir_rc csv_open(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                        weir_file_out **out) {
    WEIR_TRY(json_open(ctx, mem, path, i, out));
    weir_file_out *o = *out;
    o->row = csv_row;
    weir_str_init(&o->cell, mem, 1u << 30);
    o->csv = csv_options_of(i);
    for (int c = 0; o->csv.header && c < i->schema->nfield; c++) {
        if (c) weir_str_puts(&o->buf, o->csv.sep);
        csv_text(o, i->schema->field[c].name, strlen(i->schema->field[c].name));
    }
    if (o->csv.header) weir_str_puts(&o->buf, o->line_end);
    return WEIR_OK;
}

/* ---- XML ---- */

/* SPARK XmlFileFormat.supportDataType, and what fails in its tasks or is written so that no one
 * can read it. */
static weir_rc xml_type_check(weir_ctx *ctx, const weir_xml_tags *tags, const weir_field *column,
                              const weir_field *f) {
    static const weir_kind none[] = {WEIR_T_TIME, WEIR_T_INTERVAL_YM, WEIR_T_INTERVAL_DT,
                                     WEIR_T_INTERVAL, WEIR_T_VARIANT};
    const weir_type *t = f->type;
    bool bad = weir_xml_is_attribute(tags, f->name) &&
               (weir_type_is_nested(t) || t->kind == WEIR_T_BINARY);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) bad |= t->kind == none[i];
    if (bad) return bad_column(ctx, column, "XML");
    for (int i = 0; i < t->nfield; i++) {
        weir_field inner = t->field[i];
        if (t->kind != WEIR_T_STRUCT) inner.name = ""; /* not a name in the file */
        WEIR_TRY(xml_type_check(ctx, tags, column, &inner));
    }
    return WEIR_OK;
}

static weir_rc xml_check(weir_ctx *ctx, const weir_write_info *i) {
    weir_str out;
    weir_xml_writer w;
    weir_str_init(&out, ctx->arena, 1);
    WEIR_TRY(weir_xml_writer_init(ctx, get_option, (void *)(uintptr_t)i, &out, &w));
    WEIR_TRY(check_utf8(ctx, i));
    for (int c = 0; c < i->schema->nfield; c++)
        WEIR_TRY(xml_type_check(ctx, &w.tags, &i->schema->field[c], &i->schema->field[c]));
    return WEIR_OK;
}

static weir_rc xml_open(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                        weir_file_out **out) {
    weir_ctx c = *ctx;
    c.arena = mem;
    WEIR_TRY(open_file(ctx, mem, path, i, out));
    (*out)->path = weir_strdup(mem, path);
    return weir_xml_writer_init(&c, get_option, (void *)(uintptr_t)i, &(*out)->buf, &(*out)->xml);
}

static weir_rc xml_add(weir_ctx *ctx, weir_file_out *o, const weir_batch *b) {
    for (int64_t i = 0; i < b->len; i++) {
        if (!o->begun) weir_xml_write_head(&o->xml);
        o->begun = true;
        weir_xml_write_row(&o->xml, b, i);
        if (o->xml.bad)
            return weir_fail(ctx, WEIR_E_TASK_WRITE_FAILED, "path", o->path, "reason", o->xml.bad);
        if (o->buf.len >= FLUSH) WEIR_TRY(flush(ctx, o, false));
    }
    return WEIR_OK;
}

static weir_rc xml_finish(weir_ctx *ctx, weir_file_out *o, int64_t *bytes) {
    if (o->begun) weir_xml_write_tail(&o->xml);
    return finish_file(ctx, o, bytes);
}

const weir_file_format weir_json_format = {
    "json", ".json", true, false, json_check, json_open, add_rows, finish_file, drop_file};
const weir_file_format weir_text_format = {"text",    ".txt",   true,        false,    text_check,
                                           text_open, add_rows, finish_file, drop_file};
const weir_file_format weir_csv_format = {"csv",    ".csv",   true,        true,     csv_check,
                                          csv_open, add_rows, finish_file, drop_file};
const weir_file_format weir_xml_format = {"xml",    ".xml",  true,       false,    xml_check,
                                          xml_open, xml_add, xml_finish, drop_file};
