/* Records of any text into rows: the quick way, else token by token. See json_read.h. SPARK
 * JacksonParser.parse, FailureSafeParser. */
#include "base/utf8.h"
#include "codec/json_inner.h"

static void release(void *p) {
    weir_json_reader *r = p;
    weir_js_free(&r->s);
    weir_jc_free(&r->x);
    weir_str_free(&r->decoded);
}

/* ---- the reader ---- */

static weir_rc check_corrupt(weir_ctx *ctx, const weir_json_reader *r) {
    bool other = false;
    if (r->corrupt < 0) return WEIR_OK;
    const weir_field *f = &r->schema->field[r->corrupt];
    if (f->type->kind != WEIR_T_STRING)
        return weir_fail(ctx, WEIR_E_INVALID_CORRUPT_RECORD_TYPE, "columnName",
                         weir_printf(ctx->arena, "`%s`", f->name), "actualType",
                         weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, f->type)));
    for (int c = 0; c < r->schema->nfield; c++) other |= c != r->corrupt && weir_json_wanted(r, c);
    if (other || r->o->chars || !weir_json_wanted(r, r->corrupt)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_QUERY_ONLY_CORRUPT_RECORD_COLUMN, NULL);
}

static weir_bytes quoted_name(weir_arena *mem, const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == '"' || name[i] == '\\')
            return (weir_bytes){0}; /* written otherwise */
    const char *q = weir_printf(mem, "\"%s\":", name);
    return (weir_bytes){q, (int32_t)n + 3};
}

weir_rc weir_json_reader_new(weir_ctx *ctx, weir_schema *schema, weir_json_options *o,
                             weir_json_reader **out) {
    weir_json_options plain;
    weir_json_reader *r = WEIR_NEW(ctx->arena, weir_json_reader);
    weir_json_options_plain(&plain);
    r->schema = schema;
    r->o = o;
    r->mem = ctx->arena;
    r->col = WEIR_NEWN(ctx->arena, weir_build, schema->nfield + 1);
    r->corder = schema->nfield + WEIR_JNAMES;
    r->order = WEIR_NEWN(ctx->arena, weir_jslot, r->corder);
    r->seen = WEIR_NEWN(ctx->arena, int64_t, schema->nfield + 1);
    r->quoted = WEIR_NEWN(ctx->arena, weir_bytes, schema->nfield + 1);
    r->unnamed = WEIR_NEWN(ctx->arena, bool, schema->nfield + 1);
    r->corrupt = weir_schema_find(schema, o->corrupt_column, true);
    r->rescue = o->rescue_column ? weir_schema_find(schema, o->rescue_column, true) : -1;
    for (int i = 0; i < schema->nfield; i++) {
        r->quoted[i] = quoted_name(ctx->arena, schema->field[i].name);
        r->unnamed[i] = i == r->corrupt || i == r->rescue || !weir_json_wanted(r, i);
        WEIR_TRY(weir_build_init(ctx, &r->col[i], schema->field[i].type));
    }
    weir_str_init(&r->rescued, ctx->arena, 1u << 30);
    weir_str_init(&r->decoded, NULL, 1u << 30);
    weir_jc_init(&r->x, ctx, o, o->chars);
    weir_json_reader_file(r, o->file, false);
    r->x.rescued = r->rescue >= 0 ? &r->rescued : NULL;
    r->s.o = o;
    r->s.strict_names = r->rescue >= 0;
    r->quick = o->max_depth >= plain.max_depth && o->max_number >= plain.max_number &&
               o->max_string >= plain.max_string;
    r->quick &= !weir_type_has(schema, WEIR_T_VARIANT);
    r->alike = r->quick && !r->s.strict_names && !o->decoded;
    r->one = o->chars;
    weir_arena_defer(ctx->arena, release, r);
    *out = r;
    return check_corrupt(ctx, r);
}

/* SPARK: the spelling of what is read as STRING is taken from a record's bytes, or out of a file
 * that can be read anywhere. */
void weir_json_reader_file(weir_json_reader *r, const char *uri, bool packed) {
    const weir_json_options *o = r->o;
    r->o->file = uri;
    r->x.exact = r->s.exact =
        o->exact_text && !o->chars && !o->decoded && !(o->multi_line && packed);
}

int64_t weir_json_rows(const weir_json_reader *r) { return r->rows; }

/* ---- rows ---- */

