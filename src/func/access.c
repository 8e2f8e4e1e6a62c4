/* Making and reading structs, arrays and maps: struct, array, map, field, element and key access,
 * size. SPARK complexTypeCreator, complexTypeExtractors. Called by the evaluator; any thread. */
#include "func/elements.h"
#include "func/lists.h"

#include <math.h>
#include <strings.h>

static char *sql_of(weir_ctx *ctx, const weir_expr *e) {
    return weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, e));
}
static char *type_of(weir_ctx *ctx, const weir_type *t) {
    return weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t));
}

/* ---- named_struct ---- */

static weir_rc bind_struct(weir_ctx *ctx, weir_expr *e) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, e->narg / 2 + 1);
    if (e->narg % 2)
        return weir_fail(ctx, WEIR_E_WRONG_NUM_ARGS, "functionName", "`named_struct`",
                         "expectedNum", "2n (n > 0)", "actualNum",
                         weir_printf(ctx->arena, "%d", e->narg), "docroot",
                         "https://spark.apache.org/docs/latest");
    for (int i = 0; i < e->narg; i += 2) {
        const weir_expr *n = e->arg[i];
        if (n->kind != WEIR_EX_LIT || n->type->kind != WEIR_T_STRING || weir_is_null(&n->lit, 0))
            return weir_fail(ctx,
                             WEIR_E_DATATYPE_MISMATCH_CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING,
                             "sqlExpr", sql_of(ctx, e), "inputExprs",
                             weir_printf(ctx->arena, "[%s]", sql_of(ctx, n)));
        weir_bytes b = weir_get_bytes(&n->lit, 0);
        f[i / 2] = (weir_field){weir_strndup(ctx->arena, b.p, (size_t)b.len), e->arg[i + 1]->type,
                                e->arg[i + 1]->nullable, NULL};
    }
    e->type = weir_type_struct(ctx->arena, f, e->narg / 2);
    e->nullable = false;
    return WEIR_OK;
}

static weir_rc k_struct(weir_ctx *ctx, weir_call *c) {
    c->out->nkid = c->narg / 2;
    c->out->kid = WEIR_NEWN(ctx->arena, weir_column, c->out->nkid + 1);
    for (int i = 0; i < c->out->nkid; i++) {
        const weir_column *in = &c->arg[2 * i + 1];
        weir_column *kid = &c->out->kid[i];
        if (in->type->kind == WEIR_T_VOID)
            WEIR_TRY(weir_column_null(ctx, in->type, c->len, kid));
        else if (in->form == WEIR_CONST)
            WEIR_TRY(weir_column_flatten(ctx, in, kid));
        else
            *kid = *in;
    }
    return WEIR_OK;
}

/* ---- _getfield ---- */

typedef struct field_ref {
    int i;
} field_ref;

static const weir_type *struct_of(const weir_type *t) {
    return t->kind == WEIR_T_ARRAY ? t->field[0].type : t;
}

static weir_rc bind_field(weir_ctx *ctx, weir_expr *e) { /* the analyzer knows the field */
    const weir_type *base = e->arg[0]->type, *s = struct_of(base);
    field_ref *r = WEIR_NEW(ctx->arena, field_ref);
    r->i = WEIR_AT_ROW(int32_t, &e->arg[1]->lit, 0);
    const weir_field *f = &s->field[r->i];
    e->bound = r;
    e->type = base->kind == WEIR_T_ARRAY
                  ? weir_type_array(ctx->arena, f->type, f->nullable || base->field[0].nullable)
                  : f->type;
    e->nullable = e->arg[0]->nullable || (base->kind == WEIR_T_STRUCT && f->nullable);
    return WEIR_OK;
}

