/* Interval literals and interval texts. SPARK IntervalUtils.stringToInterval */
#include "sql/lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
    const char *name;
    int months;
    int64_t days, micros;
} units[] = {{"year", 12, 0, 0},
             {"month", 1, 0, 0},
             {"week", 0, 7, 0},
             {"day", 0, 1, 0},
             {"hour", 0, 0, 3600000000LL},
             {"minute", 0, 0, 60000000LL},
             {"second", 0, 0, 1000000LL},
             {"millisecond", 0, 0, 1000},
             {"microsecond", 0, 0, 1}};

static int unit_of(const char *w, size_t n) {
    if (n && (w[n - 1] | 32) == 's') n--;
    for (int i = 0; i < 9; i++)
        if (strlen(units[i].name) == n && strncasecmp(units[i].name, w, n) == 0) return i;
    return -1;
}

/* sign, digits, fraction (micros of a second, or of a day's unit) */
static bool add_part(weir_interval *v, int unit, bool minus, const char *num, size_t n) {
    int64_t whole = 0, frac = 0, scale = 1000000;
    size_t i = 0;
    for (; i < n && isdigit((unsigned char)num[i]); i++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, num[i] - '0', &whole))
            return false;
    if (i < n && num[i] == '.') {
        if (unit != 6) return false; /* only seconds take a fraction */
        for (i++; i < n && isdigit((unsigned char)num[i]); i++) {
            scale /= 10;
            frac += scale * (num[i] - '0');
        }
    }
    if (i != n || n == 0) return false;
    int64_t sign = minus ? -1 : 1, m, d, us;
    if (__builtin_mul_overflow(whole * sign, units[unit].months, &m) ||
        __builtin_mul_overflow(whole * sign, units[unit].days, &d) ||
        __builtin_mul_overflow(whole * sign, units[unit].micros, &us))
        return false;
    if (m + v->months != (int32_t)(m + v->months) || d + v->days != (int32_t)(d + v->days))
        return false;
    v->months += (int32_t)m;
    v->days += (int32_t)d;
    return !__builtin_add_overflow(v->micros, us, &v->micros) &&
           !__builtin_add_overflow(v->micros, frac * sign, &v->micros);
}

static bool parse_text(const char *s, weir_interval *v) {
    *v = (weir_interval){0};
    int parts = 0;
    while (isspace((unsigned char)*s)) s++;
    if (strncasecmp(s, "interval", 8) == 0 && isspace((unsigned char)s[8])) s += 8;
    for (;; parts++) {
        while (isspace((unsigned char)*s)) s++;
        if (!*s) return parts > 0;
        bool minus = *s == '-';
        if (*s == '-' || *s == '+') s++;
        while (isspace((unsigned char)*s)) s++;
        const char *num = s;
        while (isdigit((unsigned char)*s) || *s == '.') s++;
        size_t n = (size_t)(s - num);
        while (isspace((unsigned char)*s)) s++;
        const char *w = s;
        while (isalpha((unsigned char)*s)) s++;
        int u = unit_of(w, (size_t)(s - w));
        if (u < 0 || !add_part(v, u, minus, num, n)) return false;
    }
}

weir_rc weir_sql_parse_interval(weir_ctx *ctx, const char *text, weir_interval *out) {
    if (parse_text(text, out)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_INVALID_INTERVAL_FORMAT, "input", text);
}

/* 'h:m:s.f', 'd h:m:s', 'y-m': what a FROM TO literal holds. */
static bool parse_fields(const char *s, int from, int to, weir_interval *v) {
    bool minus = *s == '-';
    *v = (weir_interval){0};
    if (*s == '-' || *s == '+') s++;
    for (int u = from; u <= to; u++) {
        int unit = u < 2 ? u : u + 1; /* no weeks here */
        const char *num = s;
        while (isdigit((unsigned char)*s) || *s == '.') s++;
        if (!add_part(v, unit, minus, num, (size_t)(s - num))) return false;
        if (u < to && *s && strchr(" :-", *s)) s++;
    }
    return *s == 0;
}

