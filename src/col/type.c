/* Owns the type constants, their construction, comparison and printed names. Called by everything
 * above; types are immutable, so any thread may read them. JSON is in type_json.c. */
#include "col/type.h"
#include "col/column.h"
#include <ctype.h>
#include <stdlib.h>
#include "base/utf8.h"
#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <wctype.h>

#define SCALAR(id, var) const weir_type weir_t_##var = {.kind = WEIR_T_##id}
SCALAR(VOID, void);
SCALAR(BOOLEAN, boolean);
SCALAR(BYTE, byte);
SCALAR(SHORT, short);
SCALAR(INT, int);
SCALAR(LONG, long);
SCALAR(FLOAT, float);
SCALAR(DOUBLE, double);
SCALAR(STRING, string);
SCALAR(BINARY, binary);
SCALAR(DATE, date);
SCALAR(TIMESTAMP, timestamp);
SCALAR(TIMESTAMP_NTZ, timestamp_ntz);
SCALAR(INTERVAL, interval);
SCALAR(VARIANT, variant);
#undef SCALAR
const weir_type weir_t_time = {.kind = WEIR_T_TIME, .precision = 6};
const weir_type weir_t_interval_ym = {.kind = WEIR_T_INTERVAL_YM, .precision = 0, .scale = 1};
const weir_type weir_t_interval_dt = {.kind = WEIR_T_INTERVAL_DT, .precision = 0, .scale = 3};
static const weir_type t_decimal = {.kind = WEIR_T_DECIMAL, .precision = 10, .scale = 0};

static const weir_type *const scalars[WEIR_T_COUNT] = {
    [WEIR_T_VOID] = &weir_t_void,
    [WEIR_T_BOOLEAN] = &weir_t_boolean,
    [WEIR_T_BYTE] = &weir_t_byte,
    [WEIR_T_SHORT] = &weir_t_short,
    [WEIR_T_INT] = &weir_t_int,
    [WEIR_T_LONG] = &weir_t_long,
    [WEIR_T_FLOAT] = &weir_t_float,
    [WEIR_T_DOUBLE] = &weir_t_double,
    [WEIR_T_DECIMAL] = &t_decimal,
    [WEIR_T_STRING] = &weir_t_string,
    [WEIR_T_BINARY] = &weir_t_binary,
    [WEIR_T_DATE] = &weir_t_date,
    [WEIR_T_TIMESTAMP] = &weir_t_timestamp,
    [WEIR_T_TIMESTAMP_NTZ] = &weir_t_timestamp_ntz,
    [WEIR_T_TIME] = &weir_t_time,
    [WEIR_T_INTERVAL_YM] = &weir_t_interval_ym,
    [WEIR_T_INTERVAL_DT] = &weir_t_interval_dt,
    [WEIR_T_INTERVAL] = &weir_t_interval,
    [WEIR_T_VARIANT] = &weir_t_variant,
};

static const struct {
    int width;
    const char *simple, *sql;
} kinds[WEIR_T_COUNT] = {
#define K(id, width, name, sql) {width, name, sql},
#include "col/kinds.def"
#undef K
};

const weir_type *weir_type_scalar(weir_kind k) {
    weir_assert((unsigned)k < WEIR_T_COUNT && scalars[k]);
    return scalars[k];
}

const weir_type *weir_type_decimal(weir_arena *a, int precision, int scale) {
    if (precision == 10 && scale == 0) return &t_decimal;
    weir_type *t = WEIR_NEW(a, weir_type);
    *t = (weir_type){WEIR_T_DECIMAL, (int16_t)precision, (int16_t)scale, 0, NULL};
    return t;
}

static const weir_type *nested_new(weir_arena *a, weir_kind kind, const weir_field *f, int n) {
    weir_type *t = WEIR_NEW(a, weir_type);
    weir_field *copy = WEIR_NEWN(a, weir_field, n ? n : 1);
    if (n) memcpy(copy, f, sizeof *f * (size_t)n);
    *t = (weir_type){kind, 0, 0, n, copy};
    return t;
}

const weir_type *weir_type_array(weir_arena *a, const weir_type *element, bool contains_null) {
    weir_field f = {"element", element, contains_null, NULL};
    return nested_new(a, WEIR_T_ARRAY, &f, 1);
}

const weir_type *weir_type_map(weir_arena *a, const weir_type *key, const weir_type *value,
                               bool value_contains_null) {
    weir_field f[2] = {{"key", key, false, NULL}, {"value", value, value_contains_null, NULL}};
    return nested_new(a, WEIR_T_MAP, f, 2);
}

