/* Data types between Spark Connect's messages and the engine's. Any thread. */
#include "connect/connect.h"

static weir_rc to_type(weir_ctx *ctx, const SC(DataType) * t, const weir_type **out);

static weir_rc to_struct(weir_ctx *ctx, const SC(DataType__Struct) * s, const weir_type **out) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, s->n_fields + 1);
    for (size_t i = 0; i < s->n_fields; i++) {
        const SC(DataType__StructField) *x = s->fields[i];
        f[i].name = weir_text(x->name);
        f[i].nullable = x->nullable;
        f[i].metadata =
            x->metadata && *x->metadata && strcmp(x->metadata, "{}") != 0 ? x->metadata : NULL;
        WEIR_TRY(to_type(ctx, x->data_type, &f[i].type));
    }
    *out = weir_type_struct(ctx->arena, f, (int)s->n_fields);
    return WEIR_OK;
}

static weir_rc to_interval(weir_ctx *ctx, weir_kind kind, bool has_start, int start, bool has_end,
                           int end, const weir_type **out) {
    weir_type *t = weir_memdup(ctx->arena, weir_type_scalar(kind), sizeof(weir_type));
    int most = kind == WEIR_T_INTERVAL_YM ? 1 : 3;
    if (has_start) t->precision = (int16_t)start;
    t->scale = (int16_t)(has_end ? end : has_start ? start : most);
    if (start < 0 || start > most || t->scale < 0 || t->scale > most)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName", "\"INTERVAL\"");
    *out = t;
    return WEIR_OK;
}

static weir_rc to_chars(weir_ctx *ctx, int length, int which, const weir_type **out) {
    if (length < 1 || length > 32767)
        return weir_tp_unsupported(ctx, "character types longer than 32767", "Use STRING");
    weir_type *t = weir_memdup(ctx->arena, &weir_t_string, sizeof(weir_type));
    t->precision = (int16_t)length;
    t->scale = (int16_t)which;
    *out = t;
    return WEIR_OK;
}

static weir_rc to_decimal(weir_ctx *ctx, const SC(DataType__Decimal) * d, const weir_type **out) {
    int p = d->has_precision ? d->precision : 10, s = d->has_scale ? d->scale : 0;
    if (p < 1 || p > 38 || s < 0 || s > p)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName",
                         weir_printf(ctx->arena, "\"DECIMAL(%d,%d)\"", p, s));
    *out = weir_type_decimal(ctx->arena, p, s);
    return WEIR_OK;
}

static weir_rc to_nested(weir_ctx *ctx, const SC(DataType) * t, const weir_type **out) {
    const weir_type *a = NULL, *b = NULL;
    if (t->kind_case == SK(DATA_TYPE__KIND_ARRAY)) {
        WEIR_TRY(to_type(ctx, t->array->element_type, &a));
        *out = weir_type_array(ctx->arena, a, t->array->contains_null);
        return WEIR_OK;
    }
    WEIR_TRY(to_type(ctx, t->map->key_type, &a));
    WEIR_TRY(to_type(ctx, t->map->value_type, &b));
    *out = weir_type_map(ctx->arena, a, b, t->map->value_contains_null);
    return WEIR_OK;
}

static weir_rc to_string(weir_ctx *ctx, const SC(DataType__String) * s, const weir_type **out) {
    if (s->collation && *s->collation && strcmp(s->collation, "UTF8_BINARY") != 0)
        return weir_tp_unsupported(ctx, weir_printf(ctx->arena, "the collation %s", s->collation),
                                   "Use UTF8_BINARY strings");
    *out = &weir_t_string;
    return WEIR_OK;
}