static weir_rc k_field(weir_ctx *ctx, weir_call *c) {
    const weir_column *in = &c->arg[0];
    const field_ref *r = c->bound;
    const weir_type *t = c->out->type;
    if (in->type->kind == WEIR_T_STRUCT) {
        weir_column out;
        WEIR_TRY(weir_column_field(ctx, in, r->i, in->off, c->len, &out));
        *c->out = out;
        c->out->type = t;
        return WEIR_OK;
    }
    weir_column list = *in; /* the array's offsets over the field's values */
    list.kid = WEIR_NEW(ctx->arena, weir_column);
    const weir_column *e = &in->kid[0];
    WEIR_TRY(weir_column_field(ctx, e, r->i, e->off, e->len, list.kid));
    list.form = WEIR_FLAT;
    list.len = c->len;
    *c->out = list;
    c->out->type = t;
    return WEIR_OK;
}

/* ---- elements and keys ---- */

static weir_rc take_elements(weir_ctx *ctx, weir_call *c, const weir_column *from,
                             const int64_t *idx) {
    const weir_type *t = c->out->type;
    if (from->len == 0) return weir_column_null(ctx, t, c->len, c->out);
    WEIR_TRY(weir_column_take(ctx, from, idx, c->len, c->out));
    c->out->type = t;
    return WEIR_OK;
}

typedef enum { ITEM_GET, ITEM_SUBSCRIPT, ITEM_ELEMENT_AT, ITEM_TRY } item_kind;

static weir_rc bad_index(weir_ctx *ctx, const weir_call *c, item_kind k, int64_t at, int32_t n) {
    return weir_call_fail(ctx, c,
                          k == ITEM_ELEMENT_AT ? WEIR_E_INVALID_ARRAY_INDEX_IN_ELEMENT_AT
                                               : WEIR_E_INVALID_ARRAY_INDEX,
                          "indexValue", weir_printf(ctx->arena, "%lld", (long long)at), "arraySize",
                          weir_printf(ctx->arena, "%d", n), "ansiConfig", WEIR_ANSI_KEY);
}

static weir_rc array_item(weir_ctx *ctx, weir_call *c, item_kind k) {
    const weir_column *in = &c->arg[0];
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, c->len), first;
    bool one_based = k >= ITEM_ELEMENT_AT;
    for (int64_t i = 0; i < c->len; i++) {
        idx[i] = -1;
        if (weir_is_null(in, i) || weir_is_null(&c->arg[1], i)) continue;
        int32_t n = weir_get_list(in, i, &first);
        int64_t at = weir_get_int(&c->arg[1], i), pos = at;
        if (one_based && at == 0) return weir_call_fail(ctx, c, WEIR_E_INVALID_INDEX_OF_ZERO, NULL);
        if (one_based) pos = at > 0 ? at - 1 : n + at;
        if (pos >= 0 && pos < n)
            idx[i] = first + pos;
        else if (k != ITEM_GET && k != ITEM_TRY && c->ansi)
            return bad_index(ctx, c, k, at, n);
    }
    return take_elements(ctx, c, weir_elements(ctx, in, 0), idx);
}

static weir_rc k_get(weir_ctx *ctx, weir_call *c) { return array_item(ctx, c, ITEM_GET); }
static weir_rc k_getitem(weir_ctx *ctx, weir_call *c) {
    if (c->arg[0].type->kind != WEIR_T_VOID) return array_item(ctx, c, ITEM_SUBSCRIPT);
    return weir_column_null(ctx, &weir_t_void, c->len, c->out);
}

static weir_rc k_getmap(weir_ctx *ctx, weir_call *c) {
    const weir_column *in = &c->arg[0], *keys = weir_elements(ctx, in, 0);
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, c->len), first;
    for (int64_t i = 0; i < c->len; i++) {
        idx[i] = -1;
        if (weir_is_null(in, i) || weir_is_null(&c->arg[1], i)) continue;
        int32_t n = weir_get_list(in, i, &first);
        for (int32_t k = 0; k < n && idx[i] < 0; k++)
            if (weir_compare(keys, first + k, &c->arg[1], i) == 0) idx[i] = first + k;
    }
    return take_elements(ctx, c, weir_elements(ctx, in, 1), idx);
}