const weir_type *weir_type_struct(weir_arena *a, const weir_field *fields, int n) {
    return nested_new(a, WEIR_T_STRUCT, fields, n);
}

const weir_type *weir_type_copy(weir_arena *a, const weir_type *t) {
    if (t == scalars[t->kind]) return t;
    weir_type *c = WEIR_NEW(a, weir_type);
    weir_field *f = t->nfield ? WEIR_NEWN(a, weir_field, t->nfield) : NULL;
    *c = *t;
    c->field = f;
    for (int i = 0; i < t->nfield; i++) {
        const weir_field *from = &t->field[i];
        f[i] = (weir_field){weir_strdup(a, from->name), weir_type_copy(a, from->type),
                            from->nullable, weir_strdup(a, from->metadata)};
    }
    return c;
}

static bool metadata_equal(const char *a, const char *b) {
    return strcmp(a ? a : "{}", b ? b : "{}") == 0;
}

static bool equal(const weir_type *a, const weir_type *b, bool exact) {
    if (a == b) return true;
    if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
        a->nfield != b->nfield)
        return false;
    for (int i = 0; i < a->nfield; i++) {
        const weir_field *f = &a->field[i], *g = &b->field[i];
        if (a->kind == WEIR_T_STRUCT && strcmp(f->name, g->name) != 0) return false;
        if (exact && (f->nullable != g->nullable || !metadata_equal(f->metadata, g->metadata)))
            return false;
        if (!equal(f->type, g->type, exact)) return false;
    }
    return true;
}

bool weir_type_equal(const weir_type *a, const weir_type *b) { return equal(a, b, true); }
bool weir_type_same(const weir_type *a, const weir_type *b) { return equal(a, b, false); }

bool weir_type_is_integral(const weir_type *t) {
    return t->kind >= WEIR_T_BYTE && t->kind <= WEIR_T_LONG;
}

bool weir_type_is_interval(const weir_type *t) {
    return t->kind == WEIR_T_INTERVAL || t->kind == WEIR_T_INTERVAL_DT ||
           t->kind == WEIR_T_INTERVAL_YM;
}

bool weir_type_is_numeric(const weir_type *t) {
    return t->kind >= WEIR_T_BYTE && t->kind <= WEIR_T_DECIMAL;
}

bool weir_type_is_nested(const weir_type *t) {
    return t->kind == WEIR_T_ARRAY || t->kind == WEIR_T_MAP || t->kind == WEIR_T_STRUCT;
}

/* SPARK OrderUtils.isOrderable: calendar intervals have no order either. */
bool weir_type_has(const weir_type *t, weir_kind k) {
    bool has = t->kind == k;
    for (int i = 0; i < t->nfield && !has; i++) has = weir_type_has(t->field[i].type, k);
    return has;
}

bool weir_type_orderable(const weir_type *t) {
    if (t->kind == WEIR_T_MAP || t->kind == WEIR_T_VARIANT || t->kind == WEIR_T_INTERVAL)
        return false;
    for (int i = 0; i < t->nfield; i++)
        if (!weir_type_orderable(t->field[i].type)) return false;
    return true;
}

weir_rc weir_type_too_deep(weir_ctx *ctx) {
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena,
                                 "types nested deeper than %d levels. Flatten the type, or keep "
                                 "the values as JSON text.",
                                 WEIR_TYPE_DEPTH));
}

static bool nests_within(const weir_type *t, int levels) {
    if (levels < 0) return false;
    for (int i = 0; i < t->nfield; i++)
        if (t->field[i].type->nfield && !nests_within(t->field[i].type, levels - 1)) return false;
    return true;
}

weir_rc weir_type_check_depth(weir_ctx *ctx, const weir_type *t) {
    return nests_within(t, WEIR_TYPE_DEPTH - 1) ? WEIR_OK : weir_type_too_deep(ctx);
}

int weir_type_width(const weir_type *t) { return kinds[t->kind].width; }

const weir_type *weir_type_nullable(weir_arena *a, const weir_type *t) {
    if (!t->nfield) return t;
    weir_type *c = weir_memdup(a, t, sizeof *t);
    weir_field *f = weir_memdup(a, t->field, sizeof *f * (size_t)t->nfield);
    for (int i = 0; i < t->nfield; i++) {
        f[i].type = weir_type_nullable(a, f[i].type);
        f[i].nullable |= t->kind != WEIR_T_MAP || i > 0; /* keys are never null */
    }
    c->field = f;
    return c;
}

