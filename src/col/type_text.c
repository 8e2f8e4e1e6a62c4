/* CHAR and VARCHAR. Rows know only STRING; a column's metadata keeps what it was declared as, in
 * the key that Spark uses. SPARK CharVarcharUtils. Any thread. */
#include "col/type.h"
#include <string.h>

#define TEXT_KEY "__CHAR_VARCHAR_TYPE_STRING"

static bool has_text(const weir_type *t) {
    if (t->kind == WEIR_T_STRING) return t->precision > 0;
    for (int i = 0; i < t->nfield; i++)
        if (has_text(t->field[i].type)) return true;
    return false;
}

const weir_type *weir_type_plain(weir_arena *a, const weir_type *t) {
    if (!has_text(t)) return t;
    if (t->kind == WEIR_T_STRING) return &weir_t_string;
    weir_type *made = weir_memdup(a, t, sizeof *t);
    weir_field *f = weir_memdup(a, t->field, sizeof *f * (size_t)t->nfield);
    for (int i = 0; i < t->nfield; i++) f[i].type = weir_type_plain(a, f[i].type);
    made->field = f;
    return made;
}

static const char *with_key(weir_arena *a, const char *metadata, const char *type) {
    weir_str s;
    size_t n = metadata ? strlen(metadata) : 0;
    weir_str_init(&s, a, 1 << 24);
    if (n > 2) { /* what there is, open at its end */
        weir_str_add(&s, metadata, n - 1);
        weir_str_putc(&s, ',');
    } else {
        weir_str_putc(&s, '{');
    }
    weir_str_puts(&s, "\"" TEXT_KEY "\":");
    weir_json_escape(&s, type, strlen(type));
    weir_str_putc(&s, '}');
    return s.p;
}

weir_schema *weir_schema_plain(weir_arena *a, weir_schema *s) {
    if (!s || !has_text(s)) return s;
    weir_field *f = weir_memdup(a, s->field, sizeof *f * (size_t)s->nfield);
    for (int i = 0; i < s->nfield; i++) {
        if (!has_text(f[i].type)) continue;
        f[i].metadata = with_key(a, f[i].metadata, weir_type_name(a, f[i].type));
        f[i].type = weir_type_plain(a, f[i].type);
    }
    return weir_type_struct(a, f, s->nfield);
}

/* ---- back from the text ---- */

typedef struct reader {
    weir_ctx *ctx;
    const char *p;
    int depth;
} reader;

static weir_rc read_type(reader *r, const weir_type **out);

static weir_rc read_leaf(reader *r, const weir_type **out) {
    weir_str json;
    const char *end = r->p;
    for (int open = 0; *end && (open || !strchr(",>", *end)); end++)
        open += (*end == '(') - (*end == ')');
    weir_str_init(&json, r->ctx->arena, 1 << 16);
    weir_json_escape(&json, r->p, (size_t)(end - r->p));
    r->p = end;
    /* the names that JSON has for whole numbers are others */
    static const char *const simple[] = {"\"tinyint\"", "\"smallint\"", "\"int\"", "\"bigint\""};
    for (int i = 0; i < 4 && json.p; i++)
        if (strcmp(json.p, simple[i]) == 0)
            return *out = weir_type_scalar((weir_kind)(WEIR_T_BYTE + i)), WEIR_OK;
    return weir_type_from_json(r->ctx, json.p ? json.p : "", json.len, out);
}

static bool takes(reader *r, const char *text) {
    size_t n = strlen(text);
    if (strncmp(r->p, text, n) != 0) return false;
    r->p += n;
    return true;
}

static weir_rc read_fields(reader *r, const weir_type **out) {
    weir_field *f = NULL;
    int n = 0, cap = 0;
    while (*r->p && *r->p != '>') {
        if (n == cap) {
            weir_field *old = f;
            cap = cap ? cap * 2 : 8;
            f = WEIR_NEWN(r->ctx->arena, weir_field, cap);
            if (n) memcpy(f, old, sizeof *f * (size_t)n);
        }
        size_t len = strcspn(r->p, ":");
        f[n] = (weir_field){.name = weir_strndup(r->ctx->arena, r->p, len), .nullable = true};
        r->p += len + (r->p[len] == ':');
        WEIR_TRY(read_type(r, &f[n++].type));
        (void)takes(r, ",");
    }
    *out = weir_type_struct(r->ctx->arena, f, n);
    return WEIR_OK;
}

static weir_rc read_type(reader *r, const weir_type **out) {
    const weir_type *k = NULL, *v = NULL;
    if (++r->depth > 100)
        return weir_fail(r->ctx, WEIR_E_INVALID_JSON_DATA_TYPE, "invalidType", r->p);
    if (takes(r, "array<")) {
        WEIR_TRY(read_type(r, &k));
        *out = weir_type_array(r->ctx->arena, k, true);
    } else if (takes(r, "map<")) {
        WEIR_TRY(read_type(r, &k));
        (void)takes(r, ",");
        WEIR_TRY(read_type(r, &v));
        *out = weir_type_map(r->ctx->arena, k, v, true);
    } else if (takes(r, "struct<")) {
        WEIR_TRY(read_fields(r, out));
    } else {
        r->depth--;
        return read_leaf(r, out);
    }
    (void)takes(r, ">");
    r->depth--;
    return WEIR_OK;
}

weir_rc weir_field_text_type(weir_ctx *ctx, const weir_field *f, const weir_type **out) {
    *out = NULL;
    if (!f->metadata || !strstr(f->metadata, TEXT_KEY)) return WEIR_OK;
    const weir_json *j = weir_json_parse(ctx->arena, f->metadata, strlen(f->metadata), NULL);
    const char *text = j ? weir_json_str(j, TEXT_KEY, NULL) : NULL;
    if (!text) return WEIR_OK;
    reader r = {ctx, text, 0};
    return read_type(&r, out);
}
