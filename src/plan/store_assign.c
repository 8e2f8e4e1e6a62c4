/* Store assignment of whole rows. See store_assign.h. */
#include "plan/store_assign.h"

#include "func/assign.h"

#include <strings.h>

typedef struct store {
    weir_ctx *ctx;
    const weir_store_target *t;
    weir_store_policy policy;
    bool case_sensitive;
    bool names_only; /* a first look: SPARK resolves the casts after all of the names */
} store;

static bool same_name(const store *s, const char *a, const char *b) {
    return (s->case_sensitive ? strcmp(a, b) : strcasecmp(a, b)) == 0;
}

static char *quoted(const store *s, const char *path, const char *name) {
    weir_str q;
    weir_str_init(&q, s->ctx->arena, 1 << 20);
    weir_str_printf(&q, "%s%s`", path ? path : "", path ? "." : "");
    for (; *name; name++) {
        if (*name == '`') weir_str_putc(&q, '`');
        weir_str_putc(&q, *name);
    }
    weir_str_putc(&q, '`');
    return q.p;
}

static char *quoted_type(const store *s, const weir_type *t) {
    return weir_printf(s->ctx->arena, "\"%s\"", weir_type_sql(s->ctx->arena, t));
}

static char *listed(const store *s, const weir_field *f, int n) {
    weir_str list;
    weir_str_init(&list, s->ctx->arena, 1 << 20);
    for (int i = 0; i < n; i++)
        weir_str_printf(&list, "%s%s", i ? ", " : "", quoted(s, NULL, f[i].name));
    return list.p ? list.p : "";
}

static weir_rc wrong_count(const store *s, weir_schema *query) {
    weir_schema *t = s->t->columns;
    return weir_fail(s->ctx,
                     query->nfield < t->nfield ? WEIR_E_INSERT_NOT_ENOUGH_COLUMNS
                                               : WEIR_E_INSERT_TOO_MANY_COLUMNS,
                     "tableName", s->t->quoted, "tableColumns", listed(s, t->field, t->nfield),
                     "dataColumns", listed(s, query->field, query->nfield));
}

/* ---- tables of files ---- */

static weir_rc file_value(const store *s, const weir_expr *shown, const weir_type *from,
                          const weir_type *to, const char *path, weir_assign **out);

/* SPARK DataTypeUtils.canWrite */
static weir_rc check_safe(const store *s, const weir_type *from, const weir_type *to,
                          const char *path) {
    bool ok = s->policy == WEIR_STORE_LEGACY ? true
              : s->policy == WEIR_STORE_ANSI
                  ? weir_can_store(from, to)
                  : from->kind != WEIR_T_VOID && weir_can_up_cast(from, to);
    if (ok) return WEIR_OK;
    return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_FOR_TABLE, "tableName", s->t->quoted,
                     "colName", path, "srcType", quoted_type(s, from), "targetType",
                     quoted_type(s, to));
}

static weir_rc file_leaf(const store *s, const weir_expr *shown, const weir_type *from,
                         const weir_type *to, const char *path, weir_assign **out) {
    bool text = to->kind == WEIR_T_STRING && to->precision;
    const weir_type *plain = text ? &weir_t_string : to;
    WEIR_TRY(check_safe(s, from, plain, path));
    if (s->names_only) return *out = weir_assign_null(s->ctx->arena, to), WEIR_OK;
    WEIR_TRY(weir_assign_cast(s->ctx, shown, from, plain, path, out));
    if (text && !weir_conf_bool(s->ctx->conf, "spark.sql.legacy.charVarcharAsString"))
        *out = weir_assign_text(s->ctx->arena, to, *out);
    return WEIR_OK;
}

