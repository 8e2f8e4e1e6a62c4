/* What is written has the table's types: the rows of an INSERT, insertInto, saveAsTable or writeTo
 * arranged as the table's columns. Two sets of rules, as Spark has them: SPARK TableOutputResolver
 * for tables of files, DeltaInsertCastSupport for Delta tables (whose sink then merges the
 * schemas). Analysis only. */
#ifndef WEIR_PLAN_STORE_ASSIGN_H
#define WEIR_PLAN_STORE_ASSIGN_H
#include "plan/plan.h"

typedef struct weir_store_target {
    const char *quoted, *dotted; /* the table in messages: `spark_catalog`.`db`.`t`, and without */
    weir_schema *columns;        /* CHAR and VARCHAR with their lengths */
    bool is_delta;
    bool by_name; /* else by place */
    bool frame;  /* saveAsTable and writeTo: fields of structs by name, too, and some may be missing
                  */
    bool merges; /* new columns may be added to the table */
    weir_expr *const *dflt; /* resolved DEFAULT of each column, NULL where it has none; or NULL */
} weir_store_target;

/* query is analysed; out is a PROJECT over it that is to be analysed, or query itself. */
weir_rc weir_store_assign(weir_ctx *, const weir_store_target *, weir_plan *query, weir_plan **out);
#endif
