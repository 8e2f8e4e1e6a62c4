/* Rows as text: JSON, CSV, XML and plain text files. SPARK JsonOutputWriter, UnivocityGenerator,
 * XmlOutputWriter, TextOutputWriter. Called by the file sink; a file belongs to one task. */
#include "sink/text_format.h"

#include "base/utf8.h"
#include "codec/csv_read.h"
#include "codec/csv_write.h"
#include "codec/pack.h"
#include "codec/xml_write.h"
#include "func/charset.h"
#include "func/func.h"

#include <strings.h>

enum { FLUSH = 1 << 20 };

struct weir_file_out {
    weir_file *f;
    const char *path;
    weir_str buf, referred, coded, packed; /* rows, XML's with references, in the charset, packed */
    uint32_t most; /* XML: characters above are written as references; 0: none */
    weir_charset charset;
    weir_packer *packer; /* NULL: the text is written as it is */
    int64_t bytes;
    const weir_write_info *info;
    weir_bytes line_end;
    weir_json_write json;
    weir_csv_writer csv;
    weir_xml_writer xml;
    bool begun;  /* XML: what comes before the rows is written */
    bool marked; /* the charset's mark is written */
    void (*row)(weir_file_out *, const weir_batch *, int64_t row);
};

static const char *get_option(void *u, const char *key) {
    return weir_option_get(&((const weir_write_info *)u)->options, key);
}

static weir_rc check_pack(weir_ctx *ctx, const weir_write_info *i) {
    const weir_pack *pack;
    return weir_pack_find(ctx, weir_pack_name(&i->options), &pack);
}

static weir_rc check_line_end(weir_ctx *ctx, const weir_write_info *i) {
    const char *end = weir_option_get(&i->options, "lineSep");
    return !end || *end ? WEIR_OK
                        : weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                                    "requirement failed: 'lineSep' cannot be an empty string.");
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
    if (!end || !*end) end = "\n";
    o->line_end = (weir_bytes){end, (int32_t)strlen(end)};
    o->charset = WEIR_CHARSET_UTF8;
    weir_str_init(&o->buf, mem, 1u << 30);
    weir_str_init(&o->coded, mem, 1u << 30);
    weir_str_init(&o->referred, mem, 1u << 30);
    weir_str_init(&o->packed, mem, 1u << 30);
    const weir_pack *pack;
    WEIR_TRY(weir_pack_find(ctx, weir_pack_name(&i->options), &pack));
    if (pack) o->packer = weir_packer_new(mem, pack);
    *out = o;
    return weir_file_create(ctx, path, true, &o->f);
}

/* SPARK: JDK's XMLStreamWriterImpl writes &#xh; for what it takes its charset not to have. */
static void refer(const weir_str *t, uint32_t most, weir_str *out) {
    const char *p = t->p, *end = p + t->len, *from = p;
    while (p < end) {
        uint32_t c;
        int n = weir_utf8_code(p, end, &c);
        if (c > most) {
            weir_str_add(out, from, (size_t)(p - from));
            weir_str_printf(out, "&#x%x;", c);
            from = p + n;
        }
        p += n;
    }
    weir_str_add(out, from, (size_t)(end - from));
}

