/* Interval texts. Called by casts, the SQL parser and date functions; any thread. */
#include "func/interval.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

typedef struct cur {
    const char *p, *end;
} cur;

static void blanks(cur *c) {
    while (c->p < c->end && (unsigned char)*c->p <= ' ') c->p++;
}

static bool word(cur *c, const char *w) {
    size_t n = strlen(w);
    blanks(c);
    if ((size_t)(c->end - c->p) < n || strncasecmp(c->p, w, n) != 0) return false;
    if (c->p + n < c->end && isalpha((unsigned char)c->p[n])) return false;
    c->p += n;
    return true;
}

/* A number with an optional sign and fraction (nanos digits kept to micros). */
static bool number(cur *c, int64_t *whole, int64_t *micros, bool *has_fraction) {
    bool neg = false, any = false;
    blanks(c);
    if (c->p < c->end && (*c->p == '-' || *c->p == '+')) neg = *c->p++ == '-';
    blanks(c);
    *whole = *micros = 0;
    for (; c->p < c->end && isdigit((unsigned char)*c->p); c->p++, any = true) {
        if (__builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_sub_overflow(*whole, *c->p - '0', whole))
            return false;
    }
    *has_fraction = false;
    if (c->p < c->end && *c->p == '.') {
        int64_t unit = 100000;
        int digits = 0;
        for (c->p++; c->p < c->end && isdigit((unsigned char)*c->p); c->p++, any = true, digits++) {
            *micros += (*c->p - '0') * unit;
            unit /= 10;
        }
        if (digits > 9) return false;
        *has_fraction = true;
    }
    if (!neg) { /* collected negative, so that the smallest value fits */
        if (*whole == INT64_MIN) return false;
        *whole = -*whole;
    } else {
        *micros = -*micros;
    }
    return any;
}

static const struct {
    const char *name;
    int32_t months, days;
    int64_t micros;
} units[] = {{"year", 12, 0, 0},
             {"years", 12, 0, 0},
             {"month", 1, 0, 0},
             {"months", 1, 0, 0},
             {"week", 0, 7, 0},
             {"weeks", 0, 7, 0},
             {"day", 0, 1, 0},
             {"days", 0, 1, 0},
             {"hour", 0, 0, 3600000000},
             {"hours", 0, 0, 3600000000},
             {"minute", 0, 0, 60000000},
             {"minutes", 0, 0, 60000000},
             {"second", 0, 0, 1000000},
             {"seconds", 0, 0, 1000000},
             {"millisecond", 0, 0, 1000},
             {"milliseconds", 0, 0, 1000},
             {"microsecond", 0, 0, 1},
             {"microseconds", 0, 0, 1}};

static bool add_unit(cur *c, weir_interval *out, int64_t v, int64_t frac, bool has_frac) {
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!word(c, units[i].name)) continue;
        if (has_frac && units[i].micros != 1000000) return false;
        int64_t m, d, u;
        if (__builtin_mul_overflow(v, units[i].months, &m) ||
            __builtin_mul_overflow(v, units[i].days, &d) ||
            __builtin_mul_overflow(v, units[i].micros, &u) || __builtin_add_overflow(u, frac, &u))
            return false;
        m += out->months;
        d += out->days;
        if (m != (int32_t)m || d != (int32_t)d ||
            __builtin_add_overflow(out->micros, u, &out->micros))
            return false;
        out->months = (int32_t)m;
        out->days = (int32_t)d;
        return true;
    }
    return false;
}

bool weir_interval_parse(const char *p, int64_t n, weir_interval *out) {
    cur c = {p, p + n};
    *out = (weir_interval){0};
    (void)word(&c, "interval");
    int count = 0;
    for (blanks(&c); c.p < c.end; blanks(&c), count++) {
        int64_t v, frac;
        bool has;
        if (!number(&c, &v, &frac, &has) || !add_unit(&c, out, v, frac, has)) return false;
    }
    return count > 0;
}

static bool digits(cur *c, int64_t *v) {
    const char *s = c->p;
    for (*v = 0; c->p < c->end && isdigit((unsigned char)*c->p); c->p++)
        if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, *c->p - '0', v))
            return false;
    return c->p > s;
}

static bool eat(cur *c, char ch) { return c->p < c->end && *c->p == ch ? (c->p++, true) : false; }

static bool parse_ym(cur *c, const weir_type *t, int64_t *out) {
    int64_t a, b = 0;
    if (!digits(c, &a)) return false;
    if (t->precision != t->scale && (!eat(c, '-') || !digits(c, &b) || b > 11)) return false;
    *out = t->precision == 1 ? a : a * 12 + b;
    return *out <= INT32_MAX;
}

static bool parse_fraction(cur *c, int64_t *us) {
    int64_t unit = 100000;
    if (!eat(c, '.')) return true;
    for (; c->p < c->end && isdigit((unsigned char)*c->p); c->p++, unit /= 10)
        *us += (*c->p - '0') * unit;
    return true;
}

