/* Literals: numbers, DATE '...' and its like. Thread of the parser. */
#include "sql/lex.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

static weir_rc decimal_literal(weir_parser *p, const char *s, size_t n, weir_expr **out) {
    weir_i128 v = 0;
    int digits = 0, scale = 0, exp = 0;
    bool dot = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '.') {
            dot = true;
        } else if ((s[i] | 32) == 'e') {
            exp = (int)strtol(s + i + 1, NULL, 10);
            break;
        } else {
            if (digits || s[i] != '0') digits++;
            if (digits > 38) break;
            v = v * 10 + (s[i] - '0');
            scale += dot;
        }
    }
    scale -= exp;
    for (; scale < 0 && digits <= 38; scale++, digits++) v *= 10;
    if (digits > 38 || scale > 38)
        return weir_fail(p->ctx, WEIR_E_INVALID_SQL_SYNTAX, "message",
                         "the decimal literal has more than 38 digits.");
    int precision = digits > scale ? digits : scale;
    *out = weir_lit_decimal(p->ctx->arena, precision ? precision : 1, scale, v);
    return WEIR_OK;
}

static weir_rc range_error(weir_parser *p, const char *text, const char *type, const char *min,
                           const char *max) {
    return weir_fail(p->ctx, WEIR_E_INVALID_NUMERIC_LITERAL_RANGE, "rawStrippedQualifier", text,
                     "typeName", type, "minValue", min, "maxValue", max);
}

static weir_rc integer_literal(weir_parser *p, const char *text, char suffix, weir_expr **out) {
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    bool over = errno == ERANGE;
    if (over && !suffix) return decimal_literal(p, text, strlen(text), out);
    if (suffix == 'L' && over)
        return range_error(p, text, "bigint", "-9223372036854775808", "9223372036854775807");
    if (suffix == 'S' && (over || v != (int16_t)v))
        return range_error(p, text, "smallint", "-32768", "32767");
    if (suffix == 'Y' && (over || v != (int8_t)v))
        return range_error(p, text, "tinyint", "-128", "127");
    const weir_type *t = suffix == 'L'           ? &weir_t_long
                         : suffix == 'S'         ? &weir_t_short
                         : suffix == 'Y'         ? &weir_t_byte
                         : v == (int32_t)v ? &weir_t_int
                                                 : &weir_t_long;
    *out = weir_lit_int(p->ctx->arena, t, v);
    return WEIR_OK;
}

static weir_rc floating_literal(weir_parser *p, const char *text, bool single, weir_expr **out) {
    double v = strtod(text, NULL);
    if (single && !(fabs(v) <= FLT_MAX))
        return range_error(p, text, "float", "-3.4028234663852886E+38", "3.4028234663852886E+38");
    if (isinf(v))
        return range_error(p, text, "double", "-1.7976931348623157E+308",
                           "1.7976931348623157E+308");
    *out = weir_lit_double(p->ctx->arena, single ? &weir_t_float : &weir_t_double, v);
    return WEIR_OK;
}

weir_rc weir_number_literal(weir_parser *p, bool minus, weir_expr **out) {
    const weir_token *t = weir_tk(p, 0);
    int32_t from = p->at;
    size_t n = t->len;
    char suffix = (char)(t->text[n - 1] & ~32);
    bool big = n > 2 && suffix == 'D' && (t->text[n - 2] | 32) == 'b';
    if (big)
        n -= 2;
    else if (strchr("LSYDF", suffix))
        n--;
    else
        suffix = 0;
    char *text = weir_printf(p->ctx->arena, "%s%.*s", minus ? "-" : "", (int)n, t->text);
    bool plain = strcspn(text, ".eE") == strlen(text),
         exponent = strcspn(text, "eE") != strlen(text);
    p->at++;
    weir_rc rc = WEIR_OK;
    if (big || (!suffix && !plain && !exponent))
        rc = decimal_literal(p, t->text, n, out);
    else if (suffix == 'F' || suffix == 'D' || exponent || !plain)
        rc = floating_literal(p, text, suffix == 'F', out);
    else
        rc = integer_literal(p, text, suffix, out);
    if (rc != WEIR_OK) return rc;
    if (minus && (*out)->type->kind == WEIR_T_DECIMAL) {
        weir_i128 v = -WEIR_AT_ROW(weir_i128, &(*out)->lit, 0);
        *out = weir_lit_decimal(p->ctx->arena, (*out)->type->precision, (*out)->type->scale, v);
    }
    (*out)->at = weir_tk_pos(p, from);
    return WEIR_OK;
}

