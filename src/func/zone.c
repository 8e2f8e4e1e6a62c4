/* Time zones: fixed offsets, and regions by the rules of the machine's tzdata (zoneinfo.c). A zone
 * that was asked for once is kept for the life of the process and shared by all threads. SPARK
 * SparkDateTimeUtils.getZoneId; JAVA ZoneId.of, ZoneRules. */
#include "func/datetime.h"
#include "func/loop.h"
#include "func/zoneinfo.h"

#include <stdio.h>
#include <string.h>

struct weir_zone {
    const char *id;
    weir_zone_rules rules;
    int64_t table_end; /* local and UTC seconds below it are answered by the table */
    struct weir_zone *next;
    weir_arena *mem; /* what holds it */
};

enum { BUCKETS = 1024 };
static const weir_zone utc = {.id = "UTC", .table_end = INT64_MAX};
static _Atomic(weir_zone *) known[BUCKETS]; /* lists are prepended to: entries are immutable */

const weir_zone *weir_zone_utc(void) { return &utc; }
const char *weir_zone_id(const weir_zone *z) { return z->id; }

/* ---- transitions around an instant ---- */

typedef struct window { /* rising transitions, and what holds before them */
    int32_t off, room_off[6];
    bool daylight, room_daylight[6];
    int n;
    const int64_t *at;
    const int32_t *after;
    const bool *after_daylight;
    int64_t room_at[6];
} window;

/* After the table: the transitions of the years around, by the rule that repeats. */
static void window_by_rule(const weir_zone *z, int64_t s, window *w) {
    const weir_zone_rules *r = &z->rules;
    int64_t year, at[2];
    int month, day;
    weir_civil(weir_floor_div(s, 86400), &year, &month, &day);
    w->n = 0;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        weir_zoneinfo_year(r, y, at);
        bool end_first = at[0] > at[1];
        for (int k = 0; k < 2; k++, w->n++) {
            bool end = (k == 1) != end_first;
            w->room_at[w->n] = at[end];
            w->room_off[w->n] = end ? r->standard_off : r->daylight_off;
            w->room_daylight[w->n] = end == r->negative;
        }
    }
    w->off = w->room_off[1];
    w->daylight = w->room_daylight[1];
    w->at = w->room_at;
    w->after = w->room_off;
    w->after_daylight = w->room_daylight;
}

static inline void window_at(const weir_zone *z, int64_t s, window *w) {
    if (s >= z->table_end) {
        window_by_rule(z, s, w);
        return;
    }
    w->off = z->rules.first;
    w->daylight = z->rules.first_daylight;
    w->n = z->rules.n;
    w->at = z->rules.at;
    w->after = z->rules.off;
    w->after_daylight = z->rules.daylight;
}

static inline int find(const window *w, int64_t s) { /* last transition at or before s; -1 none */
    int lo = -1, hi = w->n;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (w->at[mid] <= s)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

int32_t weir_zone_offset(const weir_zone *z, int64_t s) {
    window w;
    if (z->rules.n == 0) return z->rules.first;
    window_at(z, s, &w);
    int i = find(&w, s);
    return i < 0 ? w.off : w.after[i];
}

int32_t weir_zone_old_offset(const weir_zone *z, int64_t s) {
    const weir_zone_rules *r = &z->rules;
    if (s >= WEIR_ZONE_OLD_START || r->n == 0) return weir_zone_offset(z, s);
    if (!r->repeats) return r->off[r->n - 1];
    return r->standard_off < r->daylight_off ? r->standard_off : r->daylight_off;
}

bool weir_zone_daylight(const weir_zone *z, int64_t s) {
    window w;
    if (z->rules.n == 0) return z->rules.first_daylight;
    window_at(z, s, &w);
    int i = find(&w, s);
    return i < 0 ? w.daylight : w.after_daylight[i];
}

/* The offset for a wall clock: in a gap the one before it. In an overlap, where both are right, the
 * other is the later one. */
static int32_t offset_of_local(const weir_zone *z, int64_t s, int32_t *other) {
    window w;
    window_at(z, s, &w);
    int i = find(&w, s - 86400);
    int32_t off = i < 0 ? w.off : w.after[i];
    for (int k = i + 1; k < w.n && w.at[k] <= s + 86400; k++) {
        int32_t after = w.after[k], high = off > after ? off : after;
        if (s < w.at[k] + high) {
            *other = off > after && s >= w.at[k] + after ? after : off;
            return off;
        }
        off = after;
    }
    return *other = off;
}

int64_t weir_zone_to_utc(const weir_zone *z, int64_t local_us) {
    int32_t other;
    if (z->rules.n == 0) return local_us - (int64_t)z->rules.first * 1000000;
    return local_us -
           (int64_t)offset_of_local(z, weir_floor_div(local_us, 1000000), &other) * 1000000;
}

int64_t weir_zone_to_utc_near(const weir_zone *z, int64_t local_us, int32_t offset) {
    int32_t other = offset;
    if (z->rules.n == 0) return local_us - (int64_t)z->rules.first * 1000000;
    int32_t first = offset_of_local(z, weir_floor_div(local_us, 1000000), &other);
    return local_us - (int64_t)(other == offset ? other : first) * 1000000;
}

/* ---- fixed offsets ---- */

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* The forms of JAVA ZoneOffset.of, and the older ones of SPARK: one digit for the hour before a
 * colon, one for the minute at the end. */
static bool parse_offset(const char *p, size_t n, int32_t *out) {
    char t[16];
    int v[3] = {0};
    size_t k = 0;
    if (n < 2 || n > 9 || (p[0] != '+' && p[0] != '-')) return false;
    bool colons = n > 2 && (p[2] == ':' || (n > 3 && p[3] == ':'));
    for (size_t i = 1; i < n; i++) { /* as hh:mm:ss or hhmmss */
        bool one_hour = i == 1 && ((n > 2 && p[2] == ':') || n == 2);
        bool one_minute = colons && i + 1 == n && p[i - 1] == ':' && k == 3;
        if (one_hour || one_minute) t[k++] = '0';
        t[k++] = p[i];
    }
    size_t step = colons ? 3 : 2;
    if (k != 2 && k != 2 + step && k != 2 + 2 * step) return false;
    for (size_t i = 0; i < k; i++) {
        if (colons && i % 3 == 2 ? t[i] != ':' : !digit(t[i])) return false;
        if (digit(t[i])) v[i / step] = v[i / step] * 10 + (t[i] - '0');
    }
    if (v[1] > 59 || v[2] > 59) return false;
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

/* ---- the zones that were asked for ---- */

static _Atomic(weir_zone *) *bucket(const char *id, size_t n) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)id[i]) * 16777619u;
    return &known[h % BUCKETS];
}

