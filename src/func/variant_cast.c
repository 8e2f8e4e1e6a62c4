/* Casts of VARIANT. Values of one kind are gathered and cast together, as literals of theirs. See
 * variant_cast.h. */
#include "func/variant_cast.h"

#include "func/decimal.h"
#include "func/loop.h"

#include <stdlib.h>

bool weir_variant_castable(const weir_type *t, bool objects) {
    switch (t->kind) {
    case WEIR_T_STRING: return t->precision == 0; /* no CHAR, no VARCHAR */
    case WEIR_T_BOOLEAN:
    case WEIR_T_BINARY:
    case WEIR_T_DATE:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
    case WEIR_T_VARIANT: return true;
    case WEIR_T_ARRAY: return weir_variant_castable(t->field[0].type, objects);
    case WEIR_T_MAP:
        return objects && t->field[0].type->kind == WEIR_T_STRING &&
               weir_variant_castable(t->field[1].type, objects);
    case WEIR_T_STRUCT: {
        bool ok = objects;
        for (int i = 0; i < t->nfield && ok; i++)
            ok = weir_variant_castable(t->field[i].type, objects);
        return ok;
    }
    default: return weir_type_is_numeric(t);
    }
}

weir_rc weir_variant_too_large(weir_ctx *ctx, const char *name) {
    return weir_fail(ctx, WEIR_E_VARIANT_SIZE_LIMIT, "sizeLimit", "128.0 MiB", "functionName",
                     weir_printf(ctx->arena, "`%s`", name));
}

/* ---- from VARIANT ---- */

typedef struct job {
    weir_ctx *ctx;
    const weir_vref *in;
    weir_vnode *node; /* of those that are not null */
    int64_t n;
    const weir_type *to;
    bool raise;
    const weir_zone *zone;
} job;

