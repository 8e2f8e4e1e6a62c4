/* What a read of state asks for. See state_options.h. Called when such a read is analysed. */
#include "inspect/state_options.h"

#include "query/ckpt_log.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static const char *option(const weir_scan *s, const char *name) {
    return weir_option_get(&s->options, name);
}

static weir_rc invalid(weir_ctx *ctx, const char *name, const char *message) {
    return weir_fail(ctx, WEIR_E_STDS_INVALID_OPTION, "optionName", name, "message", message);
}

static weir_rc negative(weir_ctx *ctx, const char *name) {
    return weir_fail(ctx, WEIR_E_STDS_IS_NEGATIVE, "optionName", name);
}

static weir_rc conflict(weir_ctx *ctx, const char *a, const char *b) {
    return weir_fail(ctx, WEIR_E_STDS_CONFLICT_OPTIONS, "options",
                     weir_printf(ctx->arena, "['%s', '%s']", a, b));
}

static weir_rc required(weir_ctx *ctx, const char *name) {
    return weir_fail(ctx, WEIR_E_STDS_REQUIRED_OPTION, "optionName", name);
}

char *weir_checkpoint_uri(weir_ctx *ctx, const char *dir) { return weir_file_uri(ctx->arena, dir); }

weir_rc weir_state_path(weir_ctx *ctx, const weir_scan *s, const char **out) {
    if (!s->npath) return required(ctx, "path");
    *out = s->path[0];
    return WEIR_OK;
}

weir_rc weir_state_number(weir_ctx *ctx, const weir_scan *s, const char *name, int64_t *out,
                          bool *given) {
    const char *v = option(s, name);
    *given = v != NULL;
    if (!v) return WEIR_OK;
    const char *digits = v + (*v == '-' || *v == '+');
    errno = 0;
    *out = strtoll(v, NULL, 10);
    if (*digits && strspn(digits, "0123456789") == strlen(digits) && errno == 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                     weir_printf(ctx->arena, "For input string: \"%s\"", v));
}

static weir_rc part_number(weir_ctx *ctx, const weir_scan *s, const char *name, int32_t *out,
                           bool *given) {
    int64_t v = *out;
    WEIR_TRY(weir_state_number(ctx, s, name, &v, given));
    if (v < INT32_MIN || v > INT32_MAX)
        return weir_fail(ctx, WEIR_E_NUMBER_FORMAT, "message",
                         weir_printf(ctx->arena, "For input string: \"%lld\"", (long long)v));
    *out = (int32_t)v;
    return WEIR_OK;
}

static weir_rc flag(weir_ctx *ctx, const weir_scan *s, const char *name, bool dflt, bool *out) {
    const char *v = option(s, name);
    *out = v ? strcasecmp(v, "true") == 0 : dflt;
    if (!v || *out || strcasecmp(v, "false") == 0) return WEIR_OK;
    return invalid(ctx, name, "Boolean value is expected");
}

static char *trimmed(weir_ctx *ctx, const char *v) {
    size_t from = strspn(v, " \t\r\n"), to = strlen(v);
    while (to > from && strchr(" \t\r\n", v[to - 1])) to--;
    return weir_strndup(ctx->arena, v + from, to - from);
}

static weir_rc read_store(weir_ctx *ctx, const weir_scan *s, weir_state_options *o) {
    static const char *const sides[] = {"none", "left", "right"};
    const char *side = option(s, "joinSide"), *store = option(s, "storeName");
    o->store = store ? trimmed(ctx, store) : "default";
    if (!*o->store) return weir_fail(ctx, WEIR_E_STDS_IS_EMPTY, "optionName", "storeName");
    o->variable = option(s, "stateVarName");
    WEIR_TRY(flag(ctx, s, "readRegisteredTimers", false, &o->timers));
    if (o->timers && o->variable) return conflict(ctx, "readRegisteredTimers", "stateVarName");
    WEIR_TRY(flag(ctx, s, "flattenCollectionTypes", true, &o->flatten));
    int k = 0;
    while (side && k < 3 && strcmp(sides[k], side) != 0) k++;
    if (k == 3) return invalid(ctx, "joinSide", "Valid values are left,right,none");
    o->side = (weir_join_side)k;
    if (o->side && strcmp(o->store, "default") != 0) return conflict(ctx, "joinSide", "storeName");
    return WEIR_OK;
}

/* ---- which batch ---- */

static weir_rc no_commit(weir_ctx *ctx, const weir_state_options *o) {
    return weir_fail(ctx, WEIR_E_STDS_COMMITTED_BATCH_UNAVAILABLE, "checkpointLocation",
                     weir_checkpoint_uri(ctx, o->checkpoint));
}

static weir_log_dir commits_of(weir_ctx *ctx, const weir_state_options *o) {
    return (weir_log_dir){weir_printf(ctx->arena, "%s/commits", o->checkpoint), 3, 0};
}

static weir_rc last_commit(weir_ctx *ctx, const weir_state_options *o, int64_t *batch) {
    int64_t lowest;
    weir_log_dir log = commits_of(ctx, o);
    WEIR_TRY(weir_log_range(ctx, &log, &lowest, batch));
    return *batch < 0 ? no_commit(ctx, o) : WEIR_OK;
}

