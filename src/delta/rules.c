/* Rules for rows. See rules.h. Thread of the task. */
#include "delta/rules.h"

#include "func/lists.h"
#include "func/text.h"

#include <strings.h>

typedef struct not_null {
    const int *at; /* from the row down */
    int depth;
    const char *path;
} not_null;
typedef struct text_limit {
    int column;
    const weir_type *type; /* with the lengths */
    const char *name;
} text_limit;
struct weir_delta_rules {
    not_null *filled;
    int nfilled, cfilled;
    text_limit *text;
    int ntext;
};

/* ---- which there are ---- */

static void add_not_null(weir_arena *a, weir_delta_rules *r, const int *at, int depth,
                         const char *path) {
    if (r->nfilled == r->cfilled) {
        int cap = r->cfilled ? r->cfilled * 2 : 8;
        not_null *v = WEIR_NEWN(a, not_null, cap);
        if (r->nfilled) memcpy(v, r->filled, sizeof *v * (size_t)r->nfilled);
        r->filled = v;
        r->cfilled = cap;
    }
    r->filled[r->nfilled++] =
        (not_null){weir_memdup(a, at, sizeof *at * (size_t)depth), depth, path};
}

/* Columns, and fields of structs; Delta knows no such rule inside of lists. at: the path to t. */
static weir_rc find_not_null(weir_ctx *ctx, weir_delta_rules *r, const weir_type *t,
                             const weir_type *rows, const int *at, int depth, const char *path) {
    int *here = WEIR_NEWN(ctx->arena, int, depth + 1);
    if (depth) memcpy(here, at, sizeof *at * (size_t)depth);
    for (int i = 0; i < t->nfield; i++) {
        const weir_field *f = &t->field[i];
        const char *name = *path ? weir_printf(ctx->arena, "%s.%s", path, f->name) : f->name;
        int c = rows ? weir_schema_find(rows, f->name, false) : -1;
        if (!f->nullable && rows && c < 0)
            return weir_fail(ctx, WEIR_E_DELTA_MISSING_NOT_NULL, "columnName", name);
        here[depth] = i;
        if (!f->nullable) add_not_null(ctx->arena, r, here, depth + 1, name);
        if (f->type->kind == WEIR_T_STRUCT)
            WEIR_TRY(find_not_null(
                ctx, r, f->type,
                c >= 0 && rows->field[c].type->kind == WEIR_T_STRUCT ? rows->field[c].type : NULL,
                here, depth + 1, name));
    }
    return WEIR_OK;
}

static weir_rc find_text(weir_ctx *ctx, weir_delta_rules *r, weir_schema *table) {
    if (weir_conf_bool(ctx->conf, "spark.sql.legacy.charVarcharAsString")) return WEIR_OK;
    r->text = WEIR_NEWN(ctx->arena, text_limit, table->nfield + 1);
    for (int i = 0; i < table->nfield; i++) {
        const weir_type *t = NULL;
        WEIR_TRY(weir_field_text_type(ctx, &table->field[i], &t));
        if (t) r->text[r->ntext++] = (text_limit){i, t, table->field[i].name};
    }
    return WEIR_OK;
}

weir_rc weir_delta_rules_new(weir_ctx *ctx, weir_schema *table, weir_schema *rows,
                             weir_delta_rules **out) {
    weir_delta_rules *r = WEIR_NEW(ctx->arena, weir_delta_rules);
    WEIR_TRY(find_not_null(ctx, r, table, rows, NULL, 0, ""));
    WEIR_TRY(find_text(ctx, r, table));
    *out = r;
    return WEIR_OK;
}

/* ---- of rows ---- */

static weir_rc check_filled(weir_ctx *ctx, const not_null *n, const weir_column *rows) {
    weir_column c = *rows;
    for (int i = 0; i < n->depth; i++) {
        weir_column up = c;
        WEIR_TRY(weir_column_flatten(ctx, &up, &c));
        up = c;
        WEIR_TRY(weir_struct_field(ctx, &up, n->at[i], &c));
    }
    if (!weir_null_count(&c)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DELTA_NOT_NULL, "columnName", n->path);
}

static weir_rc check_text(weir_ctx *ctx, const weir_type *t, const weir_column *c,
                          const char *name) {
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(c, i)) continue;
        weir_bytes b = weir_get_bytes(c, i);
        if (b.len <= t->precision || weir_utf8_count(b) <= t->precision) continue;
        return weir_fail(ctx, WEIR_E_DELTA_EXCEED_CHAR_VARCHAR_LIMIT, "value",
                         weir_strndup(ctx->arena, b.p, (size_t)b.len), "expr",
                         weir_printf(ctx->arena, "((%s IS NULL) OR (length(%s) <= %d))", name, name,
                                     t->precision));
    }
    return WEIR_OK;
}

static weir_rc check_texts(weir_ctx *ctx, const weir_type *t, const weir_column *c,
                           const char *name) {
    weir_column rows = *c, kid;
    if (t->kind == WEIR_T_STRING && t->precision) return check_text(ctx, t, c, name);
    if (!weir_type_is_nested(t) || !c->len) return WEIR_OK;
    if (t->kind != WEIR_T_STRUCT)
        WEIR_TRY(weir_list_dense(ctx, c, &rows));
    else
        WEIR_TRY(weir_column_flatten(ctx, c, &rows));
    for (int i = 0; i < t->nfield; i++) {
        kid = rows.kid[i];
        if (t->kind == WEIR_T_STRUCT) WEIR_TRY(weir_struct_field(ctx, &rows, i, &kid));
        WEIR_TRY(check_texts(ctx, t->field[i].type, &kid,
                             weir_printf(ctx->arena, "%s.%s", name, t->field[i].name)));
    }
    return WEIR_OK;
}

weir_rc weir_delta_rules_check(weir_ctx *ctx, const weir_delta_rules *r, const weir_column *rows) {
    for (int i = 0; i < r->nfilled; i++) WEIR_TRY(check_filled(ctx, &r->filled[i], rows));
    for (int i = 0; i < r->ntext; i++)
        WEIR_TRY(check_texts(ctx, r->text[i].type, &rows->kid[r->text[i].column], r->text[i].name));
    return WEIR_OK;
}
