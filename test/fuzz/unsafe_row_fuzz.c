/* libFuzzer: the first byte chooses a schema of test/golden/state/unsafe_rows.txt, then rows
 * follow, each behind its length (two bytes, little-endian; the last takes what is left). What is
 * read as rows must be written as rows that are read as the same; so must what is read as the
 * buffers of aggregates. */
#include "codec/state_object.h"
#include "expr/fn.h"
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

static weir_rc packed(weir_ctx *ctx, const weir_bytes *row, int64_t n, weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_binary));
    for (int64_t i = 0; i < n; i++) weir_build_bytes(&b, row[i].p, (size_t)row[i].len);
    return weir_build_finish(ctx, &b, out);
}

static void check_object(weir_ctx *ctx, unsigned form, const char *type, const weir_bytes *row,
                         int64_t n) {
    weir_field f = {"buf", NULL, true, NULL};
    weir_column bytes, objects, again;
    must(weir_type_from_json(ctx, type, strlen(type), &f.type) == WEIR_OK);
    must(packed(ctx, row, n, &bytes) == WEIR_OK);
    if (weir_object_unpack(ctx, form, &f, &bytes, &objects) != WEIR_OK) return;
    must(weir_object_pack(ctx, form, &f, &objects, &bytes) == WEIR_OK);
    must(weir_object_unpack(ctx, form, &f, &bytes, &again) == WEIR_OK);
}

#define FIELD(n, t) "{\"name\":\"" n "\",\"nullable\":false,\"metadata\":{},\"type\":" t "}"
#define STRUCT(f) "{\"type\":\"struct\",\"fields\":[" f "]}"
#define ARRAY(t) "{\"type\":\"array\",\"containsNull\":false,\"elementType\":" t "}"
static const char counts[] = ARRAY(STRUCT(FIELD("value", "\"string\"") "," FIELD("count",
                                                                               "\"long\"")));
static const char digest[] = STRUCT(
    FIELD("t", "\"integer\"") "," FIELD("e", "\"double\"") "," FIELD("c", "\"long\"") "," FIELD(
        "s", ARRAY(STRUCT(FIELD("v", "\"double\"") "," FIELD("g", "\"long\"") "," FIELD(
                 "d", "\"long\"")))));

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
    weir_err_clear(ctx->err);
    check_object(ctx, WEIR_AGG_COUNTS, counts, row, n);
    weir_err_clear(ctx->err);
    check_object(ctx, WEIR_AGG_DIGEST, digest, row, n);
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
