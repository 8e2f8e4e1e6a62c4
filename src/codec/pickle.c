/* Rows to Python's pickle. See pickle.h. Opcodes: Lib/pickletools.py of CPython. */
#include "codec/pickle.h"

#include "base/utf8.h"
#include "func/decimal.h"

enum {
    OP_PROTO = 0x80,
    OP_NONE = 'N',
    OP_TRUE = 0x88,
    OP_FALSE = 0x89,
    OP_BININT = 'J',
    OP_LONG1 = 0x8a,
    OP_BINFLOAT = 'G',
    OP_BINUNICODE = 'X',
    OP_BINBYTES = 'B',
    OP_EMPTY_LIST = ']',
    OP_APPENDS = 'e',
    OP_EMPTY_DICT = '}',
    OP_SETITEMS = 'u',
    OP_MARK = '(',
    OP_TUPLE = 't',
    OP_TUPLE1 = 0x85,
    OP_REDUCE = 'R',
    OP_GLOBAL = 'c',
    OP_BINPUT = 'q',
    OP_BINGET = 'h',
    OP_POP = '0',
    OP_STOP = '.'
};
enum { MEMO_ROW = 0, MEMO_DECIMAL = 1 };

static void op(weir_str *o, int code) { weir_str_putc(o, (char)code); }

static void op_at(weir_str *o, int code, int memo) {
    op(o, code);
    op(o, memo);
}

static void put_le(weir_str *o, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) op(o, (int)(v >> 8 * i & 255));
}

static void put_global(weir_str *o, const char *module, const char *name) {
    op(o, OP_GLOBAL);
    weir_str_printf(o, "%s\n%s\n", module, name);
}

static void put_int(weir_str *o, int64_t v) {
    if (v == (int32_t)v) {
        op(o, OP_BININT);
        put_le(o, (uint32_t)v, 4);
        return;
    }
    op_at(o, OP_LONG1, 8);
    put_le(o, (uint64_t)v, 8);
}

static void put_float(weir_str *o, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    op(o, OP_BINFLOAT);
    for (int i = 7; i >= 0; i--) op(o, (int)(bits >> 8 * i & 255));
}

static void put_counted(weir_str *o, int code, const void *p, size_t n) {
    op(o, code);
    put_le(o, n, 4);
    weir_str_add(o, p, n);
}

/* Text that is no UTF-8 would fail the worker. */
static void put_text(weir_ctx *ctx, weir_str *o, const char *p, int32_t n) {
    weir_str fixed;
    if (weir_utf8_valid(p, (size_t)n)) {
        put_counted(o, OP_BINUNICODE, p, (size_t)n);
        return;
    }
    weir_str_init(&fixed, ctx->arena, (size_t)n * 3 + 8);
    weir_utf8_add(&fixed, p, (size_t)n);
    put_counted(o, OP_BINUNICODE, fixed.p, fixed.len);
}

static void put_decimal(weir_str *o, weir_i128 v, int scale) {
    char t[64];
    int n = weir_dec_text(v, scale, t);
    op_at(o, OP_BINGET, MEMO_DECIMAL);
    put_counted(o, OP_BINUNICODE, t, (size_t)n);
    op(o, OP_TUPLE1);
    op(o, OP_REDUCE);
}

static void put_value(weir_ctx *, const weir_column *, int64_t i, weir_str *);

static void put_list(weir_ctx *ctx, const weir_column *c, int64_t i, weir_str *o) {
    int64_t first;
    int32_t n = weir_get_list(c, i, &first);
    bool map = c->type->kind == WEIR_T_MAP;
    op(o, map ? OP_EMPTY_DICT : OP_EMPTY_LIST);
    op(o, OP_MARK);
    for (int64_t k = first; k < first + n; k++) {
        put_value(ctx, &c->kid[0], k, o);
        if (map) put_value(ctx, &c->kid[1], k, o);
    }
    op(o, map ? OP_SETITEMS : OP_APPENDS);
}

static void put_fields(weir_ctx *ctx, const weir_column *c, int n, int64_t i, weir_str *o) {
    op(o, OP_MARK);
    for (int k = 0; k < n; k++) put_value(ctx, &c[k], i, o);
    op(o, OP_TUPLE);
}

