/* The options of CSV files. See csv_read.h. SPARK CSVOptions, CSVExprUtils.toDelimiterStr */
#include "codec/csv_read.h"

#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

typedef const char *get_fn(void *u, const char *key);

/* Option names count without their case in messages as in Spark: as they are written there. */
weir_rc weir_csv_flag(weir_ctx *ctx, get_fn *get, void *u, const char *key, bool dflt, bool *out) {
    const char *v = get(u, key);
    *out = v ? strcasecmp(v, "true") == 0 : dflt;
    if (!v || *out || strcasecmp(v, "false") == 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_NOT_BOOLEAN_FLAG, "paramName", key);
}

/* Scala's toBoolean */
static weir_rc plain_flag(weir_ctx *ctx, get_fn *get, void *u, const char *key, bool dflt,
                          bool *out) {
    const char *v = get(u, key);
    *out = v ? strcasecmp(v, "true") == 0 : dflt;
    if (!v || *out || strcasecmp(v, "false") == 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "For input string: \"%s\"", v));
}

static weir_rc integer(weir_ctx *ctx, get_fn *get, void *u, const char *key, int64_t dflt,
                       int64_t *out) {
    const char *v = get(u, key);
    char *end = NULL;
    *out = dflt;
    if (!v) return WEIR_OK;
    errno = 0;
    *out = strtoll(v, &end, 10);
    if (*v && !isspace((unsigned char)*v) && !*end && !errno && *out == (int32_t)*out)
        return WEIR_OK;
    return weir_fail(ctx, WEIR_E_OPTION_NOT_INTEGER, "paramName", key, "value", v);
}

weir_rc weir_csv_char(weir_ctx *ctx, get_fn *get, void *u, const char *key, uint32_t dflt,
                      uint32_t *out) {
    const char *v = get(u, key);
    *out = dflt;
    if (!v) return WEIR_OK;
    if (!*v) return *out = 0, WEIR_OK;
    int k = weir_utf8_code(v, v + strlen(v), out);
    if (k < 4 && !v[k]) return WEIR_OK; /* more are two to Java */
    return weir_fail(ctx, WEIR_E_OPTION_VALUE_EXCEEDS_ONE_CHARACTER, "option", key, "value", v);
}

weir_rc weir_csv_delimiter(weir_ctx *ctx, get_fn *get, void *u, const char **out) {
    static const char from[] = "trbf\"'\\", to[] = "\t\r\b\f\"'\\";
    const char *sep = get(u, "sep");
    if (!sep) sep = get(u, "delimiter");
    if (!sep) sep = ",";
    char *o = weir_strdup(ctx->arena, sep), *q = o;
    for (const char *p = sep; *p; p++) {
        const char *f = *p == '\\' && p[1] ? strchr(from, p[1]) : NULL;
        if (*p == '\\' && !p[1])
            return weir_fail(ctx, WEIR_E_DELIMITER_SINGLE_BACKSLASH, NULL);
        if (*p == '\\' && !f)
            return weir_fail(ctx, WEIR_E_DELIMITER_UNSUPPORTED_SPECIAL_CHARACTER, "str",
                             weir_strndup(ctx->arena, p, 2));
        p += f != NULL;
        *q++ = f ? to[f - from] : *p;
    }
    *q = 0;
    *out = o;
    return WEIR_OK;
}

weir_rc weir_csv_line_sep(weir_ctx *ctx, get_fn *get, void *u, const char **out) {
    const char *v = *out = get(u, "lineSep");
    if (!v) return WEIR_OK;
    if (!*v)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "requirement failed: 'lineSep' cannot be an empty string.");
    int units = 0;
    for (const char *p = v; *p; p++)
        units += ((unsigned char)*p & 0xC0) != 0x80 ? 1 + ((unsigned char)*p >= 0xF0) : 0;
    if (units <= 2) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     "requirement failed: 'lineSep' can contain only 1 character.");
}

weir_rc weir_csv_charset(weir_ctx *ctx, get_fn *get, void *u, weir_charset *out) {
    const char *v = get(u, "encoding");
    return weir_charset_option(ctx, v ? v : get(u, "charset"), "`CSVOptions`", out);
}

