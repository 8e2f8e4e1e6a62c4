/* Owns Spark's JSON form of types (DataType.json, DataType.fromJson). Called by state schema files,
 * Delta metadata and Spark Connect; any thread. */
#include "col/type.h"
#include <string.h>

/* SPARK DataType.typeName: where the JSON name differs from the simple one. */
static const char *json_name(weir_kind k) {
    if (k == WEIR_T_BYTE) return "byte";
    if (k == WEIR_T_SHORT) return "short";
    if (k == WEIR_T_INT) return "integer";
    if (k == WEIR_T_LONG) return "long";
    return NULL;
}

static void put(weir_jw *w, const weir_type *t);

static void put_struct(weir_jw *w, const weir_type *t) {
    weir_jw_key(w, "type");
    weir_jw_str(w, "struct");
    weir_jw_key(w, "fields");
    weir_jw_arr(w);
    for (int i = 0; i < t->nfield; i++) {
        const weir_field *f = &t->field[i];
        weir_jw_obj(w);
        weir_jw_key(w, "name");
        weir_jw_str(w, f->name);
        weir_jw_key(w, "type");
        put(w, f->type);
        weir_jw_key(w, "nullable");
        weir_jw_bool(w, f->nullable);
        weir_jw_key(w, "metadata");
        weir_jw_raw(w, f->metadata ? f->metadata : "{}");
        weir_jw_end_obj(w);
    }
    weir_jw_end_arr(w);
}

static void put(weir_jw *w, const weir_type *t) {
    if (!weir_type_is_nested(t)) {
        const char *name = json_name(t->kind);
        weir_arena *tmp = name ? NULL : weir_arena_new(NULL);
        weir_jw_str(w, name ? name : weir_type_name(tmp, t));
        weir_arena_free(tmp);
        return;
    }
    weir_jw_obj(w);
    if (t->kind == WEIR_T_STRUCT) {
        put_struct(w, t);
    } else if (t->kind == WEIR_T_ARRAY) {
        weir_jw_key(w, "type");
        weir_jw_str(w, "array");
        weir_jw_key(w, "elementType");
        put(w, t->field[0].type);
        weir_jw_key(w, "containsNull");
        weir_jw_bool(w, t->field[0].nullable);
    } else {
        weir_jw_key(w, "type");
        weir_jw_str(w, "map");
        weir_jw_key(w, "keyType");
        put(w, t->field[0].type);
        weir_jw_key(w, "valueType");
        put(w, t->field[1].type);
        weir_jw_key(w, "valueContainsNull");
        weir_jw_bool(w, t->field[1].nullable);
    }
    weir_jw_end_obj(w);
}

void weir_type_to_json(const weir_type *t, weir_str *out) {
    weir_jw w;
    weir_jw_init(&w, out);
    put(&w, t);
}

static weir_rc bad_type(weir_ctx *ctx, const weir_json *j) {
    const char *text = "null";
    if (j && j->kind == WEIR_J_STRING) {
        text = j->text;
    } else if (j) {
        weir_str s;
        weir_str_init(&s, NULL, 4096);
        weir_jw w;
        weir_jw_init(&w, &s);
        weir_jw_value(&w, j);
        text = weir_strndup(ctx->arena, s.p ? s.p : "", s.len);
        weir_str_free(&s);
    }
    return weir_fail(ctx, WEIR_E_INVALID_JSON_DATA_TYPE, "invalidType", text);
}

/* "(n" or "(p,s)" after a name; white space as Spark's patterns allow it. Returns how many numbers.
 */
static int parse_params(const char *s, int out[2]) {
    int n = 0;
    if (*s++ != '(') return 0;
    for (; n < 2; n++) {
        bool neg = false, any = false;
        int v = 0;
        while (*s == ' ') s++;
        if (*s == '-' && n == 1) {
            neg = true;
            s++;
        }
        for (; *s >= '0' && *s <= '9' && v < 10000000; s++, any = true) v = v * 10 + (*s - '0');
        while (*s == ' ') s++;
        if (!any) return 0;
        out[n] = neg ? -v : v;
        if (*s == ')') return s[1] ? 0 : n + 1;
        if (*s++ != ',') return 0;
    }
    return 0;
}

static const weir_type *param_new(weir_arena *a, weir_kind k, int precision, int scale) {
    weir_type *t = WEIR_NEW(a, weir_type);
    *t = (weir_type){k, (int16_t)precision, (int16_t)scale, 0, NULL};
    return t;
}

static const weir_type *parse_sized(weir_arena *a, const char *s) {
    int p[2] = {0, 0};
    if (strncmp(s, "decimal(", 8) == 0)
        return parse_params(s + 7, p) == 2 && p[0] >= 1 && p[0] <= 38 && p[1] <= p[0] && p[1] >= 0
                   ? weir_type_decimal(a, p[0], p[1])
                   : NULL;
    if (strncmp(s, "time(", 5) == 0)
        return parse_params(s + 4, p) == 1 && p[0] <= 9 ? param_new(a, WEIR_T_TIME, p[0], 0) : NULL;
    bool is_char = strncmp(s, "char(", 5) == 0;
    if (!is_char && strncmp(s, "varchar(", 8) != 0) return NULL;
    if (parse_params(s + (is_char ? 4 : 7), p) != 1 || p[0] < 1) return NULL;
    if (p[0] > INT16_MAX) return &weir_t_string; /* longer than a type holds: no limit to enforce */
    return param_new(a, WEIR_T_STRING, p[0], is_char ? 1 : 2);
}