/* Where expected field i comes from: -1 nowhere. */
static weir_rc source_of(const store *s, const weir_type *from, const weir_field *expected, int i,
                         const char *path, int *out) {
    *out = -1;
    if (!s->t->by_name) return *out = i, WEIR_OK;
    for (int k = 0; k < from->nfield; k++) {
        if (!same_name(s, from->field[k].name, expected->name)) continue;
        if (*out >= 0)
            return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_AMBIGUOUS, "tableName", s->t->quoted,
                             "colName", path);
        *out = k;
    }
    return WEIR_OK;
}

/* Fields of the query that no column takes. */
static char *left_over(const store *s, const weir_type *from, const int *source, int n) {
    weir_field *f = WEIR_NEWN(s->ctx->arena, weir_field, from->nfield + 1);
    int left = 0;
    for (int k = 0; k < from->nfield; k++) {
        bool used = false;
        for (int i = 0; i < n; i++) used |= source[i] == k;
        if (!used) f[left++] = from->field[k];
    }
    return left ? listed(s, f, left) : NULL;
}

static weir_rc check_fields(const store *s, const weir_type *from, const weir_type *to,
                            const char *path) {
    if (s->t->by_name || from->nfield == to->nfield) return WEIR_OK;
    if (from->nfield > to->nfield)
        return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_EXTRA_FIELDS, "tableName", s->t->quoted,
                         "colName", path, "extraFields",
                         listed(s, from->field + to->nfield, from->nfield - to->nfield));
    return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_MISSING_FIELDS, "tableName", s->t->quoted,
                     "colName", path, "missingFields",
                     listed(s, to->field + from->nfield, to->nfield - from->nfield));
}

static weir_rc file_struct(const store *s, const weir_expr *shown, const weir_type *from,
                           const weir_type *to, const char *path, int *source, weir_assign **kid) {
    WEIR_TRY(check_fields(s, from, to, path));
    for (int i = 0; i < to->nfield; i++) {
        const weir_field *f = &to->field[i];
        char *below = quoted(s, path, f->name);
        WEIR_TRY(source_of(s, from, f, i, below, &source[i]));
        if (source[i] < 0)
            return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_CANNOT_FIND, "tableName",
                             s->t->quoted, "colName", below);
        WEIR_TRY(file_value(s, shown, from->field[source[i]].type, f->type, below, &kid[i]));
    }
    char *extra = s->t->by_name ? left_over(s, from, source, to->nfield) : NULL;
    if (!extra) return WEIR_OK;
    return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_EXTRA_FIELDS, "tableName", s->t->quoted,
                     "colName", path, "extraFields", extra);
}

static weir_rc file_value(const store *s, const weir_expr *shown, const weir_type *from,
                          const weir_type *to, const char *path, weir_assign **out) {
    weir_arena *a = s->ctx->arena;
    if (from->kind != to->kind || !weir_type_is_nested(to))
        return file_leaf(s, shown, from, to, path, out);
    int *source = WEIR_NEWN(a, int, to->nfield + 1);
    weir_assign **kid = WEIR_NEWN(a, weir_assign *, to->nfield + 1);
    if (to->kind == WEIR_T_STRUCT) {
        WEIR_TRY(file_struct(s, shown, from, to, path, source, kid));
    } else {
        for (int i = 0; i < to->nfield; i++)
            WEIR_TRY(file_value(s, shown, from->field[i].type, to->field[i].type,
                                quoted(s, path, to->field[i].name), &kid[i]));
        source = NULL;
    }
    *out = weir_assign_nested(a, from, to, source, kid);
    return WEIR_OK;
}

static weir_rc default_of(const store *s, int i, weir_expr **out) {
    const weir_field *f = &s->t->columns->field[i];
    *out = s->t->dflt ? s->t->dflt[i] : NULL;
    if (*out) return WEIR_OK;
    if (!weir_conf_bool(s->ctx->conf, "spark.sql.defaultColumn.useNullsForMissingDefaultValues"))
        return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_CANNOT_FIND, "tableName", s->t->quoted,
                         "colName", quoted(s, NULL, f->name));
    *out = weir_lit_null(s->ctx->arena, f->type);
    return WEIR_OK;
}

