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

/* Outside ASCII only control characters and spaces (categories Zs, Zl, Zp) are quoted. */
static bool is_quoted(const unsigned char *p, int n) {
    if (n == 1) return *p >= 0x80; /* no UTF-8 */
    int c = n == 2 ? (p[0] & 31) << 6 | (p[1] & 63)
                   : (p[0] & 15) << 12 | (p[1] & 63) << 6 | (p[2] & 63);
    if (n == 4) return false;
    return c <= 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

static void quote_path(weir_str *s, const char *path) {
    static const char plain[] = "/-_.~!$&'()*+,;=:@";
    const unsigned char *p = (const unsigned char *)path, *end = p + strlen(path);
    while (p < end) {
        int n = *p < 0x80 ? 1 : weir_utf8_next((const char *)p, (const char *)end);
        if (n < 1) n = 1;
        bool ok = *p < 0x80 ? (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
                                  strchr(plain, *p)
                            : !is_quoted(p, n);
        for (; n > 0; n--, p++) {
            if (ok)
                weir_str_putc(s, (char)*p);
            else
                weir_str_printf(s, "%%%02X", *p);
        }
    }
}

char *weir_path_quote(weir_arena *a, const char *path) {
    weir_str s;
    weir_str_init(&s, a, 1 << 20);
    quote_path(&s, path);
    return s.p ? s.p : weir_strdup(a, "");
}

char *weir_file_uri(weir_arena *a, const char *path) {
    weir_str s;
    weir_str_init(&s, a, 1 << 20);
    weir_str_puts(&s, "file://");
    quote_path(&s, path);
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
