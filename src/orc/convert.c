/* Values of ORC's types as SQL values. See convert.h. What does not fit is null, as ORC has it. */
#include "orc/convert.h"

#include "codec/java_number.h"
#include "codec/schema_ddl.h"
#include "col/build.h"
#include "func/func.h"

#include <math.h>
#include <stdio.h>

/* Kinds that are converted alike. */
typedef enum {
    FROM_BOOL,
    FROM_INT,
    FROM_REAL,
    FROM_DEC,
    FROM_TEXT,
    FROM_TIME,
    FROM_DATE,
    FROM_BYTES
} source;

typedef weir_rc convert_fn(const weir_orc_job *, weir_column *out);
struct weir_orc_conversion {
    source from;
    weir_kind to;
    convert_fn *run;
};

/* ---- nulls that a conversion makes ---- */

/* A copy of the source's validity that may be changed. */
static weir_rc own_valid(const weir_orc_job *j, weir_column *out) {
    int64_t n = j->in->c.len;
    *out = (weir_column){.type = j->type, .form = WEIR_FLAT, .len = n};
    WEIR_TRY(weir_buf_zero(j->ctx, (n + 7) / 8, &out->valid));
    if (j->in->c.valid)
        memcpy(out->valid->p, j->in->c.valid->p, (size_t)(n + 7) / 8);
    else
        for (int64_t i = 0; i < n; i++) weir_bit_set(out->valid->p, i);
    return WEIR_OK;
}

static weir_rc cast_to(const weir_orc_job *j, const weir_column *in, const weir_type *t,
                       weir_column *out) {
    return weir_cast_column(j->ctx, in, t, WEIR_CAST_TRY, out);
}

static weir_rc same(const weir_orc_job *j, weir_column *out) {
    *out = j->in->c;
    return WEIR_OK;
}

static weir_rc by_cast(const weir_orc_job *j, weir_column *out) {
    return cast_to(j, &j->in->c, j->type, out);
}

static weir_rc by_double(const weir_orc_job *j, weir_column *out) {
    weir_column d;
    WEIR_TRY(cast_to(j, &j->in->c, &weir_t_double, &d));
    return cast_to(j, &d, j->type, out);
}

/* ---- values of a source as numbers; false: null ---- */

static int64_t int_at(const weir_column *c, int64_t i) {
    switch (c->type->kind) {
    case WEIR_T_BOOLEAN:
    case WEIR_T_BYTE: return WEIR_AT_ROW(int8_t, c, i);
    case WEIR_T_SHORT: return WEIR_AT_ROW(int16_t, c, i);
    case WEIR_T_INT: return WEIR_AT_ROW(int32_t, c, i);
    default: return WEIR_AT_ROW(int64_t, c, i);
    }
}

static double real_at(const weir_column *c, int64_t i) {
    return c->type->kind == WEIR_T_FLOAT ? (double)WEIR_AT_ROW(float, c, i)
                                         : WEIR_AT_ROW(double, c, i);
}

/* A sign, and digits. JAVA Long.parseLong, for ASCII */
static bool parse_long(weir_bytes b, int64_t *out) {
    const char *p = b.p, *end = b.p + b.len;
    bool minus = p < end && *p == '-';
    unsigned __int128 v = 0;
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end || end - p > 40) return false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9') return false;
        v = v * 10 + (unsigned)(*p - '0');
        if (v > (unsigned __int128)INT64_MAX + 1) return false;
    }
    if (!minus && v > INT64_MAX) return false;
    *out = minus ? (int64_t)(0 - (uint64_t)v) : (int64_t)v;
    return true;
}

static weir_i128 power_of_ten(int n) {
    weir_i128 v = 1;
    while (n-- > 0) v *= 10;
    return v;
}

/* Seconds of java.sql.Timestamp: a negative one of Arrow's writer has negative nanos. */
static int64_t seconds_at(const weir_orc_raw *in, int64_t i) {
    return WEIR_AT_ROW(int64_t, &in->c, i) + weir_floor_div(in->nanos[i], 1000000000);
}
static int32_t nanos_at(const weir_orc_raw *in, int64_t i) {
    return (int32_t)weir_floor_mod(in->nanos[i], 1000000000);
}

