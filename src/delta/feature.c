/* The features that Delta 4.4 knows, and the protocols they make. See feature.h. */
#include "delta/feature.h"

#include <string.h>
#include <strings.h>

enum { LISTS_READER = 3, LISTS_WRITER = 7 };

/* reads, of deletionVectors: a file with one is refused by itself; of columnMapping: a mode is.
 * writes, where columns or constraints would have rules: they are refused when they are there. */
static const weir_delta_feature features[] = {
    /* name, reader, writer, reads, writes, carries */
    {"appendOnly", 0, 2, true, true, true},
    {"invariants", 0, 2, true, true, true},
    {"checkConstraints", 0, 3, true, true, true},
    {"changeDataFeed", 0, 4, true, true, true},
    {"generatedColumns", 0, 4, true, true, true},
    {"columnMapping", 2, 5, true, true, true},
    {"identityColumns", 0, 6, true, true, true},
    {"allowColumnDefaults", 0, 7, true, false, true},
    {"catalogManaged", 3, 7, false, false, false},
    {"checkpointProtection", 0, 7, true, false, false},
    {"clustering", 0, 7, true, false, false},
    {"coordinatedCommits-preview", 0, 7, false, false, false},
    {"deletionVectors", 3, 7, true, true, true},
    {"domainMetadata", 0, 7, true, true, false},
    {"geospatial", 3, 7, false, false, false},
    {"geospatial-dev", 3, 7, false, false, false},
    {"icebergCompatV1", 0, 7, true, false, false},
    {"icebergCompatV2", 0, 7, true, false, false},
    {"icebergCompatV3", 0, 7, true, false, false},
    {"inCommitTimestamp", 0, 7, true, false, false},
    {"materializePartitionColumns", 0, 7, true, false, false},
    {"rowTracking", 0, 7, true, false, false},
    {"timestampNtz", 3, 7, true, true, true},
    {"typeWidening", 3, 7, false, false, false},
    {"typeWidening-preview", 3, 7, false, false, false},
    {"v2Checkpoint", 3, 7, true, true, true},
    {"vacuumProtocolCheck", 3, 7, true, true, true},
    {"variantShredding", 3, 7, false, false, false},
    {"variantShredding-preview", 3, 7, false, false, false},
    {"variantType", 3, 7, false, false, false},
    {"variantType-preview", 3, 7, false, false, false},
};
enum { NFEATURE = sizeof features / sizeof *features };

const weir_delta_feature *weir_delta_feature_find(const char *name, bool any_case) {
    for (int i = 0; i < NFEATURE; i++)
        if ((any_case ? strcasecmp : strcmp)(features[i].name, name) == 0) return &features[i];
    return NULL;
}

uint64_t weir_delta_feature_bit(const char *name) {
    const weir_delta_feature *f = weir_delta_feature_find(name, true);
    return f ? UINT64_C(1) << (f - features) : 0;
}

uint64_t weir_delta_implied(int reader, int writer) {
    uint64_t set = 0;
    for (int i = 0; i < NFEATURE && writer < LISTS_WRITER; i++)
        if (features[i].writer <= writer && features[i].reader <= reader) set |= UINT64_C(1) << i;
    return set;
}

void weir_delta_protocol_of(uint64_t set, weir_delta_protocol *out) {
    int nr = 0, nw = 0;
    *out = (weir_delta_protocol){.reader = 1, .writer = 1};
    for (int i = 0; i < NFEATURE; i++) {
        if (!(set >> i & 1)) continue;
        if (features[i].reader > out->reader) out->reader = features[i].reader;
        if (features[i].writer > out->writer) out->writer = features[i].writer;
    }
    if (set == weir_delta_implied(out->reader, out->writer)) return;
    out->writer = LISTS_WRITER;
    for (int i = 0; i < NFEATURE; i++) {
        if (!(set >> i & 1)) continue;
        out->writer_feature[nw++] = features[i].name;
        if (out->reader == LISTS_READER && features[i].reader)
            out->reader_feature[nr++] = features[i].name;
    }
}
