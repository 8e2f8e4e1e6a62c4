/* Options of writes. See write_options.h. Any thread. */
#include "delta/write_options.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static weir_rc illegal(weir_ctx *ctx, const char *name, const char *value, const char *explain) {
    return weir_fail(ctx, WEIR_E_DELTA_ILLEGAL_OPTION, "input", value, "name", name, "explain",
                     explain);
}

/* Stays as it is where the option is not given. */
static weir_rc flag(weir_ctx *ctx, const weir_write_info *i, const char *name, bool *out) {
    const char *v = weir_option_get(&i->options, name);
    if (!v) return WEIR_OK;
    *out = strcasecmp(v, "true") == 0;
    if (*out || strcasecmp(v, "false") == 0) return WEIR_OK;
    return illegal(ctx, name, v, "must be 'true' or 'false'");
}

static weir_rc version_of(weir_ctx *ctx, const char *text, int64_t *out) {
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    bool number = *text && *end == 0 && errno == 0 && strchr("+-0123456789", *text) != NULL;
    if (number && *out >= 0) return WEIR_OK;
    return illegal(ctx, "txnVersion", text, "must be a non-negative integer");
}

static weir_rc half_given(weir_ctx *ctx, const char *which) {
    return weir_fail(ctx, WEIR_E_DELTA_INVALID_IDEMPOTENT_WRITES_OPTIONS, "reason", which);
}

static weir_rc transaction(weir_ctx *ctx, const weir_write_info *i, weir_delta_write_options *out) {
    const char *app = weir_option_get(&i->options, "txnAppId"),
               *version = weir_option_get(&i->options, "txnVersion");
    if (version) WEIR_TRY(version_of(ctx, version, &out->txn_version));
    if (!app != !version)
        return half_given(ctx, "Both txnVersion and txnAppId must be specified for idempotent "
                               "data frame writes");
    out->txn_app = weir_strdup(ctx->arena, app);
    return WEIR_OK;
}

/* Where the options name none. */
static weir_rc session_transaction(weir_ctx *ctx, weir_delta_write_options *out) {
    const char *app = weir_conf_get(ctx->conf, "spark.databricks.delta.write.txnAppId"),
               *version = weir_conf_get(ctx->conf, "spark.databricks.delta.write.txnVersion");
    if (!app != !version)
        return half_given(ctx, "Both spark.databricks.delta.write.txnAppId and "
                               "spark.databricks.delta.write.txnVersion must be specified for "
                               "idempotent Delta writes");
    if (version) out->txn_version = strtoll(version, NULL, 10);
    out->txn_app = weir_strdup(ctx->arena, app);
    return WEIR_OK;
}

weir_rc weir_delta_write_options_read(weir_ctx *ctx, const weir_write_info *i,
                                      weir_delta_write_options *out) {
    const char *text = weir_option_get(&i->options, "userMetadata");
    *out = (weir_delta_write_options){.data_change = true};
    out->merges_schema =
        weir_conf_bool(ctx->conf, "spark.databricks.delta.schema.autoMerge.enabled");
    if (!i->columns_only) WEIR_TRY(transaction(ctx, i, out));
    WEIR_TRY(flag(ctx, i, "mergeSchema", &out->merges_schema));
    if (!i->query_id || i->output_mode == WEIR_OUT_COMPLETE)
        WEIR_TRY(flag(ctx, i, "overwriteSchema", &out->overwrites_schema));
    if (!out->txn_app && !i->query_id && !i->columns_only) WEIR_TRY(session_transaction(ctx, out));
    /* SPARK: DeltaSink does not look at it */
    if (!i->query_id) WEIR_TRY(flag(ctx, i, "dataChange", &out->data_change));
    if (!text) text = weir_conf_get(ctx->conf, "spark.databricks.delta.commitInfo.userMetadata");
    out->user_metadata = weir_strdup(ctx->arena, text);
    return weir_file_codec_find(ctx, WEIR_FILES_PARQUET, &i->options, &out->codec);
}
