/* Rows by partition folder. See partition.h. Any task. */
#include "io/partition.h"

const char weir_part_special[] = "\"#%'*/:=?\\{[]^";

static void escape(weir_str *s, const char *v, const char *special) {
    for (; *v; v++) {
        if (strchr(special, *v) || (unsigned char)*v < 0x20 || *v == 0x7F)
            weir_str_printf(s, "%%%02X", (unsigned char)*v);
        else
            weir_str_putc(s, *v);
    }
}

char *weir_part_dir(weir_arena *mem, const char *const *name, const char *const *value, int n,
                    const char *special) {
    weir_str s;
    weir_str_init(&s, mem, 1 << 20);
    for (int p = 0; p < n; p++) {
        escape(&s, name[p], special);
        weir_str_putc(&s, '=');
        escape(&s, value[p] && *value[p] ? value[p] : "__HIVE_DEFAULT_PARTITION__", special);
        weir_str_putc(&s, '/');
    }
    return s.p ? s.p : weir_strdup(mem, "");
}

static weir_bytes value_at(const weir_column *c, int64_t row) { /* null as empty */
    return weir_is_null(c, row) ? (weir_bytes){"", 0} : weir_get_bytes(c, row);
}

static bool same(const weir_column *text, int n, int64_t i, int64_t j) {
    for (int p = 0; p < n; p++) {
        weir_bytes a = value_at(&text[p], i), b = value_at(&text[p], j);
        if (a.len != b.len || (a.len && memcmp(a.p, b.p, (size_t)a.len) != 0)) return false;
    }
    return true;
}

weir_rc weir_part_groups(weir_ctx *ctx, const weir_column *text, int n, int64_t len,
                         weir_part_fn *each, void *u) {
    int64_t *left = WEIR_NEWN(ctx->arena, int64_t, len + 1), many = len;
    for (int64_t i = 0; i < len; i++) left[i] = i;
    while (many) {
        int64_t *mine = WEIR_NEWN(ctx->arena, int64_t, many), m = 0, r = 0, first = left[0];
        const char **value = WEIR_NEWN(ctx->arena, const char *, n + 1);
        for (int p = 0; p < n; p++) {
            weir_bytes b = value_at(&text[p], first);
            value[p] = b.len ? weir_strndup(ctx->arena, b.p, (size_t)b.len) : NULL;
        }
        for (int64_t i = 0; i < many; i++) {
            if (same(text, n, left[i], first))
                mine[m++] = left[i];
            else
                left[r++] = left[i];
        }
        WEIR_TRY(each(ctx, u, value, mine, m));
        many = r;
    }
    return WEIR_OK;
}