static weir_rc k_element_at(weir_ctx *ctx, weir_call *c) {
    return c->arg[0].type->kind == WEIR_T_MAP ? k_getmap(ctx, c)
                                              : array_item(ctx, c, ITEM_ELEMENT_AT);
}

static weir_rc k_try_element_at(weir_ctx *ctx, weir_call *c) {
    return c->arg[0].type->kind == WEIR_T_MAP ? k_getmap(ctx, c) : array_item(ctx, c, ITEM_TRY);
}

static weir_rc bind_item(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    e->nullable = true;
    if (t->kind == WEIR_T_VOID && e->name[0] == '_') { /* SPARK ExtractValue: of NULL is NULL */
        e->type = t;
        return WEIR_OK;
    }
    if (t->kind == WEIR_T_MAP) {
        e->type = t->field[1].type;
        return weir_coerce(ctx, e->arg[1], t->field[0].type, &e->arg[1]);
    }
    if (t->kind != WEIR_T_ARRAY)
        return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                         sql_of(ctx, e), "paramIndex", "first", "requiredType",
                         "(\"ARRAY\" or \"MAP\")", "inputSql", sql_of(ctx, e->arg[0]), "inputType",
                         type_of(ctx, t));
    e->type = t->field[0].type;
    if (weir_type_is_integral(e->arg[1]->type)) return WEIR_OK;
    if (e->name[0] == '_' && e->arg[1]->type->kind != WEIR_T_VOID) /* SPARK GetArrayItem */
        return weir_fn_type_mismatch(ctx, e, 1, "\"INTEGRAL\"");
    return weir_coerce(ctx, e->arg[1], &weir_t_int, &e->arg[1]);
}

/* ---- array, map ---- */

static weir_rc bind_array(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = &weir_t_void;
    bool nulls = false;
    for (int i = 0; i < e->narg; i++) {
        const weir_type *w = weir_common_type(ctx, t, e->arg[i]->type);
        if (!w)
            return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_DATA_DIFF_TYPES, "sqlExpr",
                             sql_of(ctx, e), "functionName", "`array`", "dataType",
                             weir_printf(ctx->arena, "(%s or %s)", type_of(ctx, t),
                                         type_of(ctx, e->arg[i]->type)));
        t = w;
        nulls |= e->arg[i]->nullable;
    }
    for (int i = 0; i < e->narg; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], t, &e->arg[i]));
    e->type = weir_type_array(ctx->arena, t, nulls);
    e->nullable = false;
    return WEIR_OK;
}

/* Every row's values of arguments from, from+step, ... as one list of kid `which`. */
static weir_rc rows_to_lists(weir_ctx *ctx, weir_call *c, int from, int step, int which) {
    int n = (c->narg - from + step - 1) / step;
    const weir_column **src = WEIR_NEWN(ctx->arena, const weir_column *, n + 1);
    int64_t *idx = WEIR_NEWN(ctx->arena, int64_t, c->len * n + 1);
    int32_t *off;
    weir_column all, *kid;
    for (int k = 0; k < n; k++) src[k] = &c->arg[from + k * step];
    WEIR_TRY(weir_buf_new(ctx, (c->len + 1) * 4, &c->out->data));
    off = (int32_t *)(void *)c->out->data->p;
    for (int64_t i = 0; i <= c->len; i++) off[i] = (int32_t)(i * n);
    if (!c->out->kid) {
        c->out->nkid = c->out->type->nfield;
        c->out->kid = WEIR_NEWN(ctx->arena, weir_column, c->out->nkid);
    }
    kid = &c->out->kid[which];
    const weir_type *t = c->out->type->field[which].type;
    if (n == 0 || t->kind == WEIR_T_VOID) return weir_column_null(ctx, t, c->len * n, kid);
    for (int64_t i = 0; i < c->len; i++)
        for (int k = 0; k < n; k++) idx[i * n + k] = k * c->len + i;
    WEIR_TRY(weir_column_concat(ctx, src, n, &all));
    WEIR_TRY(weir_column_take(ctx, &all, idx, c->len * n, kid));
    kid->type = t;
    return WEIR_OK;
}