static weir_rc flush(weir_ctx *ctx, weir_file_out *o, bool last) {
    const weir_str *t = &o->buf;
    o->packed.len = o->coded.len = o->referred.len = 0;
    if (o->most && t->len) {
        refer(t, o->most, &o->referred);
        t = &o->referred;
    }
    if (o->charset != WEIR_CHARSET_UTF8 && t->len) {
        (void)weir_charset_encode(o->charset, t->p, t->len, !o->marked, &o->coded);
        o->marked = true;
        t = &o->coded;
    }
    if (o->packer) {
        WEIR_TRY(weir_packer_add(ctx, o->packer, t->p ? t->p : "", t->len, last, &o->packed));
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
        weir_str_add(&o->buf, o->line_end.p, (size_t)o->line_end.len);
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

/* SPARK: patterns are made where rows are written, when the folder is there. */
static weir_rc json_check(weir_ctx *ctx, const weir_write_info *i) {
    weir_charset set;
    weir_json_write w;
    WEIR_TRY(check_pack(ctx, i));
    WEIR_TRY(check_line_end(ctx, i));
    WEIR_TRY(charset_of(ctx, i, "`JSONOptions`", &set));
    WEIR_TRY(weir_json_write_flags(ctx, get_option, (void *)(uintptr_t)i, &w));
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
    return weir_json_write_options(&c, get_option, (void *)(uintptr_t)i, &(*out)->json);
}

/* ---- text ---- */

static weir_rc text_check(weir_ctx *ctx, const weir_write_info *i) {
    const char *enc = weir_option_get(&i->options, "encoding");
    weir_charset set;
    WEIR_TRY(check_pack(ctx, i));
    WEIR_TRY(check_line_end(ctx, i));
    if (enc && !weir_charset_find(enc, strlen(enc), &set))
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         weir_printf(ctx->arena, "the encoding %s of lineSep; write UTF-8", enc));
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

/* SPARK TextOptions: encoding is that of lineSep alone. */
static weir_rc text_open(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                         weir_file_out **out) {
    const char *enc = weir_option_get(&i->options, "encoding");
    weir_charset set;
    weir_str end;
    WEIR_TRY(open_file(ctx, mem, path, i, out));
    weir_file_out *o = *out;
    o->row = text_row;
    if (!enc || !weir_option_get(&i->options, "lineSep") ||
        !weir_charset_find(enc, strlen(enc), &set))
        return WEIR_OK;
    weir_str_init(&end, mem, 1 << 20);
    (void)weir_charset_encode(set, o->line_end.p, (size_t)o->line_end.len, true, &end);
    o->line_end = (weir_bytes){end.p, (int32_t)end.len};
    return WEIR_OK;
}

/* ---- CSV ---- */

static weir_rc csv_check(weir_ctx *ctx, const weir_write_info *i) {
    weir_csv_options o; /* SPARK: those of reading are looked at, too */
    weir_csv_writer w;
    void *u = (void *)(uintptr_t)i;
    const char *ext = weir_option_get(&i->options, "extension");
    WEIR_TRY(weir_csv_options_read(ctx, get_option, u, &o));
    WEIR_TRY(weir_csv_writer_init(ctx, get_option, u, &w));
    WEIR_TRY(check_pack(ctx, i));
    bool letters = true;
    for (const char *p = ext; p && *p; p++)
        letters &= (unsigned char)*p >= 0x80 || ((unsigned char)(*p | 32) - 'a') < 26;
    if (ext && (strchr(ext, '/') || (strlen(ext) != 3 && !letters)))
        return weir_fail(ctx, WEIR_E_INVALID_FILE_EXTENSION, "parameter", "`extension`",
                         "functionName", "`CSVOptions`", "invalidValue", ext);
    return weir_csv_columns(ctx, i->schema);
}

static void csv_row(weir_file_out *o, const weir_batch *b, int64_t row) {
    weir_csv_write_row(&o->csv, b, row, &o->buf);
}

static weir_rc csv_open(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                        weir_file_out **out) {
    weir_ctx c = *ctx;
    c.arena = mem;
    WEIR_TRY(open_file(ctx, mem, path, i, out));
    weir_file_out *o = *out;
    void *u = (void *)(uintptr_t)i;
    o->row = csv_row;
    WEIR_TRY(weir_csv_writer_init(&c, get_option, u, &o->csv));
    WEIR_TRY(weir_csv_charset(&c, get_option, u, &o->charset));
    o->line_end = (weir_bytes){"", 0}; /* comes with the row */
    if (o->csv.header) weir_csv_write_header(&o->csv, i->schema, &o->buf);
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
    weir_charset set;
    WEIR_TRY(charset_of(ctx, i, "`XmlOptions`", &set));
    WEIR_TRY(check_pack(ctx, i));
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
    WEIR_TRY(charset_of(ctx, i, "`XmlOptions`", &(*out)->charset));
    weir_charset set = (*out)->charset;
    if (set != WEIR_CHARSET_UTF8 && set != WEIR_CHARSET_UTF16)
        (*out)->most = set == WEIR_CHARSET_ASCII ? 0x7F : 0xFF;
    return weir_xml_writer_init(&c, get_option, (void *)(uintptr_t)i, &(*out)->buf, &(*out)->xml);
}

static weir_rc xml_add(weir_ctx *ctx, weir_file_out *o, const weir_batch *b) {
    for (int64_t i = 0; i < b->len; i++) {
        if (!o->begun) weir_xml_write_head(&o->xml);
        o->begun = true;
        weir_xml_write_row(&o->xml, b, i);
        if (o->xml.bad)
            return weir_fail(ctx, WEIR_E_TASK_WRITE_FAILED, "path", o->path, "reason",
                             weir_printf(ctx->arena, " %s", o->xml.bad));
        if (o->buf.len >= FLUSH) WEIR_TRY(flush(ctx, o, false));
    }
    return WEIR_OK;
}

static weir_rc xml_finish(weir_ctx *ctx, weir_file_out *o, int64_t *bytes) {
    if (o->begun) weir_xml_write_tail(&o->xml);
    return finish_file(ctx, o, bytes);
}

const weir_file_format weir_json_format = {.name = "json",
                                           .extension = ".json",
                                           .packs = true,
                                           .check = json_check,
                                           .open = json_open,
                                           .add = add_rows,
                                           .finish = finish_file,
                                           .drop = drop_file};
const weir_file_format weir_text_format = {.name = "text",
                                           .extension = ".txt",
                                           .packs = true,
                                           .check = text_check,
                                           .open = text_open,
                                           .add = add_rows,
                                           .finish = finish_file,
                                           .drop = drop_file};
const weir_file_format weir_csv_format = {.name = "csv",
                                          .extension = ".csv",
                                          .packs = true,
                                          .by_position = true,
                                          .any_extension = true,
                                          .check = csv_check,
                                          .open = csv_open,
                                          .add = add_rows,
                                          .finish = finish_file,
                                          .drop = drop_file};
const weir_file_format weir_xml_format = {.name = "xml",
                                          .extension = ".xml",
                                          .packs = true,
                                          .check = xml_check,
                                          .open = xml_open,
                                          .add = xml_add,
                                          .finish = xml_finish,
                                          .drop = drop_file};
