/* Literals between Spark Connect's messages and columns. Any thread. */
#include "col/build.h"
#include "connect/connect.h"

typedef SC(Expression__Literal) literal;
#define LIT(name) SK(EXPRESSION__LITERAL__LITERAL_TYPE_##name)

static weir_rc bad_literal(weir_ctx *ctx, const char *what) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "A literal in the plan is malformed: %s", what));
}

/* "-12.50", "1E+3": digits and scale. false: malformed or more than 38 digits. */
static bool parse_decimal(const char *s, weir_i128 *out, int *precision, int *scale) {
    bool neg = *s == '-', dot = false;
    unsigned __int128 v = 0;
    int digits = 0, sc = 0, seen = 0;
    if (*s == '-' || *s == '+') s++;
    for (; (*s >= '0' && *s <= '9') || (*s == '.' && !dot); s++) {
        if (*s == '.') {
            dot = true;
            continue;
        }
        seen++;
        if (digits || *s != '0') digits++;
        if (digits > 38) return false;
        v = v * 10 + (unsigned)(*s - '0');
        sc += dot;
    }
    if (!seen) return false;
    if (*s == 'e' || *s == 'E') {
        bool down = *++s == '-';
        int e = 0, n = 0;
        if (*s == '-' || *s == '+') s++;
        for (; *s >= '0' && *s <= '9' && n < 4; s++, n++) e = e * 10 + (*s - '0');
        if (!n) return false;
        sc -= down ? -e : e;
    }
    if (*s || sc > 38) return false;
    for (; sc < 0; sc++) {
        v *= 10;
        if (v && ++digits > 38) return false;
    }
    *out = neg ? -(weir_i128)v : (weir_i128)v;
    *scale = sc;
    *precision = digits > sc ? digits : sc ? sc : 1;
    return true;
}

static weir_rc decimal_value(weir_ctx *ctx, const SC(Expression__Literal__Decimal) * d,
                             const weir_type *want, weir_i128 *v, int *precision, int *scale) {
    if (!parse_decimal(weir_text(d->value), v, precision, scale))
        return bad_literal(ctx, weir_text(d->value));
    int s = want           ? want->scale
            : d->has_scale ? d->scale
                           : *scale,
        p = want               ? want->precision
            : d->has_precision ? d->precision
                               : *precision;
    if (p < 1 || p > 38 || s < 0 || s > p) return bad_literal(ctx, "decimal precision and scale");
    for (; *scale < s; ++*scale, ++*precision) {
        if (*precision >= 38 && *v) return bad_literal(ctx, weir_text(d->value));
        *v *= 10;
    }
    for (; *scale > s; --*scale) *v /= 10;
    *precision = p;
    return WEIR_OK;
}

static const weir_type *special_type(weir_arena *a,
                                     const SC(Expression__Literal__SpecializedArray) * s) {
    const weir_type *const of[] = {&weir_t_void,  &weir_t_boolean, &weir_t_int,   &weir_t_long,
                                   &weir_t_float, &weir_t_double,  &weir_t_string};
    int k = (int)s->value_type_case;
    return weir_type_array(a, of[k >= 0 && k <= 6 ? k : 0], false);
}

static weir_rc literal_type(weir_ctx *ctx, const literal *l, const weir_type **out);

static weir_rc nested_type(weir_ctx *ctx, const literal *l, const weir_type **out) {
    const weir_type *k = &weir_t_void, *v = &weir_t_void;
    if (l->literal_type_case == LIT(STRUCT)) {
        size_t n = l->struct_->n_elements;
        if (l->struct_->struct_type) return weir_pb_to_type(ctx, l->struct_->struct_type, out);
        weir_field *f = WEIR_NEWN(ctx->arena, weir_field, n + 1);
        for (size_t i = 0; i < n; i++) {
            WEIR_TRY(literal_type(ctx, l->struct_->elements[i], &k));
            f[i] = (weir_field){weir_printf(ctx->arena, "col%zu", i + 1), k, true, NULL};
        }
        *out = weir_type_struct(ctx->arena, f, (int)n);
        return WEIR_OK;
    }
    if (l->literal_type_case == LIT(ARRAY)) {
        const SC(Expression__Literal__Array) *x = l->array;
        if (x->element_type)
            WEIR_TRY(weir_pb_to_type(ctx, x->element_type, &k));
        else if (x->n_elements)
            WEIR_TRY(literal_type(ctx, x->elements[0], &k));
        *out = weir_type_array(ctx->arena, k, true);
        return WEIR_OK;
    }
    const SC(Expression__Literal__Map) *m = l->map;
    if (m->key_type)
        WEIR_TRY(weir_pb_to_type(ctx, m->key_type, &k));
    else if (m->n_keys)
        WEIR_TRY(literal_type(ctx, m->keys[0], &k));
    if (m->value_type)
        WEIR_TRY(weir_pb_to_type(ctx, m->value_type, &v));
    else if (m->n_values)
        WEIR_TRY(literal_type(ctx, m->values[0], &v));
    *out = weir_type_map(ctx->arena, k, v, true);
    return WEIR_OK;
}