static weir_expr *column_of(const store *s, const weir_plan *query, int i) {
    const weir_field *f = &query->schema->field[i];
    weir_expr *e = weir_expr_col(s->ctx->arena, i, f->type, f->nullable);
    e->name = f->name;
    return e;
}

static void put(const store *s, weir_plan *proj, weir_expr *e, const weir_assign *x,
                const weir_field *f) {
    weir_arena *a = s->ctx->arena;
    e = weir_expr_alias(a, weir_assign_expr(a, e, x), f->name);
    e->metadata = f->metadata;
    weir_plan_add_expr(a, proj, e);
}

static weir_rc file_rows(const store *s, weir_plan *query, weir_plan *proj) {
    weir_schema *t = s->t->columns, *from = query->schema;
    int *source = WEIR_NEWN(s->ctx->arena, int, t->nfield + 1);
    if (from->nfield > t->nfield || (!s->t->by_name && from->nfield < t->nfield))
        return wrong_count(s, from);
    for (int i = 0; i < t->nfield; i++) {
        const weir_field *f = &t->field[i];
        char *path = quoted(s, NULL, f->name);
        weir_assign *x = NULL;
        weir_expr *e = NULL;
        WEIR_TRY(source_of(s, from, f, i, path, &source[i]));
        if (source[i] < 0)
            WEIR_TRY(default_of(s, i, &e));
        else
            e = column_of(s, query, source[i]);
        WEIR_TRY(file_value(s, e, e->type, f->type, path, &x));
        put(s, proj, e, x, f);
    }
    char *extra = left_over(s, from, source, t->nfield);
    if (!extra) return WEIR_OK;
    return weir_fail(s->ctx, WEIR_E_INCOMPATIBLE_DATA_EXTRA_COLUMNS, "tableName", s->t->quoted,
                     "extraColumns", extra);
}

/* ---- Delta tables ---- */

static weir_rc check_unique(const store *s, const weir_type *t, weir_errcls cls) {
    for (int i = 1; i < t->nfield; i++)
        for (int k = 0; k < i; k++)
            if (strcasecmp(t->field[i].name, t->field[k].name) == 0)
                return weir_fail(
                    s->ctx, cls, "duplicateCols",
                    weir_printf(s->ctx->arena, "%s, %s", t->field[k].name, t->field[i].name));
    return WEIR_OK;
}

static weir_rc delta_leaf(const store *s, const weir_expr *shown, const weir_type *from,
                          const weir_type *to, const char *name, weir_assign **out) {
    if (s->names_only) return *out = weir_assign_null(s->ctx->arena, to), WEIR_OK;
    return weir_assign_leaf(s->ctx, shown, from, to, quoted(s, NULL, name), out);
}

/* SPARK SchemaUtils.isReadCompatible of the table's columns as nullable and the query's. */
static weir_rc compatible(const store *s, const weir_type *table, const weir_type *rows,
                          bool exact_names, bool *ok) {
    if (table->kind == WEIR_T_VOID) return WEIR_OK;
    if (table->kind != rows->kind || !weir_type_is_nested(table)) {
        *ok &= weir_type_same(table, rows);
        return WEIR_OK;
    }
    if (table->kind != WEIR_T_STRUCT) {
        for (int i = 0; i < table->nfield && *ok; i++)
            WEIR_TRY(compatible(s, table->field[i].type, rows->field[i].type, exact_names, ok));
        return WEIR_OK;
    }
    WEIR_TRY(check_unique(s, table, WEIR_E_DELTA_DUPLICATE_COLUMNS_FOUND_EXISTING_SCHEMA));
    WEIR_TRY(check_unique(s, rows, WEIR_E_DELTA_DUPLICATE_COLUMNS_FOUND_READ_SCHEMA));
    for (int i = 0; i < table->nfield && !s->t->frame; i++)
        *ok &= weir_schema_find(rows, table->field[i].name, false) >= 0;
    for (int i = 0; i < rows->nfield && *ok; i++) {
        int c = weir_schema_find(table, rows->field[i].name, false);
        if (c < 0) continue;
        *ok = !exact_names || strcmp(table->field[c].name, rows->field[i].name) == 0;
        if (*ok)
            WEIR_TRY(compatible(s, table->field[c].type, rows->field[i].type, exact_names, ok));
    }
    return WEIR_OK;
}

