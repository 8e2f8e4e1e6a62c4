/* Commands: what SQL statements and Spark Connect commands ask for, beside queries. Parsed by sql/,
 * filled by connect/, executed by command/. Nodes live in an arena. */
#ifndef WEIR_PLAN_COMMAND_H
#define WEIR_PLAN_COMMAND_H
#include "plan/plan.h"

typedef enum {
    WEIR_C_CREATE_SCHEMA,
    WEIR_C_DROP_SCHEMA,
    WEIR_C_CREATE_TABLE,
    WEIR_C_DROP_TABLE,
    WEIR_C_CREATE_VIEW,
    WEIR_C_DROP_VIEW,
    WEIR_C_INSERT,
    WEIR_C_SHOW_TABLES,
    WEIR_C_SHOW_SCHEMAS,
    WEIR_C_SHOW_COLUMNS,
    WEIR_C_SHOW_TBLPROPERTIES,
    WEIR_C_SHOW_VIEWS,
    WEIR_C_SHOW_CREATE,
    WEIR_C_SHOW_FUNCTIONS,
    WEIR_C_SHOW_CATALOGS,
    WEIR_C_SHOW_PARTITIONS,
    WEIR_C_DESCRIBE,
    WEIR_C_DESCRIBE_SCHEMA,
    WEIR_C_DESCRIBE_HISTORY,
    WEIR_C_DESCRIBE_DETAIL,
    WEIR_C_DESCRIBE_QUERY,
    WEIR_C_SET,
    WEIR_C_RESET,
    WEIR_C_USE,
    WEIR_C_EXPLAIN,
    WEIR_C_TRUNCATE,
    WEIR_C_ALTER_TABLE,
    WEIR_C_CACHE,
    WEIR_C_UNCACHE,
    WEIR_C_REFRESH,
    WEIR_C_WRITE,      /* DataFrameWriter: save, saveAsTable, insertInto; writeTo */
    WEIR_C_UNSUPPORTED /* parsed as far as its name: name says which; raises UNSUPPORTED_FEATURE */
} weir_ckind;

typedef enum {
    WEIR_SAVE_ERROR,
    WEIR_SAVE_APPEND,
    WEIR_SAVE_OVERWRITE,
    WEIR_SAVE_IGNORE,
    WEIR_SAVE_CREATE,
    WEIR_SAVE_REPLACE,
    WEIR_SAVE_CREATE_OR_REPLACE,
    WEIR_SAVE_OVERWRITE_PARTITIONS
} weir_save_mode;

typedef struct weir_command {
    weir_ckind kind;
    weir_pos at;
    const char **name; /* object, in parts */
    int32_t nname;
    bool if_exists, if_not_exists, replace, cascade, temporary, global, extended, external, by_name,
        overwrite, all;
    weir_plan *query;         /* CTAS, view body, INSERT and WRITE input, EXPLAIN */
    const char *text;         /* view text, comment, SET key */
    const char *value;        /* SET value; SHOW pattern; DESCRIBE column; SHOW ... IN schema */
    const weir_type *columns; /* CREATE TABLE columns (field metadata carries comments) */
    const char *format, *location, *comment;
    weir_options options, properties;
    const char **partition_by;
    int32_t npartition;
    const char **column_list;
    int32_t ncolumn_list; /* INSERT INTO t (a, b) */
    /* WRITE */
    weir_save_mode mode;
    bool to_table, v2;
    const char *path;
    weir_expr *condition; /* overwrite(condition) */
} weir_command;

weir_command *weir_command_new(weir_arena *, weir_ckind);
#endif
