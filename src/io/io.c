/* Small helpers of the interfaces in io/. */
#include "io/sink.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void weir_splits_add(weir_arena *a, weir_splits *s, weir_split v) {
    if (s->n == s->cap) {
        int64_t cap = s->cap ? s->cap * 2 : 8;
        weir_split *p = WEIR_NEWN(a, weir_split, cap);
        if (s->n) memcpy(p, s->v, sizeof *p * (size_t)s->n);
        s->v = p;
        s->cap = cap;
    }
    s->v[s->n++] = v;
}

static int larger_first(const void *a, const void *b) {
    const weir_split *x = *(const weir_split *const *)a, *y = *(const weir_split *const *)b;
    if (x->size_bytes != y->size_bytes) return x->size_bytes > y->size_bytes ? -1 : 1;
    return x < y ? -1 : x > y;
}

void weir_splits_by_size(weir_arena *a, weir_splits *s) {
    int64_t sorted = 1;
    while (sorted < s->n && s->v[sorted - 1].size_bytes >= s->v[sorted].size_bytes) sorted++;
    if (sorted >= s->n) return;
    const weir_split **order = WEIR_NEWN(a, const weir_split *, s->n);
    weir_split *v = WEIR_NEWN(a, weir_split, s->n);
    for (int64_t i = 0; i < s->n; i++) order[i] = &s->v[i];
    qsort(order, (size_t)s->n, sizeof *order, larger_first);
    for (int64_t i = 0; i < s->n; i++) v[i] = *order[i];
    s->v = v;
    s->cap = s->n;
}

const weir_type *weir_file_metadata_type(weir_arena *a) {
    const weir_field f[] = {{"file_path", &weir_t_string, false, NULL},
                            {"file_name", &weir_t_string, false, NULL},
                            {"file_size", &weir_t_long, false, NULL},
                            {"file_block_start", &weir_t_long, false, NULL},
                            {"file_block_length", &weir_t_long, false, NULL},
                            {"file_modification_time", &weir_t_timestamp, false, NULL}};
    return weir_type_struct(a, f, 6);
}

void weir_task_file(weir_ctx *ctx, const weir_split *s) {
    if (!ctx->task) return;
    ctx->task->input_file = s->uri;
    ctx->task->input_file_size = s->size_bytes;
    ctx->task->input_file_mtime_us = s->mtime_us;
    ctx->task->input_block_start = s->start;
    ctx->task->input_block_length = s->length;
}

weir_rc weir_max_rows_of_file(weir_ctx *ctx, const weir_options *o, int64_t *out) {
    const char *text = weir_option_get(o, "maxRecordsPerFile");
    char *end = NULL;
    errno = 0;
    *out = text ? strtoll(text, &end, 10)
                : weir_conf_int(ctx->conf, "spark.sql.files.maxRecordsPerFile");
    if (text && (*end || !*text || errno || strchr("+-0123456789", *text) == NULL))
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT_LEGACY, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", text));
    if (*out < 0) *out = 0;
    return WEIR_OK;
}

weir_rc weir_task_write_failed(weir_ctx *ctx, const char *path) {
    weir_err cause;
    weir_err_init(&cause);
    weir_err_copy(&cause, ctx->err);
    weir_err_clear(ctx->err);
    (void)weir_fail(ctx, WEIR_E_TASK_WRITE_FAILED, "path", weir_printf(ctx->arena, "file:%s", path),
                    "reason", "");
    ctx->err->cause = weir_strdup(ctx->err->own, cause.msg);
    weir_err_clear(&cause);
    return WEIR_FAIL;
}

static weir_rc writer_ended(weir_ctx *ctx, const weir_sink *s, weir_rc rc) {
    bool file = rc == WEIR_FAIL && ctx->err->cls == WEIR_E_IO_FAILED && s->ops->needs_path;
    return file ? weir_task_write_failed(ctx, s->info.path) : rc;
}

weir_rc weir_writer_write(weir_ctx *ctx, const weir_sink *s, weir_writer *w, const weir_batch *b) {
    return writer_ended(ctx, s, w->write(ctx, w, b));
}

weir_rc weir_writer_finish(weir_ctx *ctx, const weir_sink *s, weir_writer *w) {
    return writer_ended(ctx, s, w->finish(ctx, w));
}
