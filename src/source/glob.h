/* Globs over local paths, with Hadoop's syntax. */
#ifndef WEIR_SOURCE_GLOB_H
#define WEIR_SOURCE_GLOB_H
#include "base/ctx.h"
#include <stdbool.h>

bool weir_glob_is(const char *path); /* has it characters of a glob? */
/* Both may have several names: * and ? match no slash. */
bool weir_glob_match(const char *pattern, const char *path);
/* Fails for braces and classes that are not closed. */
weir_rc weir_glob_check(weir_ctx *, const char *pattern);
/* The paths that exist, in the pattern's order, then by name; in ctx->arena. */
weir_rc weir_glob(weir_ctx *, const char *pattern, const char ***out, int64_t *n);
#endif
