/* Rows by partition folder. See partition.h. Any task. */
#include "io/partition.h"

#include <xxhash.h>

static void escape(weir_str *s, const char *v) {
    static const char special[] = "\"#%'*/:=?\\{[]^";
    for (; *v; v++) {
        if (strchr(special, *v) || (unsigned char)*v < 0x20 || *v == 0x7F)
            weir_str_printf(s, "%%%02X", (unsigned char)*v);
        else
            weir_str_putc(s, *v);
    }
}

char *weir_part_dir(weir_arena *mem, const char *const *name, const char *const *value, int n) {
    weir_str s;
    weir_str_init(&s, mem, 1 << 20);
    for (int p = 0; p < n; p++) {
        escape(&s, name[p]);
        weir_str_putc(&s, '=');
        escape(&s, value[p] && *value[p] ? value[p] : "__HIVE_DEFAULT_PARTITION__");
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

static uint64_t hash_of(const weir_column *text, int n, int64_t row) {
    uint64_t h = 0;
    for (int p = 0; p < n; p++) {
        weir_bytes b = value_at(&text[p], row);
        h = XXH3_64bits_withSeed(b.p, (size_t)b.len, h + 1);
    }
    return h;
}

/* Group of each row, by a hash table over the first row of every group. */
static int64_t number(weir_ctx *ctx, const weir_column *text, int n, int64_t len, int64_t *group,
                      int64_t *first) {
    uint64_t mask = 15;
    int64_t many = 0;
    while ((int64_t)mask < len * 2) mask = mask * 2 + 1;
    int64_t *slot = WEIR_NEWN(ctx->arena, int64_t, mask + 1); /* group + 1 */
    for (int64_t i = 0; i < len; i++) {
        uint64_t at = hash_of(text, n, i) & mask;
        while (slot[at] && !same(text, n, first[slot[at] - 1], i)) at = (at + 1) & mask;
        if (!slot[at]) {
            first[many++] = i;
            slot[at] = many;
        }
        group[i] = slot[at] - 1;
    }
    return many;
}

static weir_rc values_of(weir_ctx *ctx, const weir_part_keys *k, const weir_column *text,
                         int64_t row, const char **value) {
    for (int p = 0; p < k->n; p++) {
        weir_bytes b = value_at(&text[p], row);
        if (b.len && memchr(b.p, 0, (size_t)b.len))
            return weir_fail(
                ctx, WEIR_E_TASK_WRITE_FAILED, "path", k->where, "reason",
                weir_printf(ctx->arena,
                            "The partition column %s has a value that cannot name a folder: it "
                            "holds a NUL; encode it first, as with hex().",
                            k->name[p]));
        value[p] = b.len ? weir_strndup(ctx->arena, b.p, (size_t)b.len) : NULL;
    }
    return WEIR_OK;
}

weir_rc weir_part_groups(weir_ctx *ctx, const weir_part_keys *k, int64_t len, weir_part_fn *each,
                         void *u) {
    weir_column *text = WEIR_NEWN(ctx->arena, weir_column, k->n + 1); /* folders are in UTF-8 */
    for (int p = 0; p < k->n; p++) WEIR_TRY(weir_column_utf8(ctx, &k->text[p], &text[p]));
    int64_t *group = WEIR_NEWN(ctx->arena, int64_t, len + 1),
            *first = WEIR_NEWN(ctx->arena, int64_t, len + 1),
            *row = WEIR_NEWN(ctx->arena, int64_t, len + 1),
            *end = WEIR_NEWN(ctx->arena, int64_t, len + 2),
            many = number(ctx, text, k->n, len, group, first);
    for (int64_t i = 0; i < len; i++) end[group[i] + 1]++; /* sizes, then starts */
    for (int64_t g = 0; g < many; g++) end[g + 1] += end[g];
    for (int64_t i = 0; i < len; i++) row[end[group[i]]++] = i; /* starts become ends */
    for (int64_t g = 0; g < many; g++) {
        const char **value = WEIR_NEWN(ctx->arena, const char *, k->n + 1);
        int64_t from = g ? end[g - 1] : 0;
        WEIR_TRY(values_of(ctx, k, text, first[g], value));
        WEIR_TRY(each(ctx, u, value, row + from, end[g] - from));
    }
    return WEIR_OK;
}