static bool long_at(const weir_orc_job *j, source from, int64_t i, int64_t *out) {
    const weir_column *c = &j->in->c;
    if (from == FROM_TEXT) return parse_long(weir_get_bytes(c, i), out);
    if (from == FROM_TIME) return *out = seconds_at(j->in, i), true;
    if (from == FROM_REAL) {
        double d = real_at(c, i);
        if (!(-0x1p63 - d < 1.0 && d < 0x1p63)) return false;
        *out = (int64_t)d;
        return true;
    }
    if (from != FROM_DEC) return *out = int_at(c, i), true;
    weir_i128 v = WEIR_AT_ROW(weir_i128, c, i);
    if (j->type->kind == WEIR_T_BOOLEAN) return *out = v != 0, true;
    v /= power_of_ten(c->type->scale);
    *out = (int64_t)v;
    return v == *out;
}

/* Integers of every width, intervals and clocks that are stored as such. */
static weir_rc integers(const weir_orc_job *j, source from, weir_column *out) {
    int width = weir_type_width(j->type);
    WEIR_TRY(own_valid(j, out));
    WEIR_TRY(weir_buf_zero(j->ctx, out->len * width, &out->data));
    for (int64_t i = 0; i < out->len; i++) {
        int64_t v = 0;
        if (weir_is_null(out, i)) continue;
        bool fits = long_at(j, from, i, &v);
        if (j->type->kind == WEIR_T_BOOLEAN) v = v != 0;
        fits = fits && (width == 8 || v == (width == 1   ? (int8_t)v
                                            : width == 2 ? (int16_t)v
                                                         : (int32_t)v));
        if (fits)
            memcpy(out->data->p + i * width, &v, (size_t)width); /* little endian */
        else
            weir_bit_clear(out->valid->p, i);
    }
    return WEIR_OK;
}
static weir_rc int_to_int(const weir_orc_job *j, weir_column *out) {
    return integers(j, FROM_INT, out);
}
static weir_rc real_to_int(const weir_orc_job *j, weir_column *out) {
    return integers(j, FROM_REAL, out);
}
static weir_rc dec_to_int(const weir_orc_job *j, weir_column *out) {
    return integers(j, FROM_DEC, out);
}
static weir_rc text_to_int(const weir_orc_job *j, weir_column *out) {
    return integers(j, FROM_TEXT, out);
}
static weir_rc time_to_int(const weir_orc_job *j, weir_column *out) {
    return integers(j, FROM_TIME, out);
}

/* ---- FLOAT and DOUBLE ---- */

static weir_rc reals(const weir_orc_job *j, bool text, weir_column *out) {
    bool single = j->type->kind == WEIR_T_FLOAT;
    WEIR_TRY(own_valid(j, out));
    WEIR_TRY(weir_buf_zero(j->ctx, out->len * (single ? 4 : 8), &out->data));
    for (int64_t i = 0; i < out->len; i++) {
        double d = 0;
        if (weir_is_null(out, i)) continue;
        if (!text)
            d = (double)seconds_at(j->in, i) + nanos_at(j->in, i) / 1e9;
        else if (!weir_java_double(j->ctx->arena, weir_get_bytes(&j->in->c, i), false, &d))
            weir_bit_clear(out->valid->p, i);
        if (single)
            ((float *)(void *)out->data->p)[i] = (float)d;
        else
            ((double *)(void *)out->data->p)[i] = d;
    }
    return WEIR_OK;
}
static weir_rc text_to_real(const weir_orc_job *j, weir_column *out) { return reals(j, true, out); }
static weir_rc time_to_real(const weir_orc_job *j, weir_column *out) {
    return reals(j, false, out);
}

/* ---- DECIMAL ---- */

/* ORC DecimalFromTimestampTreeReader: in the second before 1970 the fraction counts the wrong way.
 */