static weir_rc to_type(weir_ctx *ctx, const SC(DataType) * t, const weir_type **out) {
    if (!t) return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName", "\"(none)\"");
    switch (t->kind_case) {
    case SK(DATA_TYPE__KIND_NULL): *out = &weir_t_void; return WEIR_OK;
    case SK(DATA_TYPE__KIND_BINARY): *out = &weir_t_binary; return WEIR_OK;
    case SK(DATA_TYPE__KIND_BOOLEAN): *out = &weir_t_boolean; return WEIR_OK;
    case SK(DATA_TYPE__KIND_BYTE): *out = &weir_t_byte; return WEIR_OK;
    case SK(DATA_TYPE__KIND_SHORT): *out = &weir_t_short; return WEIR_OK;
    case SK(DATA_TYPE__KIND_INTEGER): *out = &weir_t_int; return WEIR_OK;
    case SK(DATA_TYPE__KIND_LONG): *out = &weir_t_long; return WEIR_OK;
    case SK(DATA_TYPE__KIND_FLOAT): *out = &weir_t_float; return WEIR_OK;
    case SK(DATA_TYPE__KIND_DOUBLE): *out = &weir_t_double; return WEIR_OK;
    case SK(DATA_TYPE__KIND_DATE): *out = &weir_t_date; return WEIR_OK;
    case SK(DATA_TYPE__KIND_TIMESTAMP): *out = &weir_t_timestamp; return WEIR_OK;
    case SK(DATA_TYPE__KIND_TIMESTAMP_NTZ): *out = &weir_t_timestamp_ntz; return WEIR_OK;
    case SK(DATA_TYPE__KIND_CALENDAR_INTERVAL): *out = &weir_t_interval; return WEIR_OK;
    case SK(DATA_TYPE__KIND_VARIANT): *out = &weir_t_variant; return WEIR_OK;
    case SK(DATA_TYPE__KIND_TIME): *out = &weir_t_time; return WEIR_OK;
    case SK(DATA_TYPE__KIND_STRING): return to_string(ctx, t->string, out);
    case SK(DATA_TYPE__KIND_CHAR): return to_chars(ctx, t->char_->length, 1, out);
    case SK(DATA_TYPE__KIND_VAR_CHAR): return to_chars(ctx, t->var_char->length, 2, out);
    case SK(DATA_TYPE__KIND_DECIMAL): return to_decimal(ctx, t->decimal, out);
    case SK(DATA_TYPE__KIND_YEAR_MONTH_INTERVAL): {
        const SC(DataType__YearMonthInterval) *i = t->year_month_interval;
        return to_interval(ctx, WEIR_T_INTERVAL_YM, i->has_start_field, i->start_field,
                           i->has_end_field, i->end_field, out);
    }
    case SK(DATA_TYPE__KIND_DAY_TIME_INTERVAL): {
        const SC(DataType__DayTimeInterval) *i = t->day_time_interval;
        return to_interval(ctx, WEIR_T_INTERVAL_DT, i->has_start_field, i->start_field,
                           i->has_end_field, i->end_field, out);
    }
    case SK(DATA_TYPE__KIND_ARRAY):
    case SK(DATA_TYPE__KIND_MAP): return to_nested(ctx, t, out);
    case SK(DATA_TYPE__KIND_STRUCT): return to_struct(ctx, t->struct_, out);
    case SK(DATA_TYPE__KIND_UDT): return to_type(ctx, t->udt->sql_type, out);
    case SK(DATA_TYPE__KIND_UNPARSED):
        return weir_sql_parse_type(ctx, weir_text(t->unparsed->data_type_string), out);
    case SK(DATA_TYPE__KIND_GEOMETRY):
    case SK(DATA_TYPE__KIND_GEOGRAPHY):
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName", "\"GEOMETRY\"");
    default: return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName", "\"UNKNOWN\"");
    }
}

weir_rc weir_pb_to_type(weir_ctx *ctx, const SC(DataType) * t, const weir_type **out) {
    WEIR_TRY(to_type(ctx, t, out));
    return weir_type_check_depth(ctx, *out);
}

static void from_struct(weir_arena *a, const weir_type *t, SC(DataType) * d) {
    WEIR_MSG(DataType__Struct, data_type__struct, s, a);
    s->n_fields = (size_t)t->nfield;
    s->fields = WEIR_NEWN(a, SC(DataType__StructField) *, t->nfield);
    for (int i = 0; i < t->nfield; i++) {
        WEIR_MSG(DataType__StructField, data_type__struct_field, f, a);
        f->name = weir_pb_text(t->field[i].name);
        f->data_type = weir_pb_from_type(a, t->field[i].type);
        f->has_nullable = true;
        f->nullable = t->field[i].nullable;
        if (t->field[i].metadata) f->metadata = weir_pb_text(t->field[i].metadata);
        s->fields[i] = f;
    }
    d->kind_case = SK(DATA_TYPE__KIND_STRUCT);
    d->struct_ = s;
}

static void from_list(weir_arena *a, const weir_type *t, SC(DataType) * d) {
    if (t->kind == WEIR_T_ARRAY) {
        WEIR_MSG(DataType__Array, data_type__array, x, a);
        x->element_type = weir_pb_from_type(a, t->field[0].type);
        x->has_contains_null = true;
        x->contains_null = t->field[0].nullable;
        d->kind_case = SK(DATA_TYPE__KIND_ARRAY);
        d->array = x;
        return;
    }
    WEIR_MSG(DataType__Map, data_type__map, m, a);
    m->key_type = weir_pb_from_type(a, t->field[0].type);
    m->value_type = weir_pb_from_type(a, t->field[1].type);
    m->has_value_contains_null = true;
    m->value_contains_null = t->field[1].nullable;
    d->kind_case = SK(DATA_TYPE__KIND_MAP);
    d->map = m;
}

