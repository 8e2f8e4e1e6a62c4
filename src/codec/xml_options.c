/* Options of XML files. SPARK XmlOptions. See xml_read.h and xml_write.h. */
#include "codec/xml_inner.h"
#include "codec/xml_write.h"

#include <stdlib.h>
#include <strings.h>

typedef const char *getter(void *u, const char *key);

static weir_rc required(weir_ctx *ctx, const char *what) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "requirement failed: %s", what));
}

static weir_rc undone(weir_ctx *ctx, const char *key, const char *value, const char *instead) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena, "the option %s=%s of XML files; %s", key, value,
                                 instead));
}

static weir_rc flag(weir_ctx *ctx, getter *get, void *u, const char *key, bool dflt, bool *out) {
    const char *v = get(u, key);
    *out = v ? strcasecmp(v, "true") == 0 : dflt;
    if (!v || *out || strcasecmp(v, "false") == 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_NOT_BOOLEAN_FLAG, "paramName", key);
}

static weir_rc pattern(weir_ctx *ctx, const char *text, const weir_pattern **out) {
    weir_pattern *p = NULL;
    if (!text) return WEIR_OK;
    WEIR_TRY(weir_pattern_compile(ctx, text, strlen(text), true, &p));
    *out = p;
    return WEIR_OK;
}

static const char *trimmed(weir_arena *a, const char *s) {
    size_t n = strlen(s);
    while (n && (unsigned char)*s <= ' ') s++, n--;
    while (n && (unsigned char)s[n - 1] <= ' ') n--;
    return weir_strndup(a, s, n);
}

static const char *or(const char *v, const char *dflt) { return v ? v : dflt; }

static weir_rc no_brackets(weir_ctx *ctx, const char *key, const char *v) {
    size_t n = strlen(v);
    if (*v != '<' && (!n || v[n - 1] != '>')) return WEIR_OK;
    return required(ctx, weir_printf(ctx->arena, "'%s' should not include angle brackets", key));
}

weir_rc weir_xml_tags_read(weir_ctx *ctx, getter *get, void *u, weir_xml_tags *t) {
    const char *row = get(u, "rowTag");
    if (!row) return weir_fail(ctx, WEIR_E_XML_ROW_TAG_MISSING, "rowTag", "`rowTag`");
    *t = (weir_xml_tags){.row = trimmed(ctx->arena, row),
                         .root = or(get(u, "rootTag"), "ROWS"),
                         .declaration = or(get(u, "declaration"),
                                           "version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\""),
                         .element = or(get(u, "arrayElementName"), "item"),
                         .attribute_prefix = or(get(u, "attributePrefix"), "_"),
                         .value_tag = or(get(u, "valueTag"), "_VALUE"),
                         .null_value = get(u, "nullValue"),
                         .indent = or(get(u, "indent"), "    ")};
    if (!*t->row) return required(ctx, "'rowTag' option should not be an empty string.");
    WEIR_TRY(no_brackets(ctx, "rowTag", t->row));
    WEIR_TRY(no_brackets(ctx, "rootTag", t->root));
    WEIR_TRY(no_brackets(ctx, "declaration", t->declaration));
    if (!*t->value_tag) return required(ctx, "'valueTag' option should not be empty string.");
    if (strcmp(t->value_tag, t->attribute_prefix) == 0)
        return required(ctx, "'valueTag' and 'attributePrefix' options should not be the same.");
    return flag(ctx, get, u, "validateName", true, &t->validate_names);
}

