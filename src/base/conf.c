/* Configuration: known keys from conf.def, values in a small locked table. Any thread. */
#include "base/ctx.h"

#include "base/sync.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum { STRING, BOOL, INT, LONG, DOUBLE, BYTES, MS } ctype;
typedef struct known {
    const char *key;
    ctype type;
    const char *dflt;
    bool is_static;
    const char *doc;
    bool unused;
} known;
static const known keys[] = {
#define C(key, type, dflt, is_static, doc) {key, type, dflt, is_static, doc, false},
#define U(key, type, dflt, is_static, doc) {key, type, dflt, is_static, doc, true},
#include "base/conf.def"
#undef U
#undef C
};
enum { NKEY = sizeof keys / sizeof *keys };

typedef struct pair {
    struct pair *next;
    const char *key, *value;
    bool gone, started; /* started: given when the server was */
} pair;
struct weir_conf {
    weir_mutex mu;
    weir_arena *mem;
    pair *pairs;
};

static const known *find_known(const char *key) {
    for (int i = 0; i < NKEY; i++)
        if (strcmp(keys[i].key, key) == 0) return &keys[i];
    return NULL;
}

static pair *find_pair(const weir_conf *c, const char *key) {
    for (pair *p = c->pairs; p; p = p->next)
        if (strcmp(p->key, key) == 0) return p;
    return NULL;
}

weir_conf *weir_conf_new(const weir_conf *copy) {
    weir_arena *a = weir_arena_new(NULL);
    weir_conf *c = WEIR_NEW(a, weir_conf);
    c->mem = a;
    weir_mutex_init(&c->mu, WEIR_RANK_CONF);
    if (!copy) return c;
    weir_mutex *mu = (weir_mutex *)(uintptr_t)&copy->mu;
    weir_lock(mu);
    for (pair *p = copy->pairs; p; p = p->next)
        if (!p->gone) { /* own lock is not needed yet */
            pair *q = WEIR_NEW(a, pair);
            *q = (pair){c->pairs, weir_strdup(a, p->key), weir_strdup(a, p->value), false,
                        p->started};
            c->pairs = q;
        }
    weir_unlock(mu);
    return c;
}

void weir_conf_free(weir_conf *c) {
    if (!c) return;
    weir_mutex_free(&c->mu);
    weir_arena_free(c->mem);
}

static void release(void *c) { weir_conf_free(c); }

weir_conf *weir_conf_in(weir_arena *a, const weir_conf *copy) {
    weir_conf *c = weir_conf_new(copy);
    weir_arena_defer(a, release, c);
    return c;
}

void weir_conf_put(weir_conf *c, const char *key, const char *value) {
    weir_lock(&c->mu);
    pair *p = find_pair(c, key);
    if (!p) {
        p = WEIR_NEW(c->mem, pair);
        p->key = weir_strdup(c->mem, key);
        p->next = c->pairs;
        p->value = weir_strdup(c->mem, value);
        c->pairs = p;
    } else if (p->gone || strcmp(p->value, value) != 0) {
        p->value = weir_strdup(c->mem, value); /* old texts stay: callers may hold them */
        p->gone = false;
    }
    p->started = false;
    weir_unlock(&c->mu);
}

void weir_conf_unset(weir_conf *c, const char *key) {
    weir_lock(&c->mu);
    pair *p = find_pair(c, key);
    if (p) p->gone = true;
    weir_unlock(&c->mu);
}

static const char *get_set(const weir_conf *c, const char *key) {
    weir_mutex *mu = (weir_mutex *)(uintptr_t)&c->mu;
    weir_lock(mu);
    pair *p = find_pair(c, key);
    const char *v = p && !p->gone ? p->value : NULL;
    weir_unlock(mu);
    return v;
}

const char *weir_conf_get(const weir_conf *c, const char *key) {
    const char *v = get_set(c, key);
    if (v) return v;
    const known *k = find_known(key);
    if (k && strcmp(key, "spark.sql.session.timeZone") == 0) return weir_conf_process_zone();
    return k ? k->dflt : NULL;
}

const char *weir_conf_process_zone(void) {
    const char *tz = getenv("TZ");
    if (tz && *tz == ':') tz++;
    return tz && *tz ? tz : "Etc/UTC";
}

bool weir_conf_is_set(const weir_conf *c, const char *key) { return get_set(c, key) != NULL; }
bool weir_conf_known(const char *key) { return find_known(key) != NULL; }

bool weir_conf_modifiable(const weir_conf *c, const char *key) {
    (void)c;
    const known *k = find_known(key);
    return k && !k->is_static;
}

static bool number(const char *s, long long *out) {
    char *end;
    while (isspace((unsigned char)*s)) s++;
    *out = strtoll(s, &end, 10);
    while (isspace((unsigned char)*end)) end++;
    return end != s && !*end;
}

