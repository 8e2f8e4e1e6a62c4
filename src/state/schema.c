/* Schema files beside a state store. Called when a store is opened; the query's driver. */
#include "state/schema.h"

#include <string.h>

enum { CHUNK = 65535, MAX_JSON = 64 << 20 };

typedef struct reader {
    const uint8_t *p, *end;
} reader;

static bool get_utf(reader *r, weir_str *out) {
    if (r->end - r->p < 2) return false;
    size_t n = (size_t)r->p[0] << 8 | r->p[1];
    if ((size_t)(r->end - r->p - 2) < n) return false;
    weir_str_add(out, r->p + 2, n);
    r->p += 2 + n;
    return true;
}

/* A count of pieces, then the pieces of one text. */
static bool get_chunks(reader *r, weir_str *out) {
    if (r->end - r->p < 4) return false;
    uint32_t n =
        (uint32_t)r->p[0] << 24 | (uint32_t)r->p[1] << 16 | (uint32_t)r->p[2] << 8 | r->p[3];
    r->p += 4;
    if (n > (size_t)(r->end - r->p) / 2) return false;
    while (n-- > 0)
        if (!get_utf(r, out)) return false;
    return true;
}

static weir_rc malformed(weir_ctx *ctx, const char *path, const char *reason) {
    return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason", reason);
}

static weir_rc schema_of(weir_ctx *ctx, const char *path, const weir_str *text, weir_schema **out) {
    weir_err err;
    weir_ctx c = *ctx;
    weir_err_init(&err);
    c.err = &err;
    weir_rc rc = weir_type_from_json(&c, text->p ? text->p : "", text->len, out);
    weir_err_clear(&err);
    if (rc == WEIR_OK && (*out)->kind == WEIR_T_STRUCT) return WEIR_OK;
    return malformed(ctx, path, "it holds no schema of a state store");
}

weir_rc weir_state_schema_parse(weir_ctx *ctx, const char *path, const char *p, size_t n,
                                weir_schema **key, weir_schema **value) {
    reader r = {(const uint8_t *)p, (const uint8_t *)p + n};
    weir_str version, k, v;
    weir_str_init(&version, ctx->arena, CHUNK);
    weir_str_init(&k, ctx->arena, MAX_JSON);
    weir_str_init(&v, ctx->arena, MAX_JSON);
    if (!get_utf(&r, &version) || version.len == 0)
        return malformed(ctx, path, "it has no version");
    bool v1 = strcmp(version.p, "v1") == 0, v2 = strcmp(version.p, "v2") == 0;
    if (!v1 && !v2)
        return malformed(ctx, path,
                         weir_printf(ctx->arena,
                                     "version %s of state schemas is not supported, v1 and v2 are",
                                     version.p));
    bool whole = v1 ? get_utf(&r, &k) && get_utf(&r, &v) : get_chunks(&r, &k) && get_chunks(&r, &v);
    if (!whole || k.failed || v.failed) return malformed(ctx, path, "it is not complete");
    WEIR_TRY(schema_of(ctx, path, &k, key));
    return schema_of(ctx, path, &v, value);
}

/* ---- writing ---- */

static void put_u16(weir_str *s, size_t v) {
    weir_str_putc(s, (char)(v >> 8));
    weir_str_putc(s, (char)v);
}

static void put_chunks(weir_ctx *ctx, weir_str *s, weir_schema *t) {
    weir_str json;
    weir_str_init(&json, ctx->arena, MAX_JSON);
    weir_type_to_json(t, &json);
    size_t n = (json.len + CHUNK - 1) / CHUNK;
    put_u16(s, n >> 16);
    put_u16(s, n);
    for (size_t at = 0, m; at < json.len; at += m) {
        m = json.len - at < CHUNK ? json.len - at : CHUNK;
        put_u16(s, m);
        weir_str_add(s, json.p + at, m);
    }
    if (json.failed) s->failed = true;
}