static weir_rc delta_value(const store *s, const weir_expr *shown, const weir_type *from,
                           const weir_type *to, const char *name, weir_assign **out);

static weir_rc delta_field(const store *s, const weir_expr *shown, const weir_field *from,
                           const weir_field *to, const char *parent, weir_assign **out) {
    const weir_type *f = from->type, *t = to ? to->type : from->type;
    if (!to || t->kind == WEIR_T_VOID) return *out = weir_assign_same(s->ctx->arena, f), WEIR_OK;
    bool both = f->kind == t->kind && weir_type_is_nested(f);
    if (s->t->frame ? both && !weir_type_equal(f, t) : both && f->kind == WEIR_T_STRUCT)
        return delta_value(s, shown, f, t, to->name, out);
    if (!s->t->frame && f->kind == WEIR_T_STRUCT)
        return weir_fail(s->ctx, WEIR_E_DELTA_COLUMN_STRUCT_TYPE_MISMATCH, "source",
                         weir_printf(s->ctx->arena, "%s.%s", parent, from->name), "targetType",
                         weir_type_name(s->ctx->arena, t), "targetField",
                         weir_printf(s->ctx->arena, "%s.%s", parent, to->name), "targetTable",
                         s->t->dotted);
    return delta_leaf(s, shown, f, t, to->name, out);
}

/* Every field of the query's stays, in its order; the table's say what they become. */
static weir_rc delta_struct(const store *s, const weir_expr *shown, const weir_type *from,
                            const weir_type *to, const char *name, weir_assign **out) {
    weir_arena *a = s->ctx->arena;
    int *source = WEIR_NEWN(a, int, from->nfield + 1);
    weir_assign **kid = WEIR_NEWN(a, weir_assign *, from->nfield + 1);
    weir_field *made = WEIR_NEWN(a, weir_field, from->nfield + 1);
    if (!s->t->frame && from->nfield < to->nfield)
        return weir_fail(
            s->ctx, WEIR_E_DELTA_INSERT_COLUMN_ARITY_MISMATCH, "tableName", s->t->dotted,
            "columnName", weir_printf(a, "not enough nested fields in %s", name), "numColumns",
            weir_printf(a, "%d", to->nfield), "insertColumns", weir_printf(a, "%d", from->nfield));
    for (int i = 0; i < from->nfield; i++) {
        const weir_field *f = &from->field[i], *t = NULL;
        for (int k = 0; k < to->nfield && s->t->frame && !t; k++)
            if (same_name(s, to->field[k].name, f->name)) t = &to->field[k];
        if (!s->t->frame && i < to->nfield) t = &to->field[i];
        WEIR_TRY(delta_field(s, shown, f, t, name, &kid[i]));
        source[i] = i;
        made[i] = (weir_field){t && !s->t->frame ? t->name : f->name, weir_assign_type(kid[i]),
                               true, NULL};
    }
    *out = weir_assign_nested(a, from, weir_type_struct(a, made, from->nfield), source, kid);
    return WEIR_OK;
}

/* SPARK DataType.equalsStructurally: names do not count. */
static bool same_shape(const weir_type *a, const weir_type *b) {
    if (a->kind != b->kind || a->nfield != b->nfield) return false;
    if (!weir_type_is_nested(a)) return weir_type_same(a, b);
    for (int i = 0; i < a->nfield; i++)
        if (!same_shape(a->field[i].type, b->field[i].type)) return false;
    return true;
}