const uint32_t *weir_csv_chars(weir_arena *mem, const char *text, int *n) {
    uint32_t *out = WEIR_NEWN(mem, uint32_t, strlen(text) + 1);
    *n = 0;
    for (const char *p = text, *end = text + strlen(text); p < end;)
        p += weir_utf8_code(p, end, &out[(*n)++]);
    return out;
}

static weir_rc stray_of(weir_ctx *ctx, get_fn *get, void *u, weir_csv_stray *out) {
    static const char *const names[] = {"STOP_AT_DELIMITER", "STOP_AT_CLOSING_QUOTE",
                                        "BACK_TO_DELIMITER", "SKIP_VALUE", "RAISE_ERROR"};
    const char *v = get(u, "unescapedQuoteHandling");
    *out = WEIR_CSV_STOP_AT_DELIMITER;
    if (!v) return WEIR_OK;
    for (int i = 0; i < 5; i++)
        if (strcasecmp(v, names[i]) == 0) return *out = (weir_csv_stray)i, WEIR_OK;
    char *up = weir_strdup(ctx->arena, v);
    for (char *p = up; *p; p++) *p = (char)toupper((unsigned char)*p);
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(ctx->arena,
                    "No enum constant com.univocity.parsers.csv.UnescapedQuoteHandling.%s", up));
}

/* SPARK: a pattern is looked at with the first value. One that is none makes values malformed; but
 * one that SimpleDateFormat would have taken fails by name. */
static weir_rc format_of(weir_ctx *ctx, const char *text, weir_csv_pattern *out) {
    weir_pattern *p = NULL;
    *out = (weir_csv_pattern){.text = text};
    if (!text) return WEIR_OK;
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    if (weir_pattern_compile(&c, text, strlen(text), true, &p) == WEIR_OK)
        out->pattern = p;
    else
        out->upgrade = quiet.cls == WEIR_E_DATETIME_PATTERN_RECOGNITION;
    weir_err_clear(&quiet);
    return WEIR_OK;
}

weir_rc weir_csv_pattern_fail(weir_ctx *ctx, const weir_csv_pattern *f) {
    weir_pattern *p;
    return weir_pattern_compile(ctx, f->text, strlen(f->text), true, &p);
}

static weir_rc read_formats(weir_ctx *ctx, get_fn *get, void *u, weir_csv_options *o) {
    const char *tz = get(u, "timeZone"), *date = get(u, "dateFormat"),
               *type = weir_conf_get(ctx->conf, "spark.sql.timestampType");
    bool fallback, given = get(u, "enableDateTimeParsingFallback") != NULL;
    o->zone = tz ? weir_zone_find(tz, strlen(tz)) : weir_zone_session(ctx);
    if (!o->zone) return weir_fail(ctx, WEIR_E_INVALID_TIMEZONE, "timeZone", tz);
    WEIR_TRY(weir_csv_flag(ctx, get, u, "preferDate", true, &o->prefer_date));
    WEIR_TRY(plain_flag(ctx, get, u, "enableDateTimeParsingFallback", false, &fallback));
    WEIR_TRY(format_of(ctx, date ? date : o->prefer_date ? "yyyy-MM-dd" : NULL, &o->date_format));
    WEIR_TRY(format_of(ctx, get(u, "timestampFormat"), &o->timestamp_format));
    WEIR_TRY(format_of(ctx, get(u, "timestampNTZFormat"), &o->ntz_format));
    o->date_given = date != NULL;
    o->date_fallback = given ? fallback : !date;
    o->timestamp_fallback = given ? fallback : !o->timestamp_format.text;
    o->ntz_default = type && strcmp(type, "TIMESTAMP_NTZ") == 0;
    return WEIR_OK;
}

static weir_rc read_chars(weir_ctx *ctx, get_fn *get, void *u, weir_csv_options *o) {
    const char *escape2 = get(u, "charToEscapeQuoteEscaping");
    WEIR_TRY(weir_csv_delimiter(ctx, get, u, &o->sep));
    WEIR_TRY(weir_csv_char(ctx, get, u, "quote", '"', &o->quote));
    WEIR_TRY(weir_csv_char(ctx, get, u, "escape", '\\', &o->escape));
    WEIR_TRY(weir_csv_char(ctx, get, u, "charToEscapeQuoteEscaping", 0, &o->escape2));
    WEIR_TRY(weir_csv_char(ctx, get, u, "comment", 0, &o->comment));
    o->has_escape2 = escape2 && *escape2;
    o->has_comment = o->comment != 0;
    WEIR_TRY(weir_csv_line_sep(ctx, get, u, &o->line_sep));
    WEIR_TRY(stray_of(ctx, get, u, &o->stray));
    return weir_csv_charset(ctx, get, u, &o->charset);
}

