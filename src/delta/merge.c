/* Merging schemas, and rows by name. See merge.h. Called by the sink. */
#include "delta/merge.h"

#include <strings.h>

/* ---- types ---- */

/* SPARK TypeCoercion.implicitCast (not the ANSI one), between scalars. */
static bool casts_implicitly(const weir_type *from, const weir_type *to) {
    weir_kind f = from->kind, t = to->kind;
    if (weir_type_is_nested(from) || weir_type_is_nested(to)) return false;
    if (f == t || f == WEIR_T_VOID) return true;
    if (weir_type_is_numeric(from) && weir_type_is_numeric(to)) return true;
    bool moment = t == WEIR_T_DATE || t == WEIR_T_TIMESTAMP || t == WEIR_T_TIMESTAMP_NTZ;
    if (f == WEIR_T_STRING) return weir_type_is_numeric(to) || moment || t == WEIR_T_BINARY;
    if (t == WEIR_T_STRING) return f != WEIR_T_VARIANT && f != WEIR_T_INTERVAL;
    return moment && (f == WEIR_T_DATE || f == WEIR_T_TIMESTAMP || f == WEIR_T_TIMESTAMP_NTZ);
}

typedef struct merger {
    weir_ctx *ctx;
    bool casts, failed;
} merger;

static const weir_type *merge_types(merger *m, const weir_type *table, const weir_type *rows);

static const weir_type *merge_structs(merger *m, const weir_type *table, const weir_type *rows) {
    weir_arena *a = m->ctx->arena;
    weir_field *f = WEIR_NEWN(a, weir_field, table->nfield + rows->nfield + 1);
    int n = table->nfield;
    for (int i = 0; i < table->nfield && !m->failed; i++) {
        int at = weir_schema_find(rows, table->field[i].name, false);
        f[i] = table->field[i];
        if (at >= 0) f[i].type = merge_types(m, f[i].type, rows->field[at].type);
    }
    for (int i = 0; i < rows->nfield; i++) {
        if (weir_schema_find(table, rows->field[i].name, false) != -1) continue;
        f[n] = rows->field[i];
        f[n++].nullable = true;
    }
    return weir_type_struct(a, f, n);
}

static const weir_type *merge_leaves(merger *m, const weir_type *table, const weir_type *rows) {
    weir_kind t = table->kind, r = rows->kind;
    if (m->casts && casts_implicitly(rows, table)) return table;
    if (weir_type_same(table, rows) || r == WEIR_T_VOID) return table;
    if (t == WEIR_T_VOID) return rows;
    /* to Parquet these are one type */
    if (t >= WEIR_T_BYTE && t <= WEIR_T_INT && r >= WEIR_T_BYTE && r <= WEIR_T_INT)
        return t > r ? table : rows;
    m->failed = true;
    return table;
}

static const weir_type *merge_types(merger *m, const weir_type *table, const weir_type *rows) {
    if (table->kind != rows->kind || !weir_type_is_nested(table))
        return merge_leaves(m, table, rows);
    if (table->kind == WEIR_T_STRUCT) return merge_structs(m, table, rows);
    const weir_type *first = merge_types(m, table->field[0].type, rows->field[0].type);
    if (table->kind == WEIR_T_ARRAY)
        return weir_type_array(m->ctx->arena, first, table->field[0].nullable);
    return weir_type_map(m->ctx->arena, first,
                         merge_types(m, table->field[1].type, rows->field[1].type),
                         table->field[1].nullable);
}

weir_rc weir_delta_merge(weir_ctx *ctx, weir_schema *table, weir_schema *rows, bool casts,
                         weir_schema **out) {
    weir_arena *a = ctx->arena;
    rows = weir_type_nullable(a, rows);
    weir_field *f = WEIR_NEWN(a, weir_field, table->nfield + rows->nfield + 1);
    int n = table->nfield;
    for (int i = 0; i < table->nfield; i++) {
        merger m = {ctx, casts, false};
        int at = weir_schema_find(rows, table->field[i].name, false);
        f[i] = table->field[i];
        if (at >= 0) f[i].type = merge_types(&m, f[i].type, rows->field[at].type);
        if (m.failed)
            return weir_fail(ctx, WEIR_E_DELTA_FAILED_TO_MERGE_FIELDS, "currentField",
                             table->field[i].name, "updateField", rows->field[at].name);
    }
    for (int i = 0; i < rows->nfield; i++)
        if (weir_schema_find(table, rows->field[i].name, false) == -1) f[n++] = rows->field[i];
    *out = weir_type_struct(a, f, n);
    return WEIR_OK;
}

