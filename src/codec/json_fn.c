/* from_json, to_json: functions over the JSON codec, so their family lives here
 * and not in func/. Bound at analysis; kernels run in any task. */
#include "base/options.h"
#include "codec/json_calls.h"
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

/* The options of a map<string,string> as weir knows them: what is not done is refused. */
static weir_rc check_options(weir_ctx *ctx, const weir_column *map, weir_option_use use) {
    int64_t first;
    weir_options o = {0};
    if (weir_is_null(map, 0)) return WEIR_OK;
    int32_t n = weir_get_list(map, 0, &first);
    o.opt = WEIR_NEWN(ctx->arena, weir_option, n + 1);
    for (; o.n < n; o.n++) {
        weir_bytes k = weir_get_bytes(&map->kid[0], first + o.n), v = {"", 0};
        if (!weir_is_null(&map->kid[1], first + o.n)) v = weir_get_bytes(&map->kid[1], first + o.n);
        o.opt[o.n] = (weir_option){weir_strndup(ctx->arena, k.p, (size_t)k.len),
                                   weir_strndup(ctx->arena, v.p, (size_t)v.len)};
    }
    return weir_options_check(ctx, "json", use, &o, &o);
}

/* Argument at, a constant map of texts; m.map stays NULL when there is no such argument. */
static weir_rc options_of(weir_ctx *ctx, const weir_expr *e, int at, weir_option_use use,
                          text_map *m) {
    *m = (text_map){NULL, ctx};
    if (e->narg <= at) return WEIR_OK;
    weir_column *map = WEIR_NEW(ctx->arena, weir_column);
    WEIR_TRY(const_arg(ctx, e, at, "`options`", map));
    if (map->type->kind != WEIR_T_MAP) return mismatch(ctx, e, "`options`", "MAP", e->arg[at]);
    m->map = map;
    return map->kid[0].type->kind == WEIR_T_STRING && map->kid[1].type->kind == WEIR_T_STRING
               ? check_options(ctx, map, use)
               : WEIR_OK;
}

weir_rc weir_json_call_options(weir_ctx *ctx, const weir_expr *e, int at, weir_json_options **out) {
    text_map m;
    WEIR_TRY(options_of(ctx, e, at, WEIR_USE_PARSE, &m));
    *out = WEIR_NEW(ctx->arena, weir_json_options);
    return weir_json_options_read(ctx, true, map_option, &m, *out);
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

static weir_rc bad_schema(weir_ctx *ctx, const weir_expr *e, weir_errcls cls, const weir_type *t) {
    return weir_fail(ctx, cls, "sqlExpr",
                     weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e)), "schema",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
}

static bool has_other_keys(const weir_type *t) {
    bool found = t->kind == WEIR_T_MAP && t->field[0].type->kind != WEIR_T_STRING;
    for (int i = 0; i < t->nfield; i++) found |= has_other_keys(t->field[i].type);
    return found;
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
    if (!weir_type_is_nested(t) && t->kind != WEIR_T_VARIANT)
        return bad_schema(ctx, e, WEIR_E_DATATYPE_MISMATCH_INVALID_JSON_SCHEMA, t);
    if (has_other_keys(t))
        return bad_schema(ctx, e, WEIR_E_DATATYPE_MISMATCH_INVALID_JSON_MAP_KEY_TYPE, t);
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

/* Each text is a record. */
static weir_rc structs_from(weir_ctx *ctx, weir_call *c, weir_json_options *o) {
    weir_json_reader *r = NULL;
    weir_batch rows;
    uint8_t *valid;
    WEIR_TRY(weir_json_reader_new(ctx, c->out->type, o, &r));
    WEIR_TRY(weir_out_valid(ctx, c, &valid));
    for (int64_t i = 0; i < c->len; i++) {
        bool kept = false;
        if (!weir_is_null(&c->arg[0], i)) {
            weir_bytes t = weir_get_bytes(&c->arg[0], i);
            WEIR_TRY(weir_json_record(ctx, r, t.p, t.len, 0, &kept));
        }
        if (kept) continue;
        weir_json_null_row(r);
        weir_bit_clear(valid, i);
    }
    WEIR_TRY(weir_json_take(ctx, r, &rows));
    c->out->kid = rows.col;
    c->out->nkid = c->out->type->nfield;
    return WEIR_OK;
}

static weir_rc k_from_json(weir_ctx *ctx, weir_call *c) {
    weir_build b;
    weir_json_options *o = weir_memdup(ctx->arena, c->bound, sizeof *o);
    weir_kind k = c->out->type->kind;
    if (k == WEIR_T_STRUCT) return structs_from(ctx, c, o);
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_column text = c->arg[0];
    text.len = c->len;
    WEIR_TRY(weir_json_values(ctx, o, &text, &b));
    return weir_out_build(ctx, c, &b);
}

/* ---- to_json ---- */

static weir_rc bind_to(weir_ctx *ctx, weir_expr *e) {
    text_map m;
    if (!weir_type_is_nested(e->arg[0]->type) && e->arg[0]->type->kind != WEIR_T_VARIANT)
        return bad_schema(ctx, e, WEIR_E_DATATYPE_MISMATCH_INVALID_JSON_SCHEMA, e->arg[0]->type);
    WEIR_TRY(options_of(ctx, e, 1, WEIR_USE_FORMAT, &m));
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
