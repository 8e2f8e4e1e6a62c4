/* What the columns of a Delta table may be. DELTA SchemaUtils, SchemaMergingUtils, PartitionUtils:
 * what Delta refuses is refused here before anything is written, for the rest of the world could
 * not read it. Any task. */
#include "delta/fit.h"

#include <strings.h>

static bool is_nested(const weir_type *t) {
    return weir_type_is_nested(t) || t->kind == WEIR_T_VARIANT;
}

static bool streams(const weir_write_info *i) { return i->query_id != NULL; }

static const char *joined(weir_arena *a, const char *path, const char *name) {
    return *path ? weir_printf(a, "%s.%s", path, name) : name;
}

/* ---- types ---- */

static bool is_foreign(const weir_type *t) {
    switch (t->kind) {
    case WEIR_T_INTERVAL:
    case WEIR_T_INTERVAL_DT:
    case WEIR_T_INTERVAL_YM:
    case WEIR_T_TIME: return true;
    default: return false;
    }
}

/* The first type inside that Delta has no form for, and its path. */
static const weir_type *foreign_in(weir_arena *a, const weir_type *t, const char **path) {
    if (is_foreign(t)) return t;
    for (int i = 0; i < t->nfield; i++) {
        const char *at = joined(a, *path, t->field[i].name);
        const weir_type *found = foreign_in(a, t->field[i].type, &at);
        if (found) return *path = at, found;
    }
    return NULL;
}

static weir_rc check_types(weir_ctx *ctx, const weir_write_info *i, weir_schema *s) {
    for (int c = 0; c < s->nfield; c++) {
        const weir_field *f = &s->field[c];
        const char *path = f->name;
        const weir_type *t = foreign_in(ctx->arena, f->type, &path);
        if (!t) continue;
        if (streams(i) || i->table_name)
            return weir_fail(
                ctx, WEIR_E_DELTA_UNSUPPORTED_DATA_TYPES, "dataTypeList",
                weir_printf(ctx->arena, "[%s: %s]", path, weir_type_sql(ctx->arena, t)));
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE, "format", "delta",
                         "columnName", weir_printf(ctx->arena, "`%s`", f->name), "columnType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->type)));
    }
    return WEIR_OK;
}

/* ---- VOID, and structs without fields: Parquet has neither ---- */

static bool has_void(const weir_type *t) {
    bool any = t->kind == WEIR_T_VOID;
    for (int i = 0; i < t->nfield && !any; i++) any = has_void(t->field[i].type);
    return any;
}

static weir_rc check_struct(weir_ctx *ctx, const weir_type *t, const char *path) {
    int voids = 0;
    if (t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP) {
        if (has_void(t))
            return weir_fail(ctx, WEIR_E_DELTA_COMPLEX_TYPE_COLUMN_CONTAINS_NULL_TYPE, "columName",
                             path, "dataType", t->kind == WEIR_T_ARRAY ? "ArrayType" : "MapType");
    }
    if (t->kind == WEIR_T_STRUCT && !t->nfield)
        return weir_fail(ctx, WEIR_E_DELTA_CANNOT_WRITE_EMPTY_SCHEMA_STRUCT_NO_FIELDS, "columnPath",
                         path);
    for (int i = 0; i < t->nfield; i++) {
        const weir_field *f = &t->field[i];
        voids += f->type->kind == WEIR_T_VOID;
        WEIR_TRY(check_struct(ctx, f->type, joined(ctx->arena, path, f->name)));
    }
    if (t->kind == WEIR_T_STRUCT && voids == t->nfield)
        return weir_fail(ctx, WEIR_E_DELTA_CANNOT_WRITE_EMPTY_SCHEMA_STRUCT_ALL_VOID_FIELDS,
                         "columnPath", path);
    return WEIR_OK;
}

static weir_rc check_stored(weir_ctx *ctx, weir_schema *s) {
    int voids = 0;
    for (int c = 0; c < s->nfield; c++) {
        const weir_field *f = &s->field[c];
        voids += f->type->kind == WEIR_T_VOID;
        WEIR_TRY(check_struct(ctx, f->type, f->name));
        if (f->type->kind != WEIR_T_VOID && has_void(f->type))
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName",
                             weir_printf(ctx->arena,
                                         "\"VOID\" inside of the column %s; cast the field to a "
                                         "type",
                                         f->name));
    }
    if (s->nfield && voids == s->nfield)
        return weir_fail(ctx, WEIR_E_DELTA_CANNOT_WRITE_EMPTY_SCHEMA_TABLE_ALL_VOID_COLUMNS, NULL);
    return WEIR_OK;
}

/* ---- names ---- */

static bool has_bad_char(const char *name) { return strpbrk(name, " ,;{}()\n\t=") != NULL; }

static void bad_names(weir_arena *a, const weir_type *t, const char *path, weir_str *out) {
    for (int i = 0; i < t->nfield; i++) {
        const char *at = joined(a, path, t->field[i].name);
        if (t->kind == WEIR_T_STRUCT && has_bad_char(t->field[i].name))
            weir_str_printf(out, "%s%s", out->len ? ", " : "", at);
        bad_names(a, t->field[i].type, at, out);
    }
}

