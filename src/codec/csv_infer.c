/* Names and types of CSV columns. SPARK CSVInferSchema, CSVUtils.makeSafeHeader */
#include "codec/csv_value.h"

#include "base/utf8.h"
#include "codec/java_number.h"
#include "func/random.h"
#include "func/text.h"

#include <math.h>
#include <stdlib.h>

/* In the order in which Spark tries them. */
typedef enum { NONE, INTEGER, LONG, DECIMAL, DOUBLE, DATE, NTZ, STAMP, BOOLEAN, TEXT } guess;
typedef struct shape {
    guess is;
    int digits; /* of a decimal */
} shape;
typedef struct column {
    const char *name;
    shape file, all; /* of this file, of those before it: SPARK infers in pieces, and merges */
} column;
struct weir_csv_infer {
    const weir_csv_options *o;
    weir_arena *mem;
    weir_csv_scan scan;
    weir_str text;
    const char *uri;
    column *col;
    int n;
    bool names, named, header; /* header: multiLine, the file's first row is one */
    weir_str first;            /* the line that named the columns */
    int64_t nfile, random;     /* samplingRatio: the files so far, a piece of Spark's each */
    uint64_t seeds;
    int64_t drop; /* records to leave out before the next one, -1: each has its own chance */
};

weir_csv_infer *weir_csv_infer_new(weir_arena *mem, const weir_csv_options *o) {
    weir_csv_infer *f = WEIR_NEW(mem, weir_csv_infer);
    f->o = o;
    f->mem = mem;
    f->seeds = weir_java_random(1);
    weir_csv_scan_init(&f->scan, o, mem, NULL, -1);
    weir_str_init(&f->text, mem, INT32_MAX);
    weir_str_init(&f->first, mem, INT32_MAX);
    return f;
}

bool weir_csv_infer_named(const weir_csv_infer *f) { return f->named; }

/* ---- types ---- */

/* The first type from s->is on that the text is of. */
static shape shape_of(weir_ctx *ctx, const weir_csv_options *o, weir_csv_field f, guess from) {
    weir_bytes text = {f.p, f.n};
    int64_t v, scale;
    int digits;
    int32_t day;
    double d;
    bool yes;
    if (from <= LONG && weir_java_long(text, &v))
        return v == (int32_t)v && from <= INTEGER ? (shape){INTEGER, 10} : (shape){LONG, 20};
    if (from <= DECIMAL && weir_java_decimal(text, &digits, &scale) && scale == 0 && digits <= 38)
        return (shape){DECIMAL, digits};
    if (from <= DOUBLE && weir_csv_double(ctx, o, f, false, &d)) return (shape){DOUBLE, 0};
    if (from <= DATE && o->prefer_date && weir_csv_date(o, f, &day)) return (shape){DATE, 0};
    if (from <= NTZ && o->ntz_default && weir_csv_ntz(o, f, &v)) return (shape){NTZ, 0};
    if (from <= STAMP && weir_csv_timestamp(o, f, &v)) return (shape){STAMP, 0};
    return weir_csv_boolean(f, &yes) ? (shape){BOOLEAN, 0} : (shape){TEXT, 0};
}

/* SPARK canParseDateAsTimestamp: the lenient parser of timestamps takes dates of these patterns. */
static bool dates_are_timestamps(const weir_csv_options *o, guess stamp) {
    static const char *const lenient[] = {"yyyy-MM-dd", "yyyy-M-d", "yyyy-M-dd", "yyyy-MM-d",
                                          "yyyy-MM",    "yyyy-M",   "yyyy"};
    const char *date = o->date_format.text ? o->date_format.text : lenient[0];
    if (stamp == NTZ ? o->ntz_format.text : o->timestamp_format.text) return false;
    for (size_t i = 0; i < sizeof lenient / sizeof *lenient; i++)
        if (strcmp(date, lenient[i]) == 0) return true;
    return false;
}