static weir_rc read_numbers(weir_ctx *ctx, get_fn *get, void *u, weir_csv_options *o) {
    const char *ratio = get(u, "samplingRatio"), *buffer = get(u, "inputBufferSize");
    char *end = NULL;
    WEIR_TRY(integer(ctx, get, u, "maxColumns", 20480, &o->max_columns));
    WEIR_TRY(integer(ctx, get, u, "maxCharsPerColumn", -1, &o->max_chars));
    o->buffer_chars = buffer ? strtoll(buffer, &end, 10) : 1 << 20;
    if (buffer && (!*buffer || *end || o->buffer_chars < 1))
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", buffer));
    o->sampling_ratio = ratio ? strtod(ratio, &end) : 1;
    if (ratio && (!*ratio || *end))
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", ratio));
    return WEIR_OK;
}

static weir_rc read_flags(weir_ctx *ctx, get_fn *get, void *u, weir_csv_options *o) {
    bool prune = weir_conf_bool(ctx->conf, "spark.sql.csv.parser.columnPruning.enabled");
    WEIR_TRY(plain_flag(ctx, get, u, "multiLine", false, &o->multi_line));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "header", false, &o->header));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "inferSchema", false, &o->infer));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "ignoreLeadingWhiteSpace", false, &o->trim_left));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "ignoreTrailingWhiteSpace", false, &o->trim_right));
    WEIR_TRY(weir_csv_flag(ctx, get, u, "enforceSchema", true, &o->enforce_schema));
    o->case_sensitive = weir_conf_bool(ctx->conf, "spark.sql.caseSensitive");
    return weir_csv_flag(ctx, get, u, "columnPruning", !o->multi_line && prune, &o->prune);
}

static weir_bytes bytes_of(const char *v, const char *dflt) {
    if (!v) v = dflt;
    return (weir_bytes){v, (int32_t)strlen(v)};
}

weir_rc weir_csv_options_read(weir_ctx *ctx, get_fn *get, void *u, weir_csv_options *o) {
    const char *mode = get(u, "mode"), *corrupt = get(u, "columnNameOfCorruptRecord"),
               *null = get(u, "nullValue"), *empty = get(u, "emptyValue"),
               *nan = get(u, "nanValue"), *inf = get(u, "positiveInf"),
               *neg = get(u, "negativeInf");
    if (!corrupt) corrupt = weir_conf_get(ctx->conf, "spark.sql.columnNameOfCorruptRecord");
    *o = (weir_csv_options){.corrupt_column = corrupt,
                            .null_value = null ? null : "",
                            .empty_value = empty ? empty : "",
                            .nan = bytes_of(nan, "NaN"),
                            .inf = bytes_of(inf, "Inf"),
                            .neg_inf = bytes_of(neg, "-Inf")};
    o->null_len = strlen(o->null_value);
    if (mode && strcasecmp(mode, "DROPMALFORMED") == 0)
        o->mode = WEIR_MODE_DROP;
    else if (mode && strcasecmp(mode, "FAILFAST") == 0)
        o->mode = WEIR_MODE_FAIL;
    WEIR_TRY(read_chars(ctx, get, u, o));
    WEIR_TRY(read_flags(ctx, get, u, o));
    WEIR_TRY(read_numbers(ctx, get, u, o));
    return read_formats(ctx, get, u, o);
}

weir_rc weir_csv_options_infer(weir_ctx *ctx, const weir_csv_options *o) {
    const weir_csv_pattern *both[] = {&o->timestamp_format, &o->ntz_format};
    for (int i = 0; i < 2; i++)
        if (both[i]->text && !both[i]->pattern) return weir_csv_pattern_fail(ctx, both[i]);
    if (o->sampling_ratio > 0) return WEIR_OK;
    char ratio[32];
    ratio[weir_double_text(o->sampling_ratio, ratio)] = 0;
    return weir_fail(
        ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
        weir_printf(ctx->arena, "requirement failed: samplingRatio (%s) should be greater than 0",
                    ratio));
}
