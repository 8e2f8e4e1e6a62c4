/* Operator metadata v1: <operator>/_metadata/metadata. Called by the query's driver. */
#include "state/store.h"

#include "io/log_text.h"

#include <string.h>

static char *path_of(weir_ctx *ctx, const char *dir) {
    return weir_printf(ctx->arena, "%s/_metadata/metadata", dir);
}

weir_rc weir_state_metadata_write(weir_ctx *ctx, const char *dir, int32_t op_id,
                                  const char *op_name, const weir_state_store_info *info,
                                  int nstore) {
    weir_str s;
    weir_jw w;
    weir_str_init(&s, ctx->arena, 1 << 20);
    weir_str_puts(&s, "v1\n");
    weir_jw_init(&w, &s);
    weir_jw_obj(&w);
    weir_jw_key(&w, "operatorInfo");
    weir_jw_obj(&w);
    weir_jw_key(&w, "operatorId");
    weir_jw_int(&w, op_id);
    weir_jw_key(&w, "operatorName");
    weir_jw_str(&w, op_name);
    weir_jw_end_obj(&w);
    weir_jw_key(&w, "stateStoreInfo");
    weir_jw_arr(&w);
    for (int i = 0; i < nstore; i++) {
        weir_jw_obj(&w);
        weir_jw_key(&w, "storeName");
        weir_jw_str(&w, info[i].name);
        weir_jw_key(&w, "numColsPrefixKey");
        weir_jw_int(&w, info[i].prefix_cols);
        weir_jw_key(&w, "numPartitions");
        weir_jw_int(&w, info[i].npart);
        weir_jw_end_obj(&w);
    }
    weir_jw_end_arr(&w);
    weir_jw_end_obj(&w);
    char *folder = weir_printf(ctx->arena, "%s/_metadata", dir);
    WEIR_TRY(weir_path_mkdirs(ctx, folder));
    WEIR_TRY(weir_path_remove(ctx, weir_printf(ctx->arena, "%s/.metadata.crc", folder)));
    return weir_file_put(ctx, path_of(ctx, dir), s.p, s.len, true, NULL);
}

weir_rc weir_state_metadata_read(weir_ctx *ctx, const char *dir, int32_t *op_id, const char **name,
                                 weir_state_store_info **out, int *nstore) {
    char *path = path_of(ctx, dir), *text = NULL;
    int version = 0;
    weir_stat st;
    *name = NULL;
    *nstore = 0;
    WEIR_TRY(weir_path_stat(ctx, path, &st));
    if (!st.exists) return WEIR_OK;
    WEIR_TRY(weir_log_text(ctx, path, 1, &version, &text));
    const weir_json *j = weir_json_parse(ctx->arena, text, strlen(text), NULL),
                    *op = weir_json_get(j, "operatorInfo"), *v = weir_json_arr(j, "stateStoreInfo");
    const char *said = weir_json_str(op, "operatorName", NULL);
    if (!said || !v)
        return weir_fail(ctx, WEIR_E_MALFORMED_CHECKPOINT, "path", path, "reason",
                         "it is no operator metadata");
    *op_id = (int32_t)weir_json_int(op, "operatorId", 0);
    weir_state_store_info *info = WEIR_NEWN(ctx->arena, weir_state_store_info, v->len + 1);
    for (size_t i = 0; i < v->len; i++)
        info[i] = (weir_state_store_info){weir_json_str(v->item[i], "storeName", ""),
                                          (int32_t)weir_json_int(v->item[i], "numColsPrefixKey", 0),
                                          (int32_t)weir_json_int(v->item[i], "numPartitions", 0)};
    *out = info;
    *nstore = (int)v->len;
    *name = said;
    return WEIR_OK;
}
