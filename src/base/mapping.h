/* Files seen as memory. Others can cut such a file short while it is read, which POSIX answers with
 * SIGBUS: here the missing pages become zeros, and who asks when it has read is told. Thread: any;
 * a mapping itself is one task's. */
#ifndef WEIR_BASE_MAPPING_H
#define WEIR_BASE_MAPPING_H
#include "base/env.h"

typedef struct weir_mapping weir_mapping;
/* Unmapped with the arena. *out is NULL for an empty file. Texts past a cut read as zeros: nothing
 * made of *p may be given away before weir_mapping_check is passed. */
weir_rc weir_file_map(struct weir_ctx *, const char *path, const char **p, size_t *len,
                      weir_mapping **out);
/* FAILED_READ_FILE when the file is shorter than it was. NULL is whole. */
weir_rc weir_mapping_check(struct weir_ctx *, const weir_mapping *);
/* For who reads a mapped text from its start to its end and is at p: what is behind leaves the
 * process, what comes next is brought in. *window is the caller's, NULL at first. Returns where to
 * call it again. */
const char *weir_map_advance(const char **window, const char *p, const char *end);
#endif
