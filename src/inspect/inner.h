/* What the parts of the look at a checkpoint share. */
#ifndef WEIR_INSPECT_INNER_H
#define WEIR_INSPECT_INNER_H
#include "inspect/checkpoint.h"

#define WEIR_CK_TEXT(...) weir_printf(ctx->arena, __VA_ARGS__)

static inline const char *weir_ck_path(weir_ctx *ctx, const weir_ck *c, const char *below) {
    return weir_printf(ctx->arena, "%s/%s", c->dir, below);
}
void weir_ck_note(weir_ctx *, weir_ck *, weir_ck_grade, const char *path, const char *what,
                  const char *todo, const char *remove);
/* What a try came to: *why NULL when it went well, else what it said. A disk that cannot be read is
 * no damage of the file: that fails. Clears the error. */
weir_rc weir_ck_caught(weir_ctx *, weir_rc, weir_err *, const char **why);
bool weir_ck_hidden(const weir_ck *, const char *below);
/* Names in a folder below the checkpoint, sorted, without what is hidden. A missing folder has
 * none. */
weir_rc weir_ck_list(weir_ctx *, const weir_ck *, const char *below, weir_dirent **, int64_t *n);
/* "12" or "12.compact": its number; -1: another name. tail may be NULL: numbers alone. */
int64_t weir_ck_number(const char *name, const char **tail);
weir_ck_entry *weir_ck_entry_of(const weir_ck_log *, int64_t id); /* NULL: there is none */
/* The file holds nothing, zeros, or the beginning of a log file's text. */
weir_rc weir_ck_torn(weir_ctx *, const char *path, bool *torn);
/* Temporary files and checksums of Hadoop that do not fit, in a folder of files. */
weir_rc weir_ck_leftovers(weir_ctx *, weir_ck *, const char *below);

weir_rc weir_ck_read_sources(weir_ctx *, weir_ck *);
weir_rc weir_ck_read_state(weir_ctx *, weir_ck *);
/* Every partition of every store can be loaded at the version. */
bool weir_ck_loads(const weir_ck *, int64_t version);
#endif