static weir_rc invalid(const job *j, int64_t i, bool *null) {
    weir_ctx *ctx = j->ctx;
    weir_str s;
    weir_vfault f;
    *null = true;
    if (!j->raise) return WEIR_OK;
    weir_str_init(&s, ctx->arena, 1 << 24);
    if (!weir_variant_json(&j->in[i].v, j->in[i].at, j->zone, &s, &f))
        return weir_variant_bad(ctx, &f);
    return weir_fail(ctx, WEIR_E_INVALID_VARIANT_CAST, "value", s.p ? s.p : "", "dataType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, j->to)));
}

static const weir_type *literal_type(weir_ctx *ctx, const weir_vnode *n) {
    switch (n->kind) {
    case WEIR_V_BOOLEAN: return &weir_t_boolean;
    case WEIR_V_LONG: return &weir_t_long;
    case WEIR_V_DOUBLE: return &weir_t_double;
    case WEIR_V_DECIMAL: return weir_type_decimal(ctx->arena, 38, n->scale);
    case WEIR_V_DATE: return &weir_t_date;
    case WEIR_V_TIMESTAMP: return &weir_t_timestamp;
    case WEIR_V_TIMESTAMP_NTZ: return &weir_t_timestamp_ntz;
    case WEIR_V_FLOAT: return &weir_t_float;
    case WEIR_V_BINARY: return &weir_t_binary;
    default: return &weir_t_string;
    }
}

static void build_literal(weir_build *b, const weir_vnode *n) {
    switch (n->kind) {
    case WEIR_V_BOOLEAN: weir_build_bool(b, n->i != 0); return;
    case WEIR_V_DOUBLE: weir_build_f64(b, n->d); return;
    case WEIR_V_FLOAT: weir_build_f32(b, (float)n->d); return;
    case WEIR_V_DECIMAL: weir_build_dec(b, n->dec); return;
    case WEIR_V_STRING:
    case WEIR_V_BINARY: weir_build_bytes(b, n->bytes.p, (size_t)n->bytes.len); return;
    default: weir_build_int(b, n->i); return;
    }
}

/* SPARK castLongToTimestamp, castDecimalToTimestamp: seconds that are too many fail. */
static bool overflows(const job *j, const weir_vnode *n) {
    if (j->to->kind != WEIR_T_TIMESTAMP) return false;
    int64_t us;
    if (n->kind == WEIR_V_LONG) return __builtin_mul_overflow(n->i, 1000000, &us);
    if (n->kind != WEIR_V_DECIMAL) return false;
    weir_i128 whole = n->dec / weir_pow10(n->scale);
    return whole > INT64_MAX / 1000000 || whole < INT64_MIN / 1000000;
}

/* Objects, arrays and UUIDs become text, if that is asked for. */
static weir_rc text_of(const job *j, int64_t i, weir_build *b) {
    weir_str s;
    weir_vfault f;
    bool uuid = j->node[i].kind == WEIR_V_UUID;
    weir_str_init(&s, j->ctx->arena, INT32_MAX);
    if (!weir_variant_json(&j->in[i].v, j->in[i].at, j->zone, &s, &f))
        return weir_variant_bad(j->ctx, &f);
    weir_build_bytes(b, s.p + uuid, s.len - 2 * (size_t)uuid); /* without its quotes */
    return WEIR_OK;
}

static bool is_text(const weir_vnode *n) { return n->kind >= WEIR_V_UUID; }

static bool alike(const weir_vnode *a, const weir_vnode *b) {
    if (is_text(a) || is_text(b)) return is_text(a) && is_text(b);
    return a->kind == b->kind && (a->kind != WEIR_V_DECIMAL || a->scale == b->scale);
}

/* The values that are like the one at first, from it on, into one column; at: where each is. */
static weir_rc cast_alike(const job *j, int64_t first, int64_t base, int64_t *at, weir_column *out,
                          int64_t *count) {
    weir_ctx *ctx = j->ctx;
    weir_build b;
    weir_column in;
    const weir_vnode *like = &j->node[first];
    const weir_type *from = literal_type(ctx, like);
    bool texts = is_text(like), none = texts && j->to->kind != WEIR_T_STRING, null;
    WEIR_TRY(weir_build_init(ctx, &b, from));
    for (int64_t i = first; i < j->n; i++) {
        if (at[i] != -2 || !alike(like, &j->node[i])) continue;
        at[i] = -1;
        if (none || overflows(j, &j->node[i])) {
            WEIR_TRY(invalid(j, i, &null));
            continue;
        }
        at[i] = base + b.len;
        if (texts)
            WEIR_TRY(text_of(j, i, &b));
        else
            build_literal(&b, &j->node[i]);
    }
    *count = b.len;
    WEIR_TRY(weir_build_finish(ctx, &b, &in));
    weir_err quiet;
    weir_ctx tried = *ctx;
    weir_err_init(&quiet);
    tried.err = &quiet;
    weir_rc rc = weir_cast_column(&tried, &in, j->to, WEIR_CAST_TRY, out);
    bool no_such = rc != WEIR_OK && quiet.cls == WEIR_E_DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION;
    if (rc != WEIR_OK && !no_such) weir_err_copy(ctx->err, &quiet);
    weir_err_clear(&quiet);
    if (rc != WEIR_OK && !no_such) return rc;
    if (no_such) WEIR_TRY(weir_column_null(ctx, j->to, *count, out));
    for (int64_t i = first; i < j->n; i++)
        if (at[i] >= base && weir_is_null(out, at[i] - base)) WEIR_TRY(invalid(j, i, &null));
    return WEIR_OK;
}

static weir_rc cast_scalars(const job *j, weir_column *out) {
    weir_ctx *ctx = j->ctx;
    weir_column all, none;
    int64_t *at = WEIR_NEWN(ctx->arena, int64_t, j->n + 1), base = 0;
    const weir_column **part = NULL;
    int npart = 0, cpart = 0;
    for (int64_t i = 0; i < j->n; i++)
        at[i] = j->in[i].null || j->node[i].kind == WEIR_V_NULL ? -1 : -2;
    for (int64_t i = 0; i < j->n; i++) {
        int64_t count;
        if (at[i] != -2) continue;
        weir_column *c = WEIR_NEW(ctx->arena, weir_column);
        WEIR_TRY(cast_alike(j, i, base, at, c, &count));
        if (!count) continue;
        base += count;
        if (npart == cpart) {
            cpart = cpart ? cpart * 2 : 8;
            const weir_column **more = WEIR_NEWN(ctx->arena, const weir_column *, cpart);
            if (npart) memcpy(more, part, sizeof *part * (size_t)npart);
            part = more;
        }
        part[npart++] = c;
    }
    if (!npart) return weir_column_null(ctx, j->to, j->n, out);
    WEIR_TRY(weir_column_concat(ctx, part, npart, &all));
    WEIR_TRY(weir_column_take(ctx, &all, at, j->n, &none));
    return weir_column_flatten(ctx, &none, out);
}

/* Members of row i into kids, one after the other; keys NULL: of arrays. */
static weir_rc add_members(const job *j, int64_t i, weir_vref *kids, int64_t *nkid,
                           weir_build *keys) {
    const weir_vnode *n = &j->node[i];
    const weir_vfault broken = {-1};
    weir_bytes key;
    for (uint32_t k = 0; k < n->count; k++) {
        weir_vref *r = &kids[(*nkid)++];
        *r = (weir_vref){.v = j->in[i].v};
        if (!weir_variant_member(&r->v, n, k, &r->at, &key))
            return weir_variant_bad(j->ctx, &broken);
        if (keys) weir_build_bytes(keys, key.p, (size_t)key.len);
    }
    return WEIR_OK;
}

/* Is row i of the kind that to wants? *null: it is not, or nothing is there. */
static weir_rc wants(const job *j, int64_t i, weir_vkind kind, bool *null) {
    *null = j->in[i].null || j->node[i].kind == WEIR_V_NULL;
    if (*null || j->node[i].kind == kind) return WEIR_OK;
    return invalid(j, i, null);
}

static weir_rc cast_lists(const job *j, weir_column *out) {
    weir_ctx *ctx = j->ctx;
    bool map = j->to->kind == WEIR_T_MAP;
    int64_t total = 0, nkid = 0;
    weir_build keys;
    uint8_t *bits;
    for (int64_t i = 0; i < j->n; i++) total += j->in[i].null ? 0 : j->node[i].count;
    if (total > INT32_MAX) return weir_variant_too_large(ctx, "cast");
    weir_vref *kids = WEIR_NEWN(ctx->arena, weir_vref, total + 1);
    *out = (weir_column){.type = j->to, .form = WEIR_FLAT, .len = j->n, .nkid = j->to->nfield};
    WEIR_TRY(weir_buf_zero(ctx, (j->n + 7) / 8, &out->valid));
    WEIR_TRY(weir_buf_zero(ctx, (j->n + 1) * 4, &out->data));
    bits = out->valid->p;
    if (map) WEIR_TRY(weir_build_init(ctx, &keys, &weir_t_string));
    for (int64_t i = 0; i < j->n; i++) {
        bool null;
        WEIR_TRY(wants(j, i, map ? WEIR_V_OBJECT : WEIR_V_ARRAY, &null));
        if (!null) {
            weir_bit_set(bits, i);
            WEIR_TRY(add_members(j, i, kids, &nkid, map ? &keys : NULL));
        }
        ((int32_t *)(void *)out->data->p)[i + 1] = (int32_t)nkid;
    }
    out->kid = WEIR_NEWN(ctx->arena, weir_column, out->nkid);
    if (map) WEIR_TRY(weir_build_finish(ctx, &keys, &out->kid[0]));
    return weir_variant_cast(ctx, kids, nkid, j->to->field[map].type, j->raise, j->zone,
                             &out->kid[map]);
}

static weir_rc cast_structs(const job *j, weir_column *out) {
    weir_ctx *ctx = j->ctx;
    const weir_vfault broken = {-1};
    int nf = j->to->nfield;
    *out = (weir_column){.type = j->to, .form = WEIR_FLAT, .len = j->n, .nkid = nf};
    WEIR_TRY(weir_buf_zero(ctx, (j->n + 7) / 8, &out->valid));
    out->kid = WEIR_NEWN(ctx->arena, weir_column, nf + 1);
    for (int64_t i = 0; i < j->n; i++) {
        bool null;
        WEIR_TRY(wants(j, i, WEIR_V_OBJECT, &null));
        if (!null) weir_bit_set(out->valid->p, i);
    }
    weir_vref *kid = WEIR_NEWN(ctx->arena, weir_vref, j->n + 1);
    for (int f = 0; f < nf; f++) {
        const char *name = j->to->field[f].name;
        weir_bytes key = {name, (int32_t)strlen(name)};
        for (int64_t i = 0; i < j->n; i++) {
            bool found = false;
            kid[i] = (weir_vref){.v = j->in[i].v};
            if (weir_bit(out->valid->p, i) &&
                !weir_variant_field(&kid[i].v, &j->node[i], key, &found, &kid[i].at))
                return weir_variant_bad(ctx, &broken);
            kid[i].null = !found;
        }
        WEIR_TRY(weir_variant_cast(ctx, kid, j->n, j->to->field[f].type, j->raise, j->zone,
                                   &out->kid[f]));
    }
    return WEIR_OK;
}

static void free_builder(void *b) { weir_vbuild_free(b); }

static weir_vbuild *builder(weir_ctx *ctx) {
    weir_vbuild *b = weir_vbuild_new();
    weir_arena_defer(ctx->arena, free_builder, b);
    return b;
}

/* SPARK: built again, so that it has no keys but its own. */
static weir_rc cast_same(const job *j, weir_column *out) {
    weir_ctx *ctx = j->ctx;
    weir_build b;
    weir_vbuild *v = builder(ctx);
    weir_vfault f;
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_variant));
    for (int64_t i = 0; i < j->n; i++) {
        if (j->in[i].null) {
            weir_build_null(&b);
            continue;
        }
        weir_vbuild_clear(v);
        if (!weir_vbuild_copy(v, &j->in[i].v, j->in[i].at, &f)) return weir_variant_bad(ctx, &f);
        if (!weir_vbuild_take(v, &b)) return weir_variant_too_large(ctx, "cast");
    }
    return weir_build_finish(ctx, &b, out);
}

