/* The function families: registration, and what other code may call directly. Rows are in the
 * family's own file. */
#ifndef WEIR_FUNC_FUNC_H
#define WEIR_FUNC_FUNC_H
#include "expr/eval.h"

/* Registers every family and the cast hook. Idempotent; before any analysis, from one thread. */
void weir_func_init(void);

/* A value as a SQL literal, as Spark's messages print it: 'abc', 128L, 1.5BD, DATE '2020-01-01'.
 * Allocated in ctx->arena. */
char *weir_value_sql(weir_ctx *, const weir_column *, int64_t row);
/* Casts whole columns outside of an expression (readers, sinks). ANSI failures are raised unless
 * mode is TRY or LEGACY. */
weir_rc weir_cast_column(weir_ctx *, const weir_column *in, const weir_type *to, weir_cast_mode,
                         weir_column *out);

extern const weir_fn_family weir_arith_family, weir_compare_family, weir_cast_family,
    weir_agg_family, weir_math_family, weir_access_family, weir_string_family, weir_regex_family,
    weir_datetime_family, weir_datetime_make_family, weir_collection_family, weir_hash_family,
    weir_misc_family, weir_digest_family, weir_agg_more_family, weir_try_family, weir_hll_family,
    weir_json_family, weir_json_path_family, weir_window_family, weir_lambda_family,
    weir_agg_stat_family, weir_agg_count_family, weir_collect_more_family, weir_charset_family,
    weir_datetime_add_family, weir_variant_family;
#endif