static weir_rc k_array(weir_ctx *ctx, weir_call *c) { return rows_to_lists(ctx, c, 0, 1, 0); }

static weir_rc bind_map(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t[2] = {&weir_t_void, &weir_t_void};
    bool nulls = false;
    if (e->narg % 2)
        return weir_fail(ctx, WEIR_E_WRONG_NUM_ARGS, "functionName", "`map`", "expectedNum",
                         "2n (n > 0)", "actualNum", weir_printf(ctx->arena, "%d", e->narg),
                         "docroot", "https://spark.apache.org/docs/latest");
    for (int i = 0; i < e->narg; i++) {
        const weir_type *w = weir_common_type(ctx, t[i & 1], e->arg[i]->type);
        if (!w)
            return weir_fail(ctx,
                             i & 1 ? WEIR_E_DATATYPE_MISMATCH_CREATE_MAP_VALUE_DIFF_TYPES
                                   : WEIR_E_DATATYPE_MISMATCH_CREATE_MAP_KEY_DIFF_TYPES,
                             "sqlExpr", sql_of(ctx, e), "functionName", "`map`", "dataType",
                             weir_printf(ctx->arena, "[%s, %s]", type_of(ctx, t[i & 1]),
                                         type_of(ctx, e->arg[i]->type)));
        t[i & 1] = w;
        if (i & 1) nulls |= e->arg[i]->nullable;
    }
    for (int i = 0; i < e->narg; i++) WEIR_TRY(weir_coerce(ctx, e->arg[i], t[i & 1], &e->arg[i]));
    WEIR_TRY(weir_map_key_check(ctx, e, t[0]));
    e->type = weir_type_map(ctx->arena, t[0], t[1], nulls);
    e->nullable = false;
    return WEIR_OK;
}

/* SPARK ArrayBasedMapBuilder: no null keys; duplicates fail (or the last wins). */
weir_rc weir_map_check_keys(weir_ctx *ctx, weir_call *c) {
    const weir_column *keys = &c->out->kid[0];
    weir_elements_set seen;
    int64_t first;
    weir_set_init(&seen, ctx->arena);
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(c->out, i)) continue;
        weir_set_clear(&seen);
        int32_t n = weir_get_list(c->out, i, &first);
        for (int32_t k = 0; k < n; k++) {
            if (weir_is_null(keys, first + k))
                return weir_call_fail(ctx, c, WEIR_E_NULL_MAP_KEY, NULL);
            bool fresh;
            WEIR_TRY(weir_set_add(ctx, &seen, keys, first + k, &fresh));
            if (!fresh)
                return weir_call_fail(ctx, c, WEIR_E_DUPLICATED_MAP_KEY, "key",
                                      weir_value_sql(ctx, keys, first + k), "mapKeyDedupPolicy",
                                      "\"spark.sql.mapKeyDedupPolicy\"");
        }
    }
    return WEIR_OK;
}

/* -0.0 and every NaN as the one that Spark's maps have: SPARK NormalizeFloatingNumbers. */
static void normalize(weir_kind kind, char *p, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        double d;
        float f;
        if (kind == WEIR_T_DOUBLE) {
            memcpy(&d, p + i * 8, 8);
            d = isnan(d) ? NAN : d + 0.0;
            memcpy(p + i * 8, &d, 8);
        } else {
            memcpy(&f, p + i * 4, 4);
            f = isnan(f) ? NAN : f + 0.0f;
            memcpy(p + i * 4, &f, 4);
        }
    }
}

weir_rc weir_map_put_keys(weir_ctx *ctx, weir_call *c) {
    weir_column *keys = &c->out->kid[0];
    weir_kind kind = keys->type->kind;
    int64_t n = keys->form == WEIR_CONST ? 1 : keys->len;
    if ((kind == WEIR_T_DOUBLE || kind == WEIR_T_FLOAT) && n && keys->data) {
        int64_t width = weir_type_width(keys->type), from = keys->off;
        weir_buf *own = NULL;
        WEIR_TRY(weir_buf_new(ctx, (from + n) * width, &own));
        memcpy(own->p, keys->data->p, (size_t)((from + n) * width));
        normalize(kind, (char *)own->p + from * width, n);
        keys->data = own;
    }
    return weir_map_check_keys(ctx, c);
}

