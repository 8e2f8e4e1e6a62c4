/* CSV fields into builders. See csv_read.h. SPARK UnivocityParser, FailureSafeParser,
 * CSVHeaderChecker */
#include "codec/csv_value.h"

#include "base/log.h"
#include "base/simd.h"
#include "base/utf8.h"
#include "func/text.h"

#include <strings.h>

struct weir_csv_reader {
    weir_schema *schema;
    weir_csv_options *o;
    weir_build *col;
    int corrupt, ndata, nwanted; /* the corrupt record's column or -1; columns of fields */
    int *wanted, *place;         /* the columns wanted, by field of the schema and of the record */
    int64_t rows;
    weir_csv_found ahead; /* multiLine: the record after those of the rows */
    bool at_header, in_file, cut; /* cut: the record at the end of the text is not whole */
    weir_csv_scan scan;
    weir_str text; /* a line, or a file, as UTF-8 */
};

static weir_rc unfit(weir_ctx *ctx, const weir_field *f) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "columnName",
                     weir_printf(ctx->arena, "`%s`", f->name), "columnType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->type)),
                     "format", "CSV");
}

/* SPARK CSVFileFormat.supportDataType */
weir_rc weir_csv_columns(weir_ctx *ctx, const weir_schema *schema) {
    for (int i = 0; i < schema->nfield; i++) {
        const weir_type *t = schema->field[i].type;
        if (weir_type_is_nested(t) || t->kind == WEIR_T_INTERVAL || t->kind == WEIR_T_VARIANT ||
            t->kind == WEIR_T_VOID || t->kind == WEIR_T_TIME)
            return unfit(ctx, &schema->field[i]);
    }
    return WEIR_OK;
}

/* SPARK ExprUtils.verifyColumnNameOfCorruptRecord */
static weir_rc check_corrupt(weir_ctx *ctx, weir_schema *schema, const weir_csv_options *o) {
    int corrupt = weir_schema_find(schema, o->corrupt_column, true);
    if (corrupt < 0 || schema->field[corrupt].type->kind == WEIR_T_STRING) return WEIR_OK;
    return weir_fail(
        ctx, WEIR_E_INVALID_CORRUPT_RECORD_TYPE, "columnName",
        weir_printf(ctx->arena, "`%s`", o->corrupt_column), "actualType",
        weir_printf(ctx->arena, "\"%s\"",
                    weir_type_sql(ctx->arena, schema->field[corrupt].type)));
}

weir_rc weir_csv_reader_new(weir_ctx *ctx, weir_schema *schema, const bool *need,
                            weir_csv_options *o, weir_csv_reader **out) {
    weir_csv_reader *r = WEIR_NEW(ctx->arena, weir_csv_reader);
    WEIR_TRY(weir_csv_columns(ctx, schema));
    WEIR_TRY(check_corrupt(ctx, schema, o));
    r->schema = schema;
    r->o = o;
    r->col = WEIR_NEWN(ctx->arena, weir_build, schema->nfield + 1);
    r->wanted = WEIR_NEWN(ctx->arena, int, schema->nfield + 1);
    r->place = WEIR_NEWN(ctx->arena, int, schema->nfield + 1);
    r->corrupt = weir_schema_find(schema, o->corrupt_column, true);
    for (int i = 0; i < schema->nfield; i++) {
        WEIR_TRY(weir_build_init(ctx, &r->col[i], schema->field[i].type));
        if (i == r->corrupt) continue;
        if (!need || need[i]) {
            r->wanted[r->nwanted] = i;
            r->place[r->nwanted++] = r->ndata;
        }
        r->ndata++;
    }
    if (need && r->corrupt >= 0 && !need[r->corrupt]) r->corrupt = -1;
    if (r->corrupt >= 0 && !r->nwanted)
        return weir_fail(ctx, WEIR_E_QUERY_ONLY_CORRUPT_RECORD_COLUMN, NULL);
    bool some = o->prune && r->nwanted < r->ndata;
    weir_csv_scan_init(&r->scan, o, ctx->arena, r->place, some ? r->nwanted : -1);
    weir_str_init(&r->text, ctx->arena, INT32_MAX);
    *out = r;
    return WEIR_OK;
}

