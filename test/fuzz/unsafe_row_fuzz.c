/* libFuzzer: the first byte chooses a schema of test/golden/state/unsafe_rows.txt, then rows
 * follow, each behind its length (two bytes, little-endian; the last takes what is left). What is
 * read as rows must be written as rows that are read as the same. */
#include "codec/unsafe_row.h"
#include "fuzz.h"
#include <stdlib.h>

enum { MAX_SCHEMAS = 64, MAX_ROWS = 8 };
static weir_schema *schema[MAX_SCHEMAS];
static int nschema;

static void load(void) {
    weir_err err;
    weir_err_init(&err);
    static weir_ctx ctx;
    ctx = (weir_ctx){.arena = weir_arena_new(NULL), .err = &err, .env = weir_env_real()};
    char *text;
    size_t len;
    if (weir_file_slurp(&ctx, "test/golden/state/unsafe_rows.txt", &text, &len) != WEIR_OK) abort();
    for (char *p = text, *end; *p && nschema < MAX_SCHEMAS; p = end + 1) {
        end = strchr(p, '\n');
        if (!end) abort();
        if (strncmp(p, "schema\t", 7) != 0) continue;
        char *json = memchr(p + 7, '\t', (size_t)(end - p - 7));
        if (!json || weir_type_from_json(&ctx, json + 1, (size_t)(end - json - 1),
                                         &schema[nschema++]) != WEIR_OK)
            abort();
    }
}

static void must(bool ok) {
    if (!ok) abort();
}

static void check(weir_ctx *ctx, weir_schema *s, const weir_bytes *row, int64_t n) {
    weir_column *col = WEIR_NEWN(ctx->arena, weir_column, s->nfield + 1);
    weir_rowset one, two;
    if (weir_urow_decode(ctx, s, row, n, col) != WEIR_OK) return;
    if (weir_urow_encode(ctx, s, col, n, &one) != WEIR_OK) return;
    weir_bytes again[MAX_ROWS];
    for (int64_t i = 0; i < n; i++) again[i] = weir_rowset_at(&one, i);
    must(weir_urow_decode(ctx, s, again, n, col) == WEIR_OK);
    must(weir_urow_encode(ctx, s, col, n, &two) == WEIR_OK);
    must(one.off[n] == two.off[n]);
    must(!one.off[n] || memcmp(one.p, two.p, (size_t)one.off[n]) == 0);
}

/* Rows in memory of their own, so that reading past an end is seen. */
static void one(weir_ctx *ctx, const char *p, size_t len) {
    weir_bytes row[MAX_ROWS];
    void *mine[MAX_ROWS];
    int64_t n = 0;
    if (!nschema) load();
    if (!len) return;
    weir_schema *s = schema[(uint8_t)p[0] % nschema];
    for (size_t at = 1; at + 2 <= len && n < MAX_ROWS; n++) {
        size_t size = (uint8_t)p[at] | (size_t)(uint8_t)p[at + 1] << 8, left = len - at - 2;
        size = size < left ? size : left;
        mine[n] = malloc(size ? size : 1);
        if (!mine[n]) abort();
        if (size) memcpy(mine[n], p + at + 2, size);
        row[n] = (weir_bytes){mine[n], (int32_t)size};
        at += 2 + size;
    }
    check(ctx, s, row, n);
    for (int64_t i = 0; i < n; i++) free(mine[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    weir_budget budget = {.limit_bytes = 256 << 20};
    weir_err err;
    weir_err_init(&err);
    weir_ctx ctx = {.arena = weir_arena_new(NULL), .err = &err, .budget = &budget};
    one(&ctx, (const char *)data, len);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
