/* libFuzzer: any bytes as a TZif file; what is read gives rising transitions and answers for every
 * year. */
#include "func/zoneinfo.h"
#include "fuzz.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    weir_zone_rules z;
    if (!weir_zoneinfo_parse(ctx->arena, (const uint8_t *)text, len, &z)) return;
    for (int i = 1; i < z.n; i++) weir_assert(z.at[i - 1] < z.at[i]);
    int64_t at[2];
    for (int64_t year = 1900; z.repeats && year < 2500; year += 7) weir_zoneinfo_year(&z, year, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