static void put_value(weir_ctx *ctx, const weir_column *c, int64_t i, weir_str *o) {
    if (weir_is_null(c, i)) {
        op(o, OP_NONE);
        return;
    }
    switch (c->type->kind) {
    case WEIR_T_BOOLEAN: op(o, WEIR_AT_ROW(uint8_t, c, i) ? OP_TRUE : OP_FALSE); break;
    case WEIR_T_BYTE: put_int(o, WEIR_AT_ROW(int8_t, c, i)); break;
    case WEIR_T_SHORT: put_int(o, WEIR_AT_ROW(int16_t, c, i)); break;
    case WEIR_T_INT:
    case WEIR_T_DATE:
    case WEIR_T_INTERVAL_YM: put_int(o, WEIR_AT_ROW(int32_t, c, i)); break;
    case WEIR_T_LONG:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_TIME:
    case WEIR_T_INTERVAL_DT: put_int(o, WEIR_AT_ROW(int64_t, c, i)); break;
    case WEIR_T_FLOAT: put_float(o, (double)WEIR_AT_ROW(float, c, i)); break;
    case WEIR_T_DOUBLE: put_float(o, WEIR_AT_ROW(double, c, i)); break;
    case WEIR_T_DECIMAL: put_decimal(o, WEIR_AT_ROW(weir_i128, c, i), c->type->scale); break;
    case WEIR_T_STRING: {
        weir_bytes b = weir_get_bytes(c, i);
        put_text(ctx, o, b.p, b.len);
        break;
    }
    case WEIR_T_BINARY: {
        weir_bytes b = weir_get_bytes(c, i);
        put_counted(o, OP_BINBYTES, b.p, (size_t)b.len);
        break;
    }
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: put_list(ctx, c, i, o); break;
    case WEIR_T_STRUCT: put_fields(ctx, c->kid, c->nkid, weir_kid_row(c, i), o); break;
    case WEIR_T_VOID:
    case WEIR_T_INTERVAL:
    case WEIR_T_VARIANT:
    case WEIR_T_COUNT: op(o, OP_NONE); break; /* weir_pickle_check refuses the latter three */
    }
}

weir_rc weir_pickle_check(weir_ctx *ctx, const weir_type *t) {
    if (t->kind == WEIR_T_INTERVAL || t->kind == WEIR_T_VARIANT)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                         weir_printf(ctx->arena,
                                     "columns of type %s in rows for a Python function; cast "
                                     "them to STRING before",
                                     weir_type_sql(ctx->arena, t)));
    for (int i = 0; i < t->nfield; i++) WEIR_TRY(weir_pickle_check(ctx, t->field[i].type));
    return WEIR_OK;
}

/* The function that makes a Row of a tuple, and Decimal, in the memo. */
static void put_head(weir_ctx *ctx, weir_schema *schema, weir_str *o) {
    weir_str json;
    weir_str_init(&json, ctx->arena, 1 << 24);
    weir_type_to_json(schema, &json);
    op_at(o, OP_PROTO, 3);
    put_global(o, "pyspark.sql.types", "_create_row_inbound_converter");
    put_global(o, "pyspark.sql.types", "_parse_datatype_json_string");
    put_counted(o, OP_BINUNICODE, json.p, json.len);
    op(o, OP_TUPLE1);
    op(o, OP_REDUCE);
    op(o, OP_TUPLE1);
    op(o, OP_REDUCE);
    op_at(o, OP_BINPUT, MEMO_ROW);
    op(o, OP_POP);
    put_global(o, "decimal", "Decimal");
    op_at(o, OP_BINPUT, MEMO_DECIMAL);
    op(o, OP_POP);
}

weir_rc weir_pickle_rows(weir_ctx *ctx, weir_schema *schema, const weir_batch *b, int64_t from,
                         int64_t n, weir_str *out) {
    put_head(ctx, schema, out);
    op(out, OP_EMPTY_LIST);
    op(out, OP_MARK);
    for (int64_t i = from; i < from + n; i++) {
        op_at(out, OP_BINGET, MEMO_ROW);
        put_fields(ctx, b->col, schema->nfield, i, out);
        op(out, OP_REDUCE);
    }
    op(out, OP_APPENDS);
    op(out, OP_STOP);
    if (!out->failed) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_OUT_OF_MEMORY, "requestedBytes", "over the largest message for",
                     "receivedBytes", "none");
}
