/* CAST: which pairs are allowed, the choice of steps, failures. Called by analysis (resolve) and
 * the evaluator (kernel). */
#include "func/cast.h"
#include "func/variant_cast.h"

#include <strings.h>

weir_rc weir_cast_fixed(weir_ctx *ctx, weir_column *out, void *data_out) {
    WEIR_TRY(weir_buf_new(ctx, out->len * weir_type_width(out->type), &out->data));
    *(void **)data_out = out->data->p;
    return WEIR_OK;
}

weir_rc weir_cast_null(weir_ctx *ctx, weir_column *out, int64_t row) {
    if (!out->valid) {
        WEIR_TRY(weir_buf_new(ctx, (out->len + 7) / 8, &out->valid));
        memset(out->valid->p, 0xff, (size_t)((out->len + 7) / 8));
    }
    weir_bit_clear(out->valid->p, row);
    return WEIR_OK;
}

static char *quoted_type(weir_ctx *ctx, const weir_type *t) {
    return weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, t));
}

/* One condition; the exception that carries it goes by the target: SPARK QueryExecutionErrors. */
static weir_errcls malformed(const weir_type *to) {
    switch (to->kind) {
    case WEIR_T_BOOLEAN: return WEIR_E_CAST_INVALID_INPUT_BOOLEAN;
    case WEIR_T_DATE:
    case WEIR_T_TIME:
    case WEIR_T_TIMESTAMP:
    case WEIR_T_TIMESTAMP_NTZ: return WEIR_E_CAST_INVALID_INPUT_DATETIME;
    default: return WEIR_E_CAST_INVALID_INPUT;
    }
}

weir_rc weir_cast_bad(weir_ctx *ctx, const weir_cast *c, weir_bad why, const weir_column *in,
                      int64_t i, weir_column *out) {
    if (!c->raise) return weir_cast_null(ctx, out, i);
    if (why == WEIR_BAD_RANGE) {
        weir_bytes b = weir_get_bytes(in, i);
        (void)weir_fail(ctx, WEIR_E_NUMERIC_OUT_OF_SUPPORTED_RANGE, "value",
                        weir_strndup(ctx->arena, b.p, (size_t)b.len));
    } else if (why == WEIR_BAD_DECIMAL) {
        char t[64], *v = in->type->kind == WEIR_T_DECIMAL
                             ? (weir_dec_text(WEIR_AT_ROW(weir_i128, in, i), in->type->scale, t), t)
                             : NULL;
        if (!v) {
            weir_str s;
            weir_cast text = {
                .from = in->type, .to = &weir_t_string, .ansi = true, .zone = c->zone};
            weir_str_init(&s, ctx->arena, 1 << 20);
            weir_value_text(&text, in, i, &s);
            v = s.p;
        }
        (void)weir_fail(ctx, WEIR_E_NUMERIC_VALUE_OUT_OF_RANGE, "value", v, "precision",
                        weir_printf(ctx->arena, "%d", c->to->precision), "scale",
                        weir_printf(ctx->arena, "%d", c->to->scale), "config", WEIR_ANSI_KEY);
    } else if (why == WEIR_BAD_OVERFLOW) {
        (void)weir_fail(ctx, WEIR_E_CAST_OVERFLOW, "value", weir_value_sql(ctx, in, i),
                        "sourceType", quoted_type(ctx, c->from), "targetType",
                        quoted_type(ctx, c->to), "ansiConfig", WEIR_ANSI_KEY);
    } else {
        (void)weir_fail(ctx, malformed(c->to), "expression", weir_value_sql(ctx, in, i),
                        "sourceType", quoted_type(ctx, c->from), "targetType",
                        quoted_type(ctx, c->to), "ansiConfig", WEIR_ANSI_KEY);
    }
    if (c->at) weir_err_where(ctx, c->at);
    return WEIR_FAIL;
}

