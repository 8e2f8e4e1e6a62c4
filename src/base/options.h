/* Options of readers, writers, sources, sinks and functions: one row in options.def for each name
 * that Spark (or Delta, or Auto Loader) looks at, in the group of the format that looks. What weir
 * does not do is refused by name; a name that no group knows is ignored, as Spark does, and the log
 * says so. Names compare without case. Thread: any. */
#ifndef WEIR_BASE_OPTIONS_H
#define WEIR_BASE_OPTIONS_H
#include "base/ctx.h"

typedef struct weir_option {
    const char *key, *value;
} weir_option;
typedef struct weir_options {
    int32_t n;
    weir_option *opt;
} weir_options; /* of two keys that differ by case only the later one counts */
const char *weir_option_get(const weir_options *, const char *key); /* NULL if absent */

/* Who looks at options. The letters are those of options.def. */
typedef enum {
    WEIR_USE_READ = 'R',   /* a batch read */
    WEIR_USE_STREAM = 'S', /* a streaming source */
    WEIR_USE_WRITE = 'W',  /* a batch write */
    WEIR_USE_SINK = 'T',   /* a streaming sink */
    WEIR_USE_PARSE = 'F',  /* from_json, schema_of_json and their like */
    WEIR_USE_FORMAT = 'G'  /* to_json and its like */
} weir_option_use;

typedef struct weir_option_row {
    const char *group, *name, *use; /* name: "parquet.*" stands for all that begin so */
    const char *takes; /* NULL: any value; else those that are done, between bars; "": none;
                        * "<path>": any, made a local path here */
    const char *instead; /* what to do where the value is not done */
} weir_option_row;

/* The row for the name in the first of the groups (a list with blanks: "csv file"; NULL: none) that
 * has one for the use; NULL: Spark does not look at it there. */
const weir_option_row *weir_option_find(const char *groups, weir_option_use, const char *name);
/* Fails with UNSUPPORTED_OPTION for the first option that is not done. *out: the options, in
 * ctx->arena, where those that name a file or folder hold its local path (base/uri.h); may be where
 * the given ones are. */
weir_rc weir_options_check(weir_ctx *, const char *groups, weir_option_use, const weir_options *,
                           weir_options *out);
/* Calls fn for each row of options.def, in its order. */
void weir_option_each(void (*fn)(void *u, const weir_option_row *), void *u);
#endif
