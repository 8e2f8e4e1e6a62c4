/* Functions of Apache Spark 4.2 that are not here. Thread: any; no state. */
#include "expr/fn.h"

#include <stdlib.h>
#include <strings.h>

static const char *const names[] = { /* sorted */
    "acosh", "aes_decrypt", "aes_encrypt", "approx_top_k", "approx_top_k_accumulate",
    "approx_top_k_combine", "approx_top_k_estimate", "array_insert", "asinh", "atanh", "bit_and",
    "bit_get", "bit_or", "bit_xor", "bitmap_and_agg", "bitmap_bit_position", "bitmap_bucket_number",
    "bitmap_construct_agg", "bitmap_count", "bitmap_or_agg", "collate", "collation", "collations",
    "count_min_sketch", "cume_dist", "current_path", "current_time", "dense_rank", "from_avro",
    "from_csv", "from_protobuf", "from_xml", "getbit", "grouping", "grouping_id",
    "histogram_numeric", "hll_sketch_agg", "hll_sketch_estimate", "hll_union", "hll_union_agg",
    "is_valid_variant", "java_method", "kll_merge_agg_bigint",
    "kll_merge_agg_double", "kll_merge_agg_float", "kll_sketch_agg_bigint", "kll_sketch_agg_double",
    "kll_sketch_agg_float", "kll_sketch_get_n_bigint", "kll_sketch_get_n_double",
    "kll_sketch_get_n_float", "kll_sketch_get_quantile_bigint", "kll_sketch_get_quantile_double",
    "kll_sketch_get_quantile_float", "kll_sketch_get_rank_bigint", "kll_sketch_get_rank_double",
    "kll_sketch_get_rank_float", "kll_sketch_merge_bigint", "kll_sketch_merge_double",
    "kll_sketch_merge_float", "kll_sketch_to_string_bigint", "kll_sketch_to_string_double",
    "kll_sketch_to_string_float", "lag", "lead", "luhn_check", "make_time", "make_timestamp_ltz",
    "make_timestamp_ntz", "mask", "measure", "nth_value", "ntile", "nullifzero",
    "parse_url", "percent_rank", "percentile_cont", "percentile_disc",
    "python_worker_logs", "quote", "randstr", "rank", "reflect", "row_number", "schema_of_avro",
    "schema_of_csv", "schema_of_variant", "schema_of_variant_agg", "schema_of_xml", "sentences",
    "shuffle", "soundex", "sql_keywords", "st_asbinary", "st_geogfromwkb", "st_geomfromwkb",
    "st_setsrid", "st_srid", "theta_difference", "theta_intersection", "theta_intersection_agg",
    "theta_sketch_agg", "theta_sketch_estimate", "theta_union", "theta_union_agg", "time",
    "time_bucket", "time_diff", "time_from_micros", "time_from_millis", "time_from_seconds",
    "time_to_micros", "time_to_millis", "time_to_seconds", "time_trunc", "to_avro", "to_binary",
    "to_char", "to_csv", "to_number", "to_protobuf", "to_time", "to_varchar",
    "to_xml", "try_aes_decrypt", "try_avg", "try_make_interval", "try_make_timestamp_ltz",
    "try_make_timestamp_ntz", "try_parse_url", "try_reflect", "try_sum",
    "try_to_binary", "try_to_number", "try_to_time", "try_url_decode",
    "tuple_difference_double", "tuple_difference_integer",
    "tuple_difference_theta_double", "tuple_difference_theta_integer",
    "tuple_intersection_agg_double", "tuple_intersection_agg_integer", "tuple_intersection_double",
    "tuple_intersection_integer", "tuple_intersection_theta_double",
    "tuple_intersection_theta_integer", "tuple_sketch_agg_double", "tuple_sketch_agg_integer",
    "tuple_sketch_estimate_double", "tuple_sketch_estimate_integer", "tuple_sketch_summary_double",
    "tuple_sketch_summary_integer", "tuple_sketch_theta_double", "tuple_sketch_theta_integer",
    "tuple_union_agg_double", "tuple_union_agg_integer", "tuple_union_double",
    "tuple_union_integer", "tuple_union_theta_double", "tuple_union_theta_integer", "uniform",
    "url_decode", "url_encode", "variant_explode", "variant_explode_outer",
    "vector_avg", "vector_cosine_similarity", "vector_inner_product",
    "vector_l2_distance", "vector_norm", "vector_normalize", "vector_sum", "xpath", "xpath_boolean",
    "xpath_double", "xpath_float", "xpath_int", "xpath_long", "xpath_number", "xpath_short",
    "xpath_string", "zeroifnull",
};

static int by_name(const void *a, const void *b) {
    return strcasecmp(a, *(const char *const *)b);
}

bool weir_fn_elsewhere(const char *name) {
    return bsearch(name, names, sizeof names / sizeof *names, sizeof *names, by_name) != NULL;
}
