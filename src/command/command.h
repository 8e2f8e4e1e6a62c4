/* Executing commands: DDL, writes, SHOW, DESCRIBE, SET. weir_session_command (session/session.h) is
 * implemented here. */
#ifndef WEIR_COMMAND_COMMAND_H
#define WEIR_COMMAND_COMMAND_H
#include "col/build.h"
#include "session/session.h"

/* Rows of text (and some numbers) for the client, built row by row. */
typedef struct weir_answer {
    weir_ctx *ctx;
    weir_schema *schema;
    weir_build *col;
    int64_t rows;
} weir_answer;
weir_rc weir_answer_init(weir_ctx *, weir_answer *, weir_schema *);
void weir_answer_text(weir_answer *, int col, const char *text); /* NULL = null */
void weir_answer_bool(weir_answer *, int col, bool);
void weir_answer_row(weir_answer *); /* ends the row */
weir_rc weir_answer_done(weir_answer *, weir_plan **out);
weir_rc weir_answer_none(weir_ctx *, weir_plan **out); /* no columns, no rows */
weir_schema *weir_text_schema(weir_arena *, int n,
                              const char *const *names); /* all STRING, not null */

/* A name of one, two or three parts. SCHEMA default: the session's. */
weir_rc weir_name_split(weir_ctx *, weir_session *, const char *const *name, int n,
                        const char **schema, const char **table);

weir_rc weir_ddl(weir_ctx *, weir_session *, weir_command *, weir_plan **out);
weir_rc weir_show(weir_ctx *, weir_session *, weir_command *, weir_plan **out);
weir_rc weir_describe(weir_ctx *, weir_session *, weir_command *, weir_plan **out);
weir_rc weir_set(weir_ctx *, weir_session *, weir_command *, weir_plan **out);
weir_rc weir_write(weir_ctx *, weir_session *, weir_command *);
weir_rc weir_insert(weir_ctx *, weir_session *, weir_command *);
const weir_sink_ops *weir_sink_find(const weir_session *, const char *format);

/* Where a write to a table goes (info->path: as the user wrote it, or NULL): fills path and
 * table_name, finds the sink; makes the catalog entry (create: when absent). For batch writes and
 * toTable of a stream. */
typedef struct weir_target {
    const weir_sink_ops *sink;
    const char *format;
    weir_table *table;
    bool existed, replaces; /* replaces: table is made anew in the place of the one there was */
} weir_target;
weir_rc weir_target_table(weir_ctx *, weir_session *, const char *const *name, int nname,
                          const char *format, weir_write_info *, weir_target *);
weir_rc weir_target_register(weir_ctx *, weir_session *, const weir_target *,
                             const weir_write_info *, weir_schema *columns);
/* A table without rows: its files (Delta: the first log entry, unless the place has a log), then
 * the catalog entry. columns may be NULL where the format finds them itself. */
weir_rc weir_target_create(weir_ctx *, weir_session *, const weir_target *, const weir_write_info *,
                           weir_schema *columns);
/* What no new table may have, of any format: names that stand twice, partitions that are none of
 * its columns. */
weir_rc weir_table_check(weir_ctx *, const char *format, weir_schema *columns,
                         const weir_write_info *);
/* Runs a batch plan into a sink. */
weir_rc weir_write_rows(weir_ctx *, weir_plan *, const weir_sink_ops *, const weir_write_info *);
#endif
