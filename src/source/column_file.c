/* The two formats of columns. See column_file.h. */
#include "source/column_file.h"

#include "arrow/parquet.h"
#include "orc/orc.h"

static weir_rc parquet_open(weir_ctx *ctx, const char *path, const char *name, void **out) {
    return weir_parquet_open(ctx, path, name, (weir_parquet_reader **)out);
}
static weir_rc parquet_schema(weir_ctx *ctx, const void *f, weir_schema **out) {
    return weir_parquet_schema(ctx, f, true, out);
}
static weir_rc parquet_select(weir_ctx *ctx, void *f, weir_schema *want, const bool *need) {
    return weir_parquet_select(ctx, f, want, need);
}
static weir_rc parquet_next(weir_ctx *ctx, void *f, weir_batch *out, bool *eof) {
    return weir_parquet_next(ctx, f, out, eof);
}
static void parquet_close(void *f) { weir_parquet_close(f); }

static weir_rc orc_open(weir_ctx *ctx, const char *path, const char *name, void **out) {
    return weir_orc_open(ctx, path, name, (weir_orc_reader **)out);
}
static weir_rc orc_schema(weir_ctx *ctx, const void *f, weir_schema **out) {
    return weir_orc_schema(ctx, f, out);
}
static weir_rc orc_select(weir_ctx *ctx, void *f, weir_schema *want, const bool *need) {
    return weir_orc_select(ctx, f, want, need);
}
static weir_rc orc_next(weir_ctx *ctx, void *f, weir_batch *out, bool *eof) {
    return weir_orc_next(ctx, f, out, eof);
}
static void orc_close(void *f) { weir_orc_close(f); }

const weir_column_format *weir_column_format_of(const char *source) {
    static const weir_column_format parquet = {"Parquet",      "spark.sql.parquet.mergeSchema",
                                               false,          parquet_open,
                                               parquet_schema, parquet_select,
                                               parquet_next,   parquet_close};
    static const weir_column_format orc = {
        "ORC",    "spark.sql.orc.mergeSchema", true, orc_open, orc_schema, orc_select, orc_next,
        orc_close};
    return strcmp(source, "orc") == 0 ? &orc : &parquet;
}
