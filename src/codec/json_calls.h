/* What the JSON functions share. Inside codec/ only. */
#ifndef WEIR_CODEC_JSON_CALLS_H
#define WEIR_CODEC_JSON_CALLS_H
#include "codec/json_read.h"
#include "expr/fn.h"

/* The options of a call: its argument at, a constant map (none when there is no such argument), for
 * texts that are values. */
weir_rc weir_json_call_options(weir_ctx *, const weir_expr *call, int at, weir_json_options **out);
/* The type of one value, as schema_of_json gives it. */
weir_rc weir_json_schema_of(weir_ctx *, const weir_json_options *, weir_bytes text,
                            const weir_type **out);
#endif
