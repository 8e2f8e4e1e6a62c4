/* Datetime patterns: compiled once, then used by to_timestamp, date_format, the JSON and CSV
 * readers. SPARK DateTimeFormatterHelper, java.time.format.DateTimeFormatterBuilder (strict
 * resolving, English texts). Any thread. */
#include "func/datetime.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

typedef struct item {
    char letter; /* 0 = literal text, '[' and ']' = optional section */
    int count;
    const char *text;
    int close;   /* '[': index of its ']' */
    int reserve; /* digits that fixed-width fields right after this one take */
} item;
struct weir_pattern {
    int n;
    item *it;
    bool era, zone_name, parsing;
};

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                   "Friday", "Saturday", "Sunday"};

/* Whether java's SimpleDateFormat would take it. */
static bool legacy_takes(const char *p, size_t n) {
    bool quoted = false;
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && p[k] == p[i];) k++;
        if (p[i] == '\'' && (k - i) % 2) quoted = !quoted;
        if (quoted || !isalpha((unsigned char)p[i])) continue;
        if (!strchr("GyMLdkHmsSEDFwWahKzZYuX", p[i]) || (p[i] == 'X' && k - i > 3)) return false;
    }
    return !quoted;
}

/* SPARK checkLegacyFormatter: what was right before Spark 3 is told apart. c: the letter that has
 * no meaning, or 0. */
static weir_rc bad_pattern(weir_ctx *ctx, char c, const char *p, size_t n) {
    const char *shown = weir_printf(ctx->arena, "'%.*s'", (int)n, p),
               *docroot = "https://spark.apache.org/docs/latest";
    if (legacy_takes(p, n))
        return weir_fail(ctx, WEIR_E_DATETIME_PATTERN_RECOGNITION, "pattern", shown, "config",
                         "\"spark.sql.legacy.timeParserPolicy\"", "docroot", docroot);
    if (c)
        return weir_fail(ctx, WEIR_E_INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER, "c",
                         weir_printf(ctx->arena, "'%c'", c), "pattern", shown);
    return weir_fail(ctx, WEIR_E_INVALID_DATETIME_PATTERN_WITH_SUGGESTION, "pattern", shown,
                     "docroot", docroot);
}

/* SPARK convertIncompatiblePattern: what it refuses before java sees it. */
static weir_rc check_pattern(weir_ctx *ctx, const char *p, size_t n, bool parsing) {
    static const char *const others[] = {"YWwuecABnNp", "YWwuecABnNpEFqQ"};
    bool quoted = false, legacy = legacy_takes(p, n);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && p[k] == p[i];) k++;
        if (p[i] == '\'' && (k - i) % 2) quoted = !quoted;
        if (quoted || !isalpha((unsigned char)p[i])) continue;
        if (strchr(others[parsing], p[i])) return bad_pattern(ctx, p[i], p, n);
        size_t most = strchr("GMLEQq", p[i]) ? 4 : p[i] == 'y' ? 10 : n;
        if (k - i > most && !legacy)
            return weir_fail(ctx, WEIR_E_INVALID_DATETIME_PATTERN_LENGTH, "pattern",
                             weir_printf(ctx->arena, "%.*s", (int)most + 1, p + i));
    }
    return WEIR_OK;
}

/* JAVA DateTimeFormatterBuilder.parseField; SPARK DateTimeFormatterHelper takes no narrow forms and
 * no year of more than ten. */
static bool bad_count(char c, int n) {
    switch (c) {
    case 'y': return n > 10;
    case 'S': return n > 9;
    case 'd':
    case 'H':
    case 'h':
    case 'K':
    case 'k':
    case 'm':
    case 's': return n > 2;
    case 'D': return n > 3;
    case 'a':
    case 'F': return n > 1;
    case 'V': return n != 2;
    case 'O': return n != 1 && n != 4;
    case 'M':
    case 'L':
    case 'E':
    case 'Q':
    case 'q':
    case 'z':
    case 'G': return n > 4;
    default: return n > 5;
    }
}

