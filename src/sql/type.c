/* Data types and column lists. */
#include "sql/lex.h"

#include <stdlib.h>
#include <strings.h>

static const struct {
    const char *name;
    weir_kind kind;
} plain[] = {{"boolean", WEIR_T_BOOLEAN},
             {"tinyint", WEIR_T_BYTE},
             {"byte", WEIR_T_BYTE},
             {"smallint", WEIR_T_SHORT},
             {"short", WEIR_T_SHORT},
             {"int", WEIR_T_INT},
             {"integer", WEIR_T_INT},
             {"bigint", WEIR_T_LONG},
             {"long", WEIR_T_LONG},
             {"float", WEIR_T_FLOAT},
             {"real", WEIR_T_FLOAT},
             {"double", WEIR_T_DOUBLE},
             {"date", WEIR_T_DATE},
             {"timestamp", WEIR_T_TIMESTAMP},
             {"timestamp_ntz", WEIR_T_TIMESTAMP_NTZ},
             {"timestamp_ltz", WEIR_T_TIMESTAMP},
             {"string", WEIR_T_STRING},
             {"binary", WEIR_T_BINARY},
             {"void", WEIR_T_VOID},
             {"variant", WEIR_T_VARIANT},
             {"time", WEIR_T_TIME}};

static weir_rc number(weir_parser *p, int *out) {
    const weir_token *t = weir_tk(p, 0);
    char *end;
    if (t->kind != WEIR_TK_NUMBER) return weir_syntax_error(p);
    long v = strtol(t->text, &end, 10);
    if (*end || v > 100000) return weir_syntax_error(p);
    p->at++;
    *out = (int)v;
    return WEIR_OK;
}

static weir_rc parse_decimal(weir_parser *p, const weir_type **out) {
    int precision = 10, scale = 0;
    if (weir_tk_take(p, "(")) {
        WEIR_TRY(number(p, &precision));
        if (weir_tk_take(p, ",")) WEIR_TRY(number(p, &scale));
        WEIR_TRY(weir_tk_need(p, ")"));
    }
    if (precision > 38 || scale > precision)
        return weir_fail(
            p->ctx, WEIR_E_INVALID_SQL_SYNTAX, "message",
            weir_printf(p->ctx->arena,
                        "decimal(%d,%d): precision is at most 38 and scale at most the precision.",
                        precision, scale));
    *out = weir_type_decimal(p->ctx->arena, precision, scale);
    return WEIR_OK;
}

static weir_rc parse_text_type(weir_parser *p, int scale, const weir_type **out) {
    int n = 0;
    WEIR_TRY(weir_tk_need(p, "("));
    WEIR_TRY(number(p, &n));
    WEIR_TRY(weir_tk_need(p, ")"));
    weir_type *t = weir_memdup(p->ctx->arena, &weir_t_string, sizeof *t);
    t->precision = (int16_t)(n > INT16_MAX ? INT16_MAX : n);
    t->scale = (int16_t)scale;
    *out = t;
    return WEIR_OK;
}

static weir_rc parse_interval_type(weir_parser *p, const weir_type **out) {
    static const char *const ym[] = {"year", "month"}, *const dt[] = {"day", "hour", "minute",
                                                                      "second"};
    for (int k = 0; k < 2; k++) {
        const char *const *unit = k ? dt : ym;
        int n = k ? 4 : 2;
        for (int i = 0; i < n; i++) {
            if (!weir_tk_take(p, unit[i])) continue;
            weir_type *t = weir_memdup(p->ctx->arena, k ? &weir_t_interval_dt : &weir_t_interval_ym,
                                       sizeof *t);
            t->precision = t->scale = (int16_t)i;
            if (weir_tk_take(p, "to")) {
                for (int j = i + 1; j < n; j++)
                    if (weir_tk_take(p, unit[j])) t->scale = (int16_t)j;
                if (t->scale == t->precision) return weir_syntax_error(p);
            }
            *out = t;
            return WEIR_OK;
        }
    }
    *out = &weir_t_interval;
    return WEIR_OK;
}

/* ">>" ends two nested types at once: it is split. */
static weir_rc close_angle(weir_parser *p) {
    if (weir_tk_take(p, ">")) return WEIR_OK;
    if (!weir_tk_is(p, ">>")) return weir_syntax_error(p);
    p->tok[p->at].text = ">";
    p->tok[p->at].start++;
    return WEIR_OK;
}

static weir_rc parse_inner(weir_parser *p, const char *name, const weir_type **out) {
    const weir_type *k = NULL, *v = NULL;
    if (strcasecmp(name, "struct") == 0 && weir_tk_is(p, "<>")) {
        p->at++;
        *out = weir_type_struct(p->ctx->arena, NULL, 0);
        return WEIR_OK;
    }
    WEIR_TRY(weir_tk_need(p, "<"));
    if (strcasecmp(name, "struct") == 0) {
        WEIR_TRY(weir_parse_columns(p, ">", out));
        return close_angle(p);
    }
    WEIR_TRY(weir_parse_type(p, &k));
    if (strcasecmp(name, "array") == 0) {
        *out = weir_type_array(p->ctx->arena, k, true);
        return close_angle(p);
    }
    WEIR_TRY(weir_tk_need(p, ","));
    WEIR_TRY(weir_parse_type(p, &v));
    *out = weir_type_map(p->ctx->arena, k, v, true);
    return close_angle(p);
}

static weir_rc parse_nested(weir_parser *p, const char *name, const weir_type **out) {
    if (++p->type_depth > WEIR_TYPE_DEPTH) return weir_type_too_deep(p->ctx);
    WEIR_TRY(parse_inner(p, name, out));
    p->type_depth--;
    return WEIR_OK;
}