weir_rc weir_variant_cast(weir_ctx *ctx, const weir_vref *in, int64_t n, const weir_type *to,
                          bool raise, const weir_zone *zone, weir_column *out) {
    job j = {ctx, in, WEIR_NEWN(ctx->arena, weir_vnode, n + 1), n, to, raise, zone};
    weir_vfault f;
    for (int64_t i = 0; i < n; i++)
        if (!in[i].null && !weir_variant_node(&in[i].v, in[i].at, &j.node[i], &f))
            return weir_variant_bad(ctx, &f);
    switch (to->kind) {
    case WEIR_T_VARIANT: return cast_same(&j, out);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP: return cast_lists(&j, out);
    case WEIR_T_STRUCT: return cast_structs(&j, out);
    default: return cast_scalars(&j, out);
    }
}

/* ---- to VARIANT ---- */

static weir_rc put_member(weir_ctx *ctx, weir_vbuild *b, const weir_column *c, int64_t i) {
    if (!weir_is_null(c, i)) return weir_vbuild_row(ctx, b, c, i);
    weir_vbuild_null(b);
    return WEIR_OK;
}

static weir_rc put_nested(weir_ctx *ctx, weir_vbuild *b, const weir_column *c, int64_t i) {
    weir_kind k = c->type->kind;
    int64_t first = 0;
    int32_t n = k == WEIR_T_STRUCT ? c->nkid : weir_get_list(c, i, &first);
    weir_vbuild_open(b, k == WEIR_T_ARRAY);
    for (int32_t m = 0; m < n; m++) {
        const weir_column *kid = &c->kid[k == WEIR_T_STRUCT ? m : k == WEIR_T_MAP];
        int64_t row = k == WEIR_T_STRUCT ? weir_kid_row(c, i) : first + m;
        weir_bytes key = {"", 0};
        if (k == WEIR_T_STRUCT)
            key = (weir_bytes){c->type->field[m].name, (int32_t)strlen(c->type->field[m].name)};
        else if (k == WEIR_T_MAP)
            key = weir_get_bytes(&c->kid[0], row);
        if (k != WEIR_T_ARRAY) weir_vbuild_key(b, key.p, (size_t)key.len);
        WEIR_TRY(put_member(ctx, b, kid, row));
    }
    if (weir_vbuild_close(b)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_VARIANT_DUPLICATE_KEY, "key", weir_vbuild_twice(ctx->arena, b));
}

