/* Schemas from DDL text for layers below sql/: the parser is hooked in at start. */
#ifndef WEIR_CODEC_SCHEMA_DDL_H
#define WEIR_CODEC_SCHEMA_DDL_H
#include "col/type.h"

typedef weir_rc weir_ddl_fn(weir_ctx *, const char *text, const weir_type **out);
/* Once at start, from one thread: how to parse a type, and a schema (columns, a type, or JSON). */
void weir_ddl_register(weir_ddl_fn *type, weir_ddl_fn *schema);
weir_rc weir_ddl_type(weir_ctx *, const char *text, const weir_type **out);
weir_rc weir_ddl_schema(weir_ctx *, const char *text, const weir_type **out);
/* Is the text one type ("array<int>", "struct<a:int>", "int") rather than a list of columns? */
bool weir_ddl_bare(const char *text);

/* Auto Loader's schemaHints: "a DATE, s.dob DATE, arr.element.id INT, m.value STRING". A hint for
 * an absent column adds it at the end. Dotted paths reach structs, element, key, value. */
weir_rc weir_ddl_hints(weir_ctx *, const char *text, weir_schema *in, weir_schema **out);
#endif
