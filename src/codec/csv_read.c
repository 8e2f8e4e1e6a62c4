/* CSV fields into builders. See csv_read.h. */
#include "codec/csv_scan.h"

#include "func/decimal.h"

#include <stdlib.h>
#include <strings.h>

struct weir_csv_reader {
    weir_schema *schema;
    weir_csv_options *o;
    weir_build *col;
    int corrupt, ndata; /* the corrupt record's column or -1; columns of fields */
    int64_t rows;
    bool at_header;
    weir_csv_scan scan;
};

static bool flag(const char *v, bool dflt) { return v ? strcasecmp(v, "true") == 0 : dflt; }

static weir_rc pattern_of(weir_ctx *ctx, const char *text, const weir_pattern **out) {
    weir_pattern *p = NULL;
    if (!text) return WEIR_OK;
    WEIR_TRY(weir_pattern_compile(ctx, text, strlen(text), true, &p));
    *out = p;
    return WEIR_OK;
}

static weir_rc one_char(weir_ctx *ctx, const char *key, const char *v, char dflt, char *out) {
    *out = v ? *v : dflt;
    if (!v || strlen(v) <= 1) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "%s cannot be more than one character", key));
}

static const char *unescaped(weir_ctx *ctx, const char *sep) {
    static const char from[] = "trbf\"'0\\", to[] = "\t\r\b\f\"'\0\\";
    char *o = weir_strdup(ctx->arena, sep), *q = o;
    for (const char *p = o; *p; p++) {
        const char *f = *p == '\\' && p[1] ? strchr(from, p[1]) : NULL;
        if (f) p++;
        *q++ = f ? to[f - from] : *p;
    }
    *q = 0;
    return o;
}

static weir_rc read_formats(weir_ctx *ctx, const char *(*get)(void *, const char *), void *u,
                            weir_csv_options *o) {
    const char *tz = get(u, "timeZone"), *enc = get(u, "encoding");
    if (!enc) enc = get(u, "charset");
    o->zone = tz ? weir_zone_find(tz, strlen(tz)) : weir_zone_session(ctx);
    if (!o->zone)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "the option timeZone names no time zone: %s", tz));
    if (enc && strcasecmp(enc, "UTF-8") != 0 && strcasecmp(enc, "US-ASCII") != 0)
        return weir_fail(
            ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
            weir_printf(ctx->arena, "the encoding %s; convert the files to UTF-8", enc));
    WEIR_TRY(pattern_of(ctx, get(u, "dateFormat"), &o->date_format));
    WEIR_TRY(pattern_of(ctx, get(u, "timestampFormat"), &o->timestamp_format));
    return pattern_of(ctx, get(u, "timestampNTZFormat"), &o->ntz_format);
}

weir_rc weir_csv_options_read(weir_ctx *ctx, const char *(*get)(void *, const char *), void *u,
                              weir_csv_options *o) {
    const char *mode = get(u, "mode"), *corrupt = get(u, "columnNameOfCorruptRecord"),
               *sep = get(u, "sep"), *null = get(u, "nullValue"), *empty = get(u, "emptyValue"),
               *nan = get(u, "nanValue"), *inf = get(u, "positiveInf"),
               *neg = get(u, "negativeInf"), *most = get(u, "maxColumns");
    if (!sep) sep = get(u, "delimiter");
    *o = (weir_csv_options){.corrupt_column = corrupt ? corrupt : "_corrupt_record",
                            .sep = sep ? unescaped(ctx, sep) : ",",
                            .null_value = null ? null : "",
                            .empty_value = empty ? empty : "",
                            .nan = nan ? nan : "NaN",
                            .inf = inf ? inf : "Inf",
                            .neg_inf = neg ? neg : "-Inf",
                            .header = flag(get(u, "header"), false),
                            .trim_left = flag(get(u, "ignoreLeadingWhiteSpace"), false),
                            .trim_right = flag(get(u, "ignoreTrailingWhiteSpace"), false),
                            .multi_line = flag(get(u, "multiLine"), false),
                            .infer = flag(get(u, "inferSchema"), false),
                            .max_columns = most ? strtoll(most, NULL, 10) : 20480};
    if (!*o->sep)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "the option sep is empty");
    if (mode && strcasecmp(mode, "DROPMALFORMED") == 0)
        o->mode = WEIR_MODE_DROP;
    else if (mode && strcasecmp(mode, "FAILFAST") == 0)
        o->mode = WEIR_MODE_FAIL;
    WEIR_TRY(one_char(ctx, "quote", get(u, "quote"), '"', &o->quote));
    WEIR_TRY(one_char(ctx, "escape", get(u, "escape"), '\\', &o->escape));
    WEIR_TRY(one_char(ctx, "comment", get(u, "comment"), 0, &o->comment));
    return read_formats(ctx, get, u, o);
}