weir_rc weir_vbuild_row(weir_ctx *ctx, weir_vbuild *b, const weir_column *c, int64_t i) {
    weir_bytes s;
    weir_variant v;
    weir_vfault f;
    switch (c->type->kind) {
    case WEIR_T_BOOLEAN: weir_vbuild_bool(b, WEIR_AT_ROW(uint8_t, c, i)); return WEIR_OK;
    case WEIR_T_FLOAT: weir_vbuild_float(b, WEIR_AT_ROW(float, c, i)); return WEIR_OK;
    case WEIR_T_DOUBLE: weir_vbuild_double(b, WEIR_AT_ROW(double, c, i)); return WEIR_OK;
    case WEIR_T_DECIMAL:
        weir_vbuild_decimal(b, WEIR_AT_ROW(weir_i128, c, i), c->type->scale);
        return WEIR_OK;
    case WEIR_T_DATE: weir_vbuild_date(b, WEIR_AT_ROW(int32_t, c, i)); return WEIR_OK;
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ:
        weir_vbuild_timestamp(b, WEIR_AT_ROW(int64_t, c, i), c->type->kind != WEIR_T_TIMESTAMP);
        return WEIR_OK;
    case WEIR_T_STRING:
        s = weir_get_bytes(c, i);
        weir_vbuild_string(b, s.p, (size_t)s.len);
        return WEIR_OK;
    case WEIR_T_BINARY:
        s = weir_get_bytes(c, i);
        weir_vbuild_binary(b, s.p, (size_t)s.len);
        return WEIR_OK;
    case WEIR_T_VARIANT:
        v = weir_get_variant(c, i);
        return weir_vbuild_copy(b, &v, 0, &f) ? WEIR_OK : weir_variant_bad(ctx, &f);
    case WEIR_T_ARRAY:
    case WEIR_T_MAP:
    case WEIR_T_STRUCT: return put_nested(ctx, b, c, i);
    case WEIR_T_VOID: weir_vbuild_null(b); return WEIR_OK;
    default: weir_vbuild_long(b, weir_get_int(c, i)); return WEIR_OK;
    }
}

weir_rc weir_variant_from(weir_ctx *ctx, const weir_column *c, const char *name, weir_column *out) {
    weir_build b;
    weir_vbuild *v = builder(ctx);
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_variant));
    for (int64_t i = 0; i < c->len; i++) {
        if (weir_is_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        weir_vbuild_clear(v);
        WEIR_TRY(weir_vbuild_row(ctx, v, c, i));
        if (!weir_vbuild_take(v, &b)) return weir_variant_too_large(ctx, name);
    }
    return weir_build_finish(ctx, &b, out);
}
