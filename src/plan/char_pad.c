/* Comparisons with CHAR columns: blanks at the end do not count, so the shorter side gets as many
 * as the longer one has. SPARK ApplyCharTypePadding. Analysis. */
#include "func/text.h"
#include "plan/scope.h"

#include <strings.h>

/* The length of the CHAR column, or of the text, that e is; 0: it is neither. */
static weir_rc length_of(weir_ctx *ctx, const weir_plan *const *in, int nin, const weir_expr *e,
                         int *out) {
    const weir_type *t = NULL;
    int at = e->ordinal;
    *out = 0;
    if (e->type->kind != WEIR_T_STRING) return WEIR_OK;
    if (e->kind == WEIR_EX_LIT && !weir_is_null(&e->lit, 0))
        *out = weir_utf8_count(weir_get_bytes(&e->lit, 0));
    if (e->kind != WEIR_EX_COL) return WEIR_OK;
    for (int i = 0; i < nin; at -= in[i++]->schema->nfield) {
        if (at >= in[i]->schema->nfield) continue;
        WEIR_TRY(weir_field_text_type(ctx, &in[i]->schema->field[at], &t));
        break;
    }
    if (t && t->kind == WEIR_T_STRING && t->scale == 1) *out = t->precision;
    return WEIR_OK;
}

static weir_rc pad(weir_ctx *ctx, weir_expr *e, int length, weir_expr **out) {
    weir_expr *arg[] = {e, weir_lit_int(ctx->arena, &weir_t_int, length),
                        weir_lit_string(ctx->arena, " ", 1)};
    return weir_call_by_name(ctx, "rpad", 3, arg, out);
}

static bool compares(const weir_expr *e) {
    static const char *const names[] = {"=", "==", "<=>", "!=", "<>", "<", "<=", ">", ">=", "in"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(e->name, names[i]) == 0) return e->narg >= 2;
    return false;
}

weir_rc weir_az_pad_chars(weir_ctx *ctx, const weir_plan *const *in, int nin, weir_expr *e) {
    int most = 0;
    bool any = false;
    if (!compares(e)) return WEIR_OK;
    int *length = WEIR_NEWN(ctx->arena, int, e->narg);
    for (int i = 0; i < e->narg; i++) {
        WEIR_TRY(length_of(ctx, in, nin, e->arg[i], &length[i]));
        any |= length[i] && e->arg[i]->kind == WEIR_EX_COL;
        if (length[i] > most) most = length[i];
    }
    if (!any || weir_conf_bool(ctx->conf, "spark.sql.legacy.charVarcharAsString")) return WEIR_OK;
    for (int i = 0; i < e->narg; i++)
        if (length[i] && length[i] < most) WEIR_TRY(pad(ctx, e->arg[i], most, &e->arg[i]));
    return WEIR_OK;
}