static weir_rc time_to_dec(const weir_orc_job *j, weir_column *out) {
    weir_column d;
    weir_orc_job wide = *j;
    wide.type = weir_type_decimal(j->ctx->arena, 38, 9);
    WEIR_TRY(own_valid(&wide, &d));
    WEIR_TRY(weir_buf_zero(j->ctx, d.len * 16, &d.data));
    for (int64_t i = 0; i < d.len; i++) {
        if (weir_is_null(&d, i)) continue;
        int64_t s = WEIR_AT_ROW(int64_t, &j->in->c, i), n = j->in->nanos[i];
        bool odd = s < 0 && n > 0;
        if (odd) s += 1, n = 1000000000 - n;
        weir_i128 whole = (weir_i128)s * 1000000000;
        ((weir_i128 *)(void *)d.data->p)[i] = odd && s < 0 ? whole - n : whole + n;
    }
    return cast_to(j, &d, j->type, out);
}

/* ---- STRING ---- */

typedef int text_fn(const weir_orc_job *, int64_t row, char *buf); /* bytes written, -1 null */
enum { TEXT_MOST = 96 };

static weir_rc texts(const weir_orc_job *j, text_fn *one, weir_column *out) {
    weir_build b;
    char buf[TEXT_MOST];
    WEIR_TRY(weir_build_init(j->ctx, &b, &weir_t_string));
    for (int64_t i = 0; i < j->in->c.len; i++) {
        int n = weir_is_null(&j->in->c, i) ? -1 : one(j, i, buf);
        if (n < 0)
            weir_build_null(&b);
        else
            weir_build_bytes(&b, buf, (size_t)n);
    }
    return weir_build_finish(j->ctx, &b, out);
}

static int bool_text(const weir_orc_job *j, int64_t i, char *buf) {
    return snprintf(buf, TEXT_MOST, "%s", int_at(&j->in->c, i) ? "TRUE" : "FALSE");
}
static weir_rc bool_to_text(const weir_orc_job *j, weir_column *out) {
    return texts(j, bool_text, out);
}

static weir_rc real_to_text(const weir_orc_job *j, weir_column *out) {
    weir_column d;
    WEIR_TRY(cast_to(j, &j->in->c, &weir_t_double, &d));
    WEIR_TRY(cast_to(j, &d, &weir_t_string, out));
    WEIR_TRY(own_valid(j, &d));
    for (int64_t i = 0; i < d.len; i++)
        if (!weir_is_null(&d, i) && isnan(real_at(&j->in->c, i))) weir_bit_clear(d.valid->p, i);
    out->valid = d.valid;
    return WEIR_OK;
}

/* Without zeros at the end. HIVE HiveDecimal.toString */
static int dec_text(const weir_orc_job *j, int64_t i, char *buf) {
    weir_i128 v = WEIR_AT_ROW(weir_i128, &j->in->c, i);
    unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    int scale = j->in->c.type->scale, n = TEXT_MOST, digits = 0;
    char back[TEXT_MOST];
    for (; scale > 0 && u % 10 == 0; scale--) u /= 10;
    for (; u || digits <= scale; u /= 10) {
        if (scale && digits == scale) back[--n] = '.';
        back[--n] = (char)('0' + (int)(u % 10));
        digits++;
    }
    if (v < 0) back[--n] = '-';
    memcpy(buf, back + n, (size_t)(TEXT_MOST - n));
    return TEXT_MOST - n;
}
static weir_rc dec_to_text(const weir_orc_job *j, weir_column *out) {
    return texts(j, dec_text, out);
}