/* key: what was asked for; it is found by it again. */
static const weir_zone *publish(weir_arena *a, const char *id, const weir_zone_rules *r) {
    weir_zone *z = WEIR_NEW(a, weir_zone);
    z->id = id;
    z->mem = a;
    z->rules = *r;
    z->table_end = INT64_MAX;
    if (r->repeats && r->n > 2) z->table_end = r->at[r->n - 2]; /* a day before is still inside */
    _Atomic(weir_zone *) *list = bucket(id, strlen(id));
    weir_zone *head = atomic_load(list);
    do z->next = head;
    while (!atomic_compare_exchange_weak(list, &head, z));
    return z;
}

static const weir_zone *lookup(const char *id, size_t n) {
    static _Thread_local const weir_zone *recent;
    if (recent && strlen(recent->id) == n && memcmp(recent->id, id, n) == 0) return recent;
    for (const weir_zone *z = atomic_load(bucket(id, n)); z; z = z->next)
        if (strlen(z->id) == n && memcmp(z->id, id, n) == 0) return recent = z;
    return NULL;
}

/* JAVA ZoneOffset.getId behind a prefix; nothing for zero. */
static void offset_id(char out[32], const char *prefix, int32_t off) {
    int o = off < 0 ? -off : off, k = snprintf(out, 32, "%s", *prefix ? prefix : off ? "" : "Z");
    if (!off) return;
    k += snprintf(out + k, 32 - (size_t)k, "%c%02d:%02d", off < 0 ? '-' : '+', o / 3600,
                  o / 60 % 60);
    if (o % 60) snprintf(out + k, 32 - (size_t)k, ":%02d", o % 60);
}

const weir_zone *weir_zone_fixed(const char *prefix, int32_t off) {
    char id[32];
    offset_id(id, prefix, off);
    const weir_zone *z = lookup(id, strlen(id));
    if (z) return z;
    weir_arena *a = weir_arena_new(NULL); /* never freed: zones live as long as the process */
    const weir_zone_rules r = {.first = off};
    return publish(a, weir_strndup(a, id, strlen(id)), &r);
}

static const weir_zone *region(const char *id, size_t n) {
    const weir_zone *z = lookup(id, n);
    weir_zone_rules r;
    if (z) return z;
    weir_arena *a = weir_arena_new(NULL);
    if (weir_zoneinfo_read(a, id, n, &r)) return publish(a, weir_strndup(a, id, n), &r);
    weir_arena_free(a);
    return NULL;
}

const weir_zone *weir_zone_find(const char *id, size_t n) {
    static const char *const prefix[] = {"UTC", "GMT", "UT"};
    int32_t off;
    if (n == 3 && memcmp(id, "UTC", 3) == 0) return &utc;
    if (n == 1 && *id == 'Z') return weir_zone_fixed("", 0);
    const char *alias = short_id(id, n);
    if (alias) return weir_zone_find(alias, strlen(alias));
    if (parse_offset(id, n, &off)) return weir_zone_fixed("", off);
    for (int i = 0; i < WEIR_COUNT(prefix); i++) {
        size_t k = strlen(prefix[i]);
        if (n < k || memcmp(id, prefix[i], k) != 0) continue;
        if (n == k) return weir_zone_fixed(prefix[i], 0);
        if (parse_offset(id + k, n - k, &off)) return weir_zone_fixed(prefix[i], off);
    }
    return region(id, n);
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

const weir_zone *weir_zone_process(void) {
    const char *id = weir_conf_process_zone();
    const weir_zone *z = weir_zone_find(id, strlen(id));
    return z ? z : &utc;
}
