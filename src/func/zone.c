/* Time zones. Fixed offsets are computed; regions are read once from ICU (loaded at the first use:
 * it is large) into a table of transitions, kept for the life of the process and shared by all
 * threads through an append-only list. */
#include "func/datetime.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>

enum { TABLE_MAX = 1200, LAST_YEAR = 2200 };

struct weir_zone {
    const char *id;
    int n;              /* transitions */
    int32_t fixed;      /* offset before the first */
    const int64_t *at;  /* UTC seconds */
    const int32_t *off; /* offset from at[i] on */
    struct weir_zone *next;
    weir_arena *mem; /* what holds it */
};

static const weir_zone utc = {.id = "UTC"};
static _Atomic(weir_zone *) known; /* append-only: entries are immutable once linked */

const weir_zone *weir_zone_utc(void) { return &utc; }
const char *weir_zone_id(const weir_zone *z) { return z->id; }

/* After 2200 the rules repeat with the calendar's 400 years. */
static int64_t fold(int64_t s) {
    const int64_t cycle = INT64_C(146097) * 86400, end = INT64_C(7258118400); /* 2200-01-01 */
    if (s < end) return s;
    return s - ((s - end) / cycle + 1) * cycle;
}

static int find(const weir_zone *z, int64_t s) { /* last transition at or before s; -1 none */
    int lo = -1, hi = z->n;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (z->at[mid] <= s)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* A folded instant must not fall before the rules that hold now: it is moved into the last 400-year
 * window, 1800-2199, whose last decades carry today's rules; years are therefore mapped to
 * 2100-2199 by 28-year steps where they keep the weekday. */
int32_t weir_zone_offset(const weir_zone *z, int64_t s) {
    if (z->n == 0) return z->fixed;
    if (s >= INT64_C(7258118400)) {
        int64_t f = fold(s);
        s = f < INT64_C(4102444800)
                ? f + ((INT64_C(4102444800) - f) / (INT64_C(10227) * 86400) + 1) *
                          (INT64_C(10227) * 86400)
                : f;
    }
    int i = find(z, s);
    return i < 0 ? z->fixed : z->off[i];
}

int64_t weir_zone_to_utc(const weir_zone *z, int64_t local_us) {
    if (z->n == 0) return local_us - (int64_t)z->fixed * 1000000;
    int64_t s = weir_floor_div(local_us, 1000000);
    int i = find(z, s - 86400);
    int32_t off = i < 0 ? z->fixed : z->off[i];
    if (s >= INT64_C(7258118400) - 86400) off = weir_zone_offset(z, s - z->off[z->n - 1]);
    for (int k = i + 1; k < z->n && z->at[k] <= s + 86400; k++) {
        int32_t after = z->off[k], high = off > after ? off : after;
        if (s < z->at[k] + high) break; /* in a gap or an overlap: the offset before it */
        off = after;
    }
    return local_us - (int64_t)off * 1000000;
}

/* ---- fixed offsets: java ZoneOffset.of, and Spark's one-digit forms ---- */

static bool digit(char c) { return c >= '0' && c <= '9'; }

static bool parse_offset(const char *p, size_t n, int32_t *out) {
    if (n < 2 || (p[0] != '+' && p[0] != '-')) return false;
    int v[3] = {0}, k = 0;
    size_t i = 1;
    bool colons = memchr(p, ':', n) != NULL;
    while (i < n && k < 3) {
        if (!digit(p[i])) return false;
        bool two = i + 1 < n && digit(p[i + 1]);
        if (!two && !(colons ? k < 2 : n == 2)) return false;
        v[k++] = two ? (p[i] - '0') * 10 + (p[i + 1] - '0') : p[i] - '0';
        i += two ? 2 : 1;
        if (i < n && colons && p[i++] != ':') return false;
        if (i == n && colons && p[n - 1] == ':') return false;
    }
    if (i != n || v[0] > 18 || v[1] > 59 || v[2] > 59) return false;
    int32_t s = v[0] * 3600 + v[1] * 60 + v[2];
    if (s > 18 * 3600) return false;
    *out = p[0] == '-' ? -s : s;
    return true;
}

static const char *short_id(const char *p, size_t n) { /* java ZoneId.SHORT_IDS */
    static const char *const ids[][2] = {{"ACT", "Australia/Darwin"},
                                         {"AET", "Australia/Sydney"},
                                         {"AGT", "America/Argentina/Buenos_Aires"},
                                         {"ART", "Africa/Cairo"},
                                         {"AST", "America/Anchorage"},
                                         {"BET", "America/Sao_Paulo"},
                                         {"BST", "Asia/Dhaka"},
                                         {"CAT", "Africa/Harare"},
                                         {"CNT", "America/St_Johns"},
                                         {"CST", "America/Chicago"},
                                         {"CTT", "Asia/Shanghai"},
                                         {"EAT", "Africa/Addis_Ababa"},
                                         {"ECT", "Europe/Paris"},
                                         {"IET", "America/Indiana/Indianapolis"},
                                         {"IST", "Asia/Kolkata"},
                                         {"JST", "Asia/Tokyo"},
                                         {"MIT", "Pacific/Apia"},
                                         {"NET", "Asia/Yerevan"},
                                         {"NST", "Pacific/Auckland"},
                                         {"PLT", "Asia/Karachi"},
                                         {"PNT", "America/Phoenix"},
                                         {"PRT", "America/Puerto_Rico"},
                                         {"PST", "America/Los_Angeles"},
                                         {"SST", "Pacific/Guadalcanal"},
                                         {"VST", "Asia/Ho_Chi_Minh"},
                                         {"EST", "-05:00"},
                                         {"MST", "-07:00"},
                                         {"HST", "-10:00"}};
    for (size_t i = 0; n == 3 && i < sizeof ids / sizeof *ids; i++)
        if (memcmp(ids[i][0], p, 3) == 0) return ids[i][1];
    return NULL;
}

/* ---- regions, by ICU ---- */

typedef struct icu {
    UCalendar *(*open)(const UChar *, int32_t, const char *, UCalendarType, UErrorCode *);
    void (*close)(UCalendar *);
    int32_t (*get)(const UCalendar *, UCalendarDateFields, UErrorCode *);
    void (*set_millis)(UCalendar *, UDate, UErrorCode *);
    UBool (*transition)(const UCalendar *, UTimeZoneTransitionType, UDate *, UErrorCode *);
    int32_t (*canonical)(const UChar *, int32_t, UChar *, int32_t, UBool *, UErrorCode *);
} icu;

#define ICU_STR2(x) #x
#define ICU_STR(x) ICU_STR2(x)
#define ICU_LOAD(field, fn) (*(void **)(void *)&lib->field = dlsym(h, ICU_STR(fn)))

static bool load_icu(icu *lib) {
    void *h = dlopen("libicui18n.so." ICU_STR(U_ICU_VERSION_MAJOR_NUM), RTLD_LAZY | RTLD_LOCAL);
    if (!h) return false;
    return ICU_LOAD(open, ucal_open) && ICU_LOAD(close, ucal_close) && ICU_LOAD(get, ucal_get) &&
           ICU_LOAD(set_millis, ucal_setMillis) &&
           ICU_LOAD(transition, ucal_getTimeZoneTransitionDate) &&
           ICU_LOAD(canonical, ucal_getCanonicalTimeZoneID);
}

static int32_t offset_now(const icu *lib, UCalendar *c, UErrorCode *st) {
    return (lib->get(c, UCAL_ZONE_OFFSET, st) + lib->get(c, UCAL_DST_OFFSET, st)) / 1000;
}

static weir_zone *load_region(const char *id, size_t n) {
    icu lib;
    UChar name[64], canon[64];
    UErrorCode st = U_ZERO_ERROR;
    UBool system_id = 0;
    if (n >= 64 || !load_icu(&lib)) return NULL;
    for (size_t i = 0; i < n; i++) name[i] = (UChar)(unsigned char)id[i];
    lib.canonical(name, (int32_t)n, canon, 64, &system_id, &st);
    if (U_FAILURE(st) || !system_id) return NULL;
    UCalendar *c = lib.open(name, (int32_t)n, "en", UCAL_GREGORIAN, &st);
    if (U_FAILURE(st)) return NULL;
    weir_arena *a = weir_arena_new(NULL); /* never freed: zones live as long as the process */
    weir_zone *z = WEIR_NEW(a, weir_zone);
    int64_t *at = WEIR_NEWN(a, int64_t, TABLE_MAX);
    int32_t *off = WEIR_NEWN(a, int32_t, TABLE_MAX);
    const double end = 7258118400000.0;
    lib.set_millis(c, -8e12, &st); /* before 1716 there is only local mean time */
    z->fixed = offset_now(&lib, c, &st);
    UDate next;
    int32_t last = z->fixed;
    for (int k = 0; k < 4 * TABLE_MAX && z->n < TABLE_MAX &&
                    lib.transition(c, UCAL_TZ_TRANSITION_NEXT, &next, &st);
         k++) {
        if (U_FAILURE(st) || next >= end) break;
        lib.set_millis(c, next, &st);
        int32_t o = offset_now(&lib, c, &st);
        if (o == last) continue;
        at[z->n] = (int64_t)(next / 1000);
        off[z->n++] = last = o;
    }
    lib.close(c);
    z->id = weir_strndup(a, id, n);
    z->mem = a;
    z->at = at;
    z->off = off;
    return z;
}

static const weir_zone *publish(weir_zone *z) {
    weir_zone *head = atomic_load(&known);
    do z->next = head;
    while (!atomic_compare_exchange_weak(&known, &head, z));
    return z;
}

static const weir_zone *fixed_zone(const char *id, size_t n, int32_t off) {
    weir_arena *a = weir_arena_new(NULL);
    weir_zone *z = WEIR_NEW(a, weir_zone);
    z->id = weir_strndup(a, id, n);
    z->mem = a;
    z->fixed = off;
    return publish(z);
}

static const weir_zone *lookup(const char *id, size_t n) {
    static _Thread_local const weir_zone *recent;
    if (recent && strlen(recent->id) == n && memcmp(recent->id, id, n) == 0) return recent;
    for (const weir_zone *z = atomic_load(&known); z; z = z->next)
        if (strlen(z->id) == n && memcmp(z->id, id, n) == 0) return recent = z;
    return NULL;
}

const weir_zone *weir_zone_find(const char *id, size_t n) {
    static const char *const prefix[] = {"UTC", "GMT", "UT"};
    int32_t off;
    if ((n == 1 && *id == 'Z') || (n == 3 && memcmp(id, "UTC", 3) == 0)) return &utc;
    const weir_zone *z = lookup(id, n);
    if (z) return z;
    const char *alias = short_id(id, n);
    if (alias) return weir_zone_find(alias, strlen(alias));
    if (parse_offset(id, n, &off)) return fixed_zone(id, n, off);
    for (int i = 0; i < 3; i++) {
        size_t k = strlen(prefix[i]);
        if (n < k || memcmp(id, prefix[i], k) != 0) continue;
        if (n == k) return fixed_zone(id, n, 0);
        if (parse_offset(id + k, n - k, &off)) return fixed_zone(id, n, off);
    }
    weir_zone *region = memchr(id, '/', n) || n > 2 ? load_region(id, n) : NULL;
    return region ? publish(region) : NULL;
}

weir_rc weir_zone_check(weir_ctx *ctx, const char *key, const char *value) {
    if (strcmp(key, "spark.sql.session.timeZone") != 0) return WEIR_OK;
    if (value && weir_zone_find(value, strlen(value))) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INVALID_CONF_VALUE_TIME_ZONE, "confValue", value ? value : "",
                     "confName", key);
}

const weir_zone *weir_zone_session(weir_ctx *ctx) {
    const char *id = weir_conf_get(ctx->conf, "spark.sql.session.timeZone");
    const weir_zone *z = id ? weir_zone_find(id, strlen(id)) : NULL;
    return z ? z : &utc;
}