/* in's nulls as private bits of out. */
static weir_rc copy_valid(weir_ctx *ctx, const weir_column *in, weir_column *out) {
    out->valid = NULL;
    if (!in->valid) return WEIR_OK;
    WEIR_TRY(weir_buf_zero(ctx, (in->len + 7) / 8, &out->valid));
    if ((in->off & 7) == 0) {
        memcpy(out->valid->p, in->valid->p + (in->off >> 3), (size_t)((in->len + 7) / 8));
        return WEIR_OK;
    }
    for (int64_t i = 0; i < in->len; i++)
        if (weir_bit(in->valid->p, in->off + i)) weir_bit_set(out->valid->p, i);
    return WEIR_OK;
}

weir_rc weir_cast_run(weir_ctx *ctx, const weir_cast *c, const weir_column *in, weir_column *out) {
    weir_column flat = *in;
    bool once = in->form == WEIR_CONST;
    if (in->type->kind == WEIR_T_VOID || in->len == 0)
        return weir_column_null(ctx, c->to, in->len, out);
    if (once) {
        flat.form = WEIR_FLAT;
        flat.len = 1;
    }
    *out = (weir_column){.type = c->to, .form = WEIR_FLAT, .len = flat.len};
    WEIR_TRY(copy_valid(ctx, &flat, out));
    WEIR_TRY(c->step(ctx, c, &flat, out));
    out->type = c->to;
    if (once) {
        out->form = WEIR_CONST;
        out->len = in->len;
    }
    return WEIR_OK;
}

/* The same bytes under another type: STRING to BINARY, DATE kept, intervals of other fields. */
static weir_rc step_same(weir_ctx *ctx, const weir_cast *c, const weir_column *in,
                         weir_column *out) {
    (void)ctx;
    *out = *in;
    out->type = c->to;
    return WEIR_OK;
}

static weir_rc step_null(weir_ctx *ctx, const weir_cast *c, const weir_column *in,
                         weir_column *out) {
    return weir_column_null(ctx, c->to, in->len, out);
}

static weir_rc step_from_variant(weir_ctx *ctx, const weir_cast *c, const weir_column *in,
                                 weir_column *out) {
    weir_vref *r = WEIR_NEWN(ctx->arena, weir_vref, in->len + 1);
    for (int64_t i = 0; i < in->len; i++) {
        r[i] = (weir_vref){.null = weir_is_null(in, i)};
        if (!r[i].null) r[i].v = weir_get_variant(in, i);
    }
    return weir_variant_cast(ctx, r, in->len, c->to, c->raise, c->zone, out);
}

static weir_rc step_to_variant(weir_ctx *ctx, const weir_cast *c, const weir_column *in,
                               weir_column *out) {
    (void)c;
    return weir_variant_from(ctx, in, "cast", out);
}

static bool is_num(const weir_type *t) { return weir_type_is_numeric(t); }
static bool is_time(weir_kind k) {
    return k == WEIR_T_DATE || k == WEIR_T_TIMESTAMP || k == WEIR_T_TIMESTAMP_NTZ;
}

/* SPARK Cast.canAnsiCast / canCast for scalars. */
static bool allowed(const weir_type *f, const weir_type *t, bool ansi) {
    weir_kind a = f->kind, b = t->kind;
    if (a == b || a == WEIR_T_VOID) return true;
    if (a == WEIR_T_VARIANT) return weir_variant_castable(t, true);
    if (b == WEIR_T_VARIANT) return weir_variant_castable(f, false);
    if (b == WEIR_T_VOID) return false;
    if (b == WEIR_T_STRING) return true;
    if (a == WEIR_T_STRING) return !weir_type_is_nested(t);
    if (b == WEIR_T_BINARY) return weir_type_is_integral(f) && !ansi;
    if (is_num(f)) {
        if (is_num(t) || b == WEIR_T_BOOLEAN || b == WEIR_T_TIMESTAMP) return true;
        if (b == WEIR_T_INTERVAL_DT || b == WEIR_T_INTERVAL_YM)
            return weir_type_is_integral(f) || a == WEIR_T_DECIMAL;
        return false;
    }
    if (a == WEIR_T_BOOLEAN) return is_num(t) || (b == WEIR_T_TIMESTAMP && !ansi);
    if (is_time(a) && is_time(b)) return true;
    if (a == WEIR_T_TIMESTAMP)
        return is_num(t) || (b == WEIR_T_BOOLEAN && !ansi) || b == WEIR_T_TIME;
    if (a == WEIR_T_TIMESTAMP_NTZ) return b == WEIR_T_TIME;
    if (a == WEIR_T_DATE) return !ansi && (is_num(t) || b == WEIR_T_BOOLEAN);
    if (a == WEIR_T_INTERVAL_DT || a == WEIR_T_INTERVAL_YM)
        return weir_type_is_integral(t) || b == WEIR_T_DECIMAL;
    return false;
}