static locale_t letters; /* of all scripts; without it only ASCII's have two cases */
static void find_letters(void) { letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

static bool same_letter(uint32_t a, uint32_t b) { /* java Character, as String.equalsIgnoreCase */
    if (a == b || !letters) return a == b;
    wint_t x = towupper_l((wint_t)a, letters), y = towupper_l((wint_t)b, letters);
    return x == y || towlower_l(x, letters) == towlower_l(y, letters);
}

bool weir_names_alike(const char *a, const char *b, bool exact) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (exact) return strcmp(a, b) == 0;
    for (; (signed char)*a > 0 && (signed char)*b > 0; a++, b++)
        if (*a != *b && ((*a ^ *b) != 32 || (*a | 32) < 'a' || (*a | 32) > 'z')) return false;
    if (!*a || !*b) return *a == *b;
    (void)pthread_once(&once, find_letters);
    while (*a && *b)
        if (!same_letter(weir_utf8_get(&a), weir_utf8_get(&b))) return false;
    return *a == *b;
}

int weir_schema_find(weir_schema *s, const char *name, bool case_sensitive) {
    int found = -1;
    for (int i = 0; i < s->nfield; i++) {
        if (!weir_names_alike(s->field[i].name, name, case_sensitive)) continue;
        if (found >= 0) return -2;
        found = i;
    }
    return found;
}

bool weir_names_exact(const weir_ctx *ctx) {
    return weir_conf_bool(ctx->conf, "spark.sql.caseSensitive");
}

