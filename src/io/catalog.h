/* The catalog: schemas, tables (managed and external), views; kept across restarts beside the
 * warehouse. Layout as Spark's: <warehouse>/<schema>.db/<table>, the default schema's tables at
 * <warehouse>/<table>. Thread: any; locks itself. Names are case-insensitive, stored in lower case.
 * Results live in ctx->arena. */
#ifndef WEIR_IO_CATALOG_H
#define WEIR_IO_CATALOG_H
#include "plan/plan.h"

typedef struct weir_catalog weir_catalog;
typedef enum { WEIR_TABLE_MANAGED, WEIR_TABLE_EXTERNAL, WEIR_TABLE_VIEW } weir_table_kind;
typedef struct weir_table {
    const char *schema, *name;
    weir_table_kind kind;
    const char *format;       /* "delta", "parquet", ... */
    const char *location;     /* local absolute path */
    const weir_type *columns; /* NULL when the format keeps its own (delta) */
    const char **partition_by;
    int32_t npartition;
    weir_options options, properties;
    const char *comment, *view_text; /* view: its SQL text */
    const char *view_schema;         /* schema that was current when the view was made */
    int64_t created_ms;
} weir_table;
typedef struct weir_schema_info {
    const char *name, *comment, *location;
    weir_options properties;
} weir_schema_info;

weir_rc weir_catalog_open(weir_ctx *, const char *warehouse_dir,
                          weir_catalog **out); /* made at first write, not at open */
void weir_catalog_close(weir_catalog *);
const char *weir_catalog_warehouse(const weir_catalog *);

weir_rc weir_catalog_schema_create(weir_ctx *, weir_catalog *, const weir_schema_info *,
                                   bool if_not_exists);
weir_rc weir_catalog_schema_drop(weir_ctx *, weir_catalog *, const char *name,
                                 bool if_exists); /* SCHEMA_NOT_EMPTY */
weir_rc weir_catalog_schema_get(weir_ctx *, weir_catalog *, const char *name,
                                weir_schema_info **out); /* NULL = absent */
weir_rc weir_catalog_schema_list(weir_ctx *, weir_catalog *, const char *like,
                                 weir_schema_info **out, int *n);
weir_rc weir_catalog_table_get(weir_ctx *, weir_catalog *, const char *schema, const char *name,
                               weir_table **out); /* NULL = absent */
weir_rc weir_catalog_table_list(weir_ctx *, weir_catalog *, const char *schema, const char *like,
                                weir_table **out, int *n);
/* replace: overwrites the entry. SCHEMA_NOT_FOUND, TABLE_OR_VIEW_ALREADY_EXISTS. */
weir_rc weir_catalog_table_put(weir_ctx *, weir_catalog *, const weir_table *, bool replace);
/* *out is what it was, NULL when there was none. A managed table's files are the caller's to
 * remove. */
weir_rc weir_catalog_table_drop(weir_ctx *, weir_catalog *, const char *schema, const char *name,
                                weir_table **out);
/* INVALID_SCHEMA_OR_RELATION_NAME: names of schemas, tables and views are ASCII letters, digits and
 * _, as SPARK SessionCatalog.validateName has it; so they are file names, too. What weir keeps in
 * the warehouse for itself is no name. schema: NULL for the name of a schema. */
weir_rc weir_catalog_check_name(weir_ctx *, const char *schema, const char *name);
/* Where a new managed table lies: below its schema's location. LOCATION_ALREADY_EXISTS when a link
 * leads out of there. */
weir_rc weir_catalog_place(weir_ctx *, weir_catalog *, const char *schema, const char *name,
                           char **out);
#endif