static weir_cast_step *choose(const weir_type *f, const weir_type *t) {
    if (f->kind == WEIR_T_VOID) return step_null;
    if (weir_type_same(f, t) && !weir_type_is_nested(f)) return step_same;
    if (f->kind == WEIR_T_VARIANT) return step_from_variant;
    if (t->kind == WEIR_T_VARIANT) return step_to_variant;
    if (weir_type_is_nested(f) && f->kind == t->kind) return weir_cast_nested_step(f, t);
    if (t->kind == WEIR_T_STRING)
        return f->kind == WEIR_T_STRING || f->kind == WEIR_T_BINARY ? step_same
                                                                    : weir_cast_text_step();
    if (f->kind == WEIR_T_STRING)
        return t->kind == WEIR_T_BINARY ? step_same : weir_cast_parse_step(t);
    if (f->kind == WEIR_T_DATE && (is_num(t) || t->kind == WEIR_T_BOOLEAN))
        return step_null; /* SPARK legacy */
    weir_cast_step *s = weir_cast_num_step(f, t);
    return s ? s : weir_cast_time_step(f, t);
}

static weir_rc plan_kids(weir_ctx *ctx, const weir_type *f, const weir_type *t, weir_cast_mode m,
                         const weir_pos *at, weir_cast *out, bool *ok) {
    out->kid = WEIR_NEWN(ctx->arena, weir_cast, f->nfield + 1);
    for (int i = 0; i < f->nfield && *ok; i++) {
        const weir_type *kt = t->kind == WEIR_T_STRING ? t : t->field[i].type;
        WEIR_TRY(weir_cast_plan(ctx, f->field[i].type, kt, m, at, &out->kid[i], ok));
        if (t->kind != WEIR_T_STRING && f->field[i].nullable && !t->field[i].nullable) *ok = false;
    }
    return WEIR_OK;
}

weir_rc weir_cast_plan(weir_ctx *ctx, const weir_type *f, const weir_type *t, weir_cast_mode m,
                       const weir_pos *at, weir_cast *out, bool *ok) {
    if (m == WEIR_CAST_DEFAULT)
        m = weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled") ? WEIR_CAST_ANSI : WEIR_CAST_LEGACY;
    *out = (weir_cast){
        .from = f, .to = t, .ansi = m != WEIR_CAST_LEGACY, .raise = m == WEIR_CAST_ANSI, .at = at};
    *ok = f->kind == t->kind && weir_type_is_nested(f) ? f->nfield == t->nfield
                                                       : allowed(f, t, out->ansi);
    if (!*ok) return WEIR_OK;
    if (weir_type_is_nested(f) && t->kind != WEIR_T_VARIANT)
        WEIR_TRY(plan_kids(ctx, f, t, m, at, out, ok));
    if (!*ok) return WEIR_OK;
    out->step = choose(f, t);
    out->zone = weir_zone_utc();
    *ok = out->step != NULL;
    /* the zone is looked up only where it counts: regions load ICU */
    bool from_zone = f->kind == WEIR_T_TIMESTAMP || f->kind == WEIR_T_VARIANT,
         to_zone = t->kind == WEIR_T_TIMESTAMP;
    if ((from_zone && !is_num(t)) || (to_zone && !is_num(f))) out->zone = weir_zone_session(ctx);
    return WEIR_OK;
}

static weir_rc k_cast(weir_ctx *ctx, weir_call *c) {
    return weir_cast_run(ctx, c->bound, &c->arg[0], c->out);
}

static const weir_fn fn_cast = {
    "cast", "(any) -> any", k_cast, WEIR_NO_COERCE | WEIR_NULLS_OWN, NULL, 0};
static const weir_fn fn_cast_safe = {
    "cast", "(any) -> any", k_cast, WEIR_NO_COERCE | WEIR_CANNOT_FAIL | WEIR_NULLS_OWN, NULL, 0};