/* Digits a field always takes; 0 = variable or text. */
static int fixed_width(const item *it) {
    if (it->count == 2 && strchr("MLdHhKkmsy", it->letter)) return 2;
    return it->letter == 'D' && it->count == 3 ? 3 : 0;
}

static bool numeric(const item *it) {
    return it->letter &&
           (strchr("ydHhKkmsD", it->letter) || (strchr("MLQq", it->letter) && it->count < 3));
}

static void find_reserves(weir_pattern *w) {
    for (int i = w->n - 2; i >= 0; i--) {
        const item *next = &w->it[i + 1];
        if (!numeric(&w->it[i]) || !numeric(next) || !fixed_width(next)) continue;
        w->it[i].reserve = fixed_width(next) + next->reserve;
    }
}

static weir_rc add_quoted(weir_ctx *ctx, weir_pattern *w, const char *p, size_t n, size_t *at) {
    size_t i = *at + 1, k = 0;
    char *t = weir_alloc(ctx->arena, n + 1);
    if (i < n && p[i] == '\'') {
        t[k++] = '\'';
    } else {
        for (; i < n && (p[i] != '\'' || (i + 1 < n && p[i + 1] == '\'')); i++) {
            t[k++] = p[i];
            if (p[i] == '\'') i++;
        }
        if (i >= n) return bad_pattern(ctx, 0, p, n);
    }
    w->it[w->n++] = (item){.count = (int)k, .text = t};
    *at = i + 1;
    return WEIR_OK;
}

weir_rc weir_pattern_compile(weir_ctx *ctx, const char *p, size_t n, bool parsing,
                             weir_pattern **out) {
    weir_pattern *w = WEIR_NEW(ctx->arena, weir_pattern);
    int *open = WEIR_NEWN(ctx->arena, int, n + 1), depth = 0;
    w->it = WEIR_NEWN(ctx->arena, item, n + 1);
    w->parsing = parsing;
    WEIR_TRY(check_pattern(ctx, p, n, parsing));
    for (size_t i = 0; i < n;) {
        char c = p[i];
        size_t k = i;
        while (k < n && p[k] == c) k++;
        if (c == '\'') {
            WEIR_TRY(add_quoted(ctx, w, p, n, &i));
            continue;
        }
        if (isalpha((unsigned char)c)) {
            if (!strchr("GyMLdDEFaHhKkmsSVzOXxZQq", c)) return bad_pattern(ctx, 0, p, n);
            if (bad_count(c, (int)(k - i))) return bad_pattern(ctx, 0, p, n);
            w->it[w->n++] = (item){.letter = c, .count = (int)(k - i)};
            w->era |= c == 'G';
            w->zone_name |= c == 'z';
            i = k;
            continue;
        }
        if (c == '{' || c == '}' || c == '#') return bad_pattern(ctx, 0, p, n);
        if (c == '[') open[depth++] = w->n;
        if (c == ']') {
            if (depth == 0) return bad_pattern(ctx, 0, p, n);
            w->it[open[--depth]].close = w->n;
        }
        w->it[w->n++] = c == '[' || c == ']'
                            ? (item){.letter = c}
                            : (item){.count = 1, .text = weir_strndup(ctx->arena, p + i, 1)};
        i++;
    }
    while (depth) w->it[open[--depth]].close = w->n;
    find_reserves(w);
    *out = w;
    return WEIR_OK;
}

/* ---- parsing ---- */

typedef struct fields {
    int64_t year;
    int month, day, yday, hour, hour12, ampm, minute, second, us;
    bool bc, has_hour, has_zone;
    const weir_zone *zone;
} fields;
typedef struct cur {
    const char *p, *end;
} cur;

static bool read_digits(cur *c, int least, int most, int64_t *v) {
    int k = 0;
    for (*v = 0; k < most && c->p < c->end && *c->p >= '0' && *c->p <= '9'; k++)
        *v = *v * 10 + (*c->p++ - '0');
    return k >= least;
}