/* Ends the row but for the corrupt column: columns without a value are null. */
static void close_row(weir_json_reader *r) {
    for (int c = 0; c < r->schema->nfield; c++) {
        if (!weir_json_wanted(r, c) || c == r->corrupt) continue;
        if (c == r->rescue && r->rescued.len)
            weir_build_bytes(&r->col[c], r->rescued.p, r->rescued.len);
        else if (r->col[c].len == r->rows)
            weir_build_null(&r->col[c]);
    }
    r->rows++;
}

/* The corrupt column of the rows since from; text NULL: they are good. */
static void close_corrupt(weir_json_reader *r, int64_t from, const char *text, int64_t n) {
    if (!weir_json_wanted(r, r->corrupt)) return;
    for (; from < r->rows; from++) {
        if (text)
            weir_build_bytes(&r->col[r->corrupt], text, (size_t)n);
        else
            weir_build_null(&r->col[r->corrupt]);
    }
}

void weir_json_row_end(weir_json_reader *r) {
    r->rescued.len = 0;
    close_row(r);
    close_corrupt(r, r->rows - 1, NULL, 0);
}

void weir_json_null_row(weir_json_reader *r) { weir_json_row_end(r); }

void weir_json_row_undo(weir_json_reader *r) {
    for (int c = 0; c < r->schema->nfield; c++) weir_build_truncate(&r->col[c], r->rows);
}

static void back_to(weir_json_reader *r, int64_t rows) {
    r->rows = rows;
    weir_json_row_undo(r);
}

static void finish_rescue(weir_json_reader *r) {
    if (!r->rescued.len) return;
    if (r->o->rescue_path && r->o->file) {
        weir_str_puts(&r->rescued, ",\"_file_path\":");
        weir_json_escape(&r->rescued, r->o->file, strlen(r->o->file));
    }
    weir_str_putc(&r->rescued, '}');
}

/* ---- malformed records ---- */

/* SPARK GenericInternalRow.toString, of the row that would be given. */
static char *row_text(weir_ctx *ctx, const weir_json_reader *r, bool partly, const char *p,
                      int64_t n) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 20);
    for (int c = 0; c < r->schema->nfield; c++) {
        const weir_build *b = &r->col[c];
        weir_str_putc(&s, c ? ',' : '[');
        bool null = !partly || b->len <= r->rows || (b->valid && !weir_bit(b->valid, r->rows));
        if (c == r->corrupt)
            weir_str_add(&s, p, (size_t)(n > 500 ? 500 : n));
        else if (!null && b->type->kind == WEIR_T_INT)
            weir_str_printf(&s, "%d", ((const int32_t *)(const void *)b->data)[r->rows]);
        else if (!null && b->type->kind == WEIR_T_LONG)
            weir_str_printf(&s, "%lld",
                            (long long)((const int64_t *)(const void *)b->data)[r->rows]);
        else
            weir_str_puts(&s, null ? "null" : "...");
    }
    weir_str_putc(&s, ']');
    return s.p;
}

static weir_rc fail_value(weir_ctx *ctx, weir_json_reader *r, bool array, bool partly,
                          const char *p, int64_t n) {
    const weir_jc_cause *c = &r->x.cause;
    const char *text = weir_strndup(ctx->arena, p, (size_t)(n > 500 ? 500 : n));
    if (array)
        return weir_fail(ctx, WEIR_E_CANNOT_PARSE_JSON_ARRAYS, "badRecord", text, "failFastMode",
                         "FAILFAST");
    if (!c->type)
        return weir_fail(ctx, WEIR_E_MALFORMED_RECORD_IN_PARSING, "badRecord",
                         row_text(ctx, r, partly, p, n), "failFastMode", "FAILFAST");
    return weir_fail(ctx, WEIR_E_CANNOT_PARSE_STRING_AS_DATATYPE, "badRecord", text, "failFastMode",
                     "FAILFAST", "fieldValue", weir_printf(ctx->arena, "'%s'", c->text),
                     "fieldName", weir_printf(ctx->arena, "`%s`", c->name ? c->name : "null"),
                     "targetType",
                     weir_printf(ctx->arena, "\"%s\"", weir_type_sql(ctx->arena, c->type)),
                     "inputType", "\"STRING\"");
}