static const weir_fn fn_try_cast = {
    "try_cast", "(any) -> any", k_cast, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, NULL, 0};

weir_rc weir_cast_refuse(weir_ctx *ctx, const weir_expr *e, const weir_type *to,
                         weir_cast_mode mode, bool inserted) {
    static const char policy[] = "\"spark.sql.storeAssignmentPolicy\"";
    bool ok = false, legacy = mode == WEIR_CAST_LEGACY;
    weir_cast tmp;
    weir_expr shown = *e;
    weir_expr *arg[1] = {&shown};
    weir_expr c = {.kind = WEIR_EX_CAST, .type = to, .arg = arg, .narg = 1, .cast_mode = mode};
    char *sql = weir_printf(ctx->arena, "\"%s\"", weir_expr_sql(ctx->arena, &c));
    char *from = quoted_type(ctx, e->type), *want = quoted_type(ctx, to);
    if (!legacy)
        WEIR_TRY(weir_cast_plan(ctx, e->type, to, WEIR_CAST_LEGACY, NULL, &tmp, &ok));
    const char *fn = legacy                                       ? NULL
                     : e->type->kind == WEIR_T_DATE && is_num(to) ? "`UNIX_DATE`"
                     : is_num(e->type) && to->kind == WEIR_T_DATE ? "`DATE_FROM_UNIX_DATE`"
                                                                  : NULL;
    if (fn)
        (void)weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_CAST_WITH_FUNC_SUGGESTION, "sqlExpr", sql,
                        "srcType", from, "targetType", want, "functionNames", fn);
    else if (ok && mode != WEIR_CAST_TRY &&
             (inserted || weir_conf_bool(ctx->conf, "spark.sql.ansi.enabled")))
        (void)weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_CAST_WITH_CONF_SUGGESTION, "sqlExpr", sql,
                        "srcType", from, "targetType", want, "config",
                        inserted ? policy : WEIR_ANSI_KEY, "configVal",
                        inserted ? "'LEGACY'" : "'false'");
    else
        (void)weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION, "sqlExpr", sql,
                        "srcType", from, "targetType", want);
    weir_err_where(ctx, &e->at);
    return WEIR_FAIL;
}

/* Casts that never fail nor add nulls. */
static bool is_safe(const weir_type *f, const weir_type *t) {
    if (weir_type_same(f, t)) return true;
    if (f->kind == WEIR_T_VARIANT || t->kind == WEIR_T_VARIANT) return false;
    if (t->kind == WEIR_T_STRING) return true;
    if (weir_type_is_integral(f) && weir_type_is_integral(t)) return f->kind <= t->kind;
    if (is_num(f) && (t->kind == WEIR_T_DOUBLE || t->kind == WEIR_T_BOOLEAN)) return true;
    return is_time(f->kind) && is_time(t->kind);
}

/* SPARK SpecialDatetimeValues: 'epoch', 'now', 'today' ... written as literals. */
static bool special(weir_ctx *ctx, const weir_expr *e, const weir_type *to, weir_expr **out) {
    static const char *const names[] = {"epoch", "now", "today", "tomorrow", "yesterday"};
    if (e->kind != WEIR_EX_LIT || e->type->kind != WEIR_T_STRING || !is_time(to->kind) ||
        weir_is_null(&e->lit, 0))
        return false;
    weir_bytes b = weir_get_bytes(&e->lit, 0);
    while (b.len && (unsigned char)b.p[b.len - 1] <= ' ') b.len--;
    while (b.len && (unsigned char)*b.p <= ' ') b.p++, b.len--;
    int k = 0;
    while (k < 5 &&
           ((int)strlen(names[k]) != b.len || strncasecmp(names[k], b.p, (size_t)b.len) != 0))
        k++;
    if (k == 5) return false;
    const weir_zone *z = weir_zone_session(ctx);
    int64_t local = weir_zone_local(z, ctx->now_us),
            day = weir_floor_div(local, WEIR_DAY_US) + (k == 3) - (k == 4);
    if (k != 1) local = day * WEIR_DAY_US;
    if (to->kind == WEIR_T_DATE)
        *out = weir_lit_int(ctx->arena, to, k == 0 ? 0 : day);
    else if (k == 0)
        *out = weir_lit_int(ctx->arena, to, 0);
    else
        *out = weir_lit_int(ctx->arena, to,
                            to->kind == WEIR_T_TIMESTAMP ? weir_zone_to_utc(z, local) : local);
    return true;
}

