/* DDL below the SQL parser, and schema hints. See schema_ddl.h. Analysis thread. */
#include "codec/schema_ddl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static weir_ddl_fn *type_fn, *schema_fn; /* set once at start */

void weir_ddl_register(weir_ddl_fn *type, weir_ddl_fn *schema) {
    type_fn = type;
    schema_fn = schema;
}

weir_rc weir_ddl_type(weir_ctx *ctx, const char *text, const weir_type **out) {
    weir_assert(type_fn);
    return type_fn(ctx, text, out);
}

weir_rc weir_ddl_schema(weir_ctx *ctx, const char *text, const weir_type **out) {
    weir_assert(schema_fn);
    return schema_fn(ctx, text, out);
}

bool weir_ddl_bare(const char *text) {
    const char *p = text + strspn(text, " \t\n");
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_`");
    const char *rest = p + n + strspn(p + n, " \t\n");
    return !*rest || *rest == '<' || *rest == '(';
}

/* One part of a dotted path: bare or in back-ticks; *p moves behind it. NULL: none. */
static char *path_part(weir_arena *a, const char **p) {
    const char *s = *p;
    if (*s == '`') {
        const char *e = strchr(s + 1, '`');
        if (!e) return NULL;
        *p = e + 1;
        return weir_strndup(a, s + 1, (size_t)(e - s - 1));
    }
    const char *e = s;
    while (*e && *e != '.' && !isspace((unsigned char)*e)) e++;
    *p = e;
    return e > s ? weir_strndup(a, s, (size_t)(e - s)) : NULL;
}

enum { MAX_PARTS = 64 };

static weir_rc put_hint(weir_ctx *ctx, const weir_type *in, char **part, int n,
                        const weir_type *leaf, const weir_type **out) {
    bool list = in && (in->kind == WEIR_T_ARRAY || in->kind == WEIR_T_MAP);
    if (n == 0) return *out = leaf, WEIR_OK;
    if (in && in->kind != WEIR_T_STRUCT && !list)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena,
                                     "The schema hint for '%s' goes into a column of type %s",
                                     part[0], weir_type_name(ctx->arena, in)));
    int nf = in ? in->nfield : 0, at = -1;
    for (int i = 0; i < nf && at < 0; i++)
        if (strcasecmp(in->field[i].name, part[0]) == 0) at = i;
    if (list && at < 0)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "The schema hint '%s' must name %s", part[0],
                                     in->kind == WEIR_T_MAP ? "key or value" : "element"));
    const weir_type *t = NULL;
    WEIR_TRY(
        put_hint(ctx, at < 0 || n == 1 ? NULL : in->field[at].type, part + 1, n - 1, leaf, &t));
    if (list) {
        *out = in->kind == WEIR_T_ARRAY ? weir_type_array(ctx->arena, t, true)
                                        : weir_type_map(ctx->arena, at == 0 ? t : in->field[0].type,
                                                        at == 1 ? t : in->field[1].type, true);
        return WEIR_OK;
    }
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, nf + 1);
    if (nf) memcpy(f, in->field, sizeof *f * (size_t)nf);
    if (at < 0) at = nf++;
    f[at] = (weir_field){part[0], t, true, NULL}; /* the hint's spelling wins */
    *out = weir_type_struct(ctx->arena, f, nf);
    return WEIR_OK;
}

static weir_rc one_hint(weir_ctx *ctx, const char *text, weir_schema **schema) {
    char *part[MAX_PARTS];
    int n = 0;
    const char *p = text;
    const weir_type *leaf = NULL;
    while (isspace((unsigned char)*p)) p++;
    for (;;) {
        char *x = n < MAX_PARTS ? path_part(ctx->arena, &p) : NULL;
        if (!x)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena,
                                         "The schema hint '%s' does not begin with a column name",
                                         text));
        part[n++] = x;
        if (*p != '.') break;
        p++;
    }
    while (isspace((unsigned char)*p)) p++;
    if (*p == ':') p++;
    WEIR_TRY(weir_ddl_type(ctx, p, &leaf));
    return put_hint(ctx, *schema, part, n, leaf, schema);
}

weir_rc weir_ddl_hints(weir_ctx *ctx, const char *text, weir_schema *in, weir_schema **out) {
    int depth = 0;
    bool quoted = false;
    *out = in;
    for (const char *from = text, *p = text;; p++) {
        if (*p == '`') quoted = !quoted;
        if (!quoted && (*p == '<' || *p == '(')) depth++;
        if (!quoted && (*p == '>' || *p == ')')) depth--;
        if (*p && (quoted || depth > 0 || *p != ',')) continue;
        if (p > from)
            WEIR_TRY(one_hint(ctx, weir_strndup(ctx->arena, from, (size_t)(p - from)), out));
        if (!*p) return WEIR_OK;
        from = p + 1;
    }
}
