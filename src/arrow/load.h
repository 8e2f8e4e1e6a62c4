/* Loading the Arrow library at first use: starting weir stays quick and small. Any thread. */
#ifndef WEIR_ARROW_LOAD_H
#define WEIR_ARROW_LOAD_H
#include "arrow/weir_arrow.h"
#include "base/ctx.h"

/* $WEIR_ARROW_LIB, else libweir_arrow.so beside the executable. Fails by name when it cannot be
 * loaded. */
weir_rc weir_arrow_load(weir_ctx *, const weir_arrow_api **out);
/* Why a call failed: what the callbacks said, no memory, or the library's own text on the file. */
weir_rc weir_arrow_failed(weir_ctx *, const char *name, const weir_arrow_error *);
#endif
