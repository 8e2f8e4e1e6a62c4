/* Small helpers of the interfaces in io/. */
#include "io/relation.h"

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

/* As java.net.URI quotes: letters outside ASCII stay. */
char *weir_file_uri(weir_arena *a, const char *path) {
    static const char plain[] = "/-_.~!$&'()*+,;=:@";
    weir_str s;
    weir_str_init(&s, a, 1 << 20);
    weir_str_puts(&s, "file://");
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        bool ok = *p >= 0x80 || (*p >= '0' && *p <= '9') ||
                  ((*p | 32) >= 'a' && (*p | 32) <= 'z') || strchr(plain, *p);
        if (ok)
            weir_str_putc(&s, (char)*p);
        else
            weir_str_printf(&s, "%%%02X", *p);
    }
    return s.p;
}

/* Without empty parts and ., and .. taken back, as org.apache.hadoop.fs.Path. */
static char *normal(weir_arena *a, const char *path) {
    char *o = weir_alloc(a, strlen(path) + 2), *end = o;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (end > o && *--end != '/') continue;
        } else if (n && !(n == 1 && *p == '.')) {
            *end++ = '/';
            memcpy(end, p, n);
            end += n;
        }
        p += n + (p[n] == '/');
    }
    if (end == o) *end++ = '/';
    *end = 0;
    return o;
}

char *weir_local_path(weir_ctx *ctx, const char *path) {
    if (strncmp(path, "file:", 5) == 0) path += 5;
    if (path[0] == '/') return normal(ctx->arena, path);
    char *cwd = realpath(".", NULL),
         *out = normal(ctx->arena, weir_printf(ctx->arena, "%s/%s", cwd ? cwd : "", path));
    free(cwd);
    return out;
}
