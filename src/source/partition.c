/* Values of k=v folders: their types, and columns of them. SPARK PartitioningUtils. Analysis and
 * query threads. */
#include "source/partition.h"

#include "base/utf8.h"
#include "expr/eval.h"
#include "func/datetime.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* SPARK ExternalCatalogUtils.unescapePathName: %XX is a character, not a byte. */
char *weir_folder_text(weir_arena *a, const char *p, size_t n) {
    char *o = weir_alloc(a, n + 1), *q = o;
    for (size_t i = 0; i < n; i++) {
        char hex[3] = {0};
        if (p[i] == '%' && i + 2 < n) {
            memcpy(hex, p + i + 1, 2);
            char *end;
            long v = strtol(hex, &end, 16);
            if (!*end && v) {
                q += weir_utf8_put(q, (uint32_t)v);
                i += 2;
                continue;
            }
        }
        *q++ = p[i];
    }
    return weir_utf8_dup(a, o, (size_t)(q - o));
}

static bool digits(const char *v, const char *shape) { /* 0 in shape: a digit */
    for (; *shape; v++, shape++)
        if (*shape == '0' ? *v < '0' || *v > '9' : *v != *shape) return false;
    return !*v;
}

static bool is_decimal(const char *v) { /* java.math.BigDecimal */
    const char *p = v + (*v == '-' || *v == '+');
    size_t whole = strspn(p, "0123456789"), part = 0;
    p += whole;
    if (*p == '.') p += 1 + (part = strspn(p + 1, "0123456789"));
    if (!whole && !part) return false;
    if (*p != 'e' && *p != 'E') return !*p;
    p += 1 + (p[1] == '-' || p[1] == '+');
    return *p && strspn(p, "0123456789") == strlen(p);
}

/* The same without digits behind the point: 12, 1e3. */
static const weir_type *decimal_type(weir_ctx *ctx, const char *v) {
    const char *p = v + (*v == '-' || *v == '+');
    size_t n = strspn(p, "0123456789");
    int64_t zeros = 0;
    char *end = (char *)(uintptr_t)(p + n);
    if (!n) return NULL;
    if (*end == '.') end++;
    if (*end == 'e' || *end == 'E') {
        const char *from = end + 1;
        zeros = strtoll(from, &end, 10);
        if (end == from || zeros < 0) return NULL;
    }
    while (n > 1 && *p == '0') p++, n--;
    if (*end || n > 38 || zeros > 38 || (int64_t)n + zeros > 38) return NULL;
    return weir_type_decimal(ctx->arena, (int)((int64_t)n + zeros), 0);
}

/* Double.parseDouble: white space around, hexadecimal with its exponent, a suffix. */
static bool parse_double(const char *v, double *out) {
    char *end;
    while (*v && (unsigned char)*v <= ' ') v++;
    const char *p = v + (*v == '-' || *v == '+');
    bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
    size_t n = strspn(p, hex ? "0123456789abcdefABCDEFxXpP.+-" : "0123456789.eE+-");
    if (strncmp(p, "NaN", 3) == 0 || strncmp(p, "Infinity", 8) == 0)
        end = (char *)(uintptr_t)(p + (*p == 'N' ? 3 : 8));
    else if (!n || !strpbrk(p, "0123456789") || (hex && !strpbrk(p, "pP")))
        return false;
    else if ((void)strtod(v, &end), end == v || end > p + n)
        return false;
    else if (*end && strchr("dDfF", *end))
        end++;
    *out = strtod(v, NULL);
    while (*end && (unsigned char)*end <= ' ') end++;
    return !*end;
}

/* Integer.parseInt */
static bool parse_int(const char *v, int64_t lo, int64_t hi, int64_t *out) {
    const char *p = v + (*v == '-' || *v == '+');
    errno = 0;
    *out = strtoll(v, NULL, 10);
    return *p && strspn(p, "0123456789") == strlen(p) && !errno && *out >= lo && *out <= hi;
}

/* SPARK PartitioningUtils.inferPartitionColumnValue */
weir_rc weir_folder_type(weir_ctx *ctx, const char *raw, const weir_type **out) {
    int32_t days;
    int64_t us;
    double real;
    const char *v = weir_folder_text(ctx->arena, raw, strlen(raw));
    int64_t n = (int64_t)strlen(v), nraw = (int64_t)strlen(raw);
    *out = &weir_t_string;
    if (parse_int(raw, INT32_MIN, INT32_MAX, &us)) return *out = &weir_t_int, WEIR_OK;
    if (parse_int(raw, INT64_MIN, INT64_MAX, &us)) return *out = &weir_t_long, WEIR_OK;
    const weir_type *decimal = decimal_type(ctx, raw);
    if (decimal) return *out = decimal, WEIR_OK;
    if (parse_double(raw, &real)) return *out = &weir_t_double, WEIR_OK;
    if (digits(v, "00:00:00") && weir_time_parse(v, n, &us))
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_TIME_TYPE, "typeName", "TIME");
    if (digits(raw, "0000-00-00") && weir_date_parse(raw, nraw, &days)) *out = &weir_t_date;
    if ((digits(v, "0000-00-00 00:00:00") || digits(v, "0000-00-00 00:00:00.0")) &&
        weir_timestamp_parse(v, n, weir_zone_session(ctx), &us))
        *out = &weir_t_timestamp;
    return WEIR_OK;
}

