/* libFuzzer: a small checkpoint one of whose files is the input, looked at as weir checkpoint does,
 * with plans for repair and rollback. The first byte says which file. */
#include "fuzz.h"
#include "inspect/checkpoint.h"

typedef struct place {
    const char *dir, *name, *text;
    size_t len;
} place;
#define T(dir, name, text) {dir, name, text, sizeof(text) - 1}
/* what an empty store leaves: one stored block with the end marker, and the end block */
#define EMPTY                                                                                      \
    "LZ4Block\x15\4\0\0\0\4\0\0\0\0\0\0\0\xff\xff\xff\xff"                                         \
    "LZ4Block\x15\0\0\0\0\0\0\0\0\0\0\0\0"
#define SCHEMA                                                                                     \
    "\0\2v2\0\0\0\1\0\x56{\"type\":\"struct\",\"fields\":[{\"name\":\"k\",\"type\":\"long\","      \
    "\"nullable\":true,\"metadata\":{}}]}"                                                         \
    "\0\0\0\1\0\x56{\"type\":\"struct\",\"fields\":[{\"name\":\"v\",\"type\":\"long\","            \
    "\"nullable\":true,\"metadata\":{}}]}"
static const place places[] = {
    T("ck", "metadata", "{\"id\":\"00000000-0000-4000-8000-000000000000\"}"),
    T("ck/offsets", "0",
      "v1\n{\"batchWatermarkMs\":0,\"conf\":{\"spark.sql.shuffle.partitions\":\"1\"}}\n"
      "{\"logOffset\":0}"),
    T("ck/offsets", "1",
      "v1\n{\"batchWatermarkMs\":5,\"conf\":{\"spark.sql.shuffle.partitions\":\"1\"}}\n"
      "{\"logOffset\":1}"),
    T("ck/commits", "0", "v1\n{\"nextBatchWatermarkMs\":5}"),
    T("ck/commits", "1", "v1\n{\"nextBatchWatermarkMs\":7}"),
    T("ck/commits", ".1.crc", "crc\0\0\0\2\0\0\0\0\0"),
    T("ck/sources/0", "0", "v1\n{\"path\":\"file:///a\",\"timestamp\":1,\"batchId\":0}"),
    T("ck/sources/0", "1", "v1\n{\"path\":\"file:///b\",\"timestamp\":1,\"batchId\":1}"),
    T("ck/state/0/_metadata", "metadata",
      "v1\n{\"operatorInfo\":{\"operatorId\":0,\"operatorName\":\"x\"},\"stateStoreInfo\":"
      "[{\"storeName\":\"default\",\"numColsPrefixKey\":0,\"numPartitions\":1}]}"),
    T("ck/state/0/0/_metadata", "schema", SCHEMA),
    T("ck/state/0/0", "1.delta", EMPTY),
    T("ck/state/0/0", "2.delta", EMPTY),
    T("ck/state/0/0", "1.snapshot", EMPTY),
};
enum { N = sizeof places / sizeof *places };

static void look(weir_ctx *ctx, const char *dir) {
    weir_ck *c = NULL, *after = NULL;
    weir_ck_plan plan;
    weir_str out;
    weir_str_init(&out, ctx->arena, 64 << 20);
    if (weir_ck_read(ctx, dir, NULL, &c) != WEIR_OK) return;
    weir_ck_text(ctx, c, &out);
    weir_ck_json(ctx, c, &out);
    if (weir_ck_plan_repair(ctx, c, &plan, &after) == WEIR_OK) {
        weir_assert(!after->stops); /* what repair offers starts */
        weir_ck_plan_json(ctx, after, &plan, NULL, &out);
    }
    weir_err_clear(ctx->err);
    for (int64_t to = 0; to < 2; to++) {
        if (weir_ck_plan_rollback(ctx, c, to, &plan, &after) == WEIR_OK)
            weir_assert(!after->stops && after->planned == to && after->committed == to);
        weir_err_clear(ctx->err);
    }
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    static bool made;
    if (!len) return;
    for (int i = 0; i < N && !made; i++)
        fuzz_file(fuzz_dir(places[i].dir), places[i].name, places[i].text, places[i].len);
    made = true;
    const place *p = &places[(unsigned char)*text % N];
    fuzz_file(fuzz_dir(p->dir), p->name, text + 1, len - 1);
    look(ctx, fuzz_dir("ck"));
    fuzz_file(fuzz_dir(p->dir), p->name, p->text, p->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
