/* Partition values as the log has them. DELTA PROTOCOL "Partition Value Serialization"; timestamps
 * in UTC as Delta 4 writes them, so that the session's zone, or an hour that comes twice, changes
 * no value. */
#include "delta/delta.h"

#include "col/build.h"
#include "func/datetime.h"
#include "func/func.h"

#include <stdio.h>

/* 2024-01-31T23:59:59.123456Z */
static int utc_text(int64_t us, char *out, size_t cap) {
    char day[WEIR_TIME_TEXT];
    int64_t rest = weir_floor_mod(us, WEIR_DAY_US), s = rest / 1000000;
    weir_date_text((int32_t)weir_floor_div(us, WEIR_DAY_US), day);
    return snprintf(out, cap, "%sT%02d:%02d:%02d.%06dZ", day, (int)(s / 3600), (int)(s / 60 % 60),
                    (int)(s % 60), (int)(rest % 1000000));
}

static weir_rc utc_texts(weir_ctx *ctx, const weir_column *c, weir_column *out) {
    weir_build b;
    WEIR_TRY(weir_build_init(ctx, &b, &weir_t_string));
    for (int64_t i = 0; i < c->len; i++) {
        char text[WEIR_TIME_TEXT + 24];
        if (weir_is_null(c, i)) {
            weir_build_null(&b);
            continue;
        }
        int n = utc_text(WEIR_AT_ROW(int64_t, c, i), text, sizeof text);
        weir_build_bytes(&b, text, (size_t)n);
    }
    return weir_build_finish(ctx, &b, out);
}

weir_rc weir_delta_part_values(weir_ctx *ctx, const weir_column *c, weir_column *out) {
    if (c->type->kind == WEIR_T_TIMESTAMP) return utc_texts(ctx, c, out);
    return weir_cast_column(ctx, c, &weir_t_string, WEIR_CAST_ANSI, out);
}

const char *weir_delta_part_folder(weir_ctx *ctx, const weir_type *t, const char *value) {
    char text[WEIR_TIME_TEXT];
    int64_t us;
    if (!value || t->kind != WEIR_T_TIMESTAMP ||
        !weir_timestamp_parse(value, (int64_t)strlen(value), weir_zone_utc(), &us))
        return value;
    int n = weir_timestamp_text(us, weir_zone_session(ctx), text);
    return weir_strndup(ctx->arena, text, (size_t)n);
}