static const weir_type *parse_interval(weir_arena *a, const char *s) {
    for (int ym = 0; ym < 2; ym++)
        for (int from = 0; from < (ym ? 2 : 4); from++)
            for (int to = from; to < (ym ? 2 : 4); to++) {
                weir_type t = {ym ? WEIR_T_INTERVAL_YM : WEIR_T_INTERVAL_DT, (int16_t)from,
                               (int16_t)to, 0, NULL};
                if (strcmp(weir_type_name(a, &t), s) == 0) return param_new(a, t.kind, from, to);
            }
    return NULL;
}

static const weir_type *parse_name(weir_arena *a, const char *s) {
    for (int k = 0; k < WEIR_T_COUNT; k++) {
        const char *name = json_name((weir_kind)k);
        if (k == WEIR_T_ARRAY || k == WEIR_T_MAP || k == WEIR_T_STRUCT || k == WEIR_T_TIME ||
            k == WEIR_T_INTERVAL_YM || k == WEIR_T_INTERVAL_DT)
            continue;
        if (!name)
            name =
                k == WEIR_T_DECIMAL ? "decimal" : weir_type_name(a, weir_type_scalar((weir_kind)k));
        if (strcmp(s, name) == 0) return weir_type_scalar((weir_kind)k);
    }
    if (strcmp(s, "null") == 0)
        return &weir_t_void; /* SPARK DataType.nameToType: 2.x wrote "null" */
    if (strncmp(s, "interval ", 9) == 0) return parse_interval(a, s);
    return parse_sized(a, s);
}

static weir_rc parse(weir_ctx *ctx, const weir_json *j, const weir_type **out);

static weir_rc parse_struct(weir_ctx *ctx, const weir_json *j, const weir_type **out) {
    const weir_json *fields = weir_json_arr(j, "fields");
    if (!fields || fields->len > INT32_MAX / 64)
        return bad_type(ctx, j);
    int n = (int)fields->len;
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, n ? n : 1);
    for (int i = 0; i < n; i++) {
        const weir_json *e = fields->item[i], *meta = weir_json_obj(e, "metadata");
        const char *name = weir_json_str(e, "name", NULL);
        if (!name) return bad_type(ctx, e);
        WEIR_TRY(parse(ctx, weir_json_get(e, "type"), &f[i].type));
        f[i].name = name;
        f[i].nullable = weir_json_flag(e, "nullable", true);
        if (!meta || meta->len == 0) continue;
        weir_str s;
        weir_str_init(&s, NULL, 64 << 20);
        weir_jw w;
        weir_jw_init(&w, &s);
        weir_jw_value(&w, meta);
        f[i].metadata = weir_strndup(ctx->arena, s.p, s.len);
        weir_str_free(&s);
    }
    *out = weir_type_struct(ctx->arena, f, n);
    return WEIR_OK;
}

static weir_rc parse(weir_ctx *ctx, const weir_json *j, const weir_type **out) {
    if (!j) return bad_type(ctx, j);
    if (j->kind == WEIR_J_STRING) {
        *out = parse_name(ctx->arena, j->text);
        return *out ? WEIR_OK : bad_type(ctx, j);
    }
    const char *kind = weir_json_str(j, "type", "");
    const weir_type *a, *b;
    if (strcmp(kind, "struct") == 0) return parse_struct(ctx, j, out);
    if (strcmp(kind, "array") == 0) {
        WEIR_TRY(parse(ctx, weir_json_get(j, "elementType"), &a));
        *out = weir_type_array(ctx->arena, a, weir_json_flag(j, "containsNull", true));
        return WEIR_OK;
    }
    if (strcmp(kind, "map") == 0) {
        WEIR_TRY(parse(ctx, weir_json_get(j, "keyType"), &a));
        WEIR_TRY(parse(ctx, weir_json_get(j, "valueType"), &b));
        *out = weir_type_map(ctx->arena, a, b, weir_json_flag(j, "valueContainsNull", true));
        return WEIR_OK;
    }
    /* SPARK: a user-defined type is stored as its sqlType. */
    if (strcmp(kind, "udt") == 0) return parse(ctx, weir_json_get(j, "sqlType"), out);
    return bad_type(ctx, j);
}

weir_rc weir_type_from_json(weir_ctx *ctx, const char *text, size_t len, const weir_type **out) {
    const weir_json *j = weir_json_parse(ctx->arena, text, len, NULL);
    if (!j) {
        const char *copy = weir_strndup(ctx->arena, text, len > 4096 ? 4096 : len);
        return weir_fail(ctx, WEIR_E_INVALID_JSON_DATA_TYPE, "invalidType", copy);
    }
    WEIR_TRY(parse(ctx, j, out));
    return weir_type_check_depth(ctx, *out);
}
