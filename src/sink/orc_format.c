/* Directories of ORC files. See text_format.h. */
#include "sink/text_format.h"

#include "func/datetime.h"
#include "func/func.h"
#include "orc/orc.h"

struct weir_file_out {
    weir_orc_writer *w;
    weir_schema *stored; /* what the columns are cast to */
    weir_conf *conf;     /* whose time zone is the process's */
};

/* SPARK OrcFileFormat.supportDataType; more exactly, what both sides read alike. */
static weir_rc orc_type_check(weir_ctx *ctx, const weir_type *t) {
    static const weir_kind none[] = {WEIR_T_TIMESTAMP_NTZ, WEIR_T_TIME,     WEIR_T_INTERVAL_YM,
                                     WEIR_T_INTERVAL_DT,   WEIR_T_INTERVAL, WEIR_T_VARIANT,
                                     WEIR_T_VOID};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (t->kind == none[i])
            return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                             weir_printf(ctx->arena,
                                         "columns of type %s in ORC files; cast them, or write "
                                         "Parquet",
                                         weir_type_sql(ctx->arena, t)));
    for (int i = 0; i < t->nfield; i++) WEIR_TRY(orc_type_check(ctx, t->field[i].type));
    return WEIR_OK;
}
static weir_rc orc_check(weir_ctx *ctx, const weir_write_info *i) {
    const weir_file_codec *codec;
    WEIR_TRY(weir_file_codec_find(ctx, WEIR_FILES_ORC, &i->options, &codec));
    return orc_type_check(ctx, i->schema);
}
static weir_rc orc_open(weir_ctx *ctx, weir_arena *mem, const char *path, const weir_write_info *i,
                        weir_file_out **out) {
    *out = WEIR_NEW(mem, weir_file_out);
    (*out)->stored = weir_orc_stored(mem, i->schema);
    (*out)->conf = weir_conf_in(mem, NULL);
    const weir_file_codec *codec;
    WEIR_TRY(weir_file_codec_find(ctx, WEIR_FILES_ORC, &i->options, &codec));
    return weir_orc_create(ctx, path, (*out)->stored, codec->orc, &(*out)->w);
}

/* ---- SPARK OrcSerializer: days and clocks of the calendar of java.sql ---- */

static int64_t old_value(const weir_column *c, int64_t i) {
    if (c->type->kind == WEIR_T_DATE) return weir_days_to_julian(WEIR_AT_ROW(int32_t, c, i));
    int64_t us = WEIR_AT_ROW(int64_t, c, i), days = weir_floor_div(us, WEIR_DAY_US);
    return us + (weir_days_to_julian(days) - days) * WEIR_DAY_US;
}

static int64_t value(const weir_column *c, int64_t i) {
    return c->type->kind == WEIR_T_DATE ? WEIR_AT_ROW(int32_t, c, i) : WEIR_AT_ROW(int64_t, c, i);
}

/* Values that both calendars have alike stay where they are. */
static weir_rc old_days(weir_ctx *ctx, weir_column *c) {
    int64_t i = 0;
    bool days = c->type->kind == WEIR_T_DATE;
    while (i < c->len && (weir_is_null(c, i) || value(c, i) == old_value(c, i))) i++;
    if (i == c->len) return WEIR_OK;
    weir_buf *to = NULL;
    WEIR_TRY(weir_column_flatten(ctx, c, c));
    WEIR_TRY(weir_buf_zero(ctx, c->len * (days ? 4 : 8), &to));
    for (i = 0; i < c->len; i++) {
        int64_t v = weir_is_null(c, i) ? 0 : old_value(c, i);
        memcpy(to->p + i * (days ? 4 : 8), &v, days ? 4 : 8); /* little endian */
    }
    c->data = to;
    return WEIR_OK;
}

static weir_rc old_calendar(weir_ctx *ctx, weir_column *c) {
    if (c->type->kind == WEIR_T_DATE || c->type->kind == WEIR_T_TIMESTAMP_NTZ)
        return old_days(ctx, c);
    if (c->nkid) c->kid = weir_memdup(ctx->arena, c->kid, sizeof *c->kid * (size_t)c->nkid);
    for (int i = 0; i < c->nkid; i++) WEIR_TRY(old_calendar(ctx, &c->kid[i]));
    return WEIR_OK;
}

/* Clocks on the wall of the process's time zone, not the session's. */
static weir_rc orc_add(weir_ctx *ctx, weir_file_out *o, const weir_batch *b) {
    weir_ctx process = *ctx;
    process.conf = o->conf;
    weir_batch c = {.schema = o->stored,
                    .len = b->len,
                    .col = WEIR_NEWN(ctx->arena, weir_column, b->schema->nfield + 1)};
    for (int i = 0; i < b->schema->nfield; i++) {
        const weir_type *t = o->stored->field[i].type;
        c.col[i] = b->col[i];
        if (!weir_type_same(t, b->col[i].type))
            WEIR_TRY(weir_cast_column(&process, &b->col[i], t, WEIR_CAST_ANSI, &c.col[i]));
        WEIR_TRY(old_calendar(ctx, &c.col[i]));
    }
    return weir_orc_add(ctx, o->w, &c);
}
static weir_rc orc_finish(weir_ctx *ctx, weir_file_out *o, int64_t *bytes) {
    weir_orc_writer *w = o->w;
    o->w = NULL;
    return weir_orc_finish(ctx, w, bytes);
}
static void orc_drop(weir_file_out *o) {
    if (o) weir_orc_abort(o->w);
    if (o) o->w = NULL;
}

const weir_file_format weir_orc_format = {.name = "orc",
                                          .columnar = true,
                                          .codecs = WEIR_FILES_ORC,
                                          .check = orc_check,
                                          .open = orc_open,
                                          .add = orc_add,
                                          .finish = orc_finish,
                                          .drop = orc_drop};