static weir_rc literal_type(weir_ctx *ctx, const literal *l, const weir_type **out) {
    weir_i128 v;
    int p, s;
    if (!l) return bad_literal(ctx, "empty");
    if (l->data_type) return weir_pb_to_type(ctx, l->data_type, out);
    switch (l->literal_type_case) {
    case LIT(NULL): return weir_pb_to_type(ctx, l->null, out);
    case LIT(BINARY): *out = &weir_t_binary; return WEIR_OK;
    case LIT(BOOLEAN): *out = &weir_t_boolean; return WEIR_OK;
    case LIT(BYTE): *out = &weir_t_byte; return WEIR_OK;
    case LIT(SHORT): *out = &weir_t_short; return WEIR_OK;
    case LIT(INTEGER): *out = &weir_t_int; return WEIR_OK;
    case LIT(LONG): *out = &weir_t_long; return WEIR_OK;
    case LIT(FLOAT): *out = &weir_t_float; return WEIR_OK;
    case LIT(DOUBLE): *out = &weir_t_double; return WEIR_OK;
    case LIT(STRING): *out = &weir_t_string; return WEIR_OK;
    case LIT(DATE): *out = &weir_t_date; return WEIR_OK;
    case LIT(TIMESTAMP): *out = &weir_t_timestamp; return WEIR_OK;
    case LIT(TIMESTAMP_NTZ): *out = &weir_t_timestamp_ntz; return WEIR_OK;
    case LIT(CALENDAR_INTERVAL): *out = &weir_t_interval; return WEIR_OK;
    case LIT(YEAR_MONTH_INTERVAL): *out = &weir_t_interval_ym; return WEIR_OK;
    case LIT(DAY_TIME_INTERVAL): *out = &weir_t_interval_dt; return WEIR_OK;
    case LIT(TIME): *out = &weir_t_time; return WEIR_OK;
    case LIT(DECIMAL):
        WEIR_TRY(decimal_value(ctx, l->decimal, NULL, &v, &p, &s));
        *out = weir_type_decimal(ctx->arena, p, s);
        return WEIR_OK;
    case LIT(SPECIALIZED_ARRAY):
        *out = special_type(ctx->arena, l->specialized_array);
        return WEIR_OK;
    case LIT(ARRAY):
    case LIT(MAP):
    case LIT(STRUCT): return nested_type(ctx, l, out);
    default:
        return weir_tp_unsupported(ctx, "a literal of a kind this release does not know",
                                   "Upgrade weir, or pass the value by createDataFrame");
    }
}

static bool literal_int(const literal *l, int64_t *v) {
    switch (l->literal_type_case) {
    case LIT(BYTE): *v = l->byte; return true;
    case LIT(SHORT): *v = l->short_; return true;
    case LIT(INTEGER): *v = l->integer; return true;
    case LIT(LONG): *v = l->long_; return true;
    case LIT(DATE): *v = l->date; return true;
    case LIT(TIMESTAMP): *v = l->timestamp; return true;
    case LIT(TIMESTAMP_NTZ): *v = l->timestamp_ntz; return true;
    case LIT(YEAR_MONTH_INTERVAL): *v = l->year_month_interval; return true;
    case LIT(DAY_TIME_INTERVAL): *v = l->day_time_interval; return true;
    case LIT(TIME): *v = l->time->nano; return true;
    default: return false;
    }
}

static weir_rc put(weir_ctx *ctx, weir_build *b, const literal *l);