void weir_csv_file(weir_csv_reader *r, const char *uri) {
    r->o->file = uri;
    r->at_header = r->o->header;
    r->in_file = r->cut = false;
    weir_csv_scan_reset(&r->scan);
}

int64_t weir_csv_rows(const weir_csv_reader *r) { return r->rows; }

/* ---- failures ---- */

static weir_rc broken(weir_ctx *ctx, const weir_csv_reader *r, weir_csv_found why) {
    weir_csv_field f = weir_csv_scan_record(&r->scan);
    int32_t n = f.n > 500 ? 500 : f.n;
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, r->o->file,
                          weir_printf(ctx->arena, "%s: %.*s", weir_csv_found_text(why), (int)n,
                                      f.p));
}

static weir_rc malformed(weir_ctx *ctx, const weir_csv_reader *r) {
    weir_csv_field f = weir_csv_scan_record(&r->scan);
    int32_t n = f.n > 500 ? 500 : f.n;
    return weir_fail_read(
        ctx, WEIR_E_FAILED_READ_RECORD, r->o->file,
        weir_printf(ctx->arena,
                    "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are "
                    "detected in record parsing: %.*s.\nParse Mode: FAILFAST. To process malformed "
                    "records as null result, try setting the option 'mode' as 'PERMISSIVE'.",
                    (int)n, f.p));
}

/* ---- the header ---- */

static const char *names_of(weir_arena *a, const weir_schema *s, const int *field, int n) {
    weir_str t;
    weir_str_init(&t, a, INT32_MAX);
    for (int i = 0; i < n; i++)
        weir_str_printf(&t, "%s%s", i ? ", " : "", s->field[field[i]].name);
    return t.p ? t.p : "";
}

static const char *header_text(weir_arena *a, const weir_csv_row *row) {
    weir_str t;
    weir_str_init(&t, a, INT32_MAX);
    for (int64_t i = 0; i < row->n; i++)
        weir_str_printf(&t, "%s%.*s", i ? ", " : "", (int)row->field[i].n,
                        row->field[i].p ? row->field[i].p : "");
    return t.p ? t.p : "";
}

static bool same_name(weir_arena *a, weir_csv_field f, const char *name, bool case_sensitive) {
    weir_bytes x = {f.p, f.n}, y = {name, (int32_t)strlen(name)};
    weir_str s, t;
    if (x.len == y.len && memcmp(x.p, y.p, (size_t)x.len) == 0) return true;
    if (case_sensitive) return false;
    weir_str_init(&s, a, INT32_MAX);
    weir_str_init(&t, a, INT32_MAX);
    weir_lower(x, &s);
    weir_lower(y, &t);
    return s.len == t.len && (!s.len || memcmp(s.p, t.p, s.len) == 0);
}

/* The record at the scanner is a header: do its names fit the schema's? */
static weir_rc check_header(weir_ctx *ctx, weir_csv_reader *r) {
    const weir_csv_row *row = &r->scan.row;
    const weir_csv_options *o = r->o;
    int *field = WEIR_NEWN(ctx->arena, int, r->schema->nfield + 1), n = 0;
    int corrupt = weir_schema_find(r->schema, o->corrupt_column, true);
    const char *text = NULL;
    for (int i = 0; i < r->schema->nfield; i++)
        if (i != corrupt) field[n++] = i;
    if (o->prune) memcpy(field, r->wanted, sizeof *field * (size_t)(n = r->nwanted));
    if (row->n != n)
        text = weir_printf(ctx->arena,
                           "Number of column in CSV header is not equal to number of fields in "
                           "the schema:\n Header length: %lld, schema size: %d\nCSV file: %s",
                           (long long)row->n, n, o->file);
    for (int i = 0; i < n && !text; i++) {
        const char *want = r->schema->field[field[i]].name;
        weir_csv_field f = row->field[i];
        if (same_name(ctx->arena, f, want, o->case_sensitive)) continue;
        text = weir_printf(ctx->arena,
                           "CSV header does not conform to the schema.\n Header: %s\n Schema: "
                           "%s\nExpected: %s but found: %.*s\nCSV file: %s",
                           header_text(ctx->arena, row), names_of(ctx->arena, r->schema, field, n),
                           want, (int)f.n, f.p, o->file);
    }
    if (!text) return WEIR_OK;
    if (!o->enforce_schema) return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, o->file, text);
    weir_log(WEIR_LOG_WARN, "%s", text);
    return WEIR_OK;
}