static weir_expr *lit_of(weir_parser *p, const weir_interval *v, bool ym, bool dt, int lo, int hi) {
    weir_arena *a = p->ctx->arena;
    if (!ym && !dt) return weir_lit_interval(a, *v);
    weir_type *t = weir_memdup(a, ym ? &weir_t_interval_ym : &weir_t_interval_dt, sizeof *t);
    t->precision = (int16_t)lo;
    t->scale = (int16_t)hi;
    return weir_lit_int(a, t, ym ? v->months : v->days * 86400000000LL + v->micros);
}

static int field_no(const weir_parser *p, int ahead) {
    static const char *const f[] = {"year", "month", "day", "hour", "minute", "second"};
    for (int i = 0; i < 6; i++)
        if (weir_tk_is_at(p, ahead, f[i]) ||
            weir_tk_is_at(p, ahead, weir_printf(p->ctx->arena, "%ss", f[i])))
            return i;
    return -1;
}

weir_rc weir_parse_interval_body(weir_parser *p, weir_expr **out) {
    weir_interval sum = {0}, v;
    int lo = 9, hi = -1, n = 0;
    bool calendar = false;
    const weir_token *t = weir_tk(p, 0);
    if (t->kind == WEIR_TK_STRING && field_no(p, 1) < 0 &&
        unit_of(weir_tk(p, 1)->text ? weir_tk(p, 1)->text : "", weir_tk(p, 1)->len) < 0) {
        p->at++;
        if (!parse_text(t->text, &sum))
            return weir_fail(p->ctx, WEIR_E_INVALID_INTERVAL_FORMAT, "input", t->text);
        *out = lit_of(p, &sum, sum.months && !sum.days && !sum.micros, !sum.months,
                      sum.months ? 0 : 0, sum.months ? 1 : 3);
        return WEIR_OK;
    }
    if (t->kind == WEIR_TK_STRING && field_no(p, 1) >= 0 && weir_tk_is_at(p, 2, "to")) {
        int from = field_no(p, 1), to = field_no(p, 3);
        if (to <= from || !parse_fields(t->text, from, to, &sum)) return weir_syntax_error(p);
        p->at += 4;
        *out = lit_of(p, &sum, to < 2, to >= 2, from < 2 ? from : from - 2, to < 2 ? to : to - 2);
        return WEIR_OK;
    }
    for (;; n++) {
        bool minus = weir_tk_is_at(p, 0, "-"); /* of this part, or what follows the interval */
        t = weir_tk(p, minus);
        if (t->kind != WEIR_TK_STRING && t->kind != WEIR_TK_NUMBER) break;
        const weir_token *u = weir_tk(p, minus + 1);
        int unit = u->kind == WEIR_TK_WORD ? unit_of(u->text, u->len) : -1;
        int f = field_no(p, minus + 1);
        const char *num = t->text;
        if (unit < 0) break;
        p->at += minus;
        if (*num == '-') minus = !minus, num++;
        if (!add_part(&sum, unit, minus, num, strlen(num)))
            return weir_fail(p->ctx, WEIR_E_INVALID_INTERVAL_FORMAT, "input", t->text);
        if (f < 0) f = unit == 2 ? 2 : 5; /* weeks count as days, parts of a second as seconds */
        lo = f < lo ? f : lo;
        hi = f > hi ? f : hi;
        p->at += 2;
    }
    if (n == 0) return weir_syntax_error(p);
    calendar = lo < 2 && hi >= 2;
    v = sum;
    *out = lit_of(p, &v, !calendar && hi < 2, !calendar && lo >= 2, lo < 2 ? lo : lo - 2,
                  hi < 2 ? hi : hi - 2);
    return WEIR_OK;
}