static weir_rc put_special(weir_build *b, const SC(Expression__Literal__SpecializedArray) * s) {
    weir_build *k = b->kid;
    switch (s->value_type_case) {
    case SK(EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_BOOLS):
        for (size_t i = 0; i < s->bools->n_values; i++) weir_build_bool(k, s->bools->values[i]);
        break;
    case SK(EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_INTS):
        for (size_t i = 0; i < s->ints->n_values; i++) weir_build_int(k, s->ints->values[i]);
        break;
    case SK(EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_LONGS):
        for (size_t i = 0; i < s->longs->n_values; i++) weir_build_int(k, s->longs->values[i]);
        break;
    case SK(EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_FLOATS):
        for (size_t i = 0; i < s->floats->n_values; i++) weir_build_f32(k, s->floats->values[i]);
        break;
    case SK(EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_DOUBLES):
        for (size_t i = 0; i < s->doubles->n_values; i++) weir_build_f64(k, s->doubles->values[i]);
        break;
    case SK(EXPRESSION__LITERAL__SPECIALIZED_ARRAY__VALUE_TYPE_STRINGS):
        for (size_t i = 0; i < s->strings->n_values; i++)
            weir_build_bytes(k, s->strings->values[i], strlen(s->strings->values[i]));
        break;
    default: break;
    }
    weir_build_list(b);
    return WEIR_OK;
}

/* Specialised arrays whose declared element type is not the natural one. */
static bool special_fits(const weir_build *b, const SC(Expression__Literal__SpecializedArray) * s) {
    static const weir_kind of[] = {WEIR_T_VOID,  WEIR_T_BOOLEAN, WEIR_T_INT,   WEIR_T_LONG,
                                   WEIR_T_FLOAT, WEIR_T_DOUBLE,  WEIR_T_STRING};
    int k = (int)s->value_type_case;
    weir_kind have = b->kid[0].type->kind, want = of[k >= 0 && k <= 6 ? k : 0];
    bool ints =
        want == WEIR_T_INT && (have == WEIR_T_SHORT || have == WEIR_T_BYTE || have == WEIR_T_DATE);
    return have == want || ints;
}

static weir_rc put_nested(weir_ctx *ctx, weir_build *b, const literal *l) {
    if (l->literal_type_case == LIT(STRUCT) && b->type->kind == WEIR_T_STRUCT) {
        if (l->struct_->n_elements != (size_t)b->nkid)
            return bad_literal(ctx, "struct with another number of fields");
        for (int i = 0; i < b->nkid; i++) WEIR_TRY(put(ctx, &b->kid[i], l->struct_->elements[i]));
        weir_build_struct(b);
        return WEIR_OK;
    }
    if (l->literal_type_case == LIT(ARRAY) && b->type->kind == WEIR_T_ARRAY) {
        for (size_t i = 0; i < l->array->n_elements; i++)
            WEIR_TRY(put(ctx, &b->kid[0], l->array->elements[i]));
        weir_build_list(b);
        return WEIR_OK;
    }
    if (l->literal_type_case == LIT(MAP) && b->type->kind == WEIR_T_MAP) {
        if (l->map->n_keys != l->map->n_values)
            return bad_literal(ctx, "map with unequal keys and values");
        for (size_t i = 0; i < l->map->n_keys; i++) {
            WEIR_TRY(put(ctx, &b->kid[0], l->map->keys[i]));
            WEIR_TRY(put(ctx, &b->kid[1], l->map->values[i]));
        }
        weir_build_list(b);
        return WEIR_OK;
    }
    if (l->literal_type_case == LIT(SPECIALIZED_ARRAY) && b->type->kind == WEIR_T_ARRAY &&
        special_fits(b, l->specialized_array))
        return put_special(b, l->specialized_array);
    return bad_literal(ctx, "the value does not have its declared type");
}

static weir_rc put_scalar(weir_ctx *ctx, weir_build *b, const literal *l, bool *fits) {
    *fits = true;
    switch (l->literal_type_case) {
    case LIT(BOOLEAN):
        *fits = b->type->kind == WEIR_T_BOOLEAN;
        if (*fits) weir_build_bool(b, l->boolean);
        break;
    case LIT(FLOAT):
    case LIT(DOUBLE): {
        double v = l->literal_type_case == LIT(FLOAT) ? (double)l->float_ : l->double_;
        if (b->type->kind == WEIR_T_FLOAT)
            weir_build_f32(b, (float)v);
        else if (b->type->kind == WEIR_T_DOUBLE)
            weir_build_f64(b, v);
        else
            *fits = false;
        break;
    }
    case LIT(STRING):
        *fits = b->type->kind == WEIR_T_STRING;
        if (*fits) weir_build_bytes(b, weir_text(l->string), strlen(weir_text(l->string)));
        break;
    case LIT(BINARY):
        *fits = b->type->kind == WEIR_T_BINARY;
        if (*fits) weir_build_bytes(b, l->binary.data, l->binary.len);
        break;
    case LIT(CALENDAR_INTERVAL):
        *fits = b->type->kind == WEIR_T_INTERVAL;
        if (*fits)
            weir_build_interval(b, (weir_interval){l->calendar_interval->months,
                                                   l->calendar_interval->days,
                                                   l->calendar_interval->microseconds});
        break;
    case LIT(DECIMAL): {
        weir_i128 v;
        int p, s;
        *fits = b->type->kind == WEIR_T_DECIMAL;
        if (!*fits) break;
        WEIR_TRY(decimal_value(ctx, l->decimal, b->type, &v, &p, &s));
        weir_build_dec(b, v);
        break;
    }
    default: *fits = false; break;
    }
    return WEIR_OK;
}