/* ---- records ---- */

/* bad: the record's values are not as many as the schema's. */
static weir_rc one_row(weir_ctx *ctx, weir_csv_reader *r, bool bad) {
    const weir_csv_row *row = &r->scan.row;
    for (int i = 0, c = 0; c < r->schema->nfield; c++) {
        if (c == r->corrupt) continue;
        bool want = i < r->nwanted && r->wanted[i] == c, good = true;
        int64_t k = want && r->scan.npick < 0 ? r->place[i] : i;
        i += want;
        if (want && k < row->n)
            WEIR_TRY(weir_csv_value(ctx, r->o, &r->col[c], row->field[k], &good));
        if (!want || k >= row->n || !good) weir_build_null(&r->col[c]);
        bad |= want && (k >= row->n || !good);
    }
    if (bad && r->o->mode != WEIR_MODE_PERMISSIVE) {
        for (int c = 0; c < r->schema->nfield; c++)
            if (r->col[c].len > r->rows) weir_build_truncate(&r->col[c], r->rows);
        return r->o->mode == WEIR_MODE_FAIL ? malformed(ctx, r) : WEIR_OK;
    }
    weir_csv_field text = bad ? weir_csv_scan_record(&r->scan) : (weir_csv_field){NULL, 0, true};
    if (r->corrupt >= 0 && !text.null)
        weir_build_bytes(&r->col[r->corrupt], text.p, (size_t)text.n);
    else if (r->corrupt >= 0)
        weir_build_null(&r->col[r->corrupt]);
    r->rows++;
    return WEIR_OK;
}

static weir_rc add_row(weir_ctx *ctx, weir_csv_reader *r) {
    int64_t want = r->o->prune ? r->nwanted : r->ndata;
    return one_row(ctx, r, r->scan.row.n != want);
}

weir_rc weir_csv_utf8(weir_ctx *ctx, weir_charset set, weir_str *mem, const char **p, int64_t *n) {
    if (set == WEIR_CHARSET_UTF8 &&
        (weir_all_ascii(*p, *p + *n) || weir_utf8_valid(*p, (size_t)*n)))
        return WEIR_OK;
    mem->len = 0;
    (void)weir_charset_decode(set, *p, (size_t)*n, mem);
    if (mem->failed)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         "CSV records of more than 2 GiB");
    *p = mem->p ? mem->p : "";
    *n = (int64_t)mem->len;
    return WEIR_OK;
}

/* SPARK CSVExprUtils.filterCommentAndEmpty, skipComments */
bool weir_csv_skips(const weir_csv_options *o, const char *p, int64_t n) {
    const char *end = p + n, *q = p;
    char mark[4];
    while (q < end && (unsigned char)*q <= ' ') q++;
    if (q == end || !o->has_comment) return q == end;
    size_t k = weir_utf8_put(mark, o->comment);
    return (size_t)n >= k && memcmp(p, mark, k) == 0;
}

