/* TZif files: see zoneinfo.h. The years up to EXPANDED_YEAR are laid out as transitions when a file
 * is read, so that what lies near today is one search in a table. */
#include "func/zoneinfo.h"

#include "func/datetime.h"
#include "func/loop.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXPANDED_YEAR = 2100, FILE_MAX = 1 << 18, TIMES_MAX = 100000 };

typedef struct tzif {
    const uint8_t *p, *end;
    int width; /* bytes of a time */
    int64_t n_gmt, n_std, n_leap, n_time, n_type, n_char;
    int64_t last; /* the last line holds from here on */
} tzif;

static int64_t be(const uint8_t *p, int width) {
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < width; i++) v = v << 8 | p[i];
    return (int64_t)v;
}

static bool read_header(const uint8_t *p, const uint8_t *end, tzif *t) {
    int64_t *const count[] = {&t->n_gmt,  &t->n_std,  &t->n_leap,
                              &t->n_time, &t->n_type, &t->n_char};
    if (end - p < 44 || memcmp(p, "TZif", 4) != 0) return false;
    for (int i = 0; i < 6; i++) {
        *count[i] = be(p + 20 + 4 * i, 4);
        if (*count[i] < 0 || *count[i] > TIMES_MAX) return false;
    }
    t->p = p + 44;
    t->end = end;
    return true;
}

static int64_t block_size(const tzif *t, int width) {
    return t->n_time * (width + 1) + t->n_type * 6 + t->n_char + t->n_leap * (width + 4) +
           t->n_std + t->n_gmt;
}

/* The block with the widest times. */
static bool find_block(const uint8_t *p, size_t n, tzif *t) {
    if (!read_header(p, p + n, t) || t->end - t->p < block_size(t, 4)) return false;
    t->width = 4;
    if (p[4] < '2') return true;
    t->width = 8;
    return read_header(t->p + block_size(t, 4), t->end, t) && t->end - t->p >= block_size(t, 8);
}

/* What comes no later than the one before takes its place. */
static void add_transition(weir_zone_rules *z, int64_t at, int32_t off, bool daylight) {
    while (z->n && z->at[z->n - 1] >= at) z->n--;
    int32_t off_before = z->n ? z->off[z->n - 1] : z->first;
    bool daylight_before = z->n ? z->daylight[z->n - 1] : z->first_daylight;
    if (off == off_before && daylight == daylight_before) return;
    z->at[z->n] = at;
    z->off[z->n] = off;
    z->daylight[z->n++] = daylight;
}

static bool read_block(weir_arena *a, tzif *t, weir_zone_rules *z) {
    const uint8_t *at = t->p, *index = at + t->n_time * t->width, *type = index + t->n_time;
    int64_t room = t->n_time + 2 * (EXPANDED_YEAR - 1900 + 2);
    if (t->n_leap != 0 || t->n_type == 0) return false;
    z->at = WEIR_NEWN(a, int64_t, (size_t)room);
    z->off = WEIR_NEWN(a, int32_t, (size_t)room);
    z->daylight = WEIR_NEWN(a, bool, (size_t)room);
    t->last = INT64_C(-2208988800); /* 1900 */
    z->first = (int32_t)be(type, 4);
    z->first_daylight = type[4] != 0;
    for (int64_t i = 0; i < t->n_time; i++) {
        int64_t s = be(at + i * t->width, t->width);
        if (index[i] >= t->n_type) return false;
        const uint8_t *info = type + 6 * index[i];
        int64_t off = be(info, 4);
        if (off < -93600 || off > 93600) return false;
        add_transition(z, s, (int32_t)off, info[4] != 0);
        if (s > t->last) t->last = s;
    }
    return true;
}

/* ---- the last line: POSIX's TZ ---- */

static bool skip_name(const char **p) {
    const char *s = *p;
    if (*s == '<') {
        while (*s && *s != '>') s++;
        if (*s++ != '>') return false;
    } else {
        while (isalpha((unsigned char)*s)) s++;
    }
    bool some = s - *p >= 3;
    *p = s;
    return some;
}

