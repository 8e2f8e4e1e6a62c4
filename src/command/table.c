/* What the columns of a new table may be, whatever its format. SPARK PreprocessTableCreation. */
#include "command/command.h"

#include <strings.h>

static weir_rc no_partition(weir_ctx *ctx, bool delta, weir_schema *columns, const char *name) {
    weir_str have;
    weir_str_init(&have, ctx->arena, 1 << 20);
    for (int i = 0; i < columns->nfield; i++)
        weir_str_printf(&have, delta ? "%s%s" : "%s`%s`", i ? ", " : "", columns->field[i].name);
    return weir_fail(ctx,
                     delta ? WEIR_E_TABLE_PARTITION_NOT_FOUND : WEIR_E_COLUMN_NOT_DEFINED_IN_TABLE,
                     "columnName", name, "schemaMap", have.p ? have.p : "");
}

static weir_rc check_partition(weir_ctx *ctx, bool delta, weir_schema *columns,
                               const weir_write_info *i, int p) {
    const char *name = i->partition_by[p];
    int c = weir_schema_find(columns, name, weir_names_exact(ctx));
    if (c < 0) return no_partition(ctx, delta, columns, name);
    for (int q = 0; q < p; q++)
        if (strcasecmp(i->partition_by[q], name) == 0)
            return delta ? weir_fail(ctx, WEIR_E_TABLE_PARTITION_TWICE, "duplicateCols", name)
                         : weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                                     weir_printf(ctx->arena, "`%s`", name));
    const weir_type *t = columns->field[c].type;
    if (weir_type_is_nested(t) || t->kind == WEIR_T_VARIANT)
        return weir_fail(ctx, WEIR_E_INVALID_PARTITION_COLUMN_DATA_TYPE, "type",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t)));
    return WEIR_OK;
}

static bool has_time(const weir_type *t) {
    bool any = t->kind == WEIR_T_TIME;
    for (int i = 0; i < t->nfield && !any; i++) any = has_time(t->field[i].type);
    return any;
}

weir_rc weir_table_check(weir_ctx *ctx, const char *format, weir_schema *columns,
                         const weir_write_info *i) {
    bool delta = strcasecmp(format, "delta") == 0;
    const char *twice = weir_schema_twice(ctx->arena, columns, true, weir_names_exact(ctx));
    if (twice)
        return weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                         weir_printf(ctx->arena, "`%s`", twice));
    if (has_time(columns) && !weir_conf_bool(ctx->conf, "spark.sql.timeType.enabled"))
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_TIME_TYPE, "typeName", "TIME");
    for (int p = 0; p < i->npartition; p++) WEIR_TRY(check_partition(ctx, delta, columns, i, p));
    if (i->npartition && i->npartition == columns->nfield)
        return weir_fail(ctx, WEIR_E_ALL_PARTITION_COLUMNS_NOT_ALLOWED, NULL);
    return WEIR_OK;
}