bool weir_parse_bytes(const char *s, int64_t *bytes) {
    static const char units[] = "kmgtp";
    char *end;
    long long v = strtoll(s, &end, 10);
    if (end == s || v < 0) return false;
    int shift = 0;
    const char *u = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
    if (u) {
        shift = 10 * (int)(u - units + 1);
        end++;
    }
    if (tolower((unsigned char)*end) == 'b') end++;
    if (*end || (shift && v > INT64_MAX >> shift)) return false;
    *bytes = v << shift;
    return true;
}

bool weir_parse_ms(const char *s, int64_t *ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000}, {"min", 60000},
                 {"h", 3600000}, {"d", 86400000}, {"", 1},      {"us", 0}};
    char *end;
    long long v = strtoll(s, &end, 10);
    if (end == s) return false;
    while (isspace((unsigned char)*end)) end++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(end, units[i].unit) != 0) continue;
        *ms = units[i].ms ? v * units[i].ms : v / 1000;
        return true;
    }
    return false;
}

static bool fits(const known *k, const char *v, const char **type) {
    static const char *const names[] = {"string", "boolean", "int", "long",
                                        "double", "bytes",   "time"};
    long long n;
    int64_t x;
    char *end;
    *type = names[k->type];
    switch (k->type) {
    case STRING: return true;
    case BOOL: return strcasecmp(v, "true") == 0 || strcasecmp(v, "false") == 0;
    case INT:
        return (strcmp(v, "auto") == 0 && strcmp(k->key, "spark.sql.shuffle.partitions") == 0) ||
               (number(v, &n) && n == (int32_t)n);
    case LONG: return number(v, &n);
    case DOUBLE: return (void)strtod(v, &end), end != v && !*end;
    case BYTES: return weir_parse_bytes(v, &x);
    case MS: return weir_parse_ms(v, &x) && x >= 0;
    }
    return false;
}

/* What more a value must be than of its type, in Spark's words; NULL: it is. */
static const char *lacks(const char *key, const char *v) {
    static const struct {
        const char *key, *one_of, *text; /* one_of NULL: a positive number, or auto */
    } rule[] = {
        {"spark.sql.shuffle.partitions", NULL,
         "The value of spark.sql.shuffle.partitions must be positive"},
        {"spark.weir.python.maxWorkers", NULL,
         "The value of spark.weir.python.maxWorkers must be positive"},
        {"spark.weir.python.maxFiles", NULL,
         "The value of spark.weir.python.maxFiles must be positive"},
        {"spark.weir.python.maxProcesses", NULL,
         "The value of spark.weir.python.maxProcesses must be positive"},
        {"spark.sql.streaming.minBatchesToRetain", NULL, "minBatchesToRetain must be positive"},
        {"spark.sql.streaming.aggregation.stateFormatVersion", " 1 2 ",
         "Valid versions are 1 and 2"},
        {"spark.sql.streaming.multipleWatermarkPolicy", " min max ",
         "Invalid value for 'spark.sql.streaming.multipleWatermarkPolicy'. Valid values are 'min' "
         "and 'max'"},
    };
    int64_t bytes = 0;
    if (strcmp(key, "spark.weir.memory.limit") == 0 && weir_parse_bytes(v, &bytes) && bytes &&
        bytes < 16 << 20)
        return "The value of spark.weir.memory.limit must be 0 or at least 16m";
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        long long n = 0;
        if (strcmp(rule[i].key, key) != 0) continue;
        if (!rule[i].one_of)
            return strcmp(v, "auto") == 0 || (number(v, &n) && n > 0) ? NULL : rule[i].text;
        const char *at = *v && !strchr(v, ' ') ? strcasestr(rule[i].one_of, v) : NULL;
        return at && at[-1] == ' ' && at[strlen(v)] == ' ' ? NULL : rule[i].text;
    }
    return NULL;
}

/* The values of a key that has few, as Spark lists them, when v is none of them; in any case. */
static const char *not_one_of(const char *key, const char *v) {
    static const struct {
        const char *key, *values;
    } rule[] = {{"spark.sql.sources.partitionOverwriteMode", "DYNAMIC, STATIC"},
                {"spark.sql.storeAssignmentPolicy", "ANSI, LEGACY, STRICT"}};
    for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
        if (strcmp(rule[i].key, key) != 0) continue;
        for (const char *p = rule[i].values; *p; p += strspn(p, ", ")) {
            size_t n = strcspn(p, ",");
            if (strlen(v) == n && strncasecmp(p, v, n) == 0) return NULL;
            p += n;
        }
        return rule[i].values;
    }
    return NULL;
}

int weir_conf_check(weir_ctx *ctx, const char *key, const char *value) {
    const char *text = lacks(key, value), *values = not_one_of(key, value);
    if (values)
        return weir_fail(ctx, WEIR_E_INVALID_CONF_VALUE_OUT_OF_RANGE_OF_OPTIONS, "confValue", value,
                         "confName", key, "confOptions", values);
    if (!text) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INVALID_CONF_VALUE_REQUIREMENT, "confValue", value, "confName",
                     key, "confRequirement", text);
}

