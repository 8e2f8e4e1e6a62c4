/* libFuzzer: any bytes as an Arrow IPC stream; what is accepted is read in full. */
#include "codec/arrow_ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static volatile uint32_t sum;
    weir_budget budget = {.limit_bytes = 256 << 20};
    weir_err err;
    weir_ctx ctx = {.err = &err, .budget = &budget};
    weir_batch *b = NULL;
    int n = 0;
    weir_err_init(&err);
    ctx.arena = weir_arena_new(NULL);
    if (weir_ipc_read_stream(&ctx, data, len, NULL, NULL, &b, &n) == WEIR_OK)
        for (int i = 0; i < n; i++)
            for (int k = 0; k < b[i].schema->nfield; k++)
                for (int64_t r = 0; r < b[i].len && r < 256; r++)
                    sum = sum + (uint32_t)weir_hash_row(&b[i].col[k], r, 42);
    weir_arena_free(ctx.arena);
    weir_err_clear(&err);
    return 0;
}
