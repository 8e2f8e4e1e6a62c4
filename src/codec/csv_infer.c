/* Names and types of CSV columns. SPARK CSVInferSchema, CSVUtils.makeSafeHeader. */
#include "base/utf8.h"
#include "codec/csv_scan.h"

#include <strings.h>

enum { MAX_COLUMNS = 20480 };
/* In the order in which Spark tries them. */
typedef enum { NONE, INTEGER, LONG, DECIMAL, DOUBLE, DATE, STAMP, BOOLEAN, TEXT } guess;
typedef struct shape {
    const char *name;
    guess is;
    int digits; /* of a decimal */
} shape;
struct weir_csv_infer {
    const weir_csv_options *o;
    weir_arena *mem;
    weir_csv_scan scan;
    shape *col;
    int n;
    bool named;
};

weir_csv_infer *weir_csv_infer_new(weir_arena *mem, const weir_csv_options *o) {
    weir_csv_infer *f = WEIR_NEW(mem, weir_csv_infer);
    f->o = o;
    f->mem = mem;
    weir_csv_scan_init(&f->scan, o, mem);
    return f;
}

static bool whole_number(weir_csv_field f, int *digits) {
    int32_t i = f.n && (*f.p == '-' || *f.p == '+');
    *digits = f.n - i;
    for (int32_t k = i; k < f.n; k++)
        if (f.p[k] < '0' || f.p[k] > '9') return false;
    return f.n > i && *digits <= 38;
}

static guess guess_of(const weir_csv_options *o, weir_csv_field f, guess from, int *digits) {
    int64_t v, us;
    int32_t day;
    double d;
    if (from <= LONG && weir_csv_int(f, &v))
        return v == (int32_t)v && from <= INTEGER ? INTEGER : LONG;
    if (from <= DECIMAL && whole_number(f, digits)) return DECIMAL;
    if (from <= DOUBLE && weir_csv_double(o, f, &d)) return DOUBLE;
    bool date = o->date_format ? weir_pattern_parse(o->date_format, f.p, f.n, weir_zone_utc(), &us)
                               : weir_date_parse(f.p, f.n, &day) && f.n <= 10;
    if (from <= DATE && date) return DATE;
    bool stamp = o->timestamp_format
                     ? weir_pattern_parse(o->timestamp_format, f.p, f.n, o->zone, &us)
                     : f.n >= 8 && weir_timestamp_parse(f.p, f.n, o->zone, &us);
    if (from <= STAMP && stamp) return STAMP;
    if (from <= BOOLEAN && ((f.n == 4 && strncasecmp(f.p, "true", 4) == 0) ||
                            (f.n == 5 && strncasecmp(f.p, "false", 5) == 0)))
        return BOOLEAN;
    return TEXT;
}

/* The narrowest type that holds both. */
static guess wider(guess a, guess b) {
    if (a == NONE || a == b) return b;
    if (b == NONE) return a;
    guess hi = a > b ? a : b, lo = a > b ? b : a;
    if (hi <= DOUBLE) return hi;
    if (lo == DATE && hi == STAMP) return STAMP;
    return TEXT;
}

static void saw(weir_csv_infer *f, shape *s, weir_csv_field v) {
    int digits = 0;
    if (v.null || s->is == TEXT || !f->o->infer) return;
    guess g = guess_of(f->o, v, NONE, &digits);
    int most = g == INTEGER ? 10 : g == LONG ? 20 : digits;
    s->is = wider(s->is, g);
    if (g <= DECIMAL && most > s->digits) s->digits = most;
}

static int count_of(const weir_csv_infer *f, const weir_csv_field *v, int n) {
    int k = 0;
    for (int i = 0; i < f->scan.n; i++)
        k += !f->scan.field[i].null && f->scan.field[i].n == v[n].n &&
             strncasecmp(f->scan.field[i].p, v[n].p, (size_t)v[n].n) == 0;
    return k;
}

static void name_columns(weir_csv_infer *f) {
    f->n = (int)(f->scan.n < MAX_COLUMNS ? f->scan.n : MAX_COLUMNS);
    f->col = WEIR_NEWN(f->mem, shape, f->n + 1);
    for (int i = 0; i < f->n; i++) {
        weir_csv_field v = f->scan.field[i];
        if (!f->o->header || v.null || !v.n)
            f->col[i].name = weir_printf(f->mem, "_c%d", i);
        else if (count_of(f, f->scan.field, i) > 1)
            f->col[i].name =
                weir_printf(f->mem, "%s%d", weir_utf8_dup(f->mem, v.p, (size_t)v.n), i);
        else
            f->col[i].name = weir_utf8_dup(f->mem, v.p, (size_t)v.n);
    }
    f->named = true;
}

weir_rc weir_csv_infer_text(weir_ctx *ctx, weir_csv_infer *f, const char *p, int64_t n,
                            bool new_file) {
    const char *end = p + n;
    while (p < end) {
        const char *next = weir_csv_scan_record(&f->scan, p, end);
        if (!next)
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena,
                                         "a record has more than maxColumns = %lld columns",
                                         (long long)f->o->max_columns));
        p = next;
        if (!f->scan.n) continue;
        if (!f->named) name_columns(f);
        bool header = new_file && f->o->header;
        new_file = false;
        for (int i = 0; !header && i < f->n && i < f->scan.n; i++)
            saw(f, &f->col[i], f->scan.field[i]);
    }
    return WEIR_OK;
}

weir_schema *weir_csv_infer_done(weir_arena *a, weir_csv_infer *f) {
    weir_field *v = WEIR_NEWN(a, weir_field, f->n + 1);
    for (int i = 0; i < f->n; i++) {
        static const weir_type *const types[] = {
            &weir_t_string, &weir_t_int,       &weir_t_long,    &weir_t_string, &weir_t_double,
            &weir_t_date,   &weir_t_timestamp, &weir_t_boolean, &weir_t_string};
        const shape *s = &f->col[i];
        int digits = s->digits > 38 ? 38 : s->digits;
        v[i] = (weir_field){weir_strdup(a, s->name),
                            s->is == DECIMAL ? weir_type_decimal(a, digits, 0) : types[s->is], true,
                            NULL};
    }
    return weir_type_struct(a, v, f->n);
}