static int put_checked(weir_ctx *ctx, weir_conf *c, const char *key, const char *value) {
    const known *k = find_known(key);
    const char *type;
    if (k && !fits(k, value, &type))
        return weir_fail(ctx, WEIR_E_INVALID_CONF_VALUE_TYPE_MISMATCH, "confValue", value,
                         "confName", key, "confType", type);
    WEIR_TRY(weir_conf_check(ctx, key, value));
    weir_conf_put(c, key, value);
    return WEIR_OK;
}

int weir_conf_set(weir_ctx *ctx, weir_conf *c, const char *key, const char *value) {
    const known *k = find_known(key);
    if (k && k->is_static)
        return weir_fail(ctx, WEIR_E_CANNOT_MODIFY_STATIC_CONFIG, "key",
                         weir_printf(ctx->arena, "\"%s\"", key));
    return put_checked(ctx, c, key, value);
}

int weir_conf_start(weir_ctx *ctx, weir_conf *c, const char *key, const char *value) {
    WEIR_TRY(put_checked(ctx, c, key, value));
    weir_lock(&c->mu);
    find_pair(c, key)->started = true;
    weir_unlock(&c->mu);
    return WEIR_OK;
}

static bool has_secret(const weir_conf *c, const char *text) {
    int code = 0;
    size_t at = 0;
    const char *regex = weir_conf_get(c, "spark.redaction.regex");
    pcre2_code *re =
        pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);
    pcre2_match_data *m = re ? pcre2_match_data_create_from_pattern(re, NULL) : NULL;
    /* what cannot be looked at is not shown */
    bool found = !m || pcre2_match(re, (PCRE2_SPTR)text, strlen(text), 0, PCRE2_NO_UTF_CHECK, m,
                                   NULL) != PCRE2_ERROR_NOMATCH;
    pcre2_match_data_free(m);
    pcre2_code_free(re);
    return found;
}

const char *weir_conf_redacted(const weir_conf *c, const char *key, const char *value) {
    return value && (has_secret(c, key) || has_secret(c, value)) ? "*********(redacted)" : value;
}

const char *weir_conf_told(const weir_conf *c, const char *key) {
    weir_mutex *mu = (weir_mutex *)(uintptr_t)&c->mu;
    weir_lock(mu);
    pair *p = find_pair(c, key);
    bool ours = p && !p->gone && p->started;
    weir_unlock(mu);
    const char *value = weir_conf_get(c, key);
    return ours ? weir_conf_redacted(c, key, value) : value;
}

/* Rows that end in * are for every key that begins so. */
static bool has_family(const char *key) {
    for (int i = 0; i < NKEY; i++) {
        size_t n = strlen(keys[i].key) - 1;
        if (keys[i].key[n] == '*' && strncmp(keys[i].key, key, n) == 0) return true;
    }
    return false;
}

char *weir_conf_unused(weir_arena *a, const weir_conf *c, const char *key, const char *value) {
    const known *k = find_known(key);
    const char *before = get_set(c, key);
    if (strncmp(key, "spark.", 6) != 0 || (before && strcmp(before, value) == 0)) return NULL;
    if (!k && has_family(key)) return NULL;
    if (!k) return weir_printf(a, "The setting %s has no effect: weir does not have it", key);
    if (!k->unused || (k->dflt && strcasecmp(k->dflt, value) == 0)) return NULL;
    return weir_printf(a, "The setting %s has no effect: weir does as with %s", key, k->dflt);
}

bool weir_conf_bool(const weir_conf *c, const char *key) {
    const char *v = weir_conf_get(c, key);
    return v && strcasecmp(v, "true") == 0;
}

int64_t weir_conf_int(const weir_conf *c, const char *key) {
    const char *v = weir_conf_get(c, key);
    long long n = 0;
    return v && number(v, &n) ? n : 0;
}

int64_t weir_conf_bytes(const weir_conf *c, const char *key) {
    const char *v = weir_conf_get(c, key);
    int64_t n = 0;
    return v && weir_parse_bytes(v, &n) ? n : 0;
}

int64_t weir_conf_ms(const weir_conf *c, const char *key) {
    const char *v = weir_conf_get(c, key);
    int64_t n = 0;
    return v && weir_parse_ms(v, &n) ? n : 0;
}

void weir_conf_each(const weir_conf *c, void (*fn)(void *u, const char *key, const char *value),
                    void *u) {
    weir_conf *copy = weir_conf_new(c);
    for (pair *p = copy->pairs; p; p = p->next)
        if (p->key[0] != '#') fn(u, p->key, p->value);
    weir_conf_free(copy);
}

void weir_conf_each_known(void (*fn)(void *u, const char *key, const char *dflt, const char *doc),
                          void *u) {
    for (int i = 0; i < NKEY; i++) fn(u, keys[i].key, keys[i].dflt, keys[i].doc);
}