static weir_rc put(weir_ctx *ctx, weir_build *b, const literal *l) {
    int64_t v;
    bool fits = false;
    if (l->literal_type_case == LIT(NULL) || l->literal_type_case == 0 ||
        b->type->kind == WEIR_T_VOID) {
        weir_build_null(b);
        return WEIR_OK;
    }
    WEIR_TRY(put_scalar(ctx, b, l, &fits));
    if (fits) return WEIR_OK;
    if (!literal_int(l, &v)) return put_nested(ctx, b, l);
    int width = weir_type_width(b->type);
    if (b->type->kind == WEIR_T_DOUBLE)
        weir_build_f64(b, (double)v);
    else if (b->type->kind == WEIR_T_FLOAT)
        weir_build_f32(b, (float)v);
    else if (b->type->kind == WEIR_T_BOOLEAN || b->type->kind == WEIR_T_DECIMAL ||
             b->type->kind == WEIR_T_INTERVAL || width == 0)
        return bad_literal(ctx, "the value does not have its declared type");
    else
        weir_build_int(b, v);
    return WEIR_OK;
}

weir_rc weir_tp_literal(weir_ctx *ctx, const literal *l, weir_expr **out) {
    const weir_type *t = NULL;
    weir_build b;
    weir_column col;
    WEIR_TRY(literal_type(ctx, l, &t));
    if (l->literal_type_case == LIT(NULL)) {
        *out = weir_lit_null(ctx->arena, t);
        return WEIR_OK;
    }
    WEIR_TRY(weir_build_init(ctx, &b, t));
    WEIR_TRY(put(ctx, &b, l));
    WEIR_TRY(weir_build_finish(ctx, &b, &col));
    *out = weir_lit_column(ctx->arena, &col);
    return WEIR_OK;
}

static char *decimal_text(weir_arena *a, weir_i128 v, int scale) {
    char buf[64], *p = buf + sizeof buf;
    bool neg = v < 0;
    unsigned __int128 u = neg ? -(unsigned __int128)v : (unsigned __int128)v;
    *--p = 0;
    for (int i = 0; u || i <= scale; i++) {
        if (i && i == scale) *--p = '.';
        *--p = (char)('0' + (int)(u % 10));
        u /= 10;
    }
    if (neg) *--p = '-';
    return weir_strdup(a, p);
}

static void value_list(weir_arena *a, const weir_column *c, int64_t row, literal *l) {
    int64_t first = 0;
    int32_t n = weir_get_list(c, row, &first);
    if (c->type->kind == WEIR_T_ARRAY) {
        WEIR_MSG(Expression__Literal__Array, expression__literal__array, x, a);
        x->element_type = weir_pb_from_type(a, c->type->field[0].type);
        x->n_elements = (size_t)n;
        x->elements = WEIR_NEWN(a, literal *, n);
        for (int32_t i = 0; i < n; i++)
            x->elements[i] = weir_pb_from_value(a, &c->kid[0], first + i);
        l->literal_type_case = LIT(ARRAY);
        l->array = x;
        return;
    }
    WEIR_MSG(Expression__Literal__Map, expression__literal__map, m, a);
    m->key_type = weir_pb_from_type(a, c->type->field[0].type);
    m->value_type = weir_pb_from_type(a, c->type->field[1].type);
    m->n_keys = m->n_values = (size_t)n;
    m->keys = WEIR_NEWN(a, literal *, n);
    m->values = WEIR_NEWN(a, literal *, n);
    for (int32_t i = 0; i < n; i++) {
        m->keys[i] = weir_pb_from_value(a, &c->kid[0], first + i);
        m->values[i] = weir_pb_from_value(a, &c->kid[1], first + i);
    }
    l->literal_type_case = LIT(MAP);
    l->map = m;
}