/* ---- rows ---- */

static weir_rc shape(weir_ctx *ctx, const char *name, const weir_type *from, const weir_type *to,
                     weir_assign **out);

static weir_rc shape_struct(weir_ctx *ctx, const weir_type *from, const weir_type *to,
                            weir_assign **out) {
    int *source = WEIR_NEWN(ctx->arena, int, to->nfield + 1);
    weir_assign **kid = WEIR_NEWN(ctx->arena, weir_assign *, to->nfield + 1);
    for (int i = 0; i < to->nfield; i++) {
        const weir_field *f = &to->field[i];
        source[i] = weir_schema_find(from, f->name, false);
        if (source[i] < 0)
            kid[i] = weir_assign_null(ctx->arena, f->type);
        else
            WEIR_TRY(shape(ctx, f->name, from->field[source[i]].type, f->type, &kid[i]));
    }
    *out = weir_assign_nested(ctx->arena, from, to, source, kid);
    return WEIR_OK;
}

static weir_rc shape(weir_ctx *ctx, const char *name, const weir_type *from, const weir_type *to,
                     weir_assign **out) {
    weir_expr shown = {.kind = WEIR_EX_COL, .type = from, .name = name};
    if (from->kind == WEIR_T_STRUCT && to->kind == WEIR_T_STRUCT)
        return shape_struct(ctx, from, to, out);
    if (from->kind == to->kind && weir_type_is_nested(to)) {
        weir_assign **kid = WEIR_NEWN(ctx->arena, weir_assign *, 2);
        for (int i = 0; i < to->nfield; i++)
            WEIR_TRY(shape(ctx, name, from->field[i].type, to->field[i].type, &kid[i]));
        *out = weir_assign_nested(ctx->arena, from, to, NULL, kid);
        return WEIR_OK;
    }
    return weir_assign_leaf(ctx, &shown, from, to, weir_printf(ctx->arena, "`%s`", name), out);
}

weir_rc weir_delta_shape(weir_ctx *ctx, weir_schema *rows, weir_schema *table, weir_assign **out) {
    return shape_struct(ctx, rows, table, out);
}

/* ---- a schema to be read ---- */

/* SPARK DataType.typeName */
static char *type_name(weir_arena *a, const weir_type *t) {
    static const char *const whole[] = {"byte", "short", "integer", "long"};
    if (weir_type_is_integral(t)) return weir_strdup(a, whole[t->kind - WEIR_T_BYTE]);
    if (t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP || t->kind == WEIR_T_STRUCT)
        return weir_strdup(a, t->kind == WEIR_T_ARRAY ? "array"
                              : t->kind == WEIR_T_MAP ? "map"
                                                      : "struct");
    return weir_type_name(a, t);
}

static void tree(weir_arena *a, weir_str *s, const char *prefix, const weir_type *t) {
    static const char *const flags[] = {"nullable", "containsNull", "valueContainsNull"};
    char *below = weir_printf(a, "%s    |", prefix);
    for (int i = 0; i < t->nfield; i++) {
        const weir_field *f = &t->field[i];
        weir_str_printf(s, "%s-- %s: %s", prefix, f->name, type_name(a, f->type));
        if (t->kind != WEIR_T_MAP || i == 1)
            weir_str_printf(s, " (%s = %s)",
                            flags[t->kind == WEIR_T_ARRAY ? 1
                                  : t->kind == WEIR_T_MAP ? 2
                                                          : 0],
                            f->nullable ? "true" : "false");
        weir_str_putc(s, '\n');
        tree(a, s, below, f->type);
    }
}

char *weir_delta_tree(weir_arena *a, weir_schema *t) {
    weir_str s;
    weir_str_init(&s, a, 1 << 24);
    weir_str_puts(&s, "root\n");
    tree(a, &s, " |", t);
    return s.p;
}
