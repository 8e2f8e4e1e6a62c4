/* Store assignment: how a value of the type that a query has becomes one of the type that a column
 * has. A plan is a tree along the types: fields chosen by whoever plans (by name or by place),
 * leaves cast as spark.sql.storeAssignmentPolicy says. SPARK TableOutputResolver,
 * Cast.canANSIStoreAssign, Cast.canUpCast, CheckOverflowInTableInsert. Planning: any thread, plans
 * live in an arena and are read-only; running: the task's thread. */
#ifndef WEIR_FUNC_ASSIGN_H
#define WEIR_FUNC_ASSIGN_H
#include "expr/fn.h"

typedef enum { WEIR_STORE_ANSI, WEIR_STORE_LEGACY, WEIR_STORE_STRICT } weir_store_policy;
weir_store_policy weir_store_policy_of(const weir_ctx *);

/* May a value be stored under ANSI; does it lose nothing (STRICT)? Atomic and nested types. */
bool weir_can_store(const weir_type *from, const weir_type *to);
bool weir_can_up_cast(const weir_type *from, const weir_type *to);

typedef struct weir_assign weir_assign;
/* As it is: the types are the same. */
weir_assign *weir_assign_same(weir_arena *, const weir_type *);
/* Null, whatever comes. */
weir_assign *weir_assign_null(weir_arena *, const weir_type *to);
/* A cast of the policy. Fails at analysis with DATATYPE_MISMATCH.CAST_* where there is none; shown
 * is the value in messages. column is named by CAST_OVERFLOW_IN_TABLE_INSERT. */
weir_rc weir_assign_cast(weir_ctx *, const weir_expr *shown, const weir_type *from,
                         const weir_type *to, const char *column, weir_assign **out);
/* The same, and under STRICT nothing may be lost: CANNOT_UP_CAST_DATATYPE. */
weir_rc weir_assign_leaf(weir_ctx *, const weir_expr *shown, const weir_type *from,
                         const weir_type *to, const char *column, weir_assign **out);
/* CHAR and VARCHAR: to has the length. What is longer fails with EXCEED_LIMIT_LENGTH, but for
 * blanks at its end; CHAR is filled with blanks. */
weir_assign *weir_assign_text(weir_arena *, const weir_type *to, weir_assign *then);
/* Texts read as a type with CHAR has them: filled with blanks. SPARK charReadSidePadding */
weir_rc weir_fill_chars(weir_ctx *, const weir_type *chars, const weir_column *in,
                        weir_column *out);
/* STRUCT: field i of to is made of field source[i] of from (-1: kid[i] makes it of nothing). ARRAY
 * and MAP: source NULL, a kid for the elements or for keys and values. Keys that are the same after
 * the assignment fail. */
weir_assign *weir_assign_nested(weir_arena *, const weir_type *from, const weir_type *to,
                                const int *source, weir_assign **kid);
const weir_type *weir_assign_type(const weir_assign *); /* of what it makes */

weir_rc weir_assign_run(weir_ctx *, const weir_assign *, const weir_column *in, weir_column *out);
/* The assignment as an expression over arg; arg itself where it is the same. */
weir_expr *weir_assign_expr(weir_arena *, weir_expr *arg, const weir_assign *);
#endif