static weir_rc schema_write(weir_ctx *ctx, const char *dir, const char *path, weir_schema *key,
                            weir_schema *value) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 2 * (size_t)MAX_JSON);
    put_u16(&s, 2);
    weir_str_puts(&s, "v2");
    put_chunks(ctx, &s, key);
    put_chunks(ctx, &s, value);
    if (s.failed) return malformed(ctx, path, "the schema is too large");
    char *folder = weir_printf(ctx->arena, "%s/_metadata", dir);
    WEIR_TRY(weir_path_mkdirs(ctx, folder));
    WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/.schema.crc", folder)));
    return weir_file_put(ctx, path, s.p, s.len, true, NULL);
}

/* ---- comparing ---- */

static bool same_types(const weir_type *a, const weir_type *b) {
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
        a->nfield != b->nfield)
        return false;
    for (int i = 0; i < a->nfield; i++)
        if (!same_types(a->field[i].type, b->field[i].type)) return false;
    return true;
}

/* As StructType.toString of Spark: StructType(StructField(count,LongType,true),...). */
static void show(weir_ctx *ctx, const weir_type *t, weir_str *s) {
    char *name = weir_type_name(ctx->arena, t);
    if (t->kind == WEIR_T_STRUCT) {
        weir_str_puts(s, "StructType(");
        for (int i = 0; i < t->nfield; i++) {
            weir_str_printf(s, "%sStructField(%s,", i ? "," : "", t->field[i].name);
            show(ctx, t->field[i].type, s);
            weir_str_puts(s, t->field[i].nullable ? ",true)" : ",false)");
        }
        weir_str_putc(s, ')');
    } else if (t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP) {
        weir_str_puts(s, t->kind == WEIR_T_ARRAY ? "ArrayType(" : "MapType(");
        for (int i = 0; i < t->nfield; i++) {
            show(ctx, t->field[i].type, s);
            weir_str_putc(s, ',');
        }
        weir_str_puts(s, t->field[t->nfield - 1].nullable ? "true)" : "false)");
    } else if (t->kind == WEIR_T_DECIMAL) {
        weir_str_printf(s, "DecimalType(%d,%d)", t->precision, t->scale);
    } else if (t->kind == WEIR_T_LONG || t->kind == WEIR_T_INT || t->kind == WEIR_T_SHORT) {
        weir_str_puts(s, t->kind == WEIR_T_LONG  ? "LongType"
                         : t->kind == WEIR_T_INT ? "IntegerType"
                                                 : "ShortType");
    } else if (t->kind == WEIR_T_BYTE) {
        weir_str_puts(s, "ByteType");
    } else if (t->kind == WEIR_T_TIMESTAMP_NTZ) {
        weir_str_puts(s, "TimestampNTZType");
    } else {
        weir_str_putc(s, (char)(name[0] >= 'a' && name[0] <= 'z' ? name[0] - 32 : name[0]));
        weir_str_printf(s, "%sType", name + 1);
    }
}

static const char *text_of(weir_ctx *ctx, weir_schema *t) {
    weir_str s;
    weir_str_init(&s, ctx->arena, MAX_JSON);
    show(ctx, t, &s);
    return s.p ? s.p : "";
}

weir_rc weir_state_schema_read(weir_ctx *ctx, const char *dir, weir_schema **key,
                               weir_schema **value) {
    char *path = weir_printf(ctx->arena, "%s/_metadata/schema", dir), *text = NULL;
    size_t len = 0;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    return weir_state_schema_parse(ctx, path, text, len, key, value);
}

weir_rc weir_state_schema_check(weir_ctx *ctx, const char *dir, weir_schema *key,
                                weir_schema *value, bool unchecked) {
    char *path = weir_printf(ctx->arena, "%s/_metadata/schema", dir);
    weir_stat st;
    weir_schema *k = NULL, *v = NULL;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) return schema_write(ctx, dir, path, key, value);
    if (unchecked) return WEIR_OK;
    WEIR_TRY(weir_state_schema_read(ctx, dir, &k, &v));
    if (!same_types(k, key))
        return weir_fail(ctx, WEIR_E_STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE, "storedKeySchema",
                         text_of(ctx, k), "newKeySchema", text_of(ctx, key));
    if (!same_types(v, value))
        return weir_fail(ctx, WEIR_E_STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE, "storedValueSchema",
                         text_of(ctx, v), "newValueSchema", text_of(ctx, value));
    return WEIR_OK;
}
