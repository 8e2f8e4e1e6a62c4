/* libFuzzer: any bytes as the entries of a Delta table's log: lines up to one that is only "---"
 * are one entry. */
#include "delta/delta.h"
#include "fuzz.h"

static void one(weir_ctx *ctx, const char *text, size_t len) {
    const char *dir = fuzz_dir("delta_log/_delta_log"), *end = text + len;
    for (int v = 0; v < 3; v++) {
        const char *cut = memmem(text, (size_t)(end - text), "\n---\n", 5), *stop = cut ? cut : end;
        fuzz_file(dir, weir_printf(ctx->arena, "%020d.json", v), text, (size_t)(stop - text));
        text = cut ? cut + 5 : end;
    }
    weir_cancel awake; /* poked: nobody waits for a log to become whole */
    weir_cancel_init(&awake);
    weir_cancel_poke(&awake);
    ctx->cancel = &awake;
    weir_delta *t = NULL;
    weir_schema *s = NULL;
    weir_batch b;
    const char *table = fuzz_dir("delta_log");
    if (weir_delta_load(ctx, table, -1, &t) == WEIR_OK) (void)weir_delta_refresh(ctx, t);
    weir_err_clear(ctx->err);
    (void)weir_delta_history(ctx, table, &s, &b);
    weir_err_clear(ctx->err);
    (void)weir_delta_detail(ctx, table, "t", &s, &b);
    ctx->cancel = NULL;
    weir_cancel_close(&awake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