static weir_rc unfit(weir_ctx *ctx, const weir_field *f) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "columnName",
                     weir_printf(ctx->arena, "`%s`", f->name), "columnType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->type)),
                     "format", "CSV");
}

weir_rc weir_csv_reader_new(weir_ctx *ctx, weir_schema *schema, weir_csv_options *o,
                            weir_csv_reader **out) {
    weir_csv_reader *r = WEIR_NEW(ctx->arena, weir_csv_reader);
    r->schema = schema;
    r->o = o;
    r->col = WEIR_NEWN(ctx->arena, weir_build, schema->nfield + 1);
    r->corrupt = weir_schema_find(schema, o->corrupt_column, true);
    if (r->corrupt >= 0 && schema->field[r->corrupt].type->kind != WEIR_T_STRING) r->corrupt = -1;
    r->ndata = schema->nfield - (r->corrupt >= 0);
    for (int i = 0; i < schema->nfield; i++) {
        if (weir_type_is_nested(schema->field[i].type)) return unfit(ctx, &schema->field[i]);
        WEIR_TRY(weir_build_init(ctx, &r->col[i], schema->field[i].type));
    }
    weir_csv_scan_init(&r->scan, o, ctx->arena);
    *out = r;
    return WEIR_OK;
}

void weir_csv_file(weir_csv_reader *r, const char *uri) {
    r->o->file = uri;
    r->at_header = r->o->header;
}

int64_t weir_csv_rows(const weir_csv_reader *r) { return r->rows; }

/* ---- values ---- */

static bool put_integer(weir_build *b, weir_csv_field f) {
    int64_t v;
    weir_kind k = b->type->kind;
    if (!weir_csv_int(f, &v)) return false;
    if ((k == WEIR_T_BYTE && v != (int8_t)v) || (k == WEIR_T_SHORT && v != (int16_t)v) ||
        (k == WEIR_T_INT && v != (int32_t)v))
        return false;
    weir_build_int(b, v);
    return true;
}

static bool put_time(const weir_csv_options *o, weir_build *b, weir_csv_field f) {
    int64_t us;
    int32_t day;
    bool ok;
    switch (b->type->kind) {
    case WEIR_T_DATE:
        if (o->date_format) {
            ok = weir_pattern_parse(o->date_format, f.p, f.n, weir_zone_utc(), &us);
            day = ok ? (int32_t)weir_floor_div(us, WEIR_DAY_US) : 0;
        } else {
            ok = weir_date_parse(f.p, f.n, &day);
        }
        if (ok) weir_build_i32(b, day);
        return ok;
    case WEIR_T_TIMESTAMP:
        ok = o->timestamp_format ? weir_pattern_parse(o->timestamp_format, f.p, f.n, o->zone, &us)
                                 : weir_timestamp_parse(f.p, f.n, o->zone, &us);
        break;
    default:
        ok = o->ntz_format ? weir_pattern_parse(o->ntz_format, f.p, f.n, weir_zone_utc(), &us)
                           : weir_timestamp_ntz_parse(f.p, f.n, false, &us);
        break;
    }
    if (ok) weir_build_i64(b, us);
    return ok;
}