static weir_rc fail_record(weir_ctx *ctx, weir_json_reader *r, const char *p, int64_t n,
                           int64_t at) {
    const char *text = weir_strndup(ctx->arena, p, (size_t)(n > 500 ? 500 : n));
    return weir_fail_read(
        ctx, WEIR_E_FAILED_READ_RECORD, r->o->file ? r->o->file : "",
        weir_printf(ctx->arena,
                    "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are "
                    "detected in record parsing: %s (byte offset %lld). Parse Mode: FAILFAST. To "
                    "process malformed records as null result, try setting the option 'mode' as "
                    "'PERMISSIVE'.",
                    text, (long long)at));
}

/* The rows since from are what could be read of the record, or nothing could. */
static void end_malformed(weir_json_reader *r, int64_t from, bool partly, const char *p, int64_t n,
                          bool *kept) {
    *kept = r->o->mode == WEIR_MODE_PERMISSIVE;
    if (!*kept || !partly) back_to(r, from);
    if (!*kept) return;
    if (!partly) {
        r->rescued.len = 0;
        if (r->corrupt < 0 && r->rescue >= 0) { /* a record never loses bytes */
            weir_str_puts(&r->rescued, "{\"_corrupt_record\":");
            weir_json_escape(&r->rescued, p, (size_t)n);
            finish_rescue(r);
        }
        close_row(r);
    }
    close_corrupt(r, from, p, n);
}

/* ---- token by token ---- */

/* The members of an object into the columns' next row, which is ended unless they failed. */
static weir_jc_outcome object_row(weir_json_reader *r, bool root) {
    weir_jc_frame top = {0};
    r->rescued.len = 0;
    r->x.frame = &top;
    weir_jc_outcome v = weir_jc_members(&r->x, r->schema, r->unnamed, r->col, r->rows, root);
    if (v == WEIR_JC_FAILED) return v;
    finish_rescue(r);
    if (r->o->mode == WEIR_MODE_PERMISSIVE || v == WEIR_JC_GOOD) close_row(r);
    return v;
}

/* An array at the top: each of its objects is a row, and anything else spoils them all. */
static weir_jc_outcome array_rows(weir_json_reader *r) {
    weir_jc_outcome all = WEIR_JC_GOOD, v;
    for (;;) {
        if (!weir_jt_next(&r->x.l)) return weir_jc_fail(&r->x);
        if (r->x.l.now == WEIR_JT_ARRAY_END || r->x.l.now == WEIR_JT_NONE) return all;
        if (r->x.l.now != WEIR_JT_OBJECT) return weir_jc_fail(&r->x);
        v = object_row(r, false);
        if (v == WEIR_JC_FAILED) return v;
        if (v > all) all = v;
        if (v == WEIR_JC_PARTLY && r->o->mode != WEIR_MODE_PERMISSIVE) return v;
    }
}

static bool start_record(weir_json_reader *r, const char *p, int64_t n) {
    return weir_jt_start_record(&r->x.l, &r->decoded, p, n, &r->x.blind);
}

static weir_rc any_record(weir_ctx *ctx, weir_json_reader *r, const char *p, int64_t n, int64_t at,
                          bool *kept) {
    int64_t from = r->rows;
    weir_jtok *l = &r->x.l;
    weir_jc_outcome v = WEIR_JC_FAILED;
    bool array = false;
    r->x.ctx = ctx;
    r->x.cause = (weir_jc_cause){0};
    if (start_record(r, p, n) && weir_jt_next(l)) {
        if (l->now == WEIR_JT_NONE) return WEIR_OK; /* a blank line is no record */
        array = l->now == WEIR_JT_ARRAY;
        if (l->now == WEIR_JT_OBJECT)
            v = object_row(r, true);
        else if (array && !r->one)
            v = array_rows(r);
    }
    if (v != WEIR_JC_GOOD && r->o->mode == WEIR_MODE_FAIL)
        return r->one ? fail_value(ctx, r, array, v == WEIR_JC_PARTLY, p, n)
                      : fail_record(ctx, r, p, n, at);
    if (v == WEIR_JC_GOOD)
        close_corrupt(r, from, NULL, 0), *kept = true;
    else
        end_malformed(r, from, v == WEIR_JC_PARTLY, p, n, kept);
    return WEIR_OK;
}

/* ---- the quick way ---- */

static bool quick_array(weir_json_reader *r) {
    weir_jscan *s = &r->s;
    s->p++;
    weir_js_space(s);
    if (s->p < s->end && *s->p == ']') return true;
    for (;;) {
        weir_js_space(s);
        if (s->p >= s->end || *s->p != '{' || !weir_json_quick_object(r)) return false;
        weir_json_row_end(r);
        weir_js_space(s);
        if (s->p >= s->end) return false;
        char c = *s->p++;
        if (c == ']') return true;
        if (c != ',') return false;
    }
}