weir_rc weir_csv_line(weir_ctx *ctx, weir_csv_reader *r, const char *p, int64_t n) {
    const weir_csv_options *o = r->o;
    if (!*o->sep)
        return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, o->file, "Delimiter cannot be empty");
    WEIR_TRY(weir_csv_utf8(ctx, o->charset, &r->text, &p, &n));
    if (weir_csv_skips(o, p, n)) return WEIR_OK;
    if (!r->at_header && o->prune && !r->nwanted) return one_row(ctx, r, false);
    weir_csv_found got = weir_csv_scan_line(&r->scan, p, n);
    bool header = r->at_header;
    r->at_header = false;
    if (got > WEIR_CSV_NOTHING) return broken(ctx, r, got);
    if (header) return got == WEIR_CSV_ROW ? check_header(ctx, r) : WEIR_OK;
    if (got == WEIR_CSV_ROW) return add_row(ctx, r);
    r->scan.row.n = 0;
    return one_row(ctx, r, true);
}

static weir_rc begin_file(weir_ctx *ctx, weir_csv_reader *r, const char *p, int64_t n) {
    if (!*r->o->sep)
        return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, r->o->file,
                              "Delimiter cannot be empty");
    WEIR_TRY(weir_csv_utf8(ctx, r->o->charset, &r->text, &p, &n));
    weir_csv_scan_begin(&r->scan, p, n);
    r->in_file = true;
    r->ahead = weir_csv_scan_next(&r->scan);
    if (!r->at_header) return WEIR_OK;
    r->at_header = false;
    if (r->ahead == WEIR_CSV_ROW) WEIR_TRY(check_header(ctx, r));
    if (r->ahead <= WEIR_CSV_NOTHING) r->ahead = weir_csv_scan_next(&r->scan);
    return WEIR_OK;
}

/* SPARK UnivocityParser.convertStream has the next record parsed before it gives a row: one that
 * cannot be parsed takes the row before it along. */
weir_rc weir_csv_step(weir_ctx *ctx, weir_csv_reader *r, const char *p, int64_t n,
                      int64_t max_rows, bool *over) {
    *over = false;
    if (!r->in_file) WEIR_TRY(begin_file(ctx, r, p, n));
    while (r->rows < max_rows) {
        int64_t rows = r->rows;
        bool end = r->cut && r->scan.p >= r->scan.end;
        if (!end && r->ahead > WEIR_CSV_NOTHING) return broken(ctx, r, r->ahead);
        *over = end || r->ahead == WEIR_CSV_NOTHING;
        if (*over) return WEIR_OK;
        WEIR_TRY(add_row(ctx, r));
        r->ahead = weir_csv_scan_next(&r->scan);
        end = r->cut && r->scan.p >= r->scan.end;
        if ((end || r->ahead > WEIR_CSV_NOTHING) && r->rows > rows) {
            r->rows--;
            for (int c = 0; c < r->schema->nfield; c++) weir_build_truncate(&r->col[c], r->rows);
        }
    }
    return WEIR_OK;
}

/* SPARK: univocity reads a million characters at a time; those among which damage is are lost. */
size_t weir_csv_cut(weir_csv_reader *r, const char *p, size_t n) {
    int64_t left = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (((unsigned char)p[i] & 0xC0) != 0x80 && left == r->o->buffer_chars)
            kept = i, left = 0;
        left += ((unsigned char)p[i] & 0xC0) != 0x80 ? 1 + ((unsigned char)p[i] >= 0xF0) : 0;
    }
    r->cut = true;
    return left == r->o->buffer_chars ? n : kept;
}

weir_rc weir_csv_take(weir_ctx *ctx, weir_csv_reader *r, weir_batch *out) {
    *out = (weir_batch){.schema = r->schema,
                        .len = r->rows,
                        .col = WEIR_NEWN(ctx->arena, weir_column, r->schema->nfield + 1)};
    for (int c = 0; c < r->schema->nfield; c++)
        WEIR_TRY(weir_build_finish(ctx, &r->col[c], &out->col[c]));
    r->rows = 0;
    return WEIR_OK;
}