bool weir_name_same(const weir_ctx *ctx, const char *a, const char *b) {
    return weir_names_alike(a, b, weir_names_exact(ctx));
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *twice_in(weir_arena *a, const weir_type *t, bool case_sensitive) {
    const char **name = WEIR_NEWN(a, const char *, t->nfield + 1);
    for (int i = 0; i < t->nfield; i++) {
        char *n = weir_strdup(a, t->field[i].name);
        for (char *p = n; *p && !case_sensitive; p++) *p = (char)tolower((unsigned char)*p);
        name[i] = n;
    }
    if (t->nfield) qsort(name, (size_t)t->nfield, sizeof *name, by_name);
    for (int i = 1; i < t->nfield; i++)
        if (strcmp(name[i - 1], name[i]) == 0) return name[i];
    return NULL;
}

const char *weir_schema_twice(weir_arena *a, weir_schema *t, bool nested, bool case_sensitive) {
    const char *found = t->kind == WEIR_T_STRUCT ? twice_in(a, t, case_sensitive) : NULL;
    for (int i = 0; i < t->nfield && !found && nested; i++) {
        const char *in = weir_schema_twice(a, t->field[i].type, true, case_sensitive);
        if (in) found = weir_printf(a, "%s.%s", t->field[i].name, in);
    }
    return found;
}

weir_rc weir_type_check_names(weir_ctx *ctx, const weir_type *t) {
    const char *twice = weir_schema_twice(ctx->arena, t, false, weir_names_exact(ctx));
    if (twice)
        return weir_fail(ctx, WEIR_E_COLUMN_ALREADY_EXISTS, "columnName",
                         weir_printf(ctx->arena, "`%s`", twice));
    for (int i = 0; i < t->nfield; i++) WEIR_TRY(weir_type_check_names(ctx, t->field[i].type));
    return WEIR_OK;
}

/* SPARK QuotingUtils.quoteIfNeeded: a plain name is letters, digits and _, not digits alone. */
static bool name_is_plain(const char *s) {
    bool letter = false;
    if (!*s) return false;
    for (; *s; s++) {
        bool digit = *s >= '0' && *s <= '9';
        if (!digit && !((*s | 32) >= 'a' && (*s | 32) <= 'z') && *s != '_') return false;
        letter |= !digit;
    }
    return letter;
}

static void put_name(weir_str *out, const char *s) {
    if (name_is_plain(s)) {
        weir_str_puts(out, s);
        return;
    }
    weir_str_putc(out, '`');
    for (; *s; s++) {
        if (*s == '`') weir_str_putc(out, '`');
        weir_str_putc(out, *s);
    }
    weir_str_putc(out, '`');
}

static void put_interval(weir_str *out, const weir_type *t, bool sql) {
    static const char *const ym[] = {"year", "month"}, *const dt[] = {"day", "hour", "minute",
                                                                      "second"};
    static const char *const ym_sql[] = {"YEAR", "MONTH"}, *const dt_sql[] = {"DAY", "HOUR",
                                                                              "MINUTE", "SECOND"};
    bool is_ym = t->kind == WEIR_T_INTERVAL_YM;
    const char *const *names = is_ym ? (sql ? ym_sql : ym) : (sql ? dt_sql : dt);
    int last = is_ym ? 1 : 3;
    int from = t->precision < 0 || t->precision > last ? 0 : t->precision;
    int to = t->scale < from || t->scale > last ? from : t->scale;
    weir_str_printf(out, "%s%s", sql ? "INTERVAL " : "interval ", names[from]);
    if (to != from) weir_str_printf(out, "%s%s", sql ? " TO " : " to ", names[to]);
}

/* Names with a parameter; false if the kind has none to show. */
static bool put_param(weir_str *out, const weir_type *t, bool sql) {
    if (t->kind == WEIR_T_DECIMAL) {
        weir_str_printf(out, "%s(%d,%d)", sql ? "DECIMAL" : "decimal", t->precision, t->scale);
    } else if (t->kind == WEIR_T_INTERVAL_YM || t->kind == WEIR_T_INTERVAL_DT) {
        put_interval(out, t, sql);
    } else if (t->kind == WEIR_T_TIME) {
        weir_str_printf(out, "%s(%d)", sql ? "TIME" : "time", t->precision);
    } else if (t->kind == WEIR_T_STRING && t->precision > 0) {
        const char *name = t->scale == 1 ? (sql ? "CHAR" : "char") : (sql ? "VARCHAR" : "varchar");
        weir_str_printf(out, "%s(%d)", name, t->precision);
    } else {
        return false;
    }
    return true;
}

static void put_simple(weir_str *out, const weir_type *t) {
    if (put_param(out, t, false)) return;
    weir_str_puts(out, kinds[t->kind].simple);
    if (!weir_type_is_nested(t)) return;
    weir_str_putc(out, '<');
    for (int i = 0; i < t->nfield; i++) {
        if (i) weir_str_putc(out, ',');
        if (t->kind == WEIR_T_STRUCT) weir_str_printf(out, "%s:", t->field[i].name);
        put_simple(out, t->field[i].type);
    }
    weir_str_putc(out, '>');
}

/* SPARK StructField.getDDLComment */
static void put_comment(weir_str *out, const weir_field *f) {
    if (!f->metadata || !strstr(f->metadata, "\"comment\"")) return;
    weir_arena *tmp = weir_arena_new(NULL);
    const weir_json *j = weir_json_parse(tmp, f->metadata, strlen(f->metadata), NULL);
    const char *c = j ? weir_json_str(j, "comment", NULL) : NULL;
    if (c) {
        weir_str_puts(out, " COMMENT '");
        for (; *c; c++) {
            if (*c == '\'' || *c == '\\') weir_str_putc(out, '\\');
            weir_str_putc(out, *c);
        }
        weir_str_putc(out, '\'');
    }
    weir_arena_free(tmp);
}

static void put_sql(weir_str *out, const weir_type *t) {
    if (put_param(out, t, true)) return;
    weir_str_puts(out, kinds[t->kind].sql);
    if (!weir_type_is_nested(t)) return;
    weir_str_putc(out, '<');
    for (int i = 0; i < t->nfield; i++) {
        const weir_field *f = &t->field[i];
        if (i) weir_str_puts(out, ", ");
        if (t->kind == WEIR_T_STRUCT) {
            put_name(out, f->name);
            weir_str_puts(out, ": ");
        }
        put_sql(out, f->type);
        if (t->kind != WEIR_T_STRUCT) continue;
        if (!f->nullable) weir_str_puts(out, " NOT NULL");
        put_comment(out, f);
    }
    weir_str_putc(out, '>');
}

enum { MAX_TYPE_TEXT = 16 << 20 };

static char *text_of(weir_arena *a, const weir_type *t,
                     void (*put)(weir_str *, const weir_type *)) {
    weir_str s;
    weir_str_init(&s, NULL, MAX_TYPE_TEXT);
    put(&s, t);
    char *out = weir_strndup(a, s.p ? s.p : "", s.len);
    weir_str_free(&s);
    return out;
}

char *weir_type_name(weir_arena *a, const weir_type *t) { return text_of(a, t, put_simple); }
char *weir_type_sql(weir_arena *a, const weir_type *t) { return text_of(a, t, put_sql); }