static bool read_int(const char **p, int most, int *out) {
    const char *s = *p;
    for (*out = 0; isdigit((unsigned char)**p) && *p - s < 4; ++*p) *out = *out * 10 + (**p - '0');
    return *p > s && *out <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool read_clock(const char **p, int hours_most, int32_t *out) {
    int v[3] = {0}, sign = **p == '-' ? -1 : 1;
    if (**p == '-' || **p == '+') ++*p;
    for (int i = 0; i < 3; i++) {
        if (i && **p != ':') break;
        if (i) ++*p;
        if (!read_int(p, i ? 59 : hours_most, &v[i])) return false;
    }
    *out = sign * (v[0] * 3600 + v[1] * 60 + v[2]);
    return true;
}

static bool read_day(const char **p, weir_zone_day *d) {
    if (**p != ',') return false;
    ++*p;
    d->kind = isdigit((unsigned char)**p) ? '0' : **p;
    d->seconds = 7200;
    if (d->kind != '0') ++*p;
    if (d->kind == 'M') {
        if (!read_int(p, 12, &d->month) || *(*p)++ != '.' || !read_int(p, 5, &d->week) ||
            *(*p)++ != '.' || !read_int(p, 6, &d->day) || d->month < 1 || d->week < 1)
            return false;
    } else if (!strchr("J0", d->kind) || !read_int(p, 365, &d->day)) {
        return false;
    }
    if (**p != '/') return true;
    ++*p;
    return read_clock(p, 167, &d->seconds);
}

/* An empty line: what holds last holds for ever. */
static bool read_footer(weir_arena *a, const tzif *t, weir_zone_rules *z) {
    const uint8_t *s = t->p + block_size(t, t->width), *nl;
    int32_t west;
    if (t->width == 4 || s == t->end) return true;
    if (*s++ != '\n' || !(nl = memchr(s, '\n', (size_t)(t->end - s)))) return false;
    const char *p = weir_strndup(a, (const char *)s, (size_t)(nl - s));
    if (!*p) return true;
    if (!skip_name(&p) || !read_clock(&p, 24, &west)) return false;
    z->standard_off = -west;
    if (!*p) return true;
    z->daylight_off = z->standard_off + 3600;
    if (!skip_name(&p)) return false;
    if (*p && *p != ',') {
        if (!read_clock(&p, 24, &west)) return false;
        z->daylight_off = -west;
    }
    if (!read_day(&p, &z->begin) || !read_day(&p, &z->end) || *p) return false;
    z->negative = z->daylight_off < z->standard_off;
    return z->repeats = true;
}

static int64_t day_of_year(const weir_zone_day *d, int64_t year) {
    if (d->kind == 'J')
        return weir_civil_days(year, 1, 1) + d->day - 1 + (d->day > 59 && weir_is_leap(year));
    if (d->kind == '0') return weir_civil_days(year, 1, 1) + d->day;
    int64_t first = weir_civil_days(year, d->month, 1);
    int64_t day = first + weir_floor_mod(d->day - (first + 4), 7) + 7 * (d->week - 1);
    return day - first >= weir_month_days(year, d->month) ? day - 7 : day;
}

void weir_zoneinfo_year(const weir_zone_rules *z, int64_t year, int64_t at[2]) {
    at[0] = day_of_year(&z->begin, year) * 86400 + z->begin.seconds - z->standard_off;
    at[1] = day_of_year(&z->end, year) * 86400 + z->end.seconds - z->daylight_off;
}

static void expand(weir_zone_rules *z, int64_t last) {
    int64_t year;
    int month, day;
    weir_civil(weir_floor_div(last, 86400), &year, &month, &day);
    for (; year < EXPANDED_YEAR; year++) {
        int64_t at[2];
        weir_zoneinfo_year(z, year, at);
        int first = at[0] > at[1];
        for (int k = 0; k < 2; k++) {
            int which = k ^ first;
            if (at[which] > last)
                add_transition(z, at[which], which ? z->standard_off : z->daylight_off, !which);
        }
    }
}

/* Ireland and Morocco count their winter or Ramadan as daylight saving of minus an hour. JAVA reads
 * them the other way round: the larger offset is daylight saving. */
static void turn_negative(weir_zone_rules *z) {
    for (int i = 1; i < z->n; i++) {
        if (!z->daylight[i] || z->daylight[i - 1] || z->off[i] >= z->off[i - 1]) continue;
        bool turned = i + 1 < z->n && !z->daylight[i + 1] && z->off[i + 1] == z->off[i - 1];
        if (!turned && i + 1 < z->n) continue;
        z->daylight[i] = false;
        z->daylight[i - 1] = true;
        if (i + 1 < z->n && (i + 2 >= z->n || !z->daylight[i + 2])) z->daylight[i + 1] = true;
    }
}

bool weir_zoneinfo_parse(weir_arena *a, const uint8_t *p, size_t n, weir_zone_rules *out) {
    tzif t = {0};
    *out = (weir_zone_rules){0};
    if (!find_block(p, n, &t) || t.end - t.p < block_size(&t, t.width) ||
        !read_block(a, &t, out) || !read_footer(a, &t, out))
        return false;
    if (out->repeats) expand(out, t.last);
    turn_negative(out);
    return true;
}

/* ---- folders ---- */

static char folder[PATH_MAX]; /* written once, by choose_folder */
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static bool read_file(weir_arena *a, const char *path, size_t most, uint8_t **out, size_t *n) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t k = 1;
    if (fd < 0) return false;
    *out = weir_alloc(a, most);
    for (*n = 0; *n < most && (k = read(fd, *out + *n, most - *n)) > 0;) *n += (size_t)k;
    close(fd);
    return k >= 0;
}