/* Of the data first, then of the partitions. */
static weir_rc check_names(weir_ctx *ctx, const weir_delta_fit *fit) {
    weir_str bad;
    weir_str_init(&bad, ctx->arena, 1 << 20);
    bad_names(ctx->arena, fit->data, "", &bad);
    if (bad.len)
        return weir_fail(ctx, WEIR_E_DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES, "invalidColumnNames",
                         bad.p);
    for (int p = 0; p < fit->npart; p++)
        if (has_bad_char(fit->part[p]))
            return weir_fail(ctx, WEIR_E_DELTA_INVALID_PARTITION_COLUMN_NAME, NULL);
    return WEIR_OK;
}

static weir_rc check_twice(weir_ctx *ctx, weir_schema *s, bool replaced) {
    const char *twice = weir_schema_twice(ctx->arena, s, true, false);
    if (!twice) return WEIR_OK;
    return weir_fail(ctx,
                     replaced ? WEIR_E_DELTA_DUPLICATE_COLUMNS_FOUND_METADATA_UPDATE
                              : WEIR_E_DELTA_DUPLICATE_COLUMNS_FOUND_DATA,
                     "duplicateCols", twice);
}

/* ---- partitions ---- */

static weir_rc no_partition(weir_ctx *ctx, const weir_write_info *i, weir_schema *s,
                            const char *name) {
    weir_str have;
    weir_str_init(&have, ctx->arena, 1 << 20);
    for (int c = 0; c < s->nfield; c++)
        weir_str_printf(&have, "%s%s", c ? ", " : "", s->field[c].name);
    weir_errcls cls = streams(i)      ? WEIR_E_STREAM_PARTITION_NOT_FOUND
                      : i->table_name ? WEIR_E_TABLE_PARTITION_NOT_FOUND
                                      : WEIR_E_DELTA_PARTITION_COLUMN_NOT_FOUND;
    return weir_fail(ctx, cls, "columnName", name, "schemaMap", have.p ? have.p : "");
}

static weir_rc check_partitions(weir_ctx *ctx, const weir_write_info *i, weir_schema *s) {
    for (int p = 0; p < i->npartition; p++)
        if (weir_schema_find(s, i->partition_by[p], false) < 0)
            return no_partition(ctx, i, s, i->partition_by[p]);
    for (int p = 1; p < i->npartition; p++)
        for (int q = 0; q < p; q++)
            if (strcasecmp(i->partition_by[q], i->partition_by[p]) == 0)
                return weir_fail(ctx,
                                 i->table_name
                                     ? WEIR_E_TABLE_PARTITION_TWICE
                                     : WEIR_E_DELTA_DUPLICATE_COLUMNS_FOUND_PARTITION_COLUMNS,
                                 "duplicateCols", i->partition_by[q]);
    for (int p = 0; p < i->npartition; p++) {
        const weir_type *t = s->field[weir_schema_find(s, i->partition_by[p], false)].type;
        if (is_nested(t) || t->kind == WEIR_T_VOID)
            return weir_fail(ctx, WEIR_E_DELTA_INVALID_PARTITION_COLUMN_TYPE, "name",
                             i->partition_by[p], "dataType", weir_type_sql(ctx->arena, t));
    }
    if (i->npartition && i->npartition == s->nfield)
        return weir_fail(ctx,
                         i->table_name ? WEIR_E_ALL_PARTITION_COLUMNS_NOT_ALLOWED
                                       : WEIR_E_DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION,
                         NULL);
    return WEIR_OK;
}

weir_rc weir_delta_check_rows(weir_ctx *ctx, const weir_write_info *i, bool replaced) {
    if (!i->schema->nfield) return weir_fail(ctx, WEIR_E_DELTA_EMPTY_DATA, NULL);
    if (streams(i) && has_void(i->schema))
        return weir_fail(ctx, WEIR_E_DELTA_NULL_SCHEMA_IN_STREAMING_WRITE, NULL);
    if (!streams(i) && !i->table_name) WEIR_TRY(check_types(ctx, i, i->schema));
    WEIR_TRY(check_twice(ctx, i->schema, replaced));
    return check_partitions(ctx, i, i->schema);
}

weir_rc weir_delta_check_fit(weir_ctx *ctx, const weir_write_info *i, const weir_delta_fit *fit) {
    if (fit->new_metadata) {
        WEIR_TRY(check_twice(ctx, fit->table, true));
        WEIR_TRY(check_names(ctx, fit));
        WEIR_TRY(check_types(ctx, i, fit->table));
    }
    return check_stored(ctx, i->schema);
}

weir_rc weir_delta_announce(weir_ctx *ctx, const weir_write_info *i) {
    weir_write_info stream = *i;
    weir_delta_write_options options;
    stream.query_id = "";
    WEIR_TRY(weir_delta_write_options_read(ctx, &stream, &options));
    for (int p = 0; p < i->npartition; p++)
        if (weir_schema_find(i->schema, i->partition_by[p], false) < 0)
            return no_partition(ctx, &stream, i->schema, i->partition_by[p]);
    return WEIR_OK;
}
