/* Auto Loader's schema log, inference and growth. See cloud_files.h. Analysis and query threads. */
#include "source/cloud_files.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static weir_rc damaged(weir_ctx *ctx, const char *path, const char *why) {
    return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason", why);
}

static weir_rc read_version(weir_ctx *ctx, const char *path, weir_cloud_schema *out) {
    char *text;
    size_t n;
    const weir_type *data = NULL, *part = NULL;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &n));
    if (strncmp(text, "v1\n", 3) != 0) return damaged(ctx, path, "its first line is not the version v1");
    const weir_json *j = weir_json_parse(ctx->arena, text + 3, n - 3, NULL);
    const char *d = weir_json_str(j, "dataSchemaJson", NULL), *p = weir_json_str(j, "partitionSchemaJson", NULL);
    if (!d) return damaged(ctx, path, "its second line is not a JSON object with dataSchemaJson");
    WEIR_TRY(weir_type_from_json(ctx, d, strlen(d), &data));
    if (p) WEIR_TRY(weir_type_from_json(ctx, p, strlen(p), &part));
    if (data->kind != WEIR_T_STRUCT) return damaged(ctx, path, "its schema is not a struct");
    out->data = data;
    out->part = part && part->kind == WEIR_T_STRUCT && part->nfield ? part : NULL;
    return WEIR_OK;
}

weir_rc weir_cloud_schema_read(weir_ctx *ctx, const char *location, weir_cloud_schema *out) {
    char *dir = weir_printf(ctx->arena, "%s/_schemas", location);
    weir_dirent *e = NULL;
    int64_t n = 0, newest = -1, before = INT64_MAX;
    *out = (weir_cloud_schema){.version = -1};
    WEIR_TRY(weir_path_list(ctx, dir, false, &e, &n));
    for (;;) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; i++) {
            char *end;
            int64_t v = strtoll(e[i].name, &end, 10);
            if (end != e[i].name && !*end && v > best && v < before) best = v;
        }
        if (best < 0) break;
        if (newest < 0) newest = best;
        weir_ctx c = *ctx;
        weir_err err;
        weir_err_init(&err);
        c.err = &err;
        weir_rc rc = read_version(&c, weir_printf(ctx->arena, "%s/%lld", dir, (long long)best), out);
        if (rc != WEIR_OK && best == 0) weir_err_copy(ctx->err, &err);
        weir_err_clear(&err);
        if (rc == WEIR_OK) break;
        if (best == 0) return rc;
        before = best;
    }
    out->version = newest; /* the next version is written after a damaged one */
    return WEIR_OK;
}

static void add_schema(weir_jw *w, weir_ctx *ctx, const char *key, weir_schema *s) {
    weir_str t;
    weir_str_init(&t, ctx->arena, 1 << 24);
    weir_type_to_json(s ? s : weir_type_struct(ctx->arena, NULL, 0), &t);
    weir_jw_key(w, key);
    weir_jw_strn(w, t.p, t.len);
}

weir_rc weir_cloud_schema_write(weir_ctx *ctx, const char *location, const weir_cloud_schema *s, bool *lost) {
    char *dir = weir_printf(ctx->arena, "%s/_schemas", location);
    weir_str t;
    weir_jw w;
    WEIR_TRY(weir_path_mkdirs(ctx, dir));
    weir_str_init(&t, ctx->arena, 1 << 26);
    weir_str_puts(&t, "v1\n");
    weir_jw_init(&w, &t);
    weir_jw_obj(&w);
    add_schema(&w, ctx, "dataSchemaJson", s->data);
    add_schema(&w, ctx, "partitionSchemaJson", s->part);
    weir_jw_end_obj(&w);
    return weir_file_put(ctx, weir_printf(ctx->arena, "%s/%lld", dir, (long long)s->version + 1), t.p, t.len, false, lost);
}

static const char *get_option(void *u, const char *key) { return weir_option_get(&((weir_scan *)u)->options, key); }

weir_rc weir_cloud_infer(weir_ctx *ctx, const weir_scan *s, const weir_found *v, int64_t n, bool typed, weir_schema **out) {
    weir_json_options o;
    weir_arena *mem = weir_arena_new(ctx->arena);
    WEIR_TRY(weir_json_options_read(ctx, get_option, (void *)(uintptr_t)s, &o));
    weir_json_infer *f = weir_json_infer_new(mem, &o);
    o.mode = WEIR_MODE_DROP; /* corrupt records are rescued: they need no column */
    for (int64_t i = 0; i < n; i++) {
        weir_ctx c = *ctx;
        const char *p;
        size_t len;
        c.arena = weir_arena_new(mem);
        WEIR_TRY(weir_file_map(&c, v[i].path, &p, &len));
        for (const char *at = p, *end = p + len; at < end && !o.multi_line;) {
            const char *nl = memchr(at, '\n', (size_t)(end - at)), *stop = nl ? nl : end;
            weir_json_infer_record(f, at, stop - at);
            at = stop + 1;
        }
        if (o.multi_line) weir_json_infer_record(f, p, (int64_t)len);
        weir_arena_free(c.arena);
    }
    *out = weir_json_infer_done(ctx->arena, f, !typed);
    weir_arena_free(mem);
    return WEIR_OK;
}

static const weir_type *merge_type(weir_arena *a, const weir_type *old, const weir_type *wide, bool *grew) {
    if (old->kind != wide->kind) return old;
    if (old->kind == WEIR_T_STRUCT) return weir_cloud_merge(a, old, wide, grew);
    if (old->kind == WEIR_T_ARRAY) return weir_type_array(a, merge_type(a, old->field[0].type, wide->field[0].type, grew), true);
    return old;
}

weir_schema *weir_cloud_merge(weir_arena *a, weir_schema *old, weir_schema *wide, bool *grew) {
    weir_field *f = WEIR_NEWN(a, weir_field, old->nfield + wide->nfield + 1);
    int n = old->nfield;
    if (n) memcpy(f, old->field, sizeof *f * (size_t)n);
    for (int i = 0; i < wide->nfield; i++) {
        int at = 0;
        while (at < old->nfield && strcasecmp(old->field[at].name, wide->field[i].name) != 0) at++;
        if (at < old->nfield) {
            f[at].type = merge_type(a, f[at].type, wide->field[i].type, grew);
        } else {
            f[n++] = wide->field[i];
            *grew = true;
        }
    }
    return weir_type_struct(a, f, n);
}
