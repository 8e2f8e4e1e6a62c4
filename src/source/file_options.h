/* Options of streaming file sources, and cleanSource. SPARK FileStreamOptions,
 * FileStreamSourceCleaner. Query thread. */
#ifndef WEIR_SOURCE_FILE_OPTIONS_H
#define WEIR_SOURCE_FILE_OPTIONS_H
#include "io/relation.h"

typedef enum { WEIR_CLEAN_OFF, WEIR_CLEAN_DELETE, WEIR_CLEAN_ARCHIVE } weir_clean;
typedef struct weir_file_options {
    int64_t max_files, max_bytes; /* 0: no limit */
    int64_t max_age_ms;           /* files older than the newest seen one less this are left out */
    bool latest_first, name_only;
    weir_clean clean;
    const char *archive; /* directory below which whole paths are moved */
} weir_file_options;

/* What Spark refuses when a stream starts is refused here. */
weir_rc weir_file_options_read(weir_ctx *, const weir_scan *, weir_file_options *);
/* Options of batch and stream that must be true or false, and lineSep: at analysis. */
weir_rc weir_file_options_check(weir_ctx *, const weir_scan *);
/* Deletes or archives one file; a failure is logged, the query goes on. */
void weir_file_clean(weir_ctx *, const weir_file_options *, const char *path);
#endif