/* A number of a variable field leaves the digits that the fixed fields after it need. */
static bool read_number(cur *c, const item *it, int64_t *v) {
    int run = 0, fixed = fixed_width(it);
    while (c->p + run < c->end && c->p[run] >= '0' && c->p[run] <= '9' && run < 19) run++;
    if (fixed) return read_digits(c, fixed, fixed, v);
    int least = it->count, most = run - it->reserve;
    if (most > 18) return false;
    if (it->letter == 'D' && most > 3) most = 3;
    return most >= least && read_digits(c, least, most, v);
}

static bool read_year(cur *c, const item *it, int64_t *v) {
    char sign = 0;
    if (it->count == 2) {
        if (!read_digits(c, 2, 2, v)) return false;
        *v += 2000;
        return true;
    }
    if (c->p < c->end && (*c->p == '-' || (*c->p == '+' && it->count >= 4))) sign = *c->p++;
    const char *start = c->p;
    if (!read_number(c, it, v)) return false;
    long width = c->p - start;
    if (it->count >= 4 && sign != '-' && (sign == '+') != (width > it->count))
        return false; /* SignStyle.EXCEEDS_PAD */
    if (sign == '-') *v = -*v;
    return width <= 9;
}

static bool read_word(cur *c, const char *const *words, int n, int cut, int *index) {
    for (int i = 0; i < n; i++) {
        size_t k = cut ? (size_t)cut : strlen(words[i]);
        if ((size_t)(c->end - c->p) < k || strncasecmp(c->p, words[i], k) != 0) continue;
        c->p += k;
        *index = i;
        return true;
    }
    return false;
}

static bool read_zone(cur *c, const item *it, fields *f) {
    f->zone = weir_zone_read(&c->p, c->end, it->letter == 'z', it->count == 4);
    return f->has_zone = f->zone != NULL;
}

static bool take_text(cur *c, const char *text) {
    size_t n = strlen(text);
    if ((size_t)(c->end - c->p) < n || strncasecmp(c->p, text, n) != 0) return false;
    c->p += n;
    return true;
}

static bool read_offset_part(cur *c, bool colon, int64_t *v) {
    cur part = *c;
    if ((colon && !take_text(&part, ":")) || !read_digits(&part, 2, 2, v) || *v > 59) {
        *v = 0;
        return false;
    }
    *c = part;
    return true;
}

/* JAVA OffsetIdPrinterParser, strict. */
static bool read_offset(cur *c, const item *it, fields *f) {
    bool colon = it->letter == 'Z' ? it->count == 5 : it->count == 3 || it->count == 5;
    bool zulu = it->letter == 'X' || (it->letter == 'Z' && it->count == 5);
    const char *zero = zulu                                 ? "Z"
                       : it->letter == 'x' && it->count == 1 ? "+00"
                       : colon                              ? "+00:00"
                                                            : "+0000";
    int64_t h, m = 0, s = 0;
    f->has_zone = true;
    f->zone = weir_zone_utc();
    if (take_text(c, zero)) return true;
    if (c->p >= c->end || (*c->p != '+' && *c->p != '-')) return false;
    int sign = *c->p++ == '-' ? -1 : 1;
    if (!read_offset_part(c, false, &h)) return false;
    bool minutes = read_offset_part(c, colon, &m);
    if (!minutes && (it->letter == 'Z' || it->count > 1)) return false;
    if (minutes && it->count >= 4) read_offset_part(c, colon, &s);
    int64_t off = h * 3600 + m * 60 + s;
    if (off > 18 * 3600) return false;
    f->zone = weir_zone_fixed("", sign * (int32_t)off);
    return true;
}