static weir_rc k_map(weir_ctx *ctx, weir_call *c) {
    WEIR_TRY(rows_to_lists(ctx, c, 0, 2, 0));
    WEIR_TRY(rows_to_lists(ctx, c, 1, 2, 1));
    return weir_map_put_keys(ctx, c);
}

static weir_rc bind_map_arrays(weir_ctx *ctx, weir_expr *e) {
    const weir_type *k = e->arg[0]->type, *v = e->arg[1]->type;
    WEIR_TRY(weir_map_key_check(ctx, e, k->field[0].type));
    e->type = weir_type_map(ctx->arena, k->field[0].type, v->field[0].type, v->field[0].nullable);
    return WEIR_OK;
}

static weir_rc k_map_arrays(weir_ctx *ctx, weir_call *c) {
    weir_lists k, v;
    const weir_column *ks = weir_elements(ctx, &c->arg[0], 0),
                      *vs = weir_elements(ctx, &c->arg[1], 0);
    WEIR_TRY(weir_lists_start(ctx, c, &v, &vs, 1));
    WEIR_TRY(weir_lists_start(ctx, c, &k, &ks, 1));
    for (int64_t i = 0; i < c->len; i++) {
        int64_t a = 0, b = 0;
        bool null = weir_call_null(c, i);
        int32_t n = null ? 0 : weir_get_list(&c->arg[0], i, &a),
                m = null ? 0 : weir_get_list(&c->arg[1], i, &b);
        if (n != m) return weir_call_fail(ctx, c, WEIR_E_MAP_LENGTHS, NULL, NULL);
        for (int32_t x = 0; x < n; x++) {
            weir_lists_add(&k, 0, a + x);
            weir_lists_add(&v, 0, b + x);
        }
        weir_lists_close(&k, i);
    }
    WEIR_TRY(weir_lists_finish(ctx, c, &k, 0));
    WEIR_TRY(weir_lists_finish(ctx, c, &v, 1));
    return weir_map_check_keys(ctx, c);
}

/* ---- size, keys, values ---- */

static weir_rc k_size(weir_ctx *ctx, weir_call *c) {
    int32_t *o;
    int64_t first;
    WEIR_TRY(weir_out_fixed(ctx, c, &o));
    for (int64_t i = 0; i < c->len; i++)
        o[i] = weir_is_null(&c->arg[0], i) ? -1 : weir_get_list(&c->arg[0], i, &first);
    return WEIR_OK;
}

/* SPARK spark.sql.legacy.sizeOfNull applies only without ANSI. */
static weir_rc bind_size(weir_ctx *ctx, weir_expr *e) {
    static const weir_fn strict = {
        "size", "(any) -> int", k_size, WEIR_STRICT | WEIR_CANNOT_FAIL, NULL, 0};
    weir_kind k = e->arg[0]->type->kind;
    if (k != WEIR_T_ARRAY && k != WEIR_T_MAP && k != WEIR_T_VOID)
        return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_UNEXPECTED_INPUT_TYPE, "sqlExpr",
                         sql_of(ctx, e), "paramIndex", "first", "requiredType",
                         "(\"ARRAY\" or \"MAP\")", "inputSql", sql_of(ctx, e->arg[0]), "inputType",
                         type_of(ctx, e->arg[0]->type));
    e->type = &weir_t_int;
    e->nullable = e->arg[0]->nullable;
    if (weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled"))
        e->fn = &strict;
    else
        e->nullable = false;
    return WEIR_OK;
}