static const weir_type *as_decimal(weir_ctx *ctx, const weir_type *t) {
    if (t->kind == WEIR_T_DECIMAL) return t;
    return weir_type_decimal(ctx->arena, t->kind == WEIR_T_INT ? 10 : 20, 0);
}

/* SPARK findWiderTypeForPartitionColumn: what cannot be told apart is text. */
const weir_type *weir_folder_wider(weir_ctx *ctx, const weir_type *a, const weir_type *b) {
    if (!a || weir_type_same(a, b)) return b;
    bool da = a->kind == WEIR_T_DOUBLE, db = b->kind == WEIR_T_DOUBLE,
         ea = a->kind == WEIR_T_DECIMAL, eb = b->kind == WEIR_T_DECIMAL,
         la = a->kind == WEIR_T_LONG, lb = b->kind == WEIR_T_LONG;
    if ((da && (eb || lb)) || (db && (ea || la))) return &weir_t_string;
    if (weir_type_is_numeric(a) && weir_type_is_numeric(b)) {
        if (da || db) return &weir_t_double;
        if (!ea && !eb) return &weir_t_long;
        const weir_type *x = as_decimal(ctx, a), *y = as_decimal(ctx, b);
        return x->precision >= y->precision ? x : y;
    }
    if ((a->kind == WEIR_T_DATE && b->kind == WEIR_T_TIMESTAMP) ||
        (b->kind == WEIR_T_DATE && a->kind == WEIR_T_TIMESTAMP))
        return &weir_t_timestamp;
    return &weir_t_string;
}

/* ---- values ---- */

static weir_rc bad_value(weir_ctx *ctx, const weir_field *f, const char *v, weir_column *out) {
    if (!weir_conf_bool(ctx->conf, "spark.sql.sources.validatePartitionColumns"))
        return weir_column_null(ctx, f->type, 1, out);
    return weir_fail(ctx, WEIR_E_INVALID_PARTITION_VALUE, "value",
                     weir_printf(ctx->arena, "'%s'", v), "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->type)),
                     "columnName", weir_printf(ctx->arena, "`%s`", f->name));
}

static weir_expr *number(weir_ctx *ctx, const weir_type *t, const char *v) {
    int64_t n;
    double real;
    bool wide = t->kind == WEIR_T_LONG;
    switch ((int)t->kind) {
    case WEIR_T_BYTE:
    case WEIR_T_SHORT: /* SPARK: Integer.parseInt(value).toByte */
    case WEIR_T_INT:
    case WEIR_T_LONG:
        if (!parse_int(v, wide ? INT64_MIN : INT32_MIN, wide ? INT64_MAX : INT32_MAX, &n))
            return NULL;
        return weir_lit_int(ctx->arena, t,
                            t->kind == WEIR_T_BYTE    ? (int8_t)n
                            : t->kind == WEIR_T_SHORT ? (int16_t)n
                                                      : n);
    case WEIR_T_BOOLEAN:
        if (strcasecmp(v, "true") != 0 && strcasecmp(v, "false") != 0) return NULL;
        return weir_lit_bool(ctx->arena, strcasecmp(v, "true") == 0);
    default:
        return parse_double(v, &real) ? weir_lit_double(ctx->arena, t, real) : NULL;
    }
}

/* SPARK PartitioningUtils.castPartValueToDesiredType */
weir_rc weir_folder_value(weir_ctx *ctx, const weir_field *f, const char *raw,
                          const weir_zone *zone, weir_column *out) {
    const weir_type *t = f->type;
    const char *text = raw ? weir_folder_text(ctx->arena, raw, strlen(raw)) : NULL;
    weir_expr *lit = NULL, *cast = NULL;
    int64_t us;
    if (!raw || t->kind == WEIR_T_VOID) return weir_column_null(ctx, t, 1, out);
    switch ((int)t->kind) {
    case WEIR_T_STRING:
        lit = weir_lit_string(ctx->arena, text, strlen(text));
        break;
    case WEIR_T_BINARY:
        lit = weir_lit_binary(ctx->arena, raw, strlen(raw));
        break;
    case WEIR_T_TIMESTAMP:
        if (weir_timestamp_parse(text, (int64_t)strlen(text), zone, &us))
            lit = weir_lit_int(ctx->arena, t, us);
        break;
    case WEIR_T_DECIMAL: /* SPARK: null where it has more digits than the type */
        if (!is_decimal(raw)) break;
        WEIR_TRY(weir_cast_resolve(ctx, weir_lit_string(ctx->arena, raw, strlen(raw)), t,
                                   WEIR_CAST_TRY, &cast));
        return weir_eval_const(ctx, cast, out);
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_INTERVAL_DT: {
        const char *v = t->kind == WEIR_T_DATE ? raw : text;
        WEIR_TRY(weir_cast_resolve(ctx, weir_lit_string(ctx->arena, v, strlen(v)), t,
                                   WEIR_CAST_TRY, &cast));
        WEIR_TRY(weir_eval_const(ctx, cast, out));
        return weir_is_null(out, 0) ? bad_value(ctx, f, raw, out) : WEIR_OK;
    }
    default:
        if (!weir_type_is_nested(t)) lit = number(ctx, t, raw);
    }
    if (!lit) return bad_value(ctx, f, raw, out);
    *out = lit->lit;
    return WEIR_OK;
}
