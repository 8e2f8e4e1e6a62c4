/* Auto Loader's options and schema: inference, hints, the schema log, evolution. Analysis and query
 * threads. */
#ifndef WEIR_SOURCE_CLOUD_SCHEMA_H
#define WEIR_SOURCE_CLOUD_SCHEMA_H
#include "source/files.h"

typedef enum {
    WEIR_EVOLVE_ADD,
    WEIR_EVOLVE_RESCUE,
    WEIR_EVOLVE_FAIL,
    WEIR_EVOLVE_NONE
} weir_evolution;
typedef struct weir_cloud_options {
    weir_evolution mode;
    bool infer_types, include_existing;
    const char *schema_location, *hints, *rescue; /* rescue: name of the column, NULL none */
    int64_t max_files, max_bytes;
} weir_cloud_options;

/* Unknown cloudFiles.* options and bad values are refused by name. */
weir_rc weir_cloud_options_read(weir_ctx *, const weir_scan *, weir_cloud_options *);
/* Sets scan->schema and partition_schema; data: what readers make. */
weir_rc weir_cloud_schema(weir_ctx *, weir_scan *, const weir_cloud_options *, weir_schema **data);
/* Looks into the new files for unknown columns. addNewColumns: writes the next schema and raises
 * UnknownFieldException. */
weir_rc weir_cloud_check_new(weir_ctx *, weir_scan *, const weir_cloud_options *, weir_schema *data,
                             const weir_found *, int64_t n);
/* A glob says nothing of where k=v folders begin: all above a file count. */
void weir_cloud_bases(const weir_scan *, weir_listing *);
/* The DDL parser, set at start: source/ does not know sql/. */
typedef weir_rc weir_ddl_fn(weir_ctx *, const char *text, const weir_type **out);
void weir_cloud_ddl_hook(weir_ddl_fn *);
#endif
