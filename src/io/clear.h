/* Emptying a table's folder of what is the table's, and of nothing else: what others keep in it
 * stays, and the folders it lies in. Links are removed, never followed. Thread: any. */
#ifndef WEIR_IO_CLEAR_H
#define WEIR_IO_CLEAR_H
#include "base/ctx.h"

typedef struct weir_clear {
    /* Is the file at rel (below the folder) the table's? NULL: files that a read of the folder
     * lists are. What writers leave beside them (_SUCCESS, checksums, half jobs) goes always. */
    bool (*owns)(void *u, const char *rel);
    void *u;
    const char *job; /* files with this in their names stay; or NULL */
    bool log;        /* the folder _delta_log goes, too */
} weir_clear;

/* SPARK PartitioningAwareFileIndex.isDataPath: of a file or folder that a read takes rows from. */
bool weir_is_data_name(const char *name);

/* dir itself goes when nothing is left in it and whole is set. A missing one is empty. */
weir_rc weir_clear_dir(weir_ctx *, const char *dir, const weir_clear *, bool whole);
#endif