weir_rc weir_parse_type(weir_parser *p, const weir_type **out) {
    const char *name;
    int32_t from = p->at;
    WEIR_TRY(weir_tk_ident(p, &name));
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcasecmp(name, plain[i].name) != 0) continue;
        *out = weir_type_scalar(plain[i].kind);
        int digits = 6;
        if (plain[i].kind == WEIR_T_TIME && weir_tk_take(p, "(")) {
            WEIR_TRY(number(p, &digits));
            return weir_tk_need(p, ")");
        }
        return WEIR_OK;
    }
    static const char *const decimals[] = {"decimal", "dec", "numeric"};
    for (int i = 0; i < 3; i++)
        if (strcasecmp(name, decimals[i]) == 0) return parse_decimal(p, out);
    if (strcasecmp(name, "char") == 0 || strcasecmp(name, "character") == 0)
        return parse_text_type(p, 1, out);
    if (strcasecmp(name, "varchar") == 0) return parse_text_type(p, 2, out);
    if (strcasecmp(name, "interval") == 0) return parse_interval_type(p, out);
    if (strcasecmp(name, "array") == 0 || strcasecmp(name, "map") == 0 ||
        strcasecmp(name, "struct") == 0)
        return parse_nested(p, name, out);
    (void)weir_fail(p->ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName",
                    weir_printf(p->ctx->arena, "\"%s\"", name));
    weir_pos at = weir_tk_pos(p, from);
    weir_err_where(p->ctx, &at);
    return WEIR_FAIL;
}

static weir_rc parse_column(weir_parser *p, weir_field *f) {
    const char *text;
    *f = (weir_field){.nullable = true};
    WEIR_TRY(weir_tk_ident(p, &f->name));
    (void)weir_tk_take(p, ":");
    WEIR_TRY(weir_parse_type(p, &f->type));
    for (;;) {
        if (weir_tk_take2(p, "not", "null")) {
            f->nullable = false;
        } else if (weir_tk_take(p, "comment")) {
            WEIR_TRY(weir_tk_string(p, &text));
            weir_str s;
            weir_jw w;
            weir_str_init(&s, p->ctx->arena, 1 << 20);
            weir_jw_init(&w, &s);
            weir_jw_obj(&w);
            weir_jw_key(&w, "comment");
            weir_jw_str(&w, text);
            weir_jw_end_obj(&w);
            f->metadata = s.p;
        } else if (weir_tk_is(p, "default") || weir_tk_is(p, "generated")) {
            return weir_sql_refuse(p, "column defaults and generated columns; compute the value in "
                                      "the query that writes");
        } else {
            return WEIR_OK;
        }
    }
}

weir_rc weir_parse_columns(weir_parser *p, const char *close, const weir_type **out) {
    int n = 0, room = 8;
    weir_field *v = WEIR_NEWN(p->ctx->arena, weir_field, room);
    while (!(close && (weir_tk_is(p, close) || (close[0] == '>' && weir_tk_is(p, ">>"))))) {
        if (n == room) {
            weir_field *w = WEIR_NEWN(p->ctx->arena, weir_field, room *= 2);
            v = memcpy(w, v, sizeof *v * (size_t)n);
        }
        WEIR_TRY(parse_column(p, &v[n++]));
        if (!weir_tk_take(p, ",")) break;
    }
    *out = weir_type_struct(p->ctx->arena, v, n);
    return WEIR_OK;
}

static weir_rc whole(weir_parser *p) {
    return weir_tk(p, 0)->kind == WEIR_TK_END ? WEIR_OK : weir_syntax_error(p);
}

weir_rc weir_sql_parse_type(weir_ctx *ctx, const char *text, const weir_type **out) {
    weir_parser p;
    WEIR_TRY(weir_lex(ctx, text, &p));
    WEIR_TRY(weir_parse_type(&p, out));
    return whole(&p);
}

weir_rc weir_sql_parse_schema(weir_ctx *ctx, const char *text, const weir_type **out) {
    weir_parser p;
    const char *s = text + strspn(text, " \t\r\n");
    if (*s == '{') return weir_type_from_json(ctx, s, strlen(s), out);
    WEIR_TRY(weir_lex(ctx, text, &p));
    weir_err quiet;
    weir_err_init(&quiet);
    weir_ctx c = *ctx;
    c.err = &quiet;
    p.ctx = &c;
    /* a bare type first ("int", "struct<...>"), then a column list */
    const weir_type *t = NULL;
    bool bare = weir_parse_type(&p, &t) == WEIR_OK && weir_tk(&p, 0)->kind == WEIR_TK_END;
    weir_err_clear(&quiet);
    p.ctx = ctx;
    if (bare) {
        weir_field f = {"value", t, true, NULL};
        *out = t->kind == WEIR_T_STRUCT ? t : weir_type_struct(ctx->arena, &f, 1);
        return WEIR_OK;
    }
    p.at = p.depth = p.type_depth = 0;
    WEIR_TRY(weir_lex(ctx, text, &p));
    WEIR_TRY(weir_parse_columns(&p, NULL, out));
    return whole(&p);
}

weir_rc weir_sql_parse_name(weir_ctx *ctx, const char *text, const char ***parts, int *n) {
    weir_parser p;
    int32_t k = 0;
    if (!*text) return weir_fail(ctx, WEIR_E_PARSE_EMPTY_STATEMENT, NULL);
    WEIR_TRY(weir_lex(ctx, text, &p));
    WEIR_TRY(weir_parse_name_parts(&p, parts, &k));
    *n = k;
    return whole(&p);
}
