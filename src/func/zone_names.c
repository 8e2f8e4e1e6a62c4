/* English names of time zones, printed and read. See datetime.h. */
#include "func/datetime.h"
#include "func/loop.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

typedef struct zone_names {
    const char *text[2][2]; /* [full][daylight] */
    const char *ids;        /* each with a space behind it */
} zone_names;
static const zone_names printed[] = {
#define ZONE_NAMES(s, sd, l, ld, ids) {{{s, sd}, {l, ld}}, ids},
#define ZONE_READ(...)
#include "func/zone_names.def"
#undef ZONE_NAMES
#undef ZONE_READ
};

static const struct {
    const char *text, *id[2]; /* [full] */
} named[] = {
#define ZONE_NAMES(...)
#define ZONE_READ(text, short_, long_) {text, {short_, long_}},
#include "func/zone_names.def"
};

/* The id of length n in a list, or NULL. */
static const char *find_id(const char *ids, const char *id, size_t n) {
    for (const char *p = ids; *p;) {
        size_t k = strcspn(p, " ");
        if (k == n && memcmp(p, id, n) == 0) return p;
        p += k + 1;
    }
    return NULL;
}

const char *weir_zone_name(const weir_zone *z, bool daylight, bool full) {
    const char *id = weir_zone_id(z);
    for (int i = 0; i < WEIR_COUNT(printed); i++)
        if (find_id(printed[i].ids, id, strlen(id))) return printed[i].text[full][daylight];
    return id;
}

typedef struct match {
    const char *id;
    size_t id_len, len;
} match;

static void consider(const char *p, size_t room, const char *text, size_t n, const char *id,
                     size_t id_len, match *best) {
    if (n > room || n <= best->len || strncasecmp(p, text, n) != 0) return;
    *best = (match){id, id_len, n};
}

static match longest(const char *p, size_t room, bool names, bool full) {
    match best = {0};
    for (int i = 0; names && i < WEIR_COUNT(named); i++)
        if (named[i].id[full])
            consider(p, room, named[i].text, strlen(named[i].text), named[i].id[full],
                     strlen(named[i].id[full]), &best);
    for (int i = 0; i < WEIR_COUNT(printed); i++)
        for (const char *id = printed[i].ids; *id;) {
            size_t k = strcspn(id, " ");
            consider(p, room, id, k, id, k, &best);
            id += k + 1;
        }
    return best;
}

/* +hh:mm[:ss] or +hh[:mm[:ss]]; what does not fit is left. */
static bool read_offset(const char **p, const char *end, int32_t *off) {
    const char *s = *p;
    int v[3] = {0}, k = 0;
    if (s >= end || (*s != '+' && *s != '-')) return false;
    int sign = *s++ == '-' ? -1 : 1;
    for (; k < 3; k++) {
        const char *q = s + (k > 0);
        if (k && (s >= end || *s != ':')) break;
        if (end - q < 2 || !isdigit((unsigned char)q[0]) || !isdigit((unsigned char)q[1])) break;
        v[k] = (q[0] - '0') * 10 + q[1] - '0';
        if (v[k] > 59) break;
        s = q + 2;
    }
    int32_t total = v[0] * 3600 + v[1] * 60 + v[2];
    if (k < 2 || total > 18 * 3600) return false;
    *off = sign * total;
    *p = s;
    return true;
}

static const weir_zone *read_prefixed(const char **p, const char *end, const char *prefix) {
    int32_t off;
    *p += strlen(prefix);
    return weir_zone_fixed(prefix, read_offset(p, end, &off) ? off : 0);
}

const weir_zone *weir_zone_read(const char **p, const char *end, bool names, bool full) {
    const char *s = *p;
    size_t room = (size_t)(end - s);
    int32_t off;
    if (room && (*s == '+' || *s == '-'))
        return read_offset(p, end, &off) ? weir_zone_fixed("", off) : NULL;
    if (room >= 4 && strncasecmp(s, "GMT0", 4) == 0) return *p += 4, weir_zone_find("GMT0", 4);
    if (room >= 3 && strncasecmp(s, "GMT", 3) == 0) return read_prefixed(p, end, "GMT");
    if (room >= 3 && strncasecmp(s, "UTC", 3) == 0) return read_prefixed(p, end, "UTC");
    if (room >= 2 && strncasecmp(s, "UT", 2) == 0) return read_prefixed(p, end, "UT");
    match m = longest(s, room, names, full);
    const weir_zone *z = m.len ? weir_zone_find(m.id, m.id_len) : NULL;
    if (z) return *p += m.len, z;
    if (room && (*s == 'Z' || *s == 'z')) return ++*p, weir_zone_find("Z", 1);
    return NULL;
}
