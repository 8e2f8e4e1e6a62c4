/* ORC's types as SQL's. See convert.h. */
#include "orc/convert.h"

#include "codec/schema_ddl.h"

static const char *const names[WEIR_ORC_KINDS] = {
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "string",
    "binary",
    "timestamp",
    "array",
    "map",
    "struct",
    "uniontype",
    "decimal",
    "date",
    "varchar",
    "char",
    "timestamp with local time zone",
};

static void put_type(weir_str *s, const weir_orc_type *t) {
    if (t->kind >= WEIR_ORC_KINDS) {
        weir_str_puts(s, "a type of a later version");
        return;
    }
    weir_str_puts(s, names[t->kind]);
    if (t->kind == WEIR_ORC_DECIMAL) weir_str_printf(s, "(%d,%d)", t->precision, t->scale);
    if (!t->nkid) return;
    for (int i = 0; i < t->nkid; i++) {
        weir_str_putc(s, i ? ',' : '<');
        if (t->kind == WEIR_ORC_STRUCT) weir_str_printf(s, "%s:", t->name[i]);
        put_type(s, t->kid[i]);
    }
    weir_str_putc(s, '>');
}

char *weir_orc_text(weir_arena *a, const weir_orc_type *t) {
    weir_str s;
    weir_str_init(&s, a, 1 << 16);
    put_type(&s, t);
    return s.p;
}

static weir_rc struct_type(weir_ctx *ctx, const weir_orc_type *t, const weir_type **out) {
    weir_field *f = WEIR_NEWN(ctx->arena, weir_field, t->nkid + 1);
    for (int i = 0; i < t->nkid; i++) {
        f[i] = (weir_field){.name = t->name[i], .nullable = true};
        WEIR_TRY(weir_orc_sql_type(ctx, t->kid[i], &f[i].type));
    }
    *out = weir_type_struct(ctx->arena, f, t->nkid);
    return WEIR_OK;
}

const weir_type *weir_orc_plain_type(int kind) {
    static const weir_type *const plain[WEIR_ORC_KINDS] = {
        [WEIR_ORC_BOOLEAN] = &weir_t_boolean, [WEIR_ORC_BYTE] = &weir_t_byte,
        [WEIR_ORC_SHORT] = &weir_t_short,     [WEIR_ORC_INT] = &weir_t_int,
        [WEIR_ORC_LONG] = &weir_t_long,       [WEIR_ORC_FLOAT] = &weir_t_float,
        [WEIR_ORC_DOUBLE] = &weir_t_double,   [WEIR_ORC_STRING] = &weir_t_string,
        [WEIR_ORC_BINARY] = &weir_t_binary,   [WEIR_ORC_TIMESTAMP] = &weir_t_timestamp,
        [WEIR_ORC_DATE] = &weir_t_date,       [WEIR_ORC_VARCHAR] = &weir_t_string,
        [WEIR_ORC_CHAR] = &weir_t_string,     [WEIR_ORC_INSTANT] = &weir_t_timestamp,
    };
    return kind >= 0 && kind < WEIR_ORC_KINDS ? plain[kind] : NULL;
}

weir_rc weir_orc_sql_type(weir_ctx *ctx, const weir_orc_type *t, const weir_type **out) {
    const weir_type *part[2];
    for (int i = 0; i < t->nkid && i < 2 && t->kind != WEIR_ORC_STRUCT; i++)
        WEIR_TRY(weir_orc_sql_type(ctx, t->kid[i], &part[i]));
    if (t->kind == WEIR_ORC_STRUCT) return struct_type(ctx, t, out);
    if (t->kind == WEIR_ORC_LIST) return *out = weir_type_array(ctx->arena, part[0], true), WEIR_OK;
    if (t->kind == WEIR_ORC_MAP)
        return *out = weir_type_map(ctx->arena, part[0], part[1], true), WEIR_OK;
    if (t->catalyst) {
        WEIR_TRY(weir_ddl_type(ctx, t->catalyst, out));
        if ((*out)->kind == WEIR_T_STRING) *out = &weir_t_string; /* CHAR, VARCHAR */
        return WEIR_OK;
    }
    *out = weir_orc_plain_type(t->kind);
    if (t->kind == WEIR_ORC_DECIMAL && t->precision >= 1 && t->precision <= 38 &&
        t->scale <= t->precision)
        *out = weir_type_decimal(ctx->arena, t->precision, t->scale);
    return *out ? WEIR_OK
                : weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName",
                            weir_orc_text(ctx->arena, t));
}
