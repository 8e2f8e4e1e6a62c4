/* The schema file of a state store (checkpoint-format 2.2): v1 and v2 are read, v2 is written. */
#ifndef WEIR_STATE_SCHEMA_H
#define WEIR_STATE_SCHEMA_H
#include "col/type.h"

/* Any bytes are safe; MALFORMED_CHECKPOINT_FILE names the path. */
weir_rc weir_state_schema_parse(weir_ctx *, const char *path, const char *p, size_t n,
                                weir_schema **key, weir_schema **value);
/* The schema file below dir, of partition 0 (and the store). */
weir_rc weir_state_schema_read(weir_ctx *, const char *dir, weir_schema **key, weir_schema **value);
/* dir: of partition 0 (and the store). Writes the file when there is none, else compares the types
 * of the fields in order unless unchecked; names, metadata and nullability do not count. */
weir_rc weir_state_schema_check(weir_ctx *, const char *dir, weir_schema *key, weir_schema *value,
                                bool unchecked);
#endif
