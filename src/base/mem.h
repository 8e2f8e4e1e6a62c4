/* Growing memory for structures that keep their own (builders, tables): the only malloc outside
 * arenas and buffers. Not budgeted: callers check sizes that come from outside first. Thread: any.
 */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H
#include <stddef.h>

/* As realloc, but never NULL: exhaustion of the process aborts. 16-byte aligned; new bytes
 * undefined. */
void *weir_mem_resize(void *p, size_t bytes);
void weir_mem_free(void *); /* NULL is allowed */
#endif