static weir_rc committed(weir_ctx *ctx, const weir_state_options *o, int64_t batch) {
    weir_log_dir log = commits_of(ctx, o);
    char *text = NULL;
    int version;
    WEIR_TRY(weir_log_get(ctx, &log, batch, &version, &text));
    return text ? WEIR_OK : no_commit(ctx, o);
}

static weir_rc read_changes(weir_ctx *ctx, const weir_scan *s, weir_state_options *o) {
    static const char *const others[] = {"joinSide", "batchId", "snapshotStartBatchId",
                                         "snapshotPartitionId"};
    bool from, to;
    for (int i = 0; i < 4; i++)
        if (i ? option(s, others[i]) != NULL : o->side != WEIR_SIDE_NONE)
            return conflict(ctx, others[i], "readChangeFeed");
    WEIR_TRY(weir_state_number(ctx, s, "changeStartBatchId", &o->change_from, &from));
    WEIR_TRY(weir_state_number(ctx, s, "changeEndBatchId", &o->change_to, &to));
    if (!from) return required(ctx, "changeStartBatchId");
    if (!to) WEIR_TRY(last_commit(ctx, o, &o->change_to));
    if (o->change_from < 0) return negative(ctx, "changeStartBatchId");
    if (o->change_to < o->change_from)
        return invalid(
            ctx, "changeEndBatchId",
            weir_printf(ctx->arena,
                        "changeEndBatchId cannot be smaller than changeStartBatchId. Please check "
                        "the input to changeEndBatchId, or if you are using its default value, "
                        "make sure that changeStartBatchId is less than %lld.",
                        (long long)o->change_to));
    o->batch = o->change_to;
    WEIR_TRY(committed(ctx, o, o->change_from));
    return committed(ctx, o, o->change_to);
}

static weir_rc read_batch(weir_ctx *ctx, const weir_scan *s, weir_state_options *o) {
    static const char *const others[] = {"changeStartBatchId", "changeEndBatchId"};
    bool batch, from, part;
    for (int i = 0; i < 2; i++)
        if (option(s, others[i]))
            return invalid(ctx, others[i],
                           "Only specify this option when readChangeFeed is set to true.");
    WEIR_TRY(weir_state_number(ctx, s, "batchId", &o->batch, &batch));
    WEIR_TRY(weir_state_number(ctx, s, "snapshotStartBatchId", &o->snapshot_batch, &from));
    WEIR_TRY(part_number(ctx, s, "snapshotPartitionId", &o->snapshot_part, &part));
    if (!batch) WEIR_TRY(last_commit(ctx, o, &o->batch));
    if (o->batch < 0) return negative(ctx, "batchId");
    if (from && o->snapshot_batch < 0) return negative(ctx, "snapshotStartBatchId");
    if (from && o->snapshot_batch > o->batch)
        return invalid(ctx, "snapshotStartBatchId",
                       weir_printf(ctx->arena, "value should be less than or equal to %lld",
                                   (long long)o->batch));
    if (part && o->snapshot_part < 0) return negative(ctx, "snapshotPartitionId");
    if (part && !from) return required(ctx, "snapshotStartBatchId");
    if (from && !part) return required(ctx, "snapshotPartitionId");
    if (from) WEIR_TRY(committed(ctx, o, o->snapshot_batch));
    return committed(ctx, o, o->batch);
}

weir_rc weir_state_options_read(weir_ctx *ctx, const weir_scan *s, weir_state_options *o) {
    bool given;
    *o = (weir_state_options){.snapshot_batch = -1, .snapshot_part = -1};
    WEIR_TRY(weir_state_path(ctx, s, &o->checkpoint));
    WEIR_TRY(part_number(ctx, s, "operatorId", &o->op, &given));
    if (o->op < 0) return negative(ctx, "operatorId");
    WEIR_TRY(read_store(ctx, s, o));
    const char *changes = option(s, "readChangeFeed");
    o->changes = changes && strcasecmp(changes, "true") == 0;
    if (changes && !o->changes && strcasecmp(changes, "false") != 0)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", changes));
    return o->changes ? read_changes(ctx, s, o) : read_batch(ctx, s, o);
}

char *weir_state_options_text(weir_ctx *ctx, const weir_state_options *o) {
    static const char *const sides[] = {"none", "left", "right"};
    const char *more = "";
    if (o->snapshot_batch >= 0)
        more =
            weir_printf(ctx->arena, ", snapshotStartBatchId=%lld, snapshotPartitionId=%d",
                        (long long)o->snapshot_batch, (int)o->snapshot_part);
    else if (o->changes)
        more = weir_printf(ctx->arena, ", changeStartBatchId=%lld, changeEndBatchId=%lld",
                           (long long)o->change_from, (long long)o->change_to);
    return weir_printf(ctx->arena,
                       "StateSourceOptions(checkpointLocation=%s, batchId=%lld, operatorId=%d, "
                       "storeName=%s, joinSide=%s, stateVarName=%s, flattenCollectionTypes=%s%s)",
                       weir_checkpoint_uri(ctx, o->checkpoint), (long long)o->batch, (int)o->op,
                       o->store, sides[o->side], o->variable ? o->variable : "None",
                       o->flatten ? "true" : "false", more);
}
