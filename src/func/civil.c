/* The calendar and the text forms of dates and timestamps that casts accept and make. Called by
 * casts, date functions, readers and the SQL parser; any thread. */
#include "func/datetime.h"

#include <stdio.h>
#include <string.h>

int64_t weir_civil_days(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = weir_floor_div(y, 400), yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void weir_civil(int64_t days, int64_t *year, int *month, int *day) {
    days += 719468;
    int64_t era = weir_floor_div(days, 146097), doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

enum { CALENDAR_SWITCH = -141427 }; /* 1582-10-15, the day after Julian 1582-10-04 */

int64_t weir_julian_days(int64_t days) {
    if (days >= CALENDAR_SWITCH) return days;
    /* from -4800-03-01 on, so that leap days end their years */
    int64_t n = days + 2440588 + 32082, year = weir_floor_div(4 * n + 3, 1461);
    int64_t day = n - weir_floor_div(1461 * year, 4), month = (5 * day + 2) / 153;
    return weir_civil_days(year - 4800 + month / 10, (int)(month + 3 - 12 * (month / 10)),
                           (int)(day - (153 * month + 2) / 5 + 1));
}

int64_t weir_days_to_julian(int64_t days) {
    int64_t year;
    int month, day;
    if (days >= CALENDAR_SWITCH - 10) return days > CALENDAR_SWITCH ? days : CALENDAR_SWITCH;
    weir_civil(days, &year, &month, &day);
    if (month < 3) year--, month += 12; /* leap days end their years */
    return year * 365 + weir_floor_div(year, 4) + (153 * (month - 3) + 2) / 5 + day - 719471;
}

bool weir_is_leap(int64_t y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

int weir_month_days(int64_t y, int m) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && weir_is_leap(y) ? 29 : days[m - 1];
}

/* SPARK UTF8String.trimAll: white space and control characters */
static bool blank(char c) { return (unsigned char)c <= ' ' || c == 0x7f; }

static void trim(const char **p, int64_t *n) {
    while (*n > 0 && blank(**p)) ++*p, --*n;
    while (*n > 0 && blank((*p)[*n - 1])) --*n;
}

bool weir_date_parse(const char *p, int64_t n, int32_t *out) {
    int64_t seg[3] = {1, 1, 1}, value = 0, j = 0;
    int i = 0, digits = 0, sign = 1;
    trim(&p, &n);
    if (n == 0) return false;
    if (p[0] == '-' || p[0] == '+') sign = p[j++] == '-' ? -1 : 1;
    for (; j < n && !(i == 2 && (p[j] == ' ' || p[j] == 'T')); j++) {
        if (p[j] >= '0' && p[j] <= '9') {
            if (++digits > 7) return false;
            value = value * 10 + (p[j] - '0');
        } else if (i < 2 && p[j] == '-') {
            if (i == 0 ? digits < 4 || digits > 7 : digits < 1 || digits > 2) return false;
            seg[i++] = value;
            value = digits = 0;
        } else {
            return false;
        }
    }
    if (i == 0 ? digits < 4 || digits > 7 : digits < 1 || digits > 2) return false;
    if (i < 2 && j < n) return false;
    seg[i] = value;
    if (seg[1] < 1 || seg[1] > 12 || seg[2] < 1) return false;
    int64_t y = seg[0] * sign;
    if (seg[2] > weir_month_days(y, (int)seg[1])) return false;
    int64_t d = weir_civil_days(y, (int)seg[1], (int)seg[2]);
    if (d < INT32_MIN || d > INT32_MAX) return false;
    *out = (int32_t)d;
    return true;
}

/* The parts of a timestamp text. SPARK DateTimeUtils.parseTimestampString: segments year .. second,
 * 6 = micros */
typedef struct parts {
    int64_t seg[9];
    const char *zone;
    int64_t nzone;
    bool just_time, has_zone;
} parts;

static bool valid_digits(int seg, int digits) {
    if (seg == 6) return true;
    if (seg == 0) return digits >= 4 && digits <= 6;
    if (seg == 7) return digits <= 2;
    return digits > 0 && digits <= 2;
}

typedef struct cursor {
    int i, digits, fraction;
    int64_t value, j;
} cursor;

static bool close_segment(parts *t, cursor *c, int seg, int next) {
    if (!valid_digits(seg, c->digits)) return false;
    t->seg[seg] = c->value;
    c->value = c->digits = 0;
    c->i = next;
    return true;
}

static bool separator(parts *t, cursor *c, const char *p, int64_t n, bool signed_year) {
    char b = p[c->j];
    if (c->j == 0 && b == 'T') {
        t->just_time = true;
        c->i = 3;
        return true;
    }
    if (c->i < 2) {
        if (b == '-') return close_segment(t, c, c->i, c->i + 1);
        if (c->i != 0 || b != ':' || signed_year) return false;
        t->just_time = true;
        return close_segment(t, c, 3, 4);
    }
    if (c->i == 2) return (b == ' ' || b == 'T') && close_segment(t, c, 2, 3);
    if (c->i < 5) return b == ':' && close_segment(t, c, c->i, c->i + 1);
    if (c->i > 6) return false;
    if (b == '.' && c->i == 5) return close_segment(t, c, 5, 6);
    if (!close_segment(t, c, c->i, 7)) return false;
    t->zone = p + c->j;
    t->nzone = n - c->j;
    t->has_zone = true;
    c->j = n - 1;
    return true;
}

static bool split(const char *p, int64_t n, parts *t) {
    cursor c = {0};
    *t = (parts){.seg = {1, 1, 1}};
    trim(&p, &n);
    if (n == 0) return false;
    int sign = 0;
    if (p[0] == '-' || p[0] == '+') sign = p[c.j++] == '-' ? -1 : 1;
    for (; c.j < n; c.j++) {
        if (p[c.j] < '0' || p[c.j] > '9') {
            if (!separator(t, &c, p, n, sign != 0)) return false;
            continue;
        }
        if (c.i == 6) c.fraction++;
        if (c.i == 6 ? c.digits < 6 : c.digits < 9) c.value = c.value * 10 + (p[c.j] - '0');
        c.digits++;
    }
    if (!valid_digits(c.i, c.digits)) return false;
    t->seg[c.i] = c.value;
    for (; c.fraction < 6; c.fraction++) t->seg[6] *= 10;
    if (sign < 0) t->seg[0] = -t->seg[0];
    return true;
}

static bool local_of(const parts *t, int64_t *us) {
    const int64_t *s = t->seg;
    if (s[1] < 1 || s[1] > 12 || s[2] < 1 || s[3] > 23 || s[4] > 59 || s[5] > 59) return false;
    if (s[2] > weir_month_days(s[0], (int)s[1])) return false;
    int64_t days = weir_civil_days(s[0], (int)s[1], (int)s[2]);
    int64_t in_day = ((s[3] * 60 + s[4]) * 60 + s[5]) * 1000000 + s[6], whole;
    if (__builtin_mul_overflow(days, WEIR_DAY_US, &whole)) return false;
    return !__builtin_add_overflow(whole, in_day, us);
}

static inline int two_digits(const char *p) {
    unsigned a = (unsigned)(p[0] - '0'), b = (unsigned)(p[1] - '0');
    return a > 9 || b > 9 ? -1000 : (int)(a * 10 + b);
}

/* The form machines write, "2026-01-01T00:00:00.123Z", without the general scan: most timestamps
 * of a stream look so. False: not of that form, or out of range. */
static bool common_form(const char *p, int64_t n, bool *utc, int64_t *local_us) {
    static const int32_t scale[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    if (n < 19 || p[4] != '-' || p[7] != '-' || (p[10] != 'T' && p[10] != ' ') || p[13] != ':' ||
        p[16] != ':')
        return false;
    int y = two_digits(p) * 100 + two_digits(p + 2), mo = two_digits(p + 5), d = two_digits(p + 8),
        h = two_digits(p + 11), mi = two_digits(p + 14), sec = two_digits(p + 17), k = 0, frac = 0;
    if (y < 0 || mo < 1 || mo > 12 || d < 1 || (d > 28 && d > weir_month_days(y, mo)) || h < 0 ||
        h > 23 || mi < 0 || mi > 59 || sec < 0 || sec > 59)
        return false;
    const char *q = p + 19, *end = p + n;
    if (q < end && *q == '.') {
        for (q++; q < end && *q >= '0' && *q <= '9' && k < 6; q++, k++) frac = frac * 10 + *q - '0';
        if (k == 0) return false;
    }
    *utc = q < end && *q == 'Z';
    if (q + *utc != end) return false;
    *local_us = weir_civil_days(y, mo, d) * WEIR_DAY_US + ((h * 60 + mi) * 60 + sec) * 1000000LL +
                (int64_t)frac * scale[k];
    return true;
}

bool weir_timestamp_parse(const char *p, int64_t n, const weir_zone *zone, int64_t *us) {
    parts t;
    bool utc;
    if (common_form(p, n, &utc, us)) {
        if (!utc) *us = weir_zone_to_utc(zone, *us);
        return true;
    }
    if (!split(p, n, &t)) return false;
    if (t.has_zone) {
        const char *z = t.zone;
        int64_t k = t.nzone;
        trim(&z, &k);
        zone = weir_zone_find(z, (size_t)k);
        if (!zone) return false;
    }
    if (t.just_time) { /* today's date would be needed: Spark takes the current date of the zone */
        int64_t y;
        int m, d;
        int64_t now = weir_now_us(weir_env_real());
        weir_civil(weir_floor_div(weir_zone_local(zone, now), WEIR_DAY_US), &y, &m, &d);
        t.seg[0] = y;
        t.seg[1] = m;
        t.seg[2] = d;
    }
    int64_t local;
    if (!local_of(&t, &local)) return false;
    *us = weir_zone_to_utc(zone, local);
    return true;
}

bool weir_timestamp_ntz_parse(const char *p, int64_t n, bool allow_zone, int64_t *us) {
    parts t;
    if (!split(p, n, &t) || t.just_time || (t.has_zone && !allow_zone)) return false;
    if (t.has_zone) {
        const char *z = t.zone;
        int64_t k = t.nzone;
        trim(&z, &k);
        if (!weir_zone_find(z, (size_t)k)) return false;
    }
    return local_of(&t, us);
}

bool weir_time_parse(const char *p, int64_t n, int64_t *us) {
    parts t;
    if (!split(p, n, &t) || !t.just_time || t.has_zone) return false;
    t.seg[0] = 1970;
    return local_of(&t, us);
}

static int year_text(int64_t y, char *out, size_t max) {
    if (y > 9999) return snprintf(out, max, "+%lld", (long long)y);
    if (y < 0) return snprintf(out, max, "-%04lld", (long long)-y);
    out[0] = (char)('0' + y / 1000);
    out[1] = (char)('0' + y / 100 % 10);
    out[2] = (char)('0' + y / 10 % 10);
    out[3] = (char)('0' + y % 10);
    return 4;
}

static void two(char *p, int v) {
    p[0] = (char)('0' + v / 10);
    p[1] = (char)('0' + v % 10);
}

int weir_date_text(int32_t days, char out[WEIR_TIME_TEXT]) {
    int64_t y;
    int m, d, k;
    weir_civil(days, &y, &m, &d);
    k = year_text(y, out, WEIR_TIME_TEXT - 8);
    out[k] = out[k + 3] = '-';
    two(out + k + 1, m);
    two(out + k + 4, d);
    out[k + 6] = 0;
    return k + 6;
}

int weir_time_text(int64_t us, char out[WEIR_TIME_TEXT]) {
    int sec = (int)(us / 1000000), frac = (int)(us % 1000000), k = 8;
    two(out, sec / 3600);
    two(out + 3, sec / 60 % 60);
    two(out + 6, sec % 60);
    out[2] = out[5] = ':';
    if (frac) {
        out[k++] = '.';
        for (int div = 100000; frac; div /= 10) {
            out[k++] = (char)('0' + frac / div);
            frac %= div;
        }
    }
    out[k] = 0;
    return k;
}

int weir_ntz_text(int64_t us, char out[WEIR_TIME_TEXT]) {
    int64_t days = weir_floor_div(us, WEIR_DAY_US);
    int k = weir_date_text((int32_t)days, out);
    out[k++] = ' ';
    return k + weir_time_text(us - days * WEIR_DAY_US, out + k);
}

int weir_timestamp_text(int64_t us, const weir_zone *zone, char out[WEIR_TIME_TEXT]) {
    return weir_ntz_text(weir_zone_local(zone, us), out);
}

int64_t weir_days_add_months(int64_t days, int64_t months) {
    int64_t y, total;
    int m, d, last;
    weir_civil(days, &y, &m, &d);
    total = y * 12 + m - 1 + months;
    y = weir_floor_div(total, 12);
    m = (int)weir_floor_mod(total, 12) + 1;
    last = weir_month_days(y, m);
    return weir_civil_days(y, m, d < last ? d : last);
}

/* JAVA ZonedDateTime.plusMonths, plusDays: each ends at a wall clock that there is. */
static bool move_days(int64_t *us, const weir_zone *zone, int64_t months, int64_t days) {
    int64_t local = weir_zone_local(zone, *us), off = (local - *us) / 1000000,
            day = weir_floor_div(local, WEIR_DAY_US), rest = local - day * WEIR_DAY_US;
    if (months) day = weir_days_add_months(day, months);
    if (__builtin_mul_overflow(day + days, WEIR_DAY_US, &local) ||
        __builtin_add_overflow(local, rest, &local))
        return false;
    *us = weir_zone_to_utc_near(zone, local, (int32_t)off);
    return true;
}

bool weir_timestamp_add(int64_t us, const weir_zone *zone, int64_t months, int64_t days,
                        int64_t micros, int64_t *out) {
    if (months && !move_days(&us, zone, months, 0)) return false;
    if (days && !move_days(&us, zone, 0, days)) return false;
    return !__builtin_add_overflow(us, micros, out);
}