/* "GMT", then +h[h][:mm[:ss]], or in full +hh:mm[:ss]. JAVA LocalizedOffsetIdPrinterParser */
static bool read_gmt_offset(cur *c, bool full, fields *f) {
    int64_t v[3] = {0};
    if (c->end - c->p < 3 || strncasecmp(c->p, "GMT", 3) != 0) return false;
    c->p += 3;
    f->has_zone = true;
    f->zone = weir_zone_utc();
    if (c->p == c->end || (*c->p != '+' && *c->p != '-')) return true;
    int sign = *c->p++ == '-' ? -1 : 1;
    if (!read_digits(c, full ? 2 : 1, 2, &v[0])) return false;
    for (int k = 1; k < 3; k++) {
        bool wanted = full && k == 1;
        cur part = {c->p + 1, c->end};
        if (c->p == c->end || *c->p != ':' || !read_digits(&part, 2, 2, &v[k])) {
            if (wanted) return false;
            v[k] = 0;
            break;
        }
        c->p = part.p;
    }
    int64_t off = v[0] * 3600 + v[1] * 60 + v[2];
    if (v[1] > 59 || v[2] > 59 || off > 18 * 3600) return false;
    f->zone = weir_zone_fixed("", sign * (int32_t)off);
    return true;
}

static bool set_number(fields *f, char letter, int64_t v) {
    switch (letter) {
    case 'M':
    case 'L': f->month = (int)v; return v >= 1 && v <= 12;
    case 'd': f->day = (int)v; return v >= 1 && v <= 31;
    case 'D': f->yday = (int)v; return v >= 1 && v <= 366;
    case 'H':
        f->hour = (int)v;
        f->has_hour = true;
        return v <= 23;
    case 'k':
        f->hour = (int)v % 24;
        f->has_hour = true;
        return v >= 1 && v <= 24;
    case 'h': f->hour12 = (int)v % 12; return v >= 1 && v <= 12;
    case 'K': f->hour12 = (int)v; return v <= 11;
    case 'm': f->minute = (int)v; return v <= 59;
    default: f->second = (int)v; return v <= 59;
    }
}

static bool read_fraction(cur *c, int most, fields *f) {
    const char *s = c->p;
    int64_t v, unit = 100000;
    if (!read_digits(c, 1, most, &v)) return false;
    for (f->us = 0; s < c->p; s++, unit /= 10) f->us += (int)((*s - '0') * unit);
    return true;
}

static bool read_item(cur *c, const item *it, fields *f) {
    static const char *const halves[] = {"AM", "PM"}, *const eras[] = {"BC", "AD"};
    int k;
    int64_t v;
    switch (it->letter) {
    case 0:
        if (c->end - c->p < it->count || strncasecmp(c->p, it->text, (size_t)it->count) != 0)
            return false;
        c->p += it->count;
        return true;
    case 'y': return read_year(c, it, &f->year);
    case 'S': return read_fraction(c, it->count, f);
    case 'a': return read_word(c, halves, 2, 0, &f->ampm);
    case 'G':
        if (!read_word(c, eras, 2, 0, &k)) return false;
        f->bc = k == 0;
        return true;
    case 'z':
    case 'V': return read_zone(c, it, f);
    case 'O': return read_gmt_offset(c, it->count == 4, f);
    case 'X':
    case 'x': return read_offset(c, it, f);
    case 'Z': return it->count == 4 ? read_gmt_offset(c, true, f) : read_offset(c, it, f);
    default: break;
    }
    if ((it->letter == 'M' || it->letter == 'L') && it->count >= 3) {
        if (!read_word(c, months, 12, it->count == 3 ? 3 : 0, &k)) return false;
        f->month = k + 1;
        return true;
    }
    return read_number(c, it, &v) && set_number(f, it->letter, v);
}

static bool read_items(const weir_pattern *w, int from, int to, cur *c, fields *f) {
    for (int i = from; i < to; i++) {
        const item *it = &w->it[i];
        if (it->letter == ']') continue;
        if (it->letter != '[') {
            if (!read_item(c, it, f)) return false;
            continue;
        }
        cur c2 = *c;
        fields f2 = *f;
        if (read_items(w, i + 1, it->close, &c2, &f2)) {
            *c = c2;
            *f = f2;
        }
        i = it->close;
    }
    return true;
}