static void value_struct(weir_arena *a, const weir_column *c, int64_t row, literal *l) {
    WEIR_MSG(Expression__Literal__Struct, expression__literal__struct, s, a);
    s->struct_type = weir_pb_from_type(a, c->type);
    s->n_elements = (size_t)c->nkid;
    s->elements = WEIR_NEWN(a, literal *, c->nkid);
    for (int i = 0; i < c->nkid; i++)
        s->elements[i] = weir_pb_from_value(a, &c->kid[i], weir_kid_row(c, row));
    l->literal_type_case = LIT(STRUCT);
    l->struct_ = s;
}

static void value_sized(weir_arena *a, const weir_column *c, int64_t row, literal *l) {
    if (c->type->kind == WEIR_T_DECIMAL) {
        WEIR_MSG(Expression__Literal__Decimal, expression__literal__decimal, d, a);
        weir_i128 v;
        memcpy(&v, c->data->p + 16 * weir_row(c, row), 16);
        d->value = decimal_text(a, v, c->type->scale);
        d->has_precision = d->has_scale = true;
        d->precision = c->type->precision;
        d->scale = c->type->scale;
        l->literal_type_case = LIT(DECIMAL);
        l->decimal = d;
    } else if (c->type->kind == WEIR_T_INTERVAL) {
        WEIR_MSG(Expression__Literal__CalendarInterval, expression__literal__calendar_interval, i,
                 a);
        const weir_interval *v = &WEIR_AT_ROW(weir_interval, c, row);
        i->has_months = i->has_days = i->has_microseconds = true;
        i->months = v->months;
        i->days = v->days;
        i->microseconds = v->micros;
        l->literal_type_case = LIT(CALENDAR_INTERVAL);
        l->calendar_interval = i;
    } else if (c->type->kind == WEIR_T_TIME) {
        WEIR_MSG(Expression__Literal__Time, expression__literal__time, t, a);
        t->has_nano = t->has_precision = true;
        t->nano = WEIR_AT_ROW(int64_t, c, row);
        t->precision = c->type->precision ? c->type->precision : 6;
        l->literal_type_case = LIT(TIME);
        l->time = t;
    } else {
        weir_bytes b = weir_get_bytes(c, row);
        l->literal_type_case = c->type->kind == WEIR_T_STRING ? LIT(STRING) : LIT(BINARY);
        if (c->type->kind == WEIR_T_STRING)
            l->string = weir_strndup(a, b.p, (size_t)b.len);
        else
            l->binary = (ProtobufCBinaryData){(size_t)b.len, weir_memdup(a, b.p, (size_t)b.len)};
    }
}

#define VALUE(KIND, NAME, member, ctype)                                                           \
    case WEIR_T_##KIND:                                                                            \
        l->literal_type_case = LIT(NAME);                                                          \
        l->member = WEIR_AT_ROW(ctype, c, row);                                                    \
        break;

literal *weir_pb_from_value(weir_arena *a, const weir_column *c, int64_t row) {
    WEIR_MSG(Expression__Literal, expression__literal, l, a);
    if (weir_is_null(c, row)) {
        l->literal_type_case = LIT(NULL);
        l->null = weir_pb_from_type(a, c->type);
        return l;
    }
    switch (c->type->kind) {
        VALUE(BOOLEAN, BOOLEAN, boolean, uint8_t)
        VALUE(BYTE, BYTE, byte, int8_t)
        VALUE(SHORT, SHORT, short_, int16_t)
        VALUE(INT, INTEGER, integer, int32_t)
        VALUE(LONG, LONG, long_, int64_t)
        VALUE(FLOAT, FLOAT, float_, float)
        VALUE(DOUBLE, DOUBLE, double_, double)
        VALUE(DATE, DATE, date, int32_t)
        VALUE(TIMESTAMP, TIMESTAMP, timestamp, int64_t)
        VALUE(TIMESTAMP_NTZ, TIMESTAMP_NTZ, timestamp_ntz, int64_t)
        VALUE(INTERVAL_YM, YEAR_MONTH_INTERVAL, year_month_interval, int32_t)
        VALUE(INTERVAL_DT, DAY_TIME_INTERVAL, day_time_interval, int64_t)
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: value_list(a, c, row, l); break;
    case WEIR_T_STRUCT: value_struct(a, c, row, l); break;
    default: value_sized(a, c, row, l); break;
    }
    return l;
}