/* The narrowest type that holds both; none: what Spark takes then. */
static shape wider(const weir_csv_options *o, shape a, shape b, guess none) {
    if (a.is == NONE) return b;
    if (b.is == NONE) return a;
    shape hi = a.is > b.is ? a : b, lo = a.is > b.is ? b : a;
    if (hi.is == lo.is && hi.is != DECIMAL) return hi;
    if (hi.is == TEXT) return hi;
    if (hi.is == DECIMAL) {
        if (lo.digits > hi.digits) hi.digits = lo.digits;
        return hi;
    }
    if (hi.is <= DOUBLE) return hi;
    if (lo.is == NTZ && hi.is == STAMP) return hi;
    if (lo.is == DATE && (hi.is == NTZ || hi.is == STAMP))
        return dates_are_timestamps(o, hi.is) ? hi : (shape){TEXT, 0};
    return (shape){none, 0};
}

static void saw_row(weir_ctx *ctx, weir_csv_infer *f, const weir_csv_row *row) {
    for (int i = 0; i < f->n && i < row->n && f->o->infer; i++) {
        weir_csv_field v = row->field[i];
        shape *s = &f->col[i].file;
        if (v.null || !v.n || s->is == TEXT) continue;
        *s = wider(f->o, *s, shape_of(ctx, f->o, v, s->is), TEXT);
    }
}

static void merge(weir_csv_infer *f) {
    for (int i = 0; i < f->n; i++) {
        column *c = &f->col[i];
        c->all = wider(f->o, c->all, c->file, NONE);
        c->file = (shape){NONE, 0};
    }
}

/* ---- names ---- */

