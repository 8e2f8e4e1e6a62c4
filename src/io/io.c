/* Small helpers of the interfaces in io/. */
#include "io/relation.h"

#include "base/utf8.h"

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
