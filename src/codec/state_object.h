/* Aggregates whose buffer Spark keeps as an object: what its bytes in a state row are. Thread: any;
 * no state. */
#ifndef WEIR_CODEC_STATE_OBJECT_H
#define WEIR_CODEC_STATE_OBJECT_H
#include "codec/unsafe_row.h"

/* The forms, and the type of the state column that stands for one (weir_agg_fn.flags):
 *   WEIR_AGG_LIST    SPARK Collect: array<T>
 *   WEIR_AGG_COUNTS  SPARK TypedAggregateWithHashMapAsBuffer: array<struct<T, bigint>>
 *   WEIR_AGG_DIGEST  SPARK ApproximatePercentile.PercentileDigestSerializer:
 *                    struct<int, double, bigint, array<struct<double, bigint, bigint>>>, that is
 *                    threshold of compression, error, count, samples of value, g and delta */
weir_rc weir_object_pack(weir_ctx *, unsigned form, const weir_field *, const weir_column *,
                         weir_column *out);
/* Column of BINARY to that of the field. Any bytes are safe: what is no such object fails with
 * MALFORMED_STATE, its row named; the caller adds the file. */
weir_rc weir_object_unpack(weir_ctx *, unsigned form, const weir_field *, const weir_column *,
                           weir_column *out);
#endif