static bool parse_dt(cur *c, const weir_type *t, int64_t *out) {
    static const int64_t scale[] = {INT64_C(86400000000), INT64_C(3600000000), 60000000, 1000000};
    static const int64_t limit[] = {106751991, 23, 59, 59};
    int64_t sum = 0, v, part;
    for (int f = t->precision; f <= t->scale; f++) {
        if (f > t->precision && !eat(c, f == 1 ? ' ' : ':')) return false;
        if (!digits(c, &v) || (f > t->precision && v > limit[f])) return false;
        if (__builtin_mul_overflow(v, scale[f], &part) || __builtin_add_overflow(sum, part, &sum))
            return false;
        if (f == 3 && !parse_fraction(c, &sum)) return false;
    }
    *out = sum;
    return true;
}

static const char *const ym_names[] = {"YEAR", "MONTH"}, *const dt_names[] = {"DAY", "HOUR",
                                                                              "MINUTE", "SECOND"};

bool weir_interval_ansi_parse(const char *p, int64_t n, const weir_type *t, int64_t *out) {
    cur c = {p, p + n};
    const char *const *names = t->kind == WEIR_T_INTERVAL_YM ? ym_names : dt_names;
    bool neg = false, quoted = false;
    while (c.end > c.p && (unsigned char)c.end[-1] <= ' ') c.end--;
    bool full = word(&c, "interval");
    blanks(&c);
    if (full && (eat(&c, '-') || eat(&c, '+'))) neg = c.p[-1] == '-';
    if (full) quoted = eat(&c, '\'');
    if (full && !quoted) return false;
    blanks(&c);
    if (eat(&c, '-'))
        neg = !neg;
    else
        (void)eat(&c, '+');
    if (!(t->kind == WEIR_T_INTERVAL_YM ? parse_ym(&c, t, out) : parse_dt(&c, t, out)))
        return false;
    if (neg) *out = -*out;
    if (full) {
        if (!eat(&c, '\'') || !word(&c, names[t->precision])) return false;
        if (t->precision != t->scale && (!word(&c, "to") || !word(&c, names[t->scale])))
            return false;
    }
    return c.p == c.end;
}

static void unit_text(weir_str *s, int64_t v, const char *name, bool *any) {
    if (!v) return;
    weir_str_printf(s, "%s%lld %s", *any ? " " : "", (long long)v, name);
    *any = true;
}

static void put_seconds(weir_str *s, int64_t us) {
    int64_t sec = us / 1000000, frac = us % 1000000;
    if (us < 0) weir_str_putc(s, '-');
    weir_str_printf(s, "%lld", (long long)(sec < 0 ? -sec : sec));
    if (frac < 0) frac = -frac;
    if (frac) weir_str_putc(s, '.');
    for (int64_t unit = 100000; frac; unit /= 10) {
        weir_str_putc(s, (char)('0' + frac / unit));
        frac %= unit;
    }
}

void weir_interval_text(weir_interval v, weir_str *s) {
    bool any = false;
    unit_text(s, v.months / 12, "years", &any);
    unit_text(s, v.months % 12, "months", &any);
    unit_text(s, v.days, "days", &any);
    int64_t us = v.micros;
    unit_text(s, us / INT64_C(3600000000), "hours", &any);
    us %= INT64_C(3600000000);
    unit_text(s, us / 60000000, "minutes", &any);
    us %= 60000000;
    if (us) {
        if (any) weir_str_putc(s, ' ');
        put_seconds(s, us);
        weir_str_puts(s, " seconds");
        any = true;
    }
    if (!any) weir_str_puts(s, "0 seconds");
}

static void dt_body(const weir_type *t, uint64_t us, weir_str *s) {
    static const uint64_t scale[] = {UINT64_C(86400000000), UINT64_C(3600000000), 60000000,
                                     1000000};
    for (int f = t->precision; f <= t->scale; f++) {
        uint64_t v = us / scale[f];
        us %= scale[f];
        if (f > t->precision) weir_str_putc(s, f == 1 ? ' ' : ':');
        weir_str_printf(s, f > 0 ? "%02llu" : "%llu", (unsigned long long)v);
        if (f != 3 || !us) continue;
        weir_str_putc(s, '.');
        for (uint64_t unit = 100000; us; unit /= 10) {
            weir_str_putc(s, (char)('0' + us / unit));
            us %= unit;
        }
    }
}

void weir_interval_ansi_text(const weir_type *t, int64_t v, weir_str *s) {
    const char *const *names = t->kind == WEIR_T_INTERVAL_YM ? ym_names : dt_names;
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    weir_str_printf(s, "INTERVAL '%s", v < 0 ? "-" : "");
    if (t->kind == WEIR_T_INTERVAL_DT)
        dt_body(t, m, s);
    else if (t->precision == 1)
        weir_str_printf(s, "%llu", (unsigned long long)m);
    else if (t->scale == 0)
        weir_str_printf(s, "%llu", (unsigned long long)(m / 12));
    else
        weir_str_printf(s, "%llu-%llu", (unsigned long long)(m / 12), (unsigned long long)(m % 12));
    weir_str_printf(s, "' %s", names[t->precision]);
    if (t->precision != t->scale) weir_str_printf(s, " TO %s", names[t->scale]);
}