static weir_rc map_part(weir_ctx *ctx, weir_call *c, int which) {
    const weir_column *in = &c->arg[0];
    const weir_type *t = c->out->type;
    weir_column list = *in;
    if (in->type->kind == WEIR_T_VOID) return weir_column_null(ctx, t, c->len, c->out);
    list.nkid = 1;
    list.kid = &in->kid[which];
    list.form = WEIR_FLAT;
    list.len = c->len;
    *c->out = list;
    c->out->type = t;
    return WEIR_OK;
}

static weir_rc k_map_keys(weir_ctx *ctx, weir_call *c) { return map_part(ctx, c, 0); }
static weir_rc k_map_values(weir_ctx *ctx, weir_call *c) { return map_part(ctx, c, 1); }

static weir_rc k_map_entries(weir_ctx *ctx, weir_call *c) {
    const weir_column *in = &c->arg[0];
    WEIR_TRY(map_part(ctx, c, 0));
    weir_column *e = WEIR_NEW(ctx->arena, weir_column);
    *e = (weir_column){.type = c->out->type->field[0].type,
                       .form = WEIR_FLAT,
                       .len = in->kid[0].len,
                       .nkid = 2,
                       .kid = in->kid};
    c->out->kid = e;
    return WEIR_OK;
}

static weir_rc bind_map_part(weir_ctx *ctx, weir_expr *e) {
    const weir_type *t = e->arg[0]->type;
    if (t->kind != WEIR_T_MAP) return WEIR_OK;
    if (strcasecmp(e->fn->name, "map_keys") == 0)
        e->type = weir_type_array(ctx->arena, t->field[0].type, false);
    else if (strcasecmp(e->fn->name, "map_values") == 0)
        e->type = weir_type_array(ctx->arena, t->field[1].type, t->field[1].nullable);
    else {
        weir_field f[2] = {{"key", t->field[0].type, false, NULL},
                           {"value", t->field[1].type, t->field[1].nullable, NULL}};
        e->type = weir_type_array(ctx->arena, weir_type_struct(ctx->arena, f, 2), false);
    }
    return WEIR_OK;
}

static const weir_fn access_fns[] = {
    {"named_struct", "(any...) -> any", k_struct, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_struct,
     0},
    {"named_struct", "() -> any", k_struct, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_struct, 0},
    {"_getfield", "(any, int) -> any", k_field, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_field,
     0},
    {"_getitem", "(any, any) -> any", k_getitem, WEIR_NO_COERCE | WEIR_NULLS_OWN, bind_item, 0},
    {"_getmap", "(any, any) -> any", k_getmap,
     WEIR_NO_COERCE | WEIR_CANNOT_FAIL | WEIR_NULLS_OWN, bind_item, 0},
    {"get", "(array, int) -> any", k_get, WEIR_CANNOT_FAIL, bind_item, 0},
    {"element_at", "(any, any) -> any", k_element_at, WEIR_NO_COERCE, bind_item, 0},
    {"try_element_at", "(any, any) -> any", k_try_element_at, WEIR_NO_COERCE, bind_item, 0},
    {"array", "(any...?) -> any", k_array, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_array, 0},
    {"map", "(any...?) -> any", k_map, WEIR_NO_COERCE, bind_map, 0},
    {"map_from_arrays", "(array<K>, array<V>) -> map<K,V>", k_map_arrays, WEIR_STRICT,
     bind_map_arrays, 0},
    {"size", "(any) -> int", k_size, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_size, 0},
    {"cardinality", "(any) -> int", k_size, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_size, 0},
    {"array_size", "(array) -> int", k_size, WEIR_STRICT | WEIR_CANNOT_FAIL, NULL, 0},
    {"map_keys", "(map<K,V>) -> array<K>", k_map_keys, WEIR_CANNOT_FAIL, bind_map_part, 0},
    {"map_values", "(map<K,V>) -> array<V>", k_map_values, WEIR_CANNOT_FAIL, bind_map_part, 0},
    {"map_entries", "(map) -> any", k_map_entries, WEIR_CANNOT_FAIL, bind_map_part, 0},
};
WEIR_FAMILY(weir_access_family, "access", access_fns);