bool weir_pattern_parse(const weir_pattern *w, const char *p, int64_t n, const weir_zone *zone,
                        int64_t *us) {
    fields f = {.year = 1970, .month = 1, .day = 1, .yday = -1, .zone = zone};
    cur c = {p, p + n};
    if (!read_items(w, 0, w->n, &c, &f) || c.p != c.end) return false;
    if (f.bc) f.year = 1 - f.year;
    if (f.yday > 0 ? f.yday > 365 + weir_is_leap(f.year) : f.day > weir_month_days(f.year, f.month))
        return false;
    int64_t day = f.yday > 0 ? weir_civil_days(f.year, 1, 1) + f.yday - 1
                             : weir_civil_days(f.year, f.month, f.day);
    int hour = f.has_hour ? f.hour : f.hour12 + 12 * f.ampm;
    int64_t local = ((int64_t)(hour * 60 + f.minute) * 60 + f.second) * 1000000 + f.us, whole;
    if (__builtin_mul_overflow(day, WEIR_DAY_US, &whole) ||
        __builtin_add_overflow(whole, local, &local))
        return false;
    *us = weir_zone_to_utc(f.zone, local);
    return true;
}

/* ---- formatting ---- */

typedef struct shown {
    int64_t year;
    int month, day, yday, wday, hour, minute, second, us, offset;
    bool daylight;
    const weir_zone *zone;
} shown;

static void put_year(const shown *s, const item *it, bool era, weir_str *out) {
    int64_t y = era && s->year <= 0 ? 1 - s->year : s->year;
    if (it->count == 2) {
        weir_str_printf(out, "%02d", (int)weir_floor_mod(y, 100));
        return;
    }
    if (it->count >= 4 && y > 9999 && it->count < 6) weir_str_putc(out, '+');
    if (y < 0) weir_str_putc(out, '-');
    weir_str_printf(out, "%0*lld", it->count, (long long)(y < 0 ? -y : y));
}

/* JAVA LocalizedOffsetIdPrinterParser: "GMT", "GMT+8", in full "GMT+08:00". */
static void put_gmt_offset(const shown *s, bool full, weir_str *out) {
    int o = s->offset < 0 ? -s->offset : s->offset, m = o / 60 % 60, sec = o % 60;
    weir_str_puts(out, "GMT");
    if (o == 0) return;
    weir_str_printf(out, full ? "%c%02d" : "%c%d", s->offset < 0 ? '-' : '+', o / 3600);
    if (full || m || sec) weir_str_printf(out, ":%02d", m);
    if (sec) weir_str_printf(out, ":%02d", sec);
}

/* JAVA OffsetIdPrinterParser: nothing but zeros is the text for zero, without a sign. */
static void put_offset(const shown *s, const item *it, weir_str *out) {
    int o = s->offset < 0 ? -s->offset : s->offset, h = o / 3600, m = o / 60 % 60, sec = o % 60;
    bool colon = it->letter == 'Z' ? it->count == 5 : it->count == 3 || it->count == 5;
    bool minutes = it->letter == 'Z' || it->count > 1 || m, seconds = it->count >= 4 && sec;
    const char *colon_text = colon ? ":" : "";
    if (h == 0 && !(minutes && m) && !seconds) {
        if (it->letter == 'X' || (it->letter == 'Z' && it->count == 5))
            weir_str_putc(out, 'Z');
        else
            weir_str_printf(out, "+00%s%s", minutes ? colon_text : "", minutes ? "00" : "");
        return;
    }
    weir_str_printf(out, "%c%02d", s->offset < 0 ? '-' : '+', h);
    if (minutes) weir_str_printf(out, "%s%02d", colon_text, m);
    if (seconds) weir_str_printf(out, "%s%02d", colon_text, sec);
}

static void put_text(const char *t, bool full, weir_str *out) {
    weir_str_add(out, t, full ? strlen(t) : 3);
}