/* A word, which is no type of literals, before a text. CASE 'a' and INTERVAL '1' DAY are more. */
static weir_rc no_literal(weir_parser *p, const weir_token *word, const weir_token *text) {
    if (word->kind == WEIR_TK_WORD &&
        (strcasecmp(word->text, "case") == 0 || strcasecmp(word->text, "interval") == 0))
        return WEIR_OK;
    if (text->joined) return weir_syntax_error(p);
    char *name = weir_strndup(p->ctx->arena, word->text, word->len);
    for (char *c = name; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 32);
    p->at += 2;
    weir_pos at = weir_tk_pos(p, p->at - 2);
    (void)weir_fail(p->ctx, WEIR_E_UNSUPPORTED_TYPED_LITERAL, "unsupportedType",
                    weir_printf(p->ctx->arena, "\"%s\"", name), "supportedTypes",
                    "\"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", "
                    "\"INTERVAL\", \"X\", \"TIME\"");
    weir_err_where(p->ctx, &at);
    return WEIR_FAIL;
}

weir_rc weir_typed_literal(weir_parser *p, weir_expr **out, bool *done) {
    static const struct {
        const char *word;
        weir_kind kind;
    } kinds[] = {{"date", WEIR_T_DATE},
                 {"timestamp", WEIR_T_TIMESTAMP},
                 {"timestamp_ntz", WEIR_T_TIMESTAMP_NTZ},
                 {"timestamp_ltz", WEIR_T_TIMESTAMP},
                 {"time", WEIR_T_TIME}};
    *done = false;
    const weir_token *t = weir_tk(p, 0), *s = weir_tk(p, 1);
    if (s->kind != WEIR_TK_STRING) return WEIR_OK;
    if (t->kind == WEIR_TK_QUOTED) return no_literal(p, t, s);
    if (t->kind != WEIR_TK_WORD) return WEIR_OK;
    int32_t from = p->at;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcasecmp(t->text, kinds[i].word) != 0) continue;
        if (s->joined) return weir_syntax_error(p);
        weir_expr *c = weir_expr_new(p->ctx->arena, WEIR_EX_CAST);
        c->narg = 1;
        c->arg = WEIR_NEWN(p->ctx->arena, weir_expr *, 1);
        c->arg[0] = weir_lit_string(p->ctx->arena, s->text, s->len);
        c->type = weir_type_scalar(kinds[i].kind);
        c->cast_mode = WEIR_CAST_ANSI;
        c->typed = true;
        p->at += 2;
        c->at = weir_tk_pos(p, from);
        *out = c;
        *done = true;
        return WEIR_OK;
    }
    if (strcasecmp(t->text, "x") != 0) return no_literal(p, t, s);
    if (s->joined) return weir_syntax_error(p);
    size_t n = s->len;
    unsigned char *b = weir_alloc(p->ctx->arena, n / 2 + 2);
    for (size_t i = 0; i < n; i++) {
        unsigned v = (unsigned char)s->text[i];
        v = v >= '0' && v <= '9'                 ? v - '0'
            : (v | 32) >= 'a' && (v | 32) <= 'f' ? (v | 32) - 'a' + 10
                                                 : 99;
        if (v == 99)
            return weir_fail(p->ctx, WEIR_E_INVALID_TYPED_LITERAL, "valueType", "\"X\"", "value",
                             weir_printf(p->ctx->arena, "'%s'", s->text));
        size_t at = i + (n & 1);
        b[at / 2] |= (unsigned char)(at & 1 ? v : v << 4);
    }
    p->at += 2;
    *out = weir_lit_binary(p->ctx->arena, b, (n + 1) / 2);
    *done = true;
    return WEIR_OK;
}
