/* libFuzzer: any bytes as a log file of a checkpoint or of a file sink. The first byte says which:
 * the offset log, a file source's log, a sink's log, the plain entry and the compacted one. */
#include "fuzz.h"
#include "io/sink_log.h"
#include "query/ckpt_log.h"
#include "query/offsets.h"
#include "source/file_log.h"

static void entries(weir_ctx *ctx, const char *text, size_t len, bool compact) {
    const char *dir = fuzz_dir("log");
    fuzz_file(dir, compact ? "9.compact" : "0", text, len);
    (void)remove(weir_printf(ctx->arena, "%s/%s", dir, compact ? "0" : "9.compact"));
}

static void sink(weir_ctx *ctx) {
    const char *dir = fuzz_dir("sink");
    weir_sink_log log;
    weir_sink_file *f = NULL;
    int64_t n = 0;
    bool exists;
    if (weir_sink_log_open(ctx, dir, &log) != WEIR_OK) weir_err_clear(ctx->err);
    (void)weir_sink_log_files(ctx, dir, &exists, &f, &n);
}

static void one(weir_ctx *ctx, const char *text, size_t len) {
    if (!len) return;
    char kind = *text++;
    len--;
    if (kind & 4) {
        fuzz_file(fuzz_dir("sink/_spark_metadata"), kind & 1 ? "9.compact" : "0", text, len);
        (void)remove(weir_printf(ctx->arena, "%s/%s", fuzz_dir("sink/_spark_metadata"),
                                 kind & 1 ? "0" : "9.compact"));
        sink(ctx);
        return;
    }
    entries(ctx, text, len, kind & 1);
    if (kind & 2) {
        weir_file_log *log = NULL;
        weir_log_file *f = NULL;
        int64_t n = 0;
        if (weir_file_log_open(ctx, ctx->arena, fuzz_dir("log"), &log) == WEIR_OK)
            (void)weir_file_log_range(ctx, log, -1, weir_file_log_latest(log), &f, &n);
        return;
    }
    weir_log_dir dir = {fuzz_dir("log"), 2, 0};
    weir_offsets o;
    (void)weir_offsets_read(ctx, &dir, 0, 2, ctx->arena, &o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return fuzz_text(data, len, one); }