static void put_item(const shown *s, const item *it, bool era, weir_str *out) {
    static const char *const quarters[] = {"1st quarter", "2nd quarter", "3rd quarter",
                                           "4th quarter"};
    char frac[16];
    switch (it->letter) {
    case 0: weir_str_add(out, it->text, (size_t)it->count); return;
    case 'y': put_year(s, it, era, out); return;
    case 'G':
        weir_str_puts(out, it->count == 4 ? (s->year > 0 ? "Anno Domini" : "Before Christ")
                           : s->year > 0  ? "AD"
                                          : "BC");
        return;
    case 'M':
    case 'L':
        if (it->count >= 3)
            put_text(months[s->month - 1], it->count == 4, out);
        else
            weir_str_printf(out, "%0*d", it->count, s->month);
        return;
    case 'E': put_text(days[s->wday], it->count == 4, out); return;
    case 'Q':
    case 'q':
        if (it->count == 4)
            weir_str_puts(out, quarters[(s->month - 1) / 3]);
        else if (it->count == 3)
            weir_str_printf(out, "Q%d", (s->month - 1) / 3 + 1);
        else
            weir_str_printf(out, "%0*d", it->count, (s->month - 1) / 3 + 1);
        return;
    case 'a': weir_str_puts(out, s->hour < 12 ? "AM" : "PM"); return;
    case 'd': weir_str_printf(out, "%0*d", it->count, s->day); return;
    case 'D': weir_str_printf(out, "%0*d", it->count, s->yday); return;
    case 'H': weir_str_printf(out, "%0*d", it->count, s->hour); return;
    case 'k': weir_str_printf(out, "%0*d", it->count, s->hour == 0 ? 24 : s->hour); return;
    case 'K': weir_str_printf(out, "%0*d", it->count, s->hour % 12); return;
    case 'h':
        weir_str_printf(out, "%0*d", it->count, s->hour % 12 == 0 ? 12 : s->hour % 12);
        return;
    case 'm': weir_str_printf(out, "%0*d", it->count, s->minute); return;
    case 's': weir_str_printf(out, "%0*d", it->count, s->second); return;
    case 'S':
        for (int i = 0, v = s->us, unit = 100000; i < 9; i++, unit /= 10) {
            frac[i] = (char)('0' + (unit ? v / unit : 0));
            if (unit) v %= unit;
        }
        weir_str_add(out, frac, (size_t)it->count);
        return;
    case 'V': weir_str_puts(out, weir_zone_id(s->zone)); return;
    case 'z': weir_str_puts(out, weir_zone_name(s->zone, s->daylight, it->count == 4)); return;
    case 'O': put_gmt_offset(s, it->count == 4, out); return;
    case 'F': weir_str_printf(out, "%d", (s->day - 1) % 7 + 1); return;
    case 'X':
    case 'x':
    case 'Z':
        if (it->letter == 'Z' && it->count == 4)
            put_gmt_offset(s, true, out);
        else
            put_offset(s, it, out);
        return;
    default: return; /* brackets */
    }
}

void weir_pattern_format(const weir_pattern *w, int64_t us, const weir_zone *zone, weir_str *out) {
    const int64_t sec = weir_floor_div(us, 1000000);
    shown s = {.zone = zone, .offset = weir_zone_offset(zone, sec)};
    if (w->zone_name) s.daylight = weir_zone_daylight(zone, sec);
    int64_t local = us + (int64_t)s.offset * 1000000, day = weir_floor_div(local, WEIR_DAY_US),
            rest = local - day * WEIR_DAY_US;
    weir_civil(day, &s.year, &s.month, &s.day);
    s.yday = (int)(day - weir_civil_days(s.year, 1, 1)) + 1;
    s.wday = (int)weir_floor_mod(day + 3, 7);
    s.us = (int)(rest % 1000000);
    s.second = (int)(rest / 1000000 % 60);
    s.minute = (int)(rest / 60000000 % 60);
    s.hour = (int)(rest / INT64_C(3600000000));
    for (int i = 0; i < w->n; i++) put_item(&s, &w->it[i], w->era, out);
}
