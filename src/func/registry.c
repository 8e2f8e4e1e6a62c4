/* The list of function families. Called once at start. */
#include "func/cast.h"

static const weir_fn_family *const families[] = {
    &weir_cast_family,         &weir_arith_family,        &weir_compare_family,
    &weir_agg_family,          &weir_access_family,       &weir_string_family,
    &weir_misc_family,         &weir_datetime_family,     &weir_datetime_make_family,
    &weir_regex_family,        &weir_digest_family,       &weir_math_family,
    &weir_collection_family,   &weir_agg_more_family,     &weir_try_family,
    &weir_hll_family,          &weir_json_family,         &weir_json_path_family,
    &weir_window_family,       &weir_lambda_family,       &weir_agg_stat_family,
    &weir_agg_count_family,    &weir_collect_more_family, &weir_charset_family,
    &weir_datetime_add_family, &weir_variant_family,
};

void weir_func_init(void) {
    static bool done;
    if (done) return;
    done = true;
    weir_cast_init();
    weir_fn_register(families, WEIR_COUNT(families));
}
