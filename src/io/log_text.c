/* Version lines of log files. See log_text.h. */
#include "io/log_text.h"

#include <stdlib.h>
#include <string.h>

weir_rc weir_log_text(weir_ctx *ctx, const char *path, int max_version, int *version, char **body) {
    char *text, *end;
    size_t len = 0;
    WEIR_TRY(weir_file_slurp(ctx, path, &text, &len));
    if (len == 0)
        return weir_fail(ctx, WEIR_E_ILLEGAL_STATE, "message",
                         weir_printf(ctx->arena,
                                     "Failed to read log file %s. Incomplete log file. Restore it "
                                     "from a copy, or start with a new checkpoint",
                                     path));
    long long v = text[0] == 'v' ? strtoll(text + 1, &end, 10) : 0;
    if (v < 1 || end == text + 1 || (*end && *end != '\n'))
        return weir_fail(ctx, WEIR_E_MALFORMED_LOG_FILE, "text",
                         weir_printf(ctx->arena, "'%.*s' in the file %s",
                                     (int)strcspn(text, "\n") > 40 ? 40 : (int)strcspn(text, "\n"),
                                     text, path));
    if (v > max_version)
        return weir_fail(ctx, WEIR_E_INVALID_LOG_VERSION, "maxSupportedVersion",
                         weir_printf(ctx->arena, "%d", max_version), "version",
                         weir_printf(ctx->arena, "%lld in the file %s", v, path));
    *version = (int)v;
    *body = *end ? end + 1 : end;
    return WEIR_OK;
}