/* Keeps the folder if its version ("# version 2025b") is higher than what was best so far; one that
 * names none is taken when there is nothing else. */
static void consider(weir_arena *a, const char *path, char best[16]) {
    char version[16] = "0";
    uint8_t *text;
    size_t n;
    if (access(weir_printf(a, "%s/Europe/London", path), R_OK) != 0 || strlen(path) >= PATH_MAX)
        return;
    if (read_file(a, weir_printf(a, "%s/tzdata.zi", path), 40, &text, &n) && n > 10 &&
        memcmp(text, "# version ", 10) == 0)
        for (size_t i = 0; i + 1 < sizeof version && 10 + i < n && text[10 + i] > ' '; i++)
            version[i] = (char)text[10 + i], version[i + 1] = 0;
    if (*best && strcmp(version, best) <= 0) return;
    memcpy(best, version, sizeof version);
    memcpy(folder, path, strlen(path) + 1);
}

static void consider_beside(weir_arena *a, char best[16]) {
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    glob_t g;
    while (n > 0 && exe[n - 1] != '/') n--;
    if (n <= 0) return;
    const char *pattern = weir_printf(
        a, "%.*s../.venv/lib/python3*/site-packages/tzdata/zoneinfo", (int)n, exe);
    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++) consider(a, g.gl_pathv[i], best);
    globfree(&g);
}

static void choose_folder(void) {
    static const char *const systems[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                          "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};
    weir_arena *a = weir_arena_new(NULL);
    const char *only = getenv("TZDIR"), *p = getenv("PYTHONTZPATH");
    char best[16] = "";
    if (only && *only) {
        consider(a, only, best);
        weir_arena_free(a);
        return;
    }
    for (int i = 0; i < WEIR_COUNT(systems); i++) consider(a, systems[i], best);
    for (; p && *p; p += *p == ':') {
        size_t n = strcspn(p, ":");
        if (n && *p == '/') consider(a, weir_strndup(a, p, n), best);
        p += n;
    }
    consider_beside(a, best);
    weir_arena_free(a);
}

/* JAVA ZoneRegion.checkName, and what its database leaves out. */
static bool region_name(const char *id, size_t n) {
    static const char *const others[] = {"localtime", "posixrules", "Factory", "ROC"};
    if (n < 2 || n > 64 || !isalpha((unsigned char)*id)) return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)id[i]) && !memchr("/~._+-", id[i], 6)) return false;
    for (size_t i = 0; i + 1 < n; i++)
        if (id[i] == '.' && id[i + 1] == '.') return false;
    for (int i = 0; i < WEIR_COUNT(others); i++)
        if (strlen(others[i]) == n && memcmp(others[i], id, n) == 0) return false;
    return !(n > 6 && memcmp(id, "posix/", 6) == 0) && !(n > 6 && memcmp(id, "right/", 6) == 0);
}

bool weir_zoneinfo_read(weir_arena *a, const char *id, size_t n, weir_zone_rules *out) {
    uint8_t *p;
    size_t size;
    pthread_once(&chosen, choose_folder);
    if (!*folder || !region_name(id, n)) return false;
    weir_arena *scratch = weir_arena_new(NULL);
    const char *path = weir_printf(scratch, "%s/%.*s", folder, (int)n, id);
    bool good =
        read_file(scratch, path, FILE_MAX, &p, &size) && weir_zoneinfo_parse(a, p, size, out);
    weir_arena_free(scratch);
    return good;
}
