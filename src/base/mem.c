/* Owns malloc for growing structures. Called by builders and hash tables; any thread. */
#include "base/mem.h"
#include "base/err.h"
#include <stdlib.h>

void *weir_mem_resize(void *p, size_t bytes) {
    void *q = realloc(p, bytes ? bytes : 1);
    weir_assert(q);
    return q;
}

void weir_mem_free(void *p) { free(p); }
