/* What a Delta table may ask of its readers and writers. DELTA PROTOCOL "Table Features". Pure. */
#ifndef WEIR_DELTA_FEATURE_H
#define WEIR_DELTA_FEATURE_H
#include <stdbool.h>
#include <stdint.h>

typedef struct weir_delta_feature {
    const char *name;
    int reader, writer; /* least versions that have it; reader 0: it concerns writers alone, writer
                           below 7: that version implies it */
    bool reads, writes; /* what weir can do with a table that names it */
    bool carries;       /* a checkpoint of ours holds all that it is about */
} weir_delta_feature;

/* By name; case: as the log spells it. NULL: Delta 4.4 has no such feature. */
const weir_delta_feature *weir_delta_feature_find(const char *name, bool any_case);

/* Sets of features: bits. */
uint64_t weir_delta_feature_bit(const char *name);   /* of a name that is there */
uint64_t weir_delta_implied(int reader, int writer); /* by versions without lists */

/* A protocol; lists ended by NULL, NULL where the version has none. */
typedef struct weir_delta_protocol {
    int reader, writer;
    const char *reader_feature[64], *writer_feature[64];
} weir_delta_protocol;
/* The weakest that supports exactly these. SPARK Protocol.normalized */
void weir_delta_protocol_of(uint64_t features, weir_delta_protocol *out);
#endif
