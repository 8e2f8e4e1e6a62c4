/* Loading the Arrow library at first use: starting weir stays quick and small. Any thread. */
#ifndef WEIR_ARROW_LOAD_H
#define WEIR_ARROW_LOAD_H
#include "arrow/weir_arrow.h"
#include "base/ctx.h"

/* $WEIR_ARROW_LIB, else libweir_arrow.so beside the executable. Fails by name when it cannot be
 * loaded. */
weir_rc weir_arrow_load(weir_ctx *, const weir_arrow_api **out);
#endif
