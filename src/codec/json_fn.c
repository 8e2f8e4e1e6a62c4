/* from_json, to_json: functions over the JSON codec, so their family lives here
 * and not in func/. Bound at analysis; kernels run in any task. */
#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "codec/schema_ddl.h"
#include "func/loop.h"

#include <strings.h>

typedef struct text_map {
    const weir_column *map;
    weir_ctx *ctx;
} text_map;

/* An option of a map<string,string> literal. */
static const char *map_option(void *u, const char *key) {
    const text_map *m = u;
    int64_t first;
    if (!m->map || weir_is_null(m->map, 0)) return NULL;
    int32_t n = weir_get_list(m->map, 0, &first);
    for (int32_t i = 0; i < n; i++) {
        weir_bytes k = weir_get_bytes(&m->map->kid[0], first + i), v;
        if ((size_t)k.len != strlen(key) || strncasecmp(k.p, key, (size_t)k.len) != 0) continue;
        v = weir_get_bytes(&m->map->kid[1], first + i);
        return weir_strndup(m->ctx->arena, v.p, (size_t)v.len);
    }
    return NULL;
}

static weir_rc mismatch(weir_ctx *ctx, const weir_expr *e, const char *input, const char *type,
                        const weir_expr *a) {
    return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_NON_FOLDABLE_INPUT, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "inputName",
                     input, "inputType", type, "inputExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, a)));
}

static bool has_columns(const weir_expr *e) {
    if (e->kind == WEIR_EX_COL || (e->fn && (e->fn->flags & WEIR_NONDETERMINISTIC))) return true;
    for (int i = 0; i < e->narg; i++)
        if (has_columns(e->arg[i])) return true;
    return false;
}

static weir_rc const_arg(weir_ctx *ctx, const weir_expr *e, int i, const char *name,
                         weir_column *out) {
    if (has_columns(e->arg[i]))
        return mismatch(ctx, e, name, i == 1 && name[1] == 's' ? "STRING" : "MAP", e->arg[i]);
    return weir_eval_const(ctx, e->arg[i], out);
}

weir_rc weir_json_call_options(weir_ctx *ctx, const weir_expr *e, int at, weir_json_options **out) {
    weir_column map;
    text_map m = {NULL, ctx};
    if (e->narg > at) {
        WEIR_TRY(const_arg(ctx, e, at, "`options`", &map));
        if (map.type->kind != WEIR_T_MAP) return mismatch(ctx, e, "`options`", "MAP", e->arg[at]);
        m.map = &map;
    }
    *out = WEIR_NEW(ctx->arena, weir_json_options);
    return weir_json_options_read(ctx, map_option, &m, *out);
}

static const weir_type *all_nullable(
    weir_arena *a, const weir_type *t) { /* SPARK: what is parsed may always be null */
    if (t->kind == WEIR_T_ARRAY) return weir_type_array(a, all_nullable(a, t->field[0].type), true);
    if (t->kind == WEIR_T_MAP)
        return weir_type_map(a, t->field[0].type, all_nullable(a, t->field[1].type), true);
    if (t->kind != WEIR_T_STRUCT) return t;
    weir_field *f = WEIR_NEWN(a, weir_field, t->nfield + 1);
    for (int i = 0; i < t->nfield; i++)
        f[i] = (weir_field){t->field[i].name, all_nullable(a, t->field[i].type), true,
                            t->field[i].metadata};
    return weir_type_struct(a, f, t->nfield);
}

static weir_rc bind_from(weir_ctx *ctx, weir_expr *e) {
    weir_column schema;
    const weir_type *t = NULL;
    const weir_type *in = e->arg[0]->type;
    if (in->kind != WEIR_T_STRING && in->kind != WEIR_T_VOID)
        return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                         weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)),
                         "paramIndex", "first", "requiredType", "\"STRING\"", "inputSql",
                         weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e->arg[0])),
                         "inputType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, in)));
    WEIR_TRY(weir_coerce(ctx, e->arg[0], &weir_t_string, &e->arg[0]));
    WEIR_TRY(const_arg(ctx, e, 1, "`schema`", &schema));
    if (schema.type->kind != WEIR_T_STRING || weir_is_null(&schema, 0))
        return weir_fail(ctx, WEIR_E_INVALID_SCHEMA_NON_STRING_LITERAL, "inputSchema",
                         weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e->arg[1])));
    weir_bytes s = weir_get_bytes(&schema, 0);
    char *text = weir_strndup(ctx->arena, s.p, (size_t)s.len);
    char first = text[strspn(text, " \t\n")];
    if (first == '{' || first == '"')
        WEIR_TRY(weir_type_from_json(ctx, text, strlen(text), &t));
    else if (weir_ddl_bare(text))
        WEIR_TRY(weir_ddl_type(ctx, text, &t));
    else
        WEIR_TRY(weir_ddl_schema(ctx, text, &t));
    weir_json_options *o = NULL;
    WEIR_TRY(weir_json_call_options(ctx, e, 2, &o));
    if (o->mode == WEIR_MODE_DROP)
        return weir_fail(ctx, WEIR_E_PARSE_MODE_UNSUPPORTED, "funcName", "`from_json`", "mode",
                         "DROPMALFORMED");
    e->type = all_nullable(ctx->arena, t);
    e->nullable = true;
    e->bound = o;
    return WEIR_OK;
}

