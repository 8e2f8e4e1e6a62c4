/* Options of JSON readers. See json_read.h. SPARK JSONOptions. */
#include "codec/json_read.h"

#include <stdlib.h>
#include <strings.h>

/* JACKSON StreamReadConstraints, as Spark's options set them */
enum { NESTING = 1000, NUMBER = 1000, STRING = 20000000 };

void weir_json_options_plain(weir_json_options *o) {
    *o = (weir_json_options){.corrupt_column = "_corrupt_record",
                             .case_sensitive = true,
                             .allow_single_quotes = true,
                             .allow_non_numeric = true,
                             .partial = true,
                             .exact_text = true,
                             .ansi = true,
                             .date_fallback = true,
                             .timestamp_fallback = true,
                             .max_depth = NESTING,
                             .max_number = NUMBER,
                             .max_string = STRING,
                             .zone = weir_zone_utc()};
}

typedef struct getter {
    const char *(*get)(void *u, const char *key);
    void *u;
} getter;

static weir_rc for_input(weir_ctx *ctx, bool number, const char *v) {
    return weir_fail(ctx, number ? WEIR_E_NUMBER_FORMAT : WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "For input string: \"%s\"", v));
}

weir_rc weir_json_flag_option(weir_ctx *ctx, const char *v, bool *out) {
    if (!v) return WEIR_OK;
    *out = strcasecmp(v, "true") == 0;
    return *out || strcasecmp(v, "false") == 0 ? WEIR_OK : for_input(ctx, false, v);
}

static weir_rc flags(weir_ctx *ctx, const getter *g, weir_json_options *o) {
    const struct {
        const char *name;
        bool *to;
    } rows[] = {{"primitivesAsString", &o->primitives_as_string},
                {"prefersDecimal", &o->prefers_decimal},
                {"allowComments", &o->allow_comments},
                {"allowUnquotedFieldNames", &o->allow_unquoted_names},
                {"allowSingleQuotes", &o->allow_single_quotes},
                {"allowNumericLeadingZeros", &o->allow_leading_zeros},
                {"allowNonNumericNumbers", &o->allow_non_numeric},
                {"allowBackslashEscapingAnyCharacter", &o->allow_any_escape},
                {"allowUnquotedControlChars", &o->allow_control},
                {"multiLine", &o->multi_line},
                {"inferTimestamp", &o->infer_timestamp},
                {"dropFieldIfAllNull", &o->drop_all_null}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        WEIR_TRY(weir_json_flag_option(ctx, g->get(g->u, rows[i].name), rows[i].to));
    return WEIR_OK;
}

static weir_rc limits(weir_ctx *ctx, const getter *g, weir_json_options *o) {
    const struct {
        const char *name;
        int32_t *to;
    } rows[] = {{"maxNestingDepth", &o->max_depth},
                {"maxNumLen", &o->max_number},
                {"maxStringLen", &o->max_string}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *v = g->get(g->u, rows[i].name);
        char *end;
        if (!v) continue;
        long n = strtol(v, &end, 10);
        if (end == v || *end || n < 0 || n > INT32_MAX) return for_input(ctx, true, v);
        *rows[i].to = (int32_t)n;
    }
    return WEIR_OK;
}

static weir_rc pattern_of(weir_ctx *ctx, const getter *g, const char *key,
                          const weir_pattern **out) {
    const char *text = g->get(g->u, key);
    weir_pattern *p = NULL;
    if (!text) return WEIR_OK;
    WEIR_TRY(weir_pattern_compile(ctx, text, strlen(text), true, &p));
    *out = p;
    return WEIR_OK;
}

/* SPARK JacksonParser: texts that do not have the format may still have an older one. */
static weir_rc times(weir_ctx *ctx, const getter *g, weir_json_options *o) {
    const char *tz = g->get(g->u, "timeZone"),
               *back = g->get(g->u, "enableDateTimeParsingFallback");
    o->zone = tz ? weir_zone_find(tz, strlen(tz)) : weir_zone_session(ctx);
    if (!o->zone) return weir_fail(ctx, WEIR_E_INVALID_TIMEZONE, "timeZone", tz);
    WEIR_TRY(pattern_of(ctx, g, "dateFormat", &o->date_format));
    WEIR_TRY(pattern_of(ctx, g, "timestampFormat", &o->timestamp_format));
    WEIR_TRY(pattern_of(ctx, g, "timestampNTZFormat", &o->ntz_format));
    WEIR_TRY(pattern_of(ctx, g, "timeFormat", &o->time_format));
    o->date_fallback = !o->date_format;
    o->timestamp_fallback = !o->timestamp_format;
    WEIR_TRY(weir_json_flag_option(ctx, back, &o->date_fallback));
    return weir_json_flag_option(ctx, back, &o->timestamp_fallback);
}

static weir_rc requirement(weir_ctx *ctx, const char *form, const char *encoding) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, form, encoding));
}

/* SPARK JSONOptionsInRead.checkedEncoding */
static weir_rc text_form(weir_ctx *ctx, const getter *g, weir_json_options *o) {
    const char *v = g->get(g->u, "encoding"), *sep = g->get(g->u, "lineSep");
    if (!v) v = g->get(g->u, "charset");
    if (sep && !*sep)
        return requirement(ctx, "requirement failed: 'lineSep' cannot be an empty string.", NULL);
    WEIR_TRY(weir_charset_option(ctx, v, o->chars ? "`JSONOptions`" : "`JSONOptionsInRead`",
                                 &o->charset));
    o->decoded = v && !o->chars; /* SPARK CreateJacksonParser.utf8String */
    if (!o->decoded || o->multi_line || o->charset == WEIR_CHARSET_UTF8) return WEIR_OK;
    if (o->charset == WEIR_CHARSET_UTF16 || o->charset == WEIR_CHARSET_UTF32)
        return requirement(ctx,
                           "requirement failed: The %s encoding must not be included in the "
                           "denyList when multiLine is disabled:\ndenylist: UTF-16, UTF-32",
                           v);
    return sep ? WEIR_OK
               : requirement(ctx,
                             "requirement failed: The lineSep option must be specified for the %s "
                             "encoding",
                             v);
}

weir_rc weir_json_options_read(weir_ctx *ctx, bool chars, const char *(*get)(void *, const char *),
                               void *u, weir_json_options *o) {
    const getter g = {get, u};
    const char *mode = get(u, "mode"), *corrupt = get(u, "columnNameOfCorruptRecord");
    weir_json_options_plain(o);
    o->chars = chars;
    o->corrupt_column =
        corrupt ? corrupt
                : weir_strdup(ctx->arena,
                              weir_conf_get(ctx->conf, "spark.sql.columnNameOfCorruptRecord"));
    if (mode && strcasecmp(mode, "DROPMALFORMED") == 0)
        o->mode = WEIR_MODE_DROP;
    else if (mode && strcasecmp(mode, "FAILFAST") == 0)
        o->mode = WEIR_MODE_FAIL;
    o->partial = weir_conf_bool(ctx->conf, "spark.sql.json.enablePartialResults");
    o->exact_text = weir_conf_bool(ctx->conf, "spark.sql.json.enableExactStringParsing");
    o->empty_is_null = weir_conf_bool(ctx->conf, "spark.sql.legacy.json.allowEmptyString.enabled");
    o->ansi = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled");
    WEIR_TRY(flags(ctx, &g, o));
    WEIR_TRY(text_form(ctx, &g, o));
    WEIR_TRY(limits(ctx, &g, o));
    return times(ctx, &g, o);
}
