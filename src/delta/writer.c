/* What a table asks of its writers: what weir does not do is refused before anything is written.
 * DELTA PROTOCOL "Writer Version Requirements". Any task. */
#include "delta/props.h"

#include <strings.h>

static weir_rc cannot_write(weir_ctx *ctx, const weir_delta *d, const char *what) {
    return weir_fail(ctx, WEIR_E_DELTA_UNSUPPORTED_WRITE, "tableNameOrPath", d->path, "unsupported",
                     what);
}

/* Columns that are computed or checked by an expression. */
static weir_rc check_rules(weir_ctx *ctx, const weir_delta *d, const weir_type *t) {
    static const char *const rules[] = {"delta.invariants", "delta.generationExpression",
                                        "delta.identity"};
    for (int i = 0; i < t->nfield; i++) {
        const char *m = t->field[i].metadata;
        for (int r = 0; m && r < 3; r++)
            if (strstr(m, rules[r]))
                return cannot_write(
                    ctx, d,
                    weir_printf(ctx->arena, "the rule of the column %s: %s", t->field[i].name, m));
        WEIR_TRY(check_rules(ctx, d, t->field[i].type));
    }
    return WEIR_OK;
}

weir_rc weir_delta_check_writer(weir_ctx *ctx, const weir_delta *d, bool removes) {
    if (d->min_writer > 7 || d->min_writer < 1) return weir_delta_bad_protocol(ctx, d);
    for (const char **f = d->writer_feature; f && *f; f++) {
        const weir_delta_feature *known = weir_delta_feature_find(*f, false);
        if (!known || !known->writes) return cannot_write(ctx, d, *f);
    }
    WEIR_TRY(weir_delta_check_config(ctx, &d->config, d->path));
    if (d->schema) WEIR_TRY(check_rules(ctx, d, d->schema));
    if (removes && weir_delta_flag(&d->config, "delta.appendOnly", false))
        return weir_fail(ctx, WEIR_E_DELTA_CANNOT_MODIFY_APPEND_ONLY, "table_name", d->path,
                         "config", "delta.appendOnly");
    return WEIR_OK;
}

/* SPARK CDCReader: names that the feed of changes has for itself. */
weir_rc weir_delta_check_feed(weir_ctx *ctx, const weir_options *config, weir_schema *s) {
    static const char *const names[] = {"_change_type", "_commit_version", "_commit_timestamp"};
    if (!weir_delta_flag(config, "delta.enableChangeDataFeed", false) &&
        !weir_delta_flag(config, "delta.enableChangeDataCapture", false))
        return WEIR_OK;
    for (int i = 0; i < 3; i++)
        if (weir_schema_find(s, names[i], false) != -1)
            return weir_fail(ctx, WEIR_E_RESERVED_CDC_COLUMNS_ON_WRITE, "columnList",
                             weir_printf(ctx->arena, "[%s]", names[i]), "config",
                             "delta.enableChangeDataFeed");
    return WEIR_OK;
}