/* Whether the elements are assigned one by one; else the list is cast as a whole. */
static bool delta_descends(const store *s, const weir_type *from, const weir_type *to) {
    if (from->kind != to->kind) return false;
    if (from->kind == WEIR_T_MAP) return s->t->frame || !same_shape(from, to);
    if (from->kind != WEIR_T_ARRAY) return false;
    return s->t->frame || (from->field[0].type->kind == WEIR_T_STRUCT &&
                           to->field[0].type->kind == WEIR_T_STRUCT &&
                           from->field[0].nullable == to->field[0].nullable);
}

static weir_rc delta_list(const store *s, const weir_expr *shown, const weir_type *from,
                          const weir_type *to, weir_assign **out) {
    weir_arena *a = s->ctx->arena;
    weir_assign **kid = WEIR_NEWN(a, weir_assign *, 2);
    for (int i = 0; i < from->nfield; i++)
        WEIR_TRY(delta_value(s, shown, from->field[i].type, to->field[i].type, to->field[i].name,
                             &kid[i]));
    const weir_type *t =
        from->kind == WEIR_T_ARRAY
            ? weir_type_array(a, weir_assign_type(kid[0]), true)
            : weir_type_map(a, weir_assign_type(kid[0]), weir_assign_type(kid[1]), true);
    *out = weir_assign_nested(a, from, t, NULL, kid);
    return WEIR_OK;
}

static weir_rc delta_value(const store *s, const weir_expr *shown, const weir_type *from,
                           const weir_type *to, const char *name, weir_assign **out) {
    if (weir_type_equal(from, to) || to->kind == WEIR_T_VOID)
        return *out = weir_assign_same(s->ctx->arena, from), WEIR_OK;
    if (from->kind == WEIR_T_STRUCT && to->kind == WEIR_T_STRUCT)
        return delta_struct(s, shown, from, to, name, out);
    if (delta_descends(s, from, to)) return delta_list(s, shown, from, to, out);
    return delta_leaf(s, shown, from, to, name, out);
}

/* A column that is not written needs something to be in its place. */
static weir_rc check_specified(const store *s, weir_schema *rows) {
    bool nulls =
        weir_conf_bool(s->ctx->conf, "spark.sql.defaultColumn.useNullsForMissingDefaultValues");
    for (int i = 0; i < s->t->columns->nfield; i++) {
        const weir_field *f = &s->t->columns->field[i];
        bool has_default = (s->t->dflt && s->t->dflt[i]) || (nulls && f->nullable);
        if (!has_default && weir_schema_find(rows, f->name, s->case_sensitive) == -1)
            return weir_fail(s->ctx, WEIR_E_DELTA_INSERT_COLUMN_MISMATCH, "columnName", f->name);
    }
    return WEIR_OK;
}

static weir_rc needs_names(const store *s, weir_schema *rows, bool *needs) {
    weir_schema *t = s->t->columns;
    weir_field *f = WEIR_NEWN(s->ctx->arena, weir_field, t->nfield + 1);
    int n = 0;
    bool ok = true;
    if (!s->t->frame && rows->nfield < t->nfield) WEIR_TRY(check_specified(s, rows));
    for (int i = 0; i < t->nfield; i++)
        if (weir_schema_find(rows, t->field[i].name, s->case_sensitive) != -1) f[n++] = t->field[i];
    WEIR_TRY(compatible(s, weir_type_struct(s->ctx->arena, f, n), rows,
                        s->case_sensitive || !s->t->frame, &ok));
    *needs = !ok;
    if (ok || s->t->frame) return WEIR_OK;
    if (s->t->merges) return check_specified(s, rows);
    return rows->nfield > t->nfield ? wrong_count(s, rows) : WEIR_OK;
}

