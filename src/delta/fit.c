/* How the rows of a write fit the table. SPARK ImplicitMetadataOperation.updateMetadata,
 * MetadataMismatchErrorBuilder. Called by the sink. */
#include "delta/fit.h"

#include "delta/merge.h"

#include <strings.h>

/* ---- what does not fit ---- */

static char *quoted_names(weir_ctx *ctx, const char *const *name, int n) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 20);
    for (int i = 0; i < n; i++) weir_str_printf(&s, "%s`%s`", i ? ", " : "", name[i]);
    return s.p ? s.p : "";
}

typedef struct change {
    weir_schema *table, *rows; /* rows NULL: they have the table's columns */
    const char **part;
    int npart;
    bool parts, overwrites; /* parts: other partition columns */
} change;

static weir_rc mismatch(weir_ctx *ctx, const weir_delta *d, const change *c) {
    weir_str s;
    weir_str_init(&s, ctx->arena, 1 << 24);
    weir_str_puts(&s, "A metadata mismatch was detected when writing to the Delta table.");
    if (c->rows)
        weir_str_printf(
            &s,
            "\n- A schema mismatch detected when writing to the Delta table (Table ID: %s).\nTo "
            "enable schema migration using DataFrameWriter or DataStreamWriter, please set: "
            "'.option(\"mergeSchema\", \"true\")'.\nFor other operations, set the session "
            "configuration spark.databricks.delta.schema.autoMerge.enabled to \"true\". See the "
            "documentation specific to the operation for details.\n\nTable schema:\n%s\n\nData "
            "schema:\n%s\n",
            d->id, weir_delta_tree(ctx->arena, c->table), weir_delta_tree(ctx->arena, c->rows));
    if (c->parts)
        weir_str_printf(&s,
                        "\n- Partition columns do not match the partition columns of the table."
                        "\nGiven: [%s]\nTable: [%s]\n",
                        quoted_names(ctx, c->part, c->npart), quoted_names(ctx, d->part, d->npart));
    if (c->overwrites)
        weir_str_puts(&s,
                      "\n- To overwrite your schema or change partitioning, please set: "
                      "'.option(\"overwriteSchema\", \"true\")'.\nNote that the schema can't be "
                      "overwritten when using 'replaceWhere'.");
    return weir_fail(ctx, WEIR_E_DELTA_SCHEMA_MISMATCH, "message", s.p);
}

/* ---- what does ---- */

/* The columns that the rows are divided by, as the rows call them. */
static void given_parts(weir_ctx *ctx, const weir_write_info *i, weir_delta_fit *out) {
    out->part = WEIR_NEWN(ctx->arena, const char *, i->npartition + 1);
    out->npart = i->npartition;
    for (int p = 0; p < i->npartition; p++) {
        int c = weir_schema_find(i->schema, i->partition_by[p], false);
        out->part[p] = c < 0 ? i->partition_by[p] : i->schema->field[c].name;
    }
}

static bool other_parts(const weir_delta *d, const weir_delta_fit *given) {
    if (d->npart != given->npart) return true;
    for (int p = 0; p < d->npart; p++)
        if (strcmp(d->part[p], given->part[p]) != 0) return true;
    return false;
}

static weir_rc no_other_columns(weir_ctx *ctx, const weir_delta_write_options *o,
                                const char *what) {
    if (o->data_change) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DELTA_DATA_CHANGE_FALSE, "op", what);
}

static weir_rc merge_into(weir_ctx *ctx, const weir_delta *d, const weir_write_info *i,
                          const weir_delta_write_options *o, bool overwrites, weir_delta_fit *out) {
    weir_schema *merged = NULL;
    WEIR_TRY(weir_delta_merge(ctx, d->schema, i->schema, i->query_id != NULL, &merged));
    change c = {
        .table = d->schema, .part = out->part, .npart = out->npart, .overwrites = overwrites};
    bool grows = !weir_type_equal(d->schema, merged);
    c.parts = out->npart && other_parts(d, out);
    if (grows) c.rows = i->query_id ? merged : weir_type_nullable(ctx->arena, i->schema);
    if (c.parts || (grows && !o->merges_schema)) return mismatch(ctx, d, &c);
    if (grows) WEIR_TRY(no_other_columns(ctx, o, "Change the Delta table schema"));
    *out = (weir_delta_fit){.table = grows ? weir_type_copy(ctx->arena, merged) : d->schema,
                            .part = d->part,
                            .npart = d->npart,
                            .new_metadata = grows};
    return WEIR_OK;
}

static weir_schema *data_columns(weir_arena *mem, const weir_delta_fit *fit) {
    weir_field *f = WEIR_NEWN(mem, weir_field, fit->table->nfield + 1);
    int n = 0;
    for (int i = 0; i < fit->table->nfield; i++) {
        bool part = false;
        for (int p = 0; p < fit->npart; p++)
            part |= strcasecmp(fit->part[p], fit->table->field[i].name) == 0;
        if (!part) f[n++] = fit->table->field[i];
    }
    return weir_type_struct(mem, f, n);
}

weir_rc weir_delta_fit_rows(weir_ctx *ctx, const weir_delta *d, const weir_write_info *i,
                            const weir_delta_write_options *o, bool overwrites,
                            weir_delta_fit *out) {
    bool fresh = d->version < 0,
         replaces = !fresh && overwrites && (o->overwrites_schema || i->overwrite_schema);
    *out = (weir_delta_fit){0};
    given_parts(ctx, i, out);
    WEIR_TRY(weir_delta_check_rows(ctx, i, replaces));
    if (!fresh && !replaces) {
        WEIR_TRY(merge_into(ctx, d, i, o, overwrites, out));
    } else {
        out->table =
            weir_type_copy(ctx->arena, i->table_schema ? i->table_schema
                                                       : weir_type_nullable(ctx->arena, i->schema));
        out->new_metadata = fresh || i->overwrite_schema ||
                            !weir_type_equal(out->table, d->schema) || other_parts(d, out);
        if (out->new_metadata)
            WEIR_TRY(no_other_columns(
                ctx, o,
                fresh ? "Create a Delta table"
                      : "Overwrite the Delta table schema or change the partition schema"));
    }
    out->data = data_columns(ctx->arena, out);
    WEIR_TRY(weir_delta_check_fit(ctx, i, out));
    return weir_delta_shape(ctx, i->schema, out->table, &out->shape);
}
