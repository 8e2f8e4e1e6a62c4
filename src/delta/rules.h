/* What a Delta table asks of every row: NOT NULL columns and fields, and the lengths of CHAR and
 * VARCHAR. SPARK Constraints, DeltaInvariantChecker, CharVarcharConstraint. */
#ifndef WEIR_DELTA_RULES_H
#define WEIR_DELTA_RULES_H
#include "col/column.h"

typedef struct weir_delta_rules weir_delta_rules;
/* In ctx->arena. DELTA_MISSING_NOT_NULL_COLUMN_VALUE: rows lack what must not be null. */
weir_rc weir_delta_rules_new(weir_ctx *, weir_schema *table, weir_schema *rows,
                             weir_delta_rules **out);
/* A STRUCT column of the table's type. DELTA_NOT_NULL_CONSTRAINT_VIOLATED,
 * DELTA_EXCEED_CHAR_VARCHAR_LIMIT. */
weir_rc weir_delta_rules_check(weir_ctx *, const weir_delta_rules *, const weir_column *rows);
#endif