static const char *lowered(weir_csv_infer *f, weir_csv_field v, size_t *n) {
    weir_str s;
    weir_str_init(&s, f->mem, INT32_MAX);
    weir_lower((weir_bytes){v.p, v.n}, &s);
    *n = s.len;
    return s.p ? s.p : "";
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The row's names, as they are compared, in order. */
static const char **folded(weir_csv_infer *f, const weir_csv_row *row, const char **sorted) {
    const char **key = WEIR_NEWN(f->mem, const char *, row->n + 1);
    for (int64_t i = 0; i < row->n; i++) {
        size_t n = (size_t)row->field[i].n;
        const char *p = row->field[i].p;
        if (n && !f->o->case_sensitive) p = lowered(f, row->field[i], &n);
        sorted[i] = key[i] = weir_strndup(f->mem, n ? p : "", n);
    }
    qsort(sorted, (size_t)row->n, sizeof *sorted, by_bytes);
    return key;
}

static bool is_double(const char **sorted, int64_t n, const char *key) {
    const char **at = bsearch(&key, sorted, (size_t)n, sizeof *sorted, by_bytes);
    return (at > sorted && strcmp(at[-1], key) == 0) ||
           (at + 1 < sorted + n && strcmp(at[1], key) == 0);
}

static void name_columns(weir_csv_infer *f, const weir_csv_row *row) {
    const char **sorted = WEIR_NEWN(f->mem, const char *, row->n + 1), **key;
    f->n = (int)row->n;
    f->col = WEIR_NEWN(f->mem, column, f->n + 1);
    key = folded(f, row, sorted);
    for (int i = 0; i < f->n; i++) {
        weir_csv_field v = row->field[i];
        if (!f->o->header || v.null || !v.n)
            f->col[i].name = weir_printf(f->mem, "_c%d", i);
        else if (is_double(sorted, row->n, key[i]))
            f->col[i].name = weir_printf(f->mem, "%.*s%d", (int)v.n, v.p, i);
        else
            f->col[i].name = weir_strndup(f->mem, v.p, (size_t)v.n);
    }
    f->named = true;
}

/* ---- samplingRatio ---- */

/* SPARK GapSampling: how many are left out in a row. */
static void next_gap(weir_csv_infer *f) {
    double u = weir_random_double(&f->random);
    f->drop = (int64_t)(log(u > 5e-11 ? u : 5e-11) / log1p(-f->o->sampling_ratio));
}

/* SPARK SampleExec for lines, PartitionwiseSampledRDD with BernoulliSampler for multiLine. */
static void seed(weir_csv_infer *f) {
    f->random = weir_random_state(f->o->multi_line ? weir_java_random_long(&f->seeds)
                                                   : 1 + f->nfile++);
    f->drop = -1;
    if (f->o->multi_line && f->o->sampling_ratio <= 0.4) next_gap(f);
}

static bool chosen(weir_csv_infer *f) {
    if (f->o->sampling_ratio > 0.99) return true;
    if (f->drop < 0)
        return f->o->multi_line ? weir_random_double(&f->random) <= f->o->sampling_ratio
                                : weir_random_double(&f->random) < f->o->sampling_ratio;
    if (f->drop) return f->drop--, false;
    next_gap(f);
    return true;
}

/* ---- texts ---- */

void weir_csv_infer_file(weir_csv_infer *f, const char *uri, bool names) {
    merge(f);
    f->uri = uri;
    f->names = names;
    f->header = !names && f->o->header;
    if (!names) seed(f);
    weir_csv_scan_reset(&f->scan);
}

static weir_rc broken(weir_ctx *ctx, const weir_csv_infer *f, weir_csv_found why) {
    return weir_fail_read(ctx, WEIR_E_FAILED_READ_FILE, f->uri, weir_csv_found_text(why));
}

static weir_rc whole_text(weir_ctx *ctx, weir_csv_infer *f, const char *p, int64_t n) {
    weir_csv_scan_begin(&f->scan, p, n);
    for (;;) {
        weir_csv_found got = weir_csv_scan_next(&f->scan);
        if (got > WEIR_CSV_NOTHING) return broken(ctx, f, got);
        bool header = f->header;
        f->header = false;
        if (got == WEIR_CSV_NOTHING && header) continue;
        if (got == WEIR_CSV_NOTHING) return WEIR_OK;
        if (f->names) return name_columns(f, &f->scan.row), WEIR_OK;
        if (!header && chosen(f)) saw_row(ctx, f, &f->scan.row);
        WEIR_TRY(weir_check_cancel(ctx));
    }
}

/* The first line is chosen by SQL's trim, which takes spaces alone. SPARK
 * CSVUtils.filterCommentAndEmpty of a Dataset */
static bool can_name(const weir_csv_options *o, const char *p, int64_t n) {
    char mark[4];
    size_t k = o->has_comment ? weir_utf8_put(mark, o->comment) : 0;
    int64_t i = 0;
    while (i < n && p[i] == ' ') i++;
    return i < n && (!k || (size_t)n < k || memcmp(p, mark, k) != 0);
}

weir_rc weir_csv_infer_text(weir_ctx *ctx, weir_csv_infer *f, const char *p, int64_t n) {
    WEIR_TRY(weir_csv_utf8(ctx, f->o->charset, &f->text, &p, &n));
    if (f->o->multi_line) return whole_text(ctx, f, p, n);
    if (!f->names && !chosen(f)) return WEIR_OK;
    if (f->names ? !can_name(f->o, p, n) : weir_csv_skips(f->o, p, n)) return WEIR_OK;
    bool first = (size_t)n == f->first.len && memcmp(p, f->first.p, f->first.len) == 0;
    if (!f->names && f->o->header && first) return WEIR_OK;
    weir_csv_found got = weir_csv_scan_line(&f->scan, p, n);
    if (got > WEIR_CSV_NOTHING) return broken(ctx, f, got);
    if (got == WEIR_CSV_NOTHING) return WEIR_OK;
    if (!f->names) return saw_row(ctx, f, &f->scan.row), WEIR_OK;
    weir_str_add(&f->first, p, (size_t)n);
    name_columns(f, &f->scan.row);
    return WEIR_OK;
}

weir_schema *weir_csv_infer_done(weir_arena *a, weir_csv_infer *f) {
    static const weir_type *const types[] = {
        &weir_t_string, &weir_t_int,           &weir_t_long,      &weir_t_string,  &weir_t_double,
        &weir_t_date,   &weir_t_timestamp_ntz, &weir_t_timestamp, &weir_t_boolean, &weir_t_string};
    weir_field *v = WEIR_NEWN(a, weir_field, f->n + 1);
    merge(f);
    for (int i = 0; i < f->n; i++) {
        shape s = f->col[i].all;
        v[i] = (weir_field){weir_strdup(a, f->col[i].name),
                            s.is == DECIMAL ? weir_type_decimal(a, s.digits, 0) : types[s.is], true,
                            NULL};
    }
    return weir_type_struct(a, v, f->n);
}