static weir_rc needs_places(const store *s, weir_schema *rows, bool *needs) {
    weir_schema *t = s->t->columns;
    weir_arena *a = s->ctx->arena;
    bool ok = true;
    if (rows->nfield < t->nfield)
        return weir_fail(s->ctx, WEIR_E_DELTA_INSERT_COLUMN_ARITY_MISMATCH, "tableName",
                         s->t->dotted, "columnName", "not enough data columns", "numColumns",
                         weir_printf(a, "%d", t->nfield), "insertColumns",
                         weir_printf(a, "%d", rows->nfield));
    for (int i = 0; i < t->nfield && ok; i++)
        ok = strcmp(t->field[i].name, rows->field[i].name) == 0;
    if (ok) WEIR_TRY(compatible(s, t, weir_type_struct(a, rows->field, t->nfield), true, &ok));
    *needs = !ok;
    return WEIR_OK;
}

static weir_rc column_named(const store *s, const weir_field *f, const weir_field **out) {
    weir_schema *t = s->t->columns;
    weir_str names;
    *out = NULL;
    weir_str_init(&names, s->ctx->arena, 1 << 20);
    for (int i = 0; i < t->nfield; i++) {
        weir_str_printf(&names, "%s%s", i ? ", " : "", t->field[i].name);
        if (!*out && same_name(s, t->field[i].name, f->name)) *out = &t->field[i];
    }
    if (*out || s->t->frame || s->t->merges) return WEIR_OK;
    return weir_fail(s->ctx, WEIR_E_DELTA_MISSING_COLUMN, "columnName", f->name, "columnList",
                     names.p);
}

static weir_rc delta_rows(const store *s, weir_plan *query, weir_plan *proj) {
    weir_schema *rows = query->schema;
    for (int i = 0; i < rows->nfield; i++) {
        const weir_field *f = &rows->field[i], *t = NULL;
        weir_assign *x = weir_assign_same(s->ctx->arena, f->type);
        weir_expr *e = column_of(s, query, i);
        if (s->t->by_name)
            WEIR_TRY(column_named(s, f, &t));
        else if (i < s->t->columns->nfield)
            t = &s->t->columns->field[i];
        if (t) WEIR_TRY(delta_value(s, e, f->type, t->type, t->name, &x));
        put(s, proj, e, x, t && !s->t->frame ? t : f);
    }
    return WEIR_OK;
}

static weir_rc delta_needs(const store *s, weir_schema *rows, bool *needs) {
    return s->t->by_name ? needs_names(s, rows, needs) : needs_places(s, rows, needs);
}

static weir_schema *made_columns(const store *s, const weir_plan *proj) {
    weir_field *f = WEIR_NEWN(s->ctx->arena, weir_field, proj->nexpr + 1);
    for (int i = 0; i < proj->nexpr; i++)
        f[i] = (weir_field){weir_expr_name(s->ctx->arena, proj->expr[i]), proj->expr[i]->type,
                             true, NULL};
    return weir_type_struct(s->ctx->arena, f, proj->nexpr);
}

weir_rc weir_store_assign(weir_ctx *ctx, const weir_store_target *t, weir_plan *query,
                          weir_plan **out) {
    store s = {ctx, t, weir_store_policy_of(ctx),
               weir_conf_bool(ctx->conf, "spark.sql.caseSensitive"), true};
    weir_plan *proj = weir_plan_new(ctx->arena, WEIR_P_PROJECT, 1, query);
    bool needs = true;
    *out = query;
    if (t->is_delta) WEIR_TRY(delta_needs(&s, query->schema, &needs));
    if (!needs) return WEIR_OK;
    WEIR_TRY(t->is_delta ? delta_rows(&s, query, proj) : file_rows(&s, query, proj));
    s.names_only = false;
    proj = weir_plan_new(ctx->arena, WEIR_P_PROJECT, 1, query);
    WEIR_TRY(t->is_delta ? delta_rows(&s, query, proj) : file_rows(&s, query, proj));
    /* SPARK: the rule is asked again of what it has made, once every cast of it can be */
    if (t->is_delta) WEIR_TRY(delta_needs(&s, made_columns(&s, proj), &needs));
    return *out = proj, WEIR_OK;
}