static weir_rc resolve(weir_ctx *ctx, weir_expr *arg, const weir_type *to, weir_cast_mode mode,
                       weir_expr **out) {
    weir_expr *e = weir_expr_new(ctx->arena, WEIR_EX_CALL);
    weir_cast *c = WEIR_NEW(ctx->arena, weir_cast);
    bool ok = true, safe = is_safe(arg->type, to);
    if (special(ctx, arg, to, out)) return WEIR_OK;
    e->at = arg->at;
    WEIR_TRY(weir_cast_plan(ctx, arg->type, to, mode, &e->at, c, &ok));
    if (!ok) return weir_cast_refuse(ctx, arg, to, mode, false);
    e->type = to;
    e->name = mode == WEIR_CAST_TRY ? "try_cast" : "cast";
    e->fn = mode == WEIR_CAST_TRY ? &fn_try_cast : safe || !c->raise ? &fn_cast_safe : &fn_cast;
    e->cast_mode = mode;
    e->bound = c;
    e->state_slot = -1;
    e->narg = 1;
    e->arg = WEIR_NEWN(ctx->arena, weir_expr *, 1);
    e->arg[0] = arg;
    e->deterministic = arg->deterministic;
    e->nullable = arg->nullable || !(safe || c->raise) ||
                  (!safe && arg->type->kind == WEIR_T_VARIANT);
    *out = e;
    return WEIR_OK;
}

weir_rc weir_cast_column(weir_ctx *ctx, const weir_column *in, const weir_type *to,
                         weir_cast_mode mode, weir_column *out) {
    weir_cast c;
    bool ok = true;
    WEIR_TRY(weir_cast_plan(ctx, in->type, to, mode, NULL, &c, &ok));
    if (!ok)
        return weir_fail(ctx, WEIR_E_DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION, "sqlExpr",
                         "\"CAST\"", "srcType", quoted_type(ctx, in->type), "targetType",
                         quoted_type(ctx, to));
    return weir_cast_run(ctx, &c, in, out);
}

/* _show(x): SPARK ToPrettyString: never null, hexadecimal binary. */
static weir_rc k_show(weir_ctx *ctx, weir_call *c) {
    const weir_column *in = &c->arg[0];
    weir_build b;
    weir_str s;
    WEIR_TRY(weir_out_start(ctx, c, &b));
    weir_str_init(&s, ctx->arena, INT32_MAX);
    for (int64_t i = 0; i < c->len; i++) {
        s.len = 0;
        if (weir_is_null(in, i))
            weir_str_puts(&s, "NULL");
        else
            weir_value_text(c->bound, in, i, &s);
        weir_build_bytes(&b, s.p ? s.p : "", s.len);
    }
    return weir_out_build(ctx, c, &b);
}

static void make_pretty(weir_cast *c) {
    c->pretty = true;
    for (int i = 0; c->kid && i < c->from->nfield; i++) make_pretty(&c->kid[i]);
}

static weir_rc bind_show(weir_ctx *ctx, weir_expr *e) {
    weir_cast *c = WEIR_NEW(ctx->arena, weir_cast);
    bool ok = true;
    WEIR_TRY(weir_cast_plan(ctx, e->arg[0]->type, &weir_t_string, WEIR_CAST_ANSI, NULL, c, &ok));
    if (!ok)
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName",
                         quoted_type(ctx, e->arg[0]->type));
    make_pretty(c);
    e->bound = c;
    e->nullable = false;
    return WEIR_OK;
}

static const weir_fn cast_fns[] = {
    {"_show", "(any) -> string!", k_show, WEIR_NO_COERCE | WEIR_CANNOT_FAIL, bind_show, 0},
};
WEIR_FAMILY(weir_cast_family, "cast", cast_fns);

void weir_cast_init(void) { weir_cast_register(resolve); }
