/* The codecs of columnar files. See file_codec.h. */
#include "base/file_codec.h"

#include "base/ctx.h"

#include <strings.h>

static const weir_file_codec parquet[] = {
    {"brotli", ".br.parquet", NULL, -1},       {"uncompressed", ".parquet", "uncompressed", -1},
    {"lzo", ".lzo.parquet", NULL, -1},         {"snappy", ".snappy.parquet", "snappy", -1},
    {"lz4_raw", ".lz4raw.parquet", "lz4_raw", -1},
    {"none", ".parquet", "uncompressed", -1},  {"zstd", ".zstd.parquet", "zstd", -1},
    {"lz4", ".lz4hadoop.parquet", "lz4_hadoop", -1},
    {"gzip", ".gz.parquet", "gzip", -1}};
/* FORMAT: ORC's CompressionKind */
static const weir_file_codec orc[] = {
    {"brotli", ".brotli.orc", NULL, -1}, {"uncompressed", ".orc", NULL, 0},
    {"lz4", ".lz4.orc", NULL, 4},        {"lzo", ".lzo.orc", NULL, -1},
    {"snappy", ".snappy.orc", NULL, 2},  {"zlib", ".zlib.orc", NULL, 1},
    {"none", ".orc", NULL, 0},           {"zstd", ".zstd.orc", NULL, 5}};

typedef struct codecs {
    const weir_file_codec *v;
    int n;
    const char *option, *setting; /* beside the option compression */
} codecs;

static const codecs all[] = {
    [WEIR_FILES_PARQUET] = {parquet, sizeof parquet / sizeof *parquet, "parquet.compression",
                            "spark.sql.parquet.compression.codec"},
    [WEIR_FILES_ORC] = {orc, sizeof orc / sizeof *orc, "orc.compress",
                        "spark.sql.orc.compression.codec"}};

static weir_rc unavailable(weir_ctx *ctx, const codecs *c, const char *name) {
    char *list = "";
    for (int i = 0; i < c->n; i++)
        list = weir_printf(ctx->arena, "%s%s%s", list, i ? ", " : "", c->v[i].name);
    return weir_fail(ctx, WEIR_E_CODEC_NOT_AVAILABLE, "codecName", name, "availableCodecs", list);
}

weir_rc weir_file_codec_find(weir_ctx *ctx, weir_columnar format, const weir_options *o,
                             const weir_file_codec **out) {
    const codecs *c = &all[format];
    const char *name = weir_option_get(o, "compression");
    if (!name) name = weir_option_get(o, c->option);
    if (!name) name = weir_conf_get(ctx->conf, c->setting);
    *out = NULL;
    for (int i = 0; i < c->n; i++)
        if (strcasecmp(name, c->v[i].name) == 0) *out = &c->v[i];
    if (!*out) return unavailable(ctx, c, name);
    if ((*out)->arrow || (*out)->orc >= 0) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_UNSUPPORTED_FEATURE, "feature",
                     weir_printf(ctx->arena, "the codec %s; use zstd or snappy", name));
}
