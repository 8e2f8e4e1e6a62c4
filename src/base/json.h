/* Small JSON documents: logs, offsets, progress, schemas. (Data files go through
 * codec/json_read.h.) Values are immutable trees in an arena; objects keep their key order. */
#ifndef WEIR_BASE_JSON_H
#define WEIR_BASE_JSON_H
#include "base/buf.h"

typedef enum {
    WEIR_J_NULL,
    WEIR_J_BOOL,
    WEIR_J_NUMBER,
    WEIR_J_STRING,
    WEIR_J_ARRAY,
    WEIR_J_OBJECT
} weir_jkind;
typedef struct weir_json {
    weir_jkind kind;
    bool b;
    const char *text;        /* STRING: decoded, NUL-terminated; NUMBER: as written */
    size_t len;              /* of text; number of children */
    struct weir_json **item; /* ARRAY, OBJECT */
    const char **key;        /* OBJECT */
} weir_json;

/* Whole text must be one value (white space around it allowed). Depth limit 1024. NULL on malformed
 * input, *bad_at (may be NULL) = byte offset. Allocates in arena. */
weir_json *weir_json_parse(weir_arena *, const char *p, size_t len, size_t *bad_at);
const weir_json *weir_json_get(const weir_json *obj,
                               const char *key); /* NULL if absent or not an object */
/* The array or object under key; NULL also when something else stands there. */
const weir_json *weir_json_arr(const weir_json *obj, const char *key);
const weir_json *weir_json_obj(const weir_json *obj, const char *key);
const char *weir_json_str(const weir_json *, const char *key, const char *dflt);
int64_t weir_json_int(const weir_json *, const char *key, int64_t dflt);
bool weir_json_flag(const weir_json *, const char *key, bool dflt);
bool weir_json_to_int(const weir_json *, int64_t *out); /* exact integers only */

/* Writing, straight into a weir_str. Commas are the writer's business: begin/end nest, key()
 * precedes a value. */
typedef struct weir_jw {
    weir_str *out;
    uint64_t comma[32];
    int depth;
} weir_jw; /* twice as deep as what weir_json_parse takes */
void weir_jw_init(weir_jw *, weir_str *out);
void weir_jw_obj(weir_jw *);
void weir_jw_arr(weir_jw *);
void weir_jw_end_obj(weir_jw *);
void weir_jw_end_arr(weir_jw *);
void weir_jw_key(weir_jw *, const char *key);
void weir_jw_str(weir_jw *, const char *s); /* NULL writes null */
void weir_jw_strn(weir_jw *, const char *s, size_t n);
void weir_jw_int(weir_jw *, int64_t v);
void weir_jw_double(weir_jw *, double v); /* shortest form that reads back, as Java prints it */
void weir_jw_bool(weir_jw *, bool v);
void weir_jw_null(weir_jw *);
void weir_jw_raw(weir_jw *, const char *json); /* already JSON */
void weir_jw_value(weir_jw *, const weir_json *);
/* With the quotes, as Jackson writes; bytes that are no UTF-8 become U+FFFD. */
void weir_json_escape(weir_str *, const char *s, size_t n);
void weir_json_escape_part(weir_str *, const char *s, size_t n); /* no quotes */
/* Double.toString / Float.toString of Java 19+ (shortest): "1.0", "1.0E10", "NaN", "Infinity".
 * Returns length. */
int weir_double_text(double v, char out[32]);
int weir_float_text(float v, char out[32]);
#endif
