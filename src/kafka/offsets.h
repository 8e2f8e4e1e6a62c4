/* Offsets by topic and partition, and their JSON as Spark writes it (SPARK JsonUtils):
 * {"topic":{"0":23,"1":-1}}. Sorted by topic, then partition. Thread: any. */
#ifndef WEIR_KAFKA_OFFSETS_H
#define WEIR_KAFKA_OFFSETS_H
#include "base/ctx.h"

typedef struct weir_kafka_offset {
    const char *topic;
    int32_t partition;
    int64_t offset; /* the next to read */
} weir_kafka_offset;
typedef struct weir_kafka_offsets {
    int64_t n, cap;
    weir_kafka_offset *v;
} weir_kafka_offsets;

void weir_kafka_offsets_add(weir_arena *, weir_kafka_offsets *, const char *topic,
                            int32_t partition, int64_t offset); /* topic is not copied; unsorted */
void weir_kafka_offsets_sort(weir_kafka_offsets *); /* one of equals stays */
/* NULL if it is not there. Sorted input. */
weir_kafka_offset *weir_kafka_offsets_find(const weir_kafka_offsets *, const char *topic,
                                           int32_t partition);
weir_kafka_offsets weir_kafka_offsets_copy(weir_arena *, const weir_kafka_offsets *);
bool weir_kafka_offsets_parse(weir_arena *, const char *json, size_t len, weir_kafka_offsets *out);
/* {"topic":[0,1]}: offsets 0, in the order of the text: sort it before use */
bool weir_kafka_partitions_parse(weir_arena *, const char *json, size_t len,
                                 weir_kafka_offsets *out);
const char *weir_kafka_offsets_text(weir_arena *, const weir_kafka_offsets *);
/* "t-0, t-1" */
const char *weir_kafka_offsets_names(weir_arena *, const weir_kafka_offsets *);
#endif