static bool quick_record(weir_json_reader *r, const char *p, int64_t n) {
    weir_jscan *s = &r->s;
    int64_t from = r->rows;
    bool ok = false;
    s->p = p;
    s->end = p + n;
    s->depth = 0;
    weir_js_space(s);
    if (s->p == s->end) return false;
    if (r->o->decoded && (r->o->charset || !weir_utf8_valid(p, (size_t)n))) return false;
    if (*s->p == '{') {
        ok = weir_json_quick_object(r);
        if (ok) weir_json_row_end(r);
    } else if (*s->p == '[' && !r->one) {
        ok = quick_array(r);
    }
    if (!ok) back_to(r, from);
    return ok;
}

weir_rc weir_json_record(weir_ctx *ctx, weir_json_reader *r, const char *p, int64_t n, int64_t at,
                         bool *kept) {
    *kept = false;
    if (r->quick && quick_record(r, p, n)) return *kept = true, WEIR_OK;
    return any_record(ctx, r, p, n, at, kept);
}

weir_rc weir_json_take(weir_ctx *ctx, weir_json_reader *r, weir_batch *out) {
    *out = (weir_batch){.schema = r->schema,
                        .len = r->rows,
                        .col = WEIR_NEWN(ctx->arena, weir_column, r->schema->nfield + 1)};
    for (int c = 0; c < r->schema->nfield; c++) {
        const weir_type *t = r->schema->field[c].type;
        WEIR_TRY(weir_json_wanted(r, c) ? weir_build_finish(ctx, &r->col[c], &out->col[c])
                                        : weir_column_null(ctx, t, r->rows, &out->col[c]));
        r->seen[c] = 0;
    }
    r->rows = 0;
    return WEIR_OK;
}

/* ---- values of from_json that are no records ---- */

/* SPARK makeArrayRootConverter: an object is an array of one. */
static weir_jc_outcome root_value(weir_jconv *x, weir_build *b) {
    weir_jtoken t = x->l.now;
    if (b->type->kind == WEIR_T_VARIANT) return weir_jc_value(x, b);
    bool map = b->type->kind == WEIR_T_MAP,
         of_structs = !map && b->type->field[0].type->kind == WEIR_T_STRUCT;
    if (t == (map ? WEIR_JT_OBJECT : WEIR_JT_ARRAY)) return weir_jc_value(x, b);
    if (t != WEIR_JT_OBJECT || !of_structs) return weir_jc_fail(x);
    weir_jc_outcome v = weir_jc_value(x, &b->kid[0]);
    if (v != WEIR_JC_FAILED) weir_build_list(b);
    return v;
}

static bool quick_value(weir_jscan *s, weir_build *b) {
    weir_js_space(s);
    if (s->p >= s->end) return false;
    return *s->p == (b->type->kind == WEIR_T_MAP ? '{' : '[') && weir_json_value_into(s, b);
}

static weir_jc_outcome any_value(weir_json_reader *r, weir_bytes t, weir_build *b) {
    if (!start_record(r, t.p, t.len) || !weir_jt_next(&r->x.l)) return weir_jc_fail(&r->x);
    return r->x.l.now == WEIR_JT_NONE ? WEIR_JC_GOOD : root_value(&r->x, b);
}

weir_rc weir_json_values(weir_ctx *ctx, weir_json_options *o, const weir_column *text,
                         weir_build *b) {
    weir_json_reader *r = NULL;
    weir_field value = {"value", b->type, true, NULL};
    WEIR_TRY(weir_json_reader_new(ctx, weir_type_struct(ctx->arena, &value, 1), o, &r));
    r->x.ctx = ctx;
    for (int64_t i = 0; i < text->len; i++) {
        int64_t row = b->len;
        weir_jc_outcome v = WEIR_JC_GOOD;
        if (!weir_is_null(text, i)) {
            weir_bytes t = weir_get_bytes(text, i);
            r->s.p = t.p;
            r->s.end = t.p + t.len;
            r->s.depth = 0;
            if (r->quick && quick_value(&r->s, b)) continue;
            weir_build_truncate(b, row);
            v = any_value(r, t, b);
            if (v != WEIR_JC_GOOD && o->mode == WEIR_MODE_FAIL)
                return fail_value(ctx, r, false, false, t.p, t.len);
        }
        if (b->len == row) weir_build_null(b);
    }
    return WEIR_OK;
}