/* Appends one value; false: it is not of the type, and nothing was appended. */
static bool put(const weir_csv_options *o, weir_build *b, weir_csv_field f) {
    double d;
    weir_i128 v;
    if (f.null) return weir_build_null(b), true;
    switch (b->type->kind) {
    case WEIR_T_STRING:
    case WEIR_T_BINARY: weir_build_bytes(b, f.p, (size_t)f.n); return true;
    case WEIR_T_BYTE:
    case WEIR_T_SHORT:
    case WEIR_T_INT:
    case WEIR_T_LONG: return put_integer(b, f);
    case WEIR_T_FLOAT:
    case WEIR_T_DOUBLE:
        if (!weir_csv_double(o, f, &d)) return false;
        if (b->type->kind == WEIR_T_FLOAT)
            weir_build_f32(b, (float)d);
        else
            weir_build_f64(b, d);
        return true;
    case WEIR_T_DECIMAL:
        if (weir_dec_parse(f.p, f.n, b->type->precision, b->type->scale, &v) != WEIR_DEC_OK)
            return false;
        weir_build_dec(b, v);
        return true;
    case WEIR_T_BOOLEAN: {
        bool yes = f.n == 4 && strncasecmp(f.p, "true", 4) == 0,
             no = f.n == 5 && strncasecmp(f.p, "false", 5) == 0;
        if (yes || no) weir_build_bool(b, yes);
        return yes || no;
    }
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: return put_time(o, b, f);
    default: return false;
    }
}

/* ---- records ---- */

static weir_rc malformed(weir_ctx *ctx, weir_csv_reader *r, const char *p, int64_t n, int64_t at) {
    const char *text = weir_strndup(ctx->arena, p, (size_t)(n > 500 ? 500 : n));
    return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                     weir_printf(ctx->arena, "%s (file %s, byte offset %lld)", text,
                                 r->o->file ? r->o->file : "", (long long)at),
                     "failFastMode", "FAILFAST");
}

/* SPARK UnivocityParser.convert: missing fields are null, fields too many are dropped; either is a
 * malformed record, as is a value that does not fit its column. */
static weir_rc one_row(weir_ctx *ctx, weir_csv_reader *r, const char *p, int64_t n, int64_t at) {
    bool bad = r->scan.n != r->ndata;
    for (int c = 0, k = 0; c < r->schema->nfield; c++) {
        if (c == r->corrupt) continue;
        weir_csv_field f = k < r->scan.n ? r->scan.field[k] : (weir_csv_field){NULL, 0, true};
        k++;
        if (put(r->o, &r->col[c], f)) continue;
        weir_build_null(&r->col[c]);
        bad = true;
    }
    if (bad && r->o->mode != WEIR_MODE_PERMISSIVE) {
        for (int c = 0; c < r->schema->nfield; c++)
            if (r->col[c].len > r->rows) weir_build_truncate(&r->col[c], r->rows);
        return r->o->mode == WEIR_MODE_FAIL ? malformed(ctx, r, p, n, at) : WEIR_OK;
    }
    if (r->corrupt >= 0 && bad)
        weir_build_bytes(&r->col[r->corrupt], p, (size_t)n);
    else if (r->corrupt >= 0)
        weir_build_null(&r->col[r->corrupt]);
    r->rows++;
    return WEIR_OK;
}

weir_rc weir_csv_record(weir_ctx *ctx, weir_csv_reader *r, const char *p, int64_t n, int64_t at) {
    const char *from = p, *end = p + n;
    while (p < end) {
        const char *next = weir_csv_scan_record(&r->scan, p, end);
        if (!next)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena,
                                         "a record of %s at byte %lld has more than maxColumns = "
                                         "%lld columns",
                                         r->o->file ? r->o->file : "a text",
                                         (long long)(at + (p - from)),
                                         (long long)r->o->max_columns));
        int64_t len = next - p;
        while (r->o->multi_line && len && (p[len - 1] == '\n' || p[len - 1] == '\r')) len--;
        if (r->scan.n && r->at_header)
            r->at_header = false;
        else if (r->scan.n)
            WEIR_TRY(one_row(ctx, r, p, len, at + (p - from)));
        p = next;
    }
    return WEIR_OK;
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