static void from_sized(weir_arena *a, const weir_type *t, SC(DataType) * d) {
    if (t->kind == WEIR_T_DECIMAL) {
        WEIR_MSG(DataType__Decimal, data_type__decimal, x, a);
        x->has_precision = x->has_scale = true;
        x->precision = t->precision;
        x->scale = t->scale;
        d->kind_case = SK(DATA_TYPE__KIND_DECIMAL);
        d->decimal = x;
    } else if (t->kind == WEIR_T_INTERVAL_YM) {
        WEIR_MSG(DataType__YearMonthInterval, data_type__year_month_interval, x, a);
        x->has_start_field = x->has_end_field = true;
        x->start_field = t->precision;
        x->end_field = t->scale;
        d->kind_case = SK(DATA_TYPE__KIND_YEAR_MONTH_INTERVAL);
        d->year_month_interval = x;
    } else if (t->kind == WEIR_T_INTERVAL_DT) {
        WEIR_MSG(DataType__DayTimeInterval, data_type__day_time_interval, x, a);
        x->has_start_field = x->has_end_field = true;
        x->start_field = t->precision;
        x->end_field = t->scale;
        d->kind_case = SK(DATA_TYPE__KIND_DAY_TIME_INTERVAL);
        d->day_time_interval = x;
    } else if (t->kind == WEIR_T_TIME) {
        WEIR_MSG(DataType__Time, data_type__time, x, a);
        x->has_precision = true;
        x->precision = t->precision ? t->precision : 6;
        d->kind_case = SK(DATA_TYPE__KIND_TIME);
        d->time = x;
    } else {
        bool fixed = t->scale == 1;
        WEIR_MSG(DataType__Char, data_type__char, c, a);
        WEIR_MSG(DataType__VarChar, data_type__var_char, v, a);
        c->has_length = v->has_length = true;
        c->length = v->length = t->precision;
        d->kind_case = fixed ? SK(DATA_TYPE__KIND_CHAR) : SK(DATA_TYPE__KIND_VAR_CHAR);
        if (fixed)
            d->char_ = c;
        else
            d->var_char = v;
    }
}

#define PLAIN(KIND, CASE, member, Type, init)                                                      \
    case WEIR_T_##KIND: {                                                                          \
        WEIR_MSG(DataType__##Type, data_type__##init, x, a);                                       \
        d->kind_case = SK(DATA_TYPE__KIND_##CASE);                                                 \
        d->member = x;                                                                             \
        break;                                                                                     \
    }

SC(DataType) * weir_pb_from_type(weir_arena *a, const weir_type *t) {
    WEIR_MSG(DataType, data_type, d, a);
    if (t->kind == WEIR_T_STRING && t->precision > 0) {
        from_sized(a, t, d);
        return d;
    }
    switch (t->kind) {
        PLAIN(VOID, NULL, null, NULL, null)
        PLAIN(BOOLEAN, BOOLEAN, boolean, Boolean, boolean)
        PLAIN(BYTE, BYTE, byte, Byte, byte)
        PLAIN(SHORT, SHORT, short_, Short, short)
        PLAIN(INT, INTEGER, integer, Integer, integer)
        PLAIN(LONG, LONG, long_, Long, long)
        PLAIN(FLOAT, FLOAT, float_, Float, float)
        PLAIN(DOUBLE, DOUBLE, double_, Double, double)
        PLAIN(STRING, STRING, string, String, string)
        PLAIN(BINARY, BINARY, binary, Binary, binary)
        PLAIN(DATE, DATE, date, Date, date)
        PLAIN(TIMESTAMP, TIMESTAMP, timestamp, Timestamp, timestamp)
        PLAIN(TIMESTAMP_NTZ, TIMESTAMP_NTZ, timestamp_ntz, TimestampNTZ, timestamp_ntz)
        PLAIN(INTERVAL, CALENDAR_INTERVAL, calendar_interval, CalendarInterval, calendar_interval)
        PLAIN(VARIANT, VARIANT, variant, Variant, variant)
    case WEIR_T_STRUCT: from_struct(a, t, d); break;
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: from_list(a, t, d); break;
    default: from_sized(a, t, d); break;
    }
    return d;
}
