/* Writes, and the plan message itself (perhaps compressed). Any thread. */
#include "connect/connect.h"

#include <zstd.h>

static weir_rc inflate(weir_ctx *ctx, const ProtobufCBinaryData *d, uint8_t **out, size_t *n) {
    unsigned long long size = ZSTD_getFrameContentSize(d->data, d->len);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > 128ull << 20)
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         "A compressed plan is damaged, or larger than 128 MiB.");
    *out = weir_alloc(ctx->arena, (size_t)size + 1);
    *n = ZSTD_decompress(*out, (size_t)size, d->data, d->len);
    if (ZSTD_isError(*n))
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "A compressed plan is damaged.");
    return WEIR_OK;
}

weir_rc weir_tp_plan(weir_tp *tp, const SC(Plan) * p, const SC(Relation) * *root,
                     const SC(Command) * *command) {
    *root = NULL;
    *command = NULL;
    if (p && p->op_type_case == SK(PLAN__OP_TYPE_ROOT))
        *root = p->root;
    else if (p && p->op_type_case == SK(PLAN__OP_TYPE_COMMAND))
        *command = p->command;
    else if (p && p->op_type_case == SK(PLAN__OP_TYPE_COMPRESSED_OPERATION)) {
        const SC(Plan__CompressedOperation) *c = p->compressed_operation;
        bool relation = c->op_type == SK(PLAN__COMPRESSED_OPERATION__OP_TYPE__OP_TYPE_RELATION);
        uint8_t *b = NULL;
        size_t n = 0;
        WEIR_TRY(inflate(tp->ctx, &c->data, &b, &n));
        if (relation)
            return weir_pb_unpack(tp->ctx, &spark__connect__relation__descriptor, b, n, root);
        return weir_pb_unpack(tp->ctx, &spark__connect__command__descriptor, b, n, command);
    } else {
        return weir_fail(tp->ctx, WEIR_E_ILLEGAL_ARGUMENT, "message", "The request has no plan.");
    }
    return WEIR_OK;
}

static weir_rc table_name(weir_tp *tp, weir_command *c, const char *text) {
    int n = 0;
    WEIR_TRY(weir_sql_parse_name(tp->ctx, weir_text(text), &c->name, &n));
    c->nname = n;
    c->to_table = true;
    return WEIR_OK;
}

/* SPARK DataFrameWriter.insertInto: columns by position; any mode but overwrite appends. */
static weir_rc insert_into(weir_tp *tp, weir_command *c) {
    if (c->npartition)
        return weir_fail(tp->ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "insertInto() can't be used together with partitionBy(). Partition "
                         "columns have already been defined for the table. It is not necessary to "
                         "use partitionBy().");
    c->kind = WEIR_C_INSERT;
    c->overwrite = c->mode == WEIR_SAVE_OVERWRITE;
    return WEIR_OK;
}

weir_rc weir_tp_write(weir_tp *tp, const SC(WriteOperation) * w, weir_command **out) {
    static const weir_save_mode modes[] = {WEIR_SAVE_ERROR, WEIR_SAVE_APPEND, WEIR_SAVE_OVERWRITE,
                                           WEIR_SAVE_ERROR, WEIR_SAVE_IGNORE};
    weir_command *c = weir_command_new(tp->ctx->arena, WEIR_C_WRITE);
    int m = (int)w->mode;
    if (w->bucket_by || w->n_sort_column_names)
        return weir_tp_unsupported(tp->ctx, "bucketBy and sortBy", "Use partitionBy");
    if (w->n_clustering_columns)
        return weir_tp_unsupported(tp->ctx, "clusterBy", "Use partitionBy");
    c->mode = m >= 0 && m <= 4 ? modes[m] : WEIR_SAVE_ERROR;
    c->format = w->source && *w->source ? w->source : NULL;
    c->options = WEIR_TP_OPTIONS(tp, w);
    c->partition_by = (const char **)(void *)w->partitioning_columns;
    c->npartition = (int32_t)w->n_partitioning_columns;
    if (w->save_type_case == SK(WRITE_OPERATION__SAVE_TYPE_PATH))
        c->path = w->path;
    else if (w->save_type_case == SK(WRITE_OPERATION__SAVE_TYPE_TABLE)) {
        WEIR_TRY(table_name(tp, c, w->table->table_name));
        if (w->table->save_method ==
            SK(WRITE_OPERATION__SAVE_TABLE__TABLE_SAVE_METHOD__TABLE_SAVE_METHOD_INSERT_INTO))
            WEIR_TRY(insert_into(tp, c));
    }
    *out = c;
    return weir_tp_relation(tp, w->input, &c->query);
}

/* SPARK UnresolvedAttribute.name: parts with a dot alone are quoted. What else would have to be is
 * read wrongly when the text is parsed again, as there. */
static const char *reference_text(weir_arena *a, const weir_expr *attr) {
    weir_str s;
    weir_str_init(&s, a, SIZE_MAX / 2);
    for (int i = 0; i < attr->nname; i++)
        weir_str_printf(&s, strchr(attr->names[i], '.') ? "%s`%s`" : "%s%s", i ? "." : "",
                        attr->names[i]);
    return s.p;
}

weir_rc weir_tp_write_v2(weir_tp *tp, const SC(WriteOperationV2) * w, weir_command **out) {
    static const weir_save_mode modes[] = {
        WEIR_SAVE_APPEND,           WEIR_SAVE_CREATE,
        WEIR_SAVE_OVERWRITE,        WEIR_SAVE_OVERWRITE_PARTITIONS,
        WEIR_SAVE_APPEND,           WEIR_SAVE_REPLACE,
        WEIR_SAVE_CREATE_OR_REPLACE};
    weir_command *c = weir_command_new(tp->ctx->arena, WEIR_C_WRITE);
    int m = (int)w->mode;
    if (w->n_clustering_columns)
        return weir_tp_unsupported(tp->ctx, "clusterBy", "Use partitionedBy");
    c->mode = m >= 1 && m <= 6 ? modes[m] : WEIR_SAVE_APPEND;
    c->v2 = true;
    c->format = w->provider && *w->provider ? w->provider : NULL;
    c->options = WEIR_TP_OPTIONS(tp, w);
    c->properties = weir_tp_options(tp->ctx, w->table_properties, w->n_table_properties);
    c->partition_by = WEIR_NEWN(tp->ctx->arena, const char *, w->n_partitioning_columns + 1);
    for (size_t i = 0; i < w->n_partitioning_columns; i++) {
        weir_expr *e = NULL;
        WEIR_TRY(weir_tp_expr(tp, w->partitioning_columns[i], &e));
        if (e->kind != WEIR_EX_ATTR)
            return weir_tp_unsupported(tp->ctx, "partition transforms (years, days, bucket ...)",
                                       "Partition by a column");
        c->partition_by[c->npartition++] = reference_text(tp->ctx->arena, e);
    }
    if (w->overwrite_condition) WEIR_TRY(weir_tp_expr(tp, w->overwrite_condition, &c->condition));
    WEIR_TRY(table_name(tp, c, w->table_name));
    *out = c;
    return weir_tp_relation(tp, w->input, &c->query);
}