static int32_t leading_blanks(weir_bytes t) {
    int32_t i = 0;
    while (i < t.len && (t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '\r' || t.p[i] == '\n')) i++;
    return i;
}

static bool blank(weir_bytes t) { return leading_blanks(t) == t.len; }

/* A malformed record of a struct: every field null but the corrupt column. */
static void put_malformed(const weir_json_options *o, const weir_type *t, weir_bytes text,
                          weir_build *b) {
    for (int i = 0; i < t->nfield; i++) {
        bool keep = t->field[i].type->kind == WEIR_T_STRING &&
                    strcmp(t->field[i].name, o->corrupt_column) == 0;
        if (keep)
            weir_build_bytes(&b->kid[i], text.p, (size_t)text.len);
        else
            weir_build_null(&b->kid[i]);
    }
    weir_build_struct(b);
}

/* Rows of structs go through the record reader: it knows the corrupt column and partial results. */
static weir_rc from_one(weir_ctx *ctx, weir_call *c, const weir_json_options *o, weir_bytes t,
                        weir_build *b) {
    bool partial = false, is_struct = c->out->type->kind == WEIR_T_STRUCT;
    int64_t row = b->len;
    if (c->out->type->kind == WEIR_T_ARRAY && b->kid[0].type->kind == WEIR_T_STRUCT &&
        t.p[leading_blanks(t)] == '{') { /* SPARK: one object is an array of one */
        if (weir_json_value(ctx, o, t.p, t.len, &b->kid[0], &partial))
            weir_build_list(b);
        else
            weir_build_truncate(&b->kid[0], b->kid[0].len - 1), weir_build_null(b);
        return WEIR_OK;
    }
    bool corrupt = is_struct && weir_schema_find(c->out->type, o->corrupt_column, true) >= 0;
    bool ok = weir_json_value(ctx, o, t.p, t.len, b, &partial);
    bool null = b->nulls > 0 && !weir_bit(b->valid, row);
    if (ok && !partial && !(is_struct && null)) return WEIR_OK;
    if (o->mode == WEIR_MODE_FAIL)
        return weir_call_fail(ctx, c, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                              weir_strndup(ctx->arena, t.p, (size_t)t.len), "failFastMode",
                              "FAILFAST");
    if (!is_struct || (ok && partial && !corrupt && !null)) return WEIR_OK;
    if (ok && partial && !null) { /* what could be read stays beside the record */
        weir_build *text = &b->kid[weir_schema_find(c->out->type, o->corrupt_column, true)];
        weir_build_truncate(text, row);
        weir_build_bytes(text, t.p, (size_t)t.len);
        return WEIR_OK;
    }
    weir_build_truncate(b, row);
    put_malformed(o, c->out->type, t, b);
    return WEIR_OK;
}

static weir_rc k_from_json(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    for (int64_t i = 0; i < c->len; i++) {
        weir_bytes t = {NULL, 0};
        bool null = weir_is_null(&c->arg[0], i);
        if (!null) t = weir_get_bytes(&c->arg[0], i);
        if (null || blank(t))
            weir_build_null(&b);
        else
            WEIR_TRY(from_one(ctx, c, c->bound, t, &b));
    }
    return weir_out_build(ctx, c, &b);
}

/* ---- to_json ---- */

static weir_rc bind_to(weir_ctx *ctx, weir_expr *e) {
    weir_column map;
    text_map m = {NULL, ctx};
    if (!weir_type_is_nested(e->arg[0]->type))
        return weir_fail(
            ctx, WEIR_E_DATATYPE_MISMATCH_INVALID_JSON_SCHEMA, "sqlExpr",
            weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "schema",
            weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, e->arg[0]->type)));
    if (e->narg > 1) {
        WEIR_TRY(const_arg(ctx, e, 1, "`options`", &map));
        if (map.type->kind != WEIR_T_MAP) return mismatch(ctx, e, "`options`", "MAP", e->arg[1]);
        m.map = &map;
    }
    weir_json_write *w = WEIR_NEW(ctx->arena, weir_json_write);
    WEIR_TRY(weir_json_write_options(ctx, map_option, &m, w));
    e->bound = w;
    return WEIR_OK;
}

static weir_rc k_to_json(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, 1u << 30);
    for (int64_t i = 0; i < c->len; i++) {
        s.len = 0;
        if (weir_is_null(&c->arg[0], i)) {
            weir_build_null(&b);
            continue;
        }
        weir_json_put(c->bound, &c->arg[0], i, &s);
        weir_build_bytes(&b, s.p, s.len);
    }
    return weir_out_build(ctx, c, &b);
}

static const weir_fn json_fns[] = {
    {"from_json", "(any, any, any?) -> any", k_from_json, WEIR_NULLABLE | WEIR_NO_COERCE, bind_from,
     0},
    {"to_json", "(any, any?) -> string", k_to_json, WEIR_NO_COERCE, bind_to, 0},
};
WEIR_FAMILY(weir_json_family, "json", json_fns);