static weir_rc bytes_to_text(const weir_orc_job *j, weir_column *out) {
    static const char digit[] = "0123456789abcdef";
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_build_init(j->ctx, &b, &weir_t_string));
    weir_str_init(&s, j->ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < j->in->c.len; i++) {
        s.len = 0;
        if (weir_is_null(&j->in->c, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_bytes v = weir_get_bytes(&j->in->c, i);
        for (int32_t k = 0; k < v.len; k++) {
            if (k) weir_str_putc(&s, ' ');
            weir_str_putc(&s, digit[(uint8_t)v.p[k] >> 4]);
            weir_str_putc(&s, digit[v.p[k] & 15]);
        }
        weir_build_bytes(&b, s.len ? s.p : "", s.len);
    }
    return weir_build_finish(j->ctx, &b, out);
}

/* Seconds by the calendar and the time zones of java.time, not of java.util. SPARK
 * RebaseDateTime.rebaseJulianToGregorianMicros */
static int64_t as_proleptic(const weir_orc_job *j, int64_t s) {
    enum { SECOND = 1000000 };
    if (j->proleptic || s >= WEIR_ZONE_OLD_START || s < INT64_MIN / SECOND / 2) return s;
    int32_t offset = weir_zone_old_offset(j->zone, s);
    int64_t local = s + offset, days = weir_floor_div(local, 86400);
    local += (weir_julian_days(days) - days) * 86400;
    return weir_floor_div(weir_zone_to_utc_near(j->zone, local * SECOND, offset), SECOND);
}

static int time_text(const weir_orc_job *j, int64_t i, char *buf) {
    int64_t s = as_proleptic(j, seconds_at(j->in, i)), year;
    int month, day, nanos = nanos_at(j->in, i);
    s += weir_zone_offset(j->zone, s);
    int64_t days = weir_floor_div(s, 86400), of_day = weir_floor_mod(s, 86400);
    weir_civil(days, &year, &month, &day);
    int n = snprintf(buf, TEXT_MOST,
                     year > 9999 ? "+%lld"
                     : year < 0  ? "-%04lld"
                                 : "%04lld",
                     (long long)(year < 0 ? -year : year));
    n += snprintf(buf + n, (size_t)(TEXT_MOST - n), "-%02d-%02d %02d:%02d:%02d", month, day,
                  (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60));
    if (nanos) {
        n += snprintf(buf + n, (size_t)(TEXT_MOST - n), ".%09d", nanos);
        while (buf[n - 1] == '0') n--;
    }
    return n;
}
static weir_rc time_to_text(const weir_orc_job *j, weir_column *out) {
    return texts(j, time_text, out);
}
static int instant_text(const weir_orc_job *j, int64_t i, char *buf) {
    int n = time_text(j, i, buf);
    return n + snprintf(buf + n, (size_t)(TEXT_MOST - n), " %.40s", weir_zone_id(j->zone));
}
static weir_rc instant_to_text(const weir_orc_job *j, weir_column *out) {
    return texts(j, instant_text, out);
}

/* ---- TIMESTAMP and DATE ---- */

typedef bool micros_fn(const weir_orc_job *, int64_t row, int64_t *us); /* false: null */

static weir_rc timestamps(const weir_orc_job *j, micros_fn *one, weir_column *out) {
    WEIR_TRY(own_valid(j, out));
    WEIR_TRY(weir_buf_zero(j->ctx, out->len * 8, &out->data));
    for (int64_t i = 0; i < out->len; i++)
        if (!weir_is_null(out, i) && !one(j, i, &((int64_t *)(void *)out->data->p)[i]))
            weir_bit_clear(out->valid->p, i);
    return WEIR_OK;
}

static bool time_micros(const weir_orc_job *j, int64_t i, int64_t *us) {
    int64_t s = as_proleptic(j, seconds_at(j->in, i));
    return !__builtin_mul_overflow(s, 1000000, us) &&
           !__builtin_add_overflow(*us, nanos_at(j->in, i) / 1000, us);
}
static weir_rc time_to_time(const weir_orc_job *j, weir_column *out) {
    WEIR_TRY(timestamps(j, time_micros, out));
    for (int64_t i = 0; i < out->len; i++) /* SPARK: that is an error, not a null */
        if (weir_is_null(out, i) && !weir_is_null(&j->in->c, i))
            return weir_orc_damaged(j->file, "the column %s has a timestamp of %lld seconds",
                                    j->column, (long long)seconds_at(j->in, i));
    return WEIR_OK;
}

/* A clock on the wall, in millis of the file's calendar, as an instant. */
static bool wall_micros(const weir_orc_job *j, int64_t millis, int64_t *us) {
    int64_t s = as_proleptic(j, weir_floor_div(millis, 1000));
    if (__builtin_mul_overflow(s, 1000000, us)) return false;
    *us = weir_zone_to_utc(j->zone, *us + weir_floor_mod(millis, 1000) * 1000);
    return true;
}
static bool int_micros(const weir_orc_job *j, int64_t i, int64_t *us) {
    return wall_micros(j, (int64_t)((uint64_t)int_at(&j->in->c, i) * 1000), us); /* as Java wraps */
}
static weir_rc int_to_time(const weir_orc_job *j, weir_column *out) {
    return timestamps(j, int_micros, out);
}
static bool real_micros(const weir_orc_job *j, int64_t i, int64_t *us) {
    double millis = real_at(&j->in->c, i) * 1000;
    if (!(millis >= -0x1p63 && millis < 0x1p63)) return false;
    return wall_micros(j, (int64_t)floor(millis + 0.5), us);
}
static weir_rc real_to_time(const weir_orc_job *j, weir_column *out) {
    return timestamps(j, real_micros, out);
}
static bool dec_micros(const weir_orc_job *j, int64_t i, int64_t *us) {
    int scale = j->in->c.type->scale;
    weir_i128 v = WEIR_AT_ROW(weir_i128, &j->in->c, i), one = power_of_ten(scale);
    weir_i128 s = v / one, rest = v % one;
    if (s > INT64_C(31556889864403199) || s < INT64_C(-31557014167219200)) return false;
    for (int k = scale; k < 9; k++) rest *= 10;
    for (int k = scale; k > 9; k--) rest /= 10;
    weir_i128 nanos = s * 1000000000 + rest, micros = nanos / 1000 - (nanos % 1000 < 0);
    int64_t millis = (int64_t)(micros / 1000) - (micros % 1000 < 0);
    if (!wall_micros(j, millis, us)) return false;
    *us += (int64_t)(micros - (weir_i128)millis * 1000);
    return true;
}
static weir_rc dec_to_time(const weir_orc_job *j, weir_column *out) {
    return timestamps(j, dec_micros, out);
}
static bool date_micros(const weir_orc_job *j, int64_t i, int64_t *us) {
    *us = weir_zone_to_utc(j->zone, WEIR_AT_ROW(int32_t, &j->in->c, i) * WEIR_DAY_US);
    return true;
}
static weir_rc date_to_time(const weir_orc_job *j, weir_column *out) {
    return timestamps(j, date_micros, out);
}

static bool two_digits(const char **p, const char *end, int most, int *out) {
    if (end - *p < 2 || (*p)[0] < '0' || (*p)[0] > '9' || (*p)[1] < '0' || (*p)[1] > '9')
        return false;
    *out = ((*p)[0] - '0') * 10 + (*p)[1] - '0';
    *p += 2;
    return *out <= most;
}

static bool one_char(const char **p, const char *end, char c) { return *p < end && *(*p)++ == c; }

/* yyyy-MM-dd, more digits of a year behind a sign. ORC ConvertTreeReaderFactory.DATE_FORMAT */
static bool parse_day(const char **p, const char *end, int64_t *days) {
    int64_t year = 0;
    int month, day, digits = 0;
    bool sign = *p < end && (**p == '-' || **p == '+'), minus = sign && **p == '-';
    *p += sign;
    for (; *p < end && **p >= '0' && **p <= '9' && digits < 10; ++*p, digits++)
        year = year * 10 + (**p - '0');
    if (digits < 4 || (sign && !minus && digits == 4) || (!sign && digits > 4)) return false;
    if (!one_char(p, end, '-') || !two_digits(p, end, 12, &month) || !one_char(p, end, '-') ||
        !two_digits(p, end, 31, &day) || month == 0 || day == 0)
        return false;
    if (minus) year = -year;
    int last = weir_month_days(year, month); /* as java.time's SMART style */
    *days = weir_civil_days(year, month, day < last ? day : last);
    return true;
}

static bool text_micros(const weir_orc_job *j, int64_t i, int64_t *us) {
    weir_bytes b = weir_get_bytes(&j->in->c, i);
    const char *p = b.p, *end = b.p + b.len;
    int64_t days, nanos = 0;
    int h, m, s = 0;
    if (!parse_day(&p, end, &days) || !one_char(&p, end, ' ') || !two_digits(&p, end, 23, &h) ||
        !one_char(&p, end, ':') || !two_digits(&p, end, 59, &m))
        return false;
    if (p < end && (!one_char(&p, end, ':') || !two_digits(&p, end, 59, &s))) return false;
    if (p < end && *p == '.') {
        int k = 0;
        for (p++; p < end && *p >= '0' && *p <= '9' && k < 9; p++, k++)
            nanos = nanos * 10 + *p - '0';
        for (; k < 9; k++) nanos *= 10;
    }
    if (p != end || days > 106751991 || days < -106751991) return false;
    *us = weir_zone_to_utc(
        j->zone, days * WEIR_DAY_US + ((h * INT64_C(60) + m) * 60 + s) * 1000000 + nanos / 1000);
    return true;
}
static weir_rc text_to_time(const weir_orc_job *j, weir_column *out) {
    return timestamps(j, text_micros, out);
}

static weir_rc dates(const weir_orc_job *j, bool text, weir_column *out) {
    WEIR_TRY(own_valid(j, out));
    WEIR_TRY(weir_buf_zero(j->ctx, out->len * 4, &out->data));
    for (int64_t i = 0; i < out->len; i++) {
        int64_t days = 0;
        if (weir_is_null(out, i)) continue;
        if (text) {
            weir_bytes b = weir_get_bytes(&j->in->c, i);
            const char *p = b.p;
            if (!parse_day(&p, b.p + b.len, &days) || p != b.p + b.len || days != (int32_t)days)
                weir_bit_clear(out->valid->p, i);
        } else {
            int64_t s = seconds_at(j->in, i);
            if (s < 0 && j->in->nanos[i] >= 1000000) s++; /* ORC cuts millis towards 1970 */
            s = as_proleptic(j, s);
            days = weir_floor_div(s + weir_zone_offset(j->zone, s), 86400);
        }
        ((int32_t *)(void *)out->data->p)[i] = (int32_t)days;
    }
    return WEIR_OK;
}
static weir_rc text_to_date(const weir_orc_job *j, weir_column *out) { return dates(j, true, out); }
static weir_rc time_to_date(const weir_orc_job *j, weir_column *out) {
    return dates(j, false, out);
}

/* ---- the table ---- */

#define INTEGERS(from, run)                                                                        \
    {from, WEIR_T_BOOLEAN, run}, {from, WEIR_T_BYTE, run}, {from, WEIR_T_SHORT, run},              \
        {from, WEIR_T_INT, run}, {from, WEIR_T_INTERVAL_YM, run}, {from, WEIR_T_LONG, run},        \
        {from, WEIR_T_INTERVAL_DT, run}, {from, WEIR_T_TIMESTAMP_NTZ, run}, {                      \
        from, WEIR_T_TIME, run                                                                     \
    }
#define REALS(from, run)                                                                           \
    {from, WEIR_T_FLOAT, run}, { from, WEIR_T_DOUBLE, run }

static const weir_orc_conversion table[] = {
    INTEGERS(FROM_BOOL, int_to_int),
    REALS(FROM_BOOL, by_double),
    {FROM_BOOL, WEIR_T_DECIMAL, by_cast},
    {FROM_BOOL, WEIR_T_STRING, bool_to_text},
    {FROM_BOOL, WEIR_T_TIMESTAMP, int_to_time},
    INTEGERS(FROM_INT, int_to_int),
    REALS(FROM_INT, by_double),
    {FROM_INT, WEIR_T_DECIMAL, by_cast},
    {FROM_INT, WEIR_T_STRING, by_cast},
    {FROM_INT, WEIR_T_TIMESTAMP, int_to_time},
    INTEGERS(FROM_REAL, real_to_int),
    REALS(FROM_REAL, by_double),
    {FROM_REAL, WEIR_T_DECIMAL, by_double},
    {FROM_REAL, WEIR_T_STRING, real_to_text},
    {FROM_REAL, WEIR_T_TIMESTAMP, real_to_time},
    INTEGERS(FROM_DEC, dec_to_int),
    REALS(FROM_DEC, by_double),
    {FROM_DEC, WEIR_T_DECIMAL, by_cast},
    {FROM_DEC, WEIR_T_STRING, dec_to_text},
    {FROM_DEC, WEIR_T_TIMESTAMP, dec_to_time},
    INTEGERS(FROM_TEXT, text_to_int),
    REALS(FROM_TEXT, text_to_real),
    {FROM_TEXT, WEIR_T_DECIMAL, by_cast},
    {FROM_TEXT, WEIR_T_STRING, same},
    {FROM_TEXT, WEIR_T_BINARY, same},
    {FROM_TEXT, WEIR_T_TIMESTAMP, text_to_time},
    {FROM_TEXT, WEIR_T_DATE, text_to_date},
    INTEGERS(FROM_TIME, time_to_int),
    REALS(FROM_TIME, time_to_real),
    {FROM_TIME, WEIR_T_DECIMAL, time_to_dec},
    {FROM_TIME, WEIR_T_STRING, time_to_text},
    {FROM_TIME, WEIR_T_TIMESTAMP, time_to_time},
    {FROM_TIME, WEIR_T_DATE, time_to_date},
    {FROM_DATE, WEIR_T_STRING, by_cast},
    {FROM_DATE, WEIR_T_TIMESTAMP, date_to_time},
    {FROM_DATE, WEIR_T_DATE, same},
    {FROM_BYTES, WEIR_T_STRING, bytes_to_text},
    {FROM_BYTES, WEIR_T_BINARY, same},
};

static const source sources[WEIR_ORC_KINDS] = {
    [WEIR_ORC_BOOLEAN] = FROM_BOOL,   [WEIR_ORC_BYTE] = FROM_INT,    [WEIR_ORC_SHORT] = FROM_INT,
    [WEIR_ORC_INT] = FROM_INT,        [WEIR_ORC_LONG] = FROM_INT,    [WEIR_ORC_FLOAT] = FROM_REAL,
    [WEIR_ORC_DOUBLE] = FROM_REAL,    [WEIR_ORC_STRING] = FROM_TEXT, [WEIR_ORC_BINARY] = FROM_BYTES,
    [WEIR_ORC_TIMESTAMP] = FROM_TIME, [WEIR_ORC_DECIMAL] = FROM_DEC, [WEIR_ORC_DATE] = FROM_DATE,
    [WEIR_ORC_VARCHAR] = FROM_TEXT,   [WEIR_ORC_CHAR] = FROM_TEXT,   [WEIR_ORC_INSTANT] = FROM_TIME,
};

/* SPARK OrcUtils.requestedColumnIds: clocks and instants are not read as each other. */
static bool is_clock(const weir_orc_type *t) {
    return t->kind == WEIR_ORC_LONG && t->catalyst && strcmp(t->catalyst, "timestamp_ntz") == 0;
}

const weir_orc_conversion *weir_orc_conversion_find(const weir_orc_type *from,
                                                    const weir_type *to) {
    static const weir_orc_conversion with_zone = {FROM_TIME, WEIR_T_STRING, instant_to_text};
    if (from->kind >= WEIR_ORC_KINDS || from->nkid || from->kind == WEIR_ORC_STRUCT) return NULL;
    source s = sources[from->kind];
    if (is_clock(from) && to->kind == WEIR_T_TIMESTAMP) return NULL;
    if (s == FROM_TIME && to->kind == WEIR_T_TIMESTAMP_NTZ) return NULL;
    if (from->kind == WEIR_ORC_INSTANT && to->kind == WEIR_T_STRING) return &with_zone;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].from == s && table[i].to == to->kind) return &table[i];
    return NULL;
}

/* Whether the values are as asked for already. */
static bool is_same(const weir_type *have, const weir_type *want) {
    static const weir_kind as_long[] = {WEIR_T_INTERVAL_DT, WEIR_T_TIMESTAMP_NTZ, WEIR_T_TIME};
    if (have->kind == WEIR_T_TIMESTAMP) return false; /* these are seconds */
    for (int i = 0; i < 3; i++)
        if (have->kind == WEIR_T_LONG && want->kind == as_long[i]) return true;
    return weir_type_same(have, want) ||
           (have->kind == WEIR_T_INT && want->kind == WEIR_T_INTERVAL_YM);
}

weir_rc weir_orc_convert(const weir_orc_job *j, const weir_orc_conversion *how, weir_column *out) {
    if (is_same(j->in->c.type, j->type))
        *out = j->in->c;
    else
        WEIR_TRY(how->run(j, out));
    out->type = j->type;
    return WEIR_OK;
}