static weir_rc check_undone(weir_ctx *ctx, getter *get, void *u) {
    const char *xsd = get(u, "rowValidationXSDPath"), *variant = get(u, "singleVariantColumn"),
               *legacy = get(u, "useLegacyXMLParser"), *locale = get(u, "locale"),
               *ratio = get(u, "samplingRatio");
    char *end = NULL;
    if (xsd)
        return undone(ctx, "rowValidationXSDPath", xsd,
                      "read without it, and filter what does not fit");
    if (variant)
        return undone(ctx, "singleVariantColumn", variant,
                      "read the elements as columns; a STRING column holds an element as text");
    if (legacy && strcasecmp(legacy, "true") == 0)
        return undone(ctx, "useLegacyXMLParser", legacy, "leave it out");
    if (locale && strcasecmp(locale, "en-US") != 0 && strcasecmp(locale, "en") != 0)
        return undone(ctx, "locale", locale, "read the column as STRING, and convert it");
    double r = ratio ? strtod(ratio, &end) : 1;
    if (ratio && (end == ratio || *end))
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", ratio));
    if (r > 0) return WEIR_OK;
    return required(ctx,
                    weir_printf(ctx->arena, "samplingRatio (%.1f) should be greater than 0", r));
}

/* What lines are in, and whole files that do not say it themselves. */
static weir_rc read_encoding(weir_ctx *ctx, getter *get, void *u, weir_xml_options *o) {
    const char *ml = get(u, "multiLine");
    o->encoding = or(get(u, "encoding"), get(u, "charset"));
    o->multi_line = !ml || strcasecmp(ml, "true") == 0;
    if (!o->multi_line && strcasecmp(ml, "false") != 0)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", ml));
    return WEIR_OK;
}

static weir_rc read_times(weir_ctx *ctx, getter *get, void *u, weir_xml_options *o) {
    const char *tz = get(u, "timeZone"), *date = get(u, "dateFormat");
    bool prefer_date;
    o->zone = tz ? weir_zone_find(tz, strlen(tz)) : weir_zone_session(ctx);
    if (!o->zone)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "the option timeZone names no time zone: %s", tz));
    WEIR_TRY(flag(ctx, get, u, "preferDate", true, &prefer_date));
    WEIR_TRY(pattern(ctx, date || !prefer_date ? date : "yyyy-MM-dd", &o->date_format));
    WEIR_TRY(pattern(ctx, get(u, "timestampFormat"), &o->timestamp_format));
    return pattern(ctx, get(u, "timestampNTZFormat"), &o->ntz_format);
}

weir_rc weir_xml_options_read(weir_ctx *ctx, getter *get, void *u, weir_xml_options *o) {
    const char *mode = get(u, "mode"), *decimal = get(u, "prefersDecimal");
    weir_xml_tags t;
    WEIR_TRY(weir_xml_tags_read(ctx, get, u, &t));
    WEIR_TRY(check_undone(ctx, get, u));
    *o = (weir_xml_options){
        .row_tag = t.row,
        .attribute_prefix = t.attribute_prefix,
        .value_tag = t.value_tag,
        .null_value = t.null_value,
        .wildcard = or(get(u, "wildcardColName"), "xs_any"),
        .corrupt_column = or(get(u, "columnNameOfCorruptRecord"), "_corrupt_record"),
        .prefers_decimal = decimal && strcasecmp(decimal, "true") == 0,
        .case_sensitive = weir_conf_bool(ctx->conf, "spark.sql.caseSensitive"),
        .infer_ntz =
            strcasecmp(weir_conf_get(ctx->conf, "spark.sql.timestampType"), "TIMESTAMP_NTZ") == 0};
    if (mode && strcasecmp(mode, "DROPMALFORMED") == 0)
        o->mode = WEIR_MODE_DROP;
    else if (mode && strcasecmp(mode, "FAILFAST") == 0)
        o->mode = WEIR_MODE_FAIL;
    WEIR_TRY(flag(ctx, get, u, "excludeAttribute", false, &o->exclude_attributes));
    WEIR_TRY(flag(ctx, get, u, "ignoreSurroundingSpaces", true, &o->trim));
    WEIR_TRY(flag(ctx, get, u, "inferSchema", true, &o->infer));
    WEIR_TRY(flag(ctx, get, u, "ignoreNamespace", false, &o->ignore_namespace));
    WEIR_TRY(read_encoding(ctx, get, u, o));
    return read_times(ctx, get, u, o);
}
