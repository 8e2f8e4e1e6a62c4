/* Configuration: one row per known key in conf.def (name, type, default, meaning). Unknown keys may
 * be set and read back, as in Spark. Values are strings; typed getters parse what set() has
 * checked. Thread: any; a conf locks itself. Returned strings live as long as the conf. */
#ifndef WEIR_BASE_CONF_H
#define WEIR_BASE_CONF_H
#include <stdbool.h>
#include <stdint.h>

struct weir_ctx;
struct weir_arena;
typedef struct weir_conf weir_conf;

weir_conf *weir_conf_new(const weir_conf *copy); /* copy may be NULL: all defaults */
void weir_conf_free(weir_conf *);
weir_conf *weir_conf_in(struct weir_arena *, const weir_conf *copy); /* goes with the arena */
/* Checks the type of known keys: INVALID_CONF_VALUE.TYPE_MISMATCH; static keys:
 * CANNOT_MODIFY_STATIC_CONFIG; values out of range:
 * INVALID_CONF_VALUE.REQUIREMENT. Returns a weir_rc. */
int weir_conf_set(struct weir_ctx *, weir_conf *, const char *key, const char *value);
/* As set, of a static key too, when the server starts. Returns a weir_rc. */
int weir_conf_start(struct weir_ctx *, weir_conf *, const char *key, const char *value);
/* What is shown of a value: SPARK Utils.redact, by spark.redaction.regex over keys and values. */
const char *weir_conf_redacted(const weir_conf *, const char *key, const char *value);
/* weir_conf_get for a client: what the server was started with is its own, and redacted; what a
 * session has set it may read. */
const char *weir_conf_told(const weir_conf *, const char *key);
/* A value of the right type from elsewhere (a checkpoint): INVALID_CONF_VALUE.REQUIREMENT if Spark
 * would not have taken it. Returns a weir_rc. */
int weir_conf_check(struct weir_ctx *, const char *key, const char *value);
/* What to tell whoever is about to set the key, when that changes nothing in weir; NULL: it does,
 * or it is no key of Spark's, or has that value already. */
char *weir_conf_unused(struct weir_arena *, const weir_conf *, const char *key,
                       const char *value);
void weir_conf_put(weir_conf *, const char *key,
                   const char *value); /* unchecked: start-up, tests */
void weir_conf_unset(weir_conf *, const char *key);
bool weir_conf_modifiable(const weir_conf *, const char *key);
/* The value set, else the default, else NULL. */
const char *weir_conf_get(const weir_conf *, const char *key);
bool weir_conf_is_set(const weir_conf *, const char *key);
const char *weir_conf_process_zone(void); /* the time zone's id that TZ says */
bool weir_conf_known(const char *key);
bool weir_conf_bool(const weir_conf *, const char *key);
int64_t weir_conf_int(const weir_conf *, const char *key);
int64_t weir_conf_bytes(const weir_conf *, const char *key); /* "10g" */
int64_t weir_conf_ms(const weir_conf *, const char *key);    /* "10s"; bare number = ms */
/* Calls fn for each key that was set, in no order; not for the engine's own, which begin with '#'.
 */
void weir_conf_each(const weir_conf *, void (*fn)(void *u, const char *key, const char *value),
                    void *u);
/* Calls fn for each documented key with its default (may be NULL). */
void weir_conf_each_known(void (*fn)(void *u, const char *key, const char *dflt, const char *doc),
                          void *u);

/* Spark's size and time texts ("10g", "5 minutes" is not one: see weir_parse_interval_ms). false =
 * malformed. */
bool weir_parse_bytes(const char *s, int64_t *bytes);
bool weir_parse_ms(const char *s, int64_t *ms);
#endif
