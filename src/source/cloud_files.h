/* Inside Auto Loader: the schema location and what a scan knows. */
#ifndef WEIR_SOURCE_CLOUD_FILES_H
#define WEIR_SOURCE_CLOUD_FILES_H
#include "source/files.h"

/* <location>/_schemas/N: line 1 "v1", line 2 {"dataSchemaJson":...,"partitionSchemaJson":...}. */
typedef struct weir_cloud_schema {
    int64_t version;
    weir_schema *data, *part;
} weir_cloud_schema; /* version -1: none yet */
/* The newest readable version. A damaged one is passed over when an older one stands; else the
 * failure names the file. */
weir_rc weir_cloud_schema_read(weir_ctx *, const char *location, weir_cloud_schema *out);
/* Version s->version + 1, durable; *lost: another wrote it first. */
weir_rc weir_cloud_schema_write(weir_ctx *, const char *location, const weir_cloud_schema *s,
                                bool *lost);
/* JSON files' schema: leaves are STRING unless typed. */
weir_rc weir_cloud_infer(weir_ctx *, const weir_scan *, const weir_found *, int64_t n, bool typed,
                         weir_schema **out);
/* old with what wide has besides, at every depth, appended; types of old stay. *grew: something was
 * added. */
weir_schema *weir_cloud_merge(weir_arena *, weir_schema *old, weir_schema *wide, bool *grew);
#endif
