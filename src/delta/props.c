/* The properties that Delta 4.4 knows. See props.h. */
#include "delta/props.h"

#include "func/interval.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

typedef enum {
    BOOLEAN,
    SPAN,      /* of time, without months */
    COUNT,     /* > 0 */
    COUNT_ALL, /* >= -1 */
    LENGTH,    /* >= 0 */
    VERSION,   /* >= 0, of the log */
    MILLIS,    /* any */
    COLUMNS,   /* names, with commas */
    MAPPING,
    ISOLATION,
    POLICY,
    PARQUET,
    FORMATS,
    READER,
    WRITER,
    TEXT,
    INTERNAL /* not for users */
} shape;

typedef struct property {
    const char *key;
    shape shape;
    const char *feature; /* that it asks for, when it is on */
    const char *refused; /* or what weir does not do then */
} property;

/* Properties with neither change nothing that others could miss: they are kept in mind by the code
 * that honours them (grep their names), or are wishes about speed and layout. */
static const property properties[] = {
    {"delta.appendOnly", BOOLEAN, "appendOnly", NULL},
    {"delta.autoOptimize", BOOLEAN, NULL, NULL},
    {"delta.autoOptimize.autoCompact", BOOLEAN, NULL, NULL},
    {"delta.autoOptimize.optimizeWrite", BOOLEAN, NULL, NULL},
    {"delta.castIcebergTimeType", BOOLEAN, NULL, NULL},
    {"delta.checkpoint.writeStatsAsJson", BOOLEAN, NULL, NULL},
    {"delta.checkpoint.writeStatsAsStruct", BOOLEAN, NULL, NULL},
    {"delta.checkpointInterval", COUNT, NULL, NULL},
    {"delta.checkpointPolicy", POLICY, "v2Checkpoint", NULL},
    {"delta.checkpointRetentionDuration", SPAN, NULL, NULL},
    {"delta.columnMapping.maxColumnId", INTERNAL, NULL, NULL},
    {"delta.columnMapping.mode", MAPPING, NULL, "columnMapping"},
    {"delta.compatibility.symlinkFormatManifest.enabled", BOOLEAN, NULL, "symlink manifests"},
    {"delta.coordinatedCommits.commitCoordinator-preview", TEXT, NULL, "coordinatedCommits"},
    {"delta.coordinatedCommits.commitCoordinatorConf-preview", TEXT, NULL, "coordinatedCommits"},
    {"delta.coordinatedCommits.tableConf-preview", TEXT, NULL, "coordinatedCommits"},
    {"delta.dataSkippingNumIndexedCols", COUNT_ALL, NULL, NULL},
    {"delta.dataSkippingStatsColumns", COLUMNS, NULL, NULL},
    {"delta.dataSkippingStringPrefixLength", LENGTH, NULL, NULL},
    {"delta.deletedFileRetentionDuration", SPAN, NULL, NULL},
    {"delta.dropFeatureTruncateHistory.retentionDuration", SPAN, NULL, NULL},
    {"delta.enableChangeDataCapture", BOOLEAN, "changeDataFeed", NULL},
    {"delta.enableChangeDataFeed", BOOLEAN, "changeDataFeed", NULL},
    {"delta.enableDeletionVectors", BOOLEAN, "deletionVectors", NULL},
    {"delta.enableExpiredLogCleanup", BOOLEAN, NULL, NULL},
    {"delta.enableFullRetentionRollback", BOOLEAN, NULL, NULL},
    {"delta.enableIcebergCompatV1", BOOLEAN, "icebergCompatV1", NULL},
    {"delta.enableIcebergCompatV2", BOOLEAN, "icebergCompatV2", NULL},
    {"delta.enableIcebergCompatV3", BOOLEAN, "icebergCompatV3", NULL},
    {"delta.enableInCommitTimestamps", BOOLEAN, "inCommitTimestamp", NULL},
    {"delta.enableMaterializePartitionColumnsFeature", BOOLEAN, "materializePartitionColumns",
     NULL},
    {"delta.enableRowTracking", BOOLEAN, "rowTracking", NULL},
    {"delta.enableTypeWidening", BOOLEAN, "typeWidening", NULL},
    {"delta.enableVariantShredding", BOOLEAN, "variantShredding", NULL},
    {"delta.ignoreIcebergBucketPartition", BOOLEAN, NULL, NULL},
    {"delta.ignoreProtocolDefaults", BOOLEAN, NULL, NULL},
    {"delta.inCommitTimestampEnablementTimestamp", MILLIS, NULL, NULL},
    {"delta.inCommitTimestampEnablementVersion", MILLIS, NULL, NULL},
    {"delta.isolationLevel", ISOLATION, NULL, NULL},
    {"delta.logRetentionDuration", SPAN, NULL, NULL},
    {"delta.minReaderVersion", READER, NULL, NULL},
    {"delta.minWriterVersion", WRITER, NULL, NULL},
    {"delta.parquet.format.version", PARQUET, NULL, NULL},
    {"delta.randomPrefixLength", COUNT, NULL, NULL},
    {"delta.randomizeFilePrefixes", BOOLEAN, NULL, NULL},
    {"delta.redirectReaderWriter-preview", TEXT, NULL, "redirectReaderWriter"},
    {"delta.redirectWriterOnly-preview", TEXT, NULL, "redirectWriterOnly"},
    {"delta.requireCheckpointProtectionBeforeVersion", VERSION, NULL, NULL},
    {"delta.rowTrackingSuspended", BOOLEAN, NULL, NULL},
    {"delta.sampleRetentionDuration", SPAN, NULL, NULL},
    {"delta.setTransactionRetentionDuration", SPAN, NULL, NULL},
    {"delta.universalFormat.enabledFormats", FORMATS, NULL, "universalFormat"},
    {"delta.universalFormat.iceberg.atomicConversion.supported", BOOLEAN, NULL, NULL},
    {"delta.writePartitionColumnsToParquet", BOOLEAN, NULL, NULL},
};
enum { NPROPERTY = sizeof properties / sizeof *properties };

static const char constraints[] = "delta.constraints.", feature_key[] = "delta.feature.",
                  universal[] = "delta.universalFormat.config.",
                  defaults[] = "spark.databricks.delta.properties.defaults.";

static bool starts(const char *key, const char *with) {
    return strncasecmp(key, with, strlen(with)) == 0;
}

static const property *property_of(const char *key) {
    for (int i = 0; i < NPROPERTY; i++)
        if (strcasecmp(properties[i].key, key) == 0) return &properties[i];
    return NULL;
}

/* Of protocol actions, not of metadata. SPARK isTableProtocolProperty */
static bool is_protocol(const char *key) {
    const property *p = property_of(key);
    return starts(key, feature_key) || (p && (p->shape == READER || p->shape == WRITER ||
                                              strcmp(p->key, "delta.ignoreProtocolDefaults") == 0));
}

/* ---- values ---- */

static bool is_true(const char *v) { return strcasecmp(v, "true") == 0; }

static weir_rc wrong(weir_ctx *ctx, const property *p, const char *needs) {
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena, "requirement failed: %s %s", p->key, needs));
}

static weir_rc check_span(weir_ctx *ctx, const property *p, const char *v) {
    weir_interval i;
    if (!v[strspn(v, " \t\n\r")])
        return weir_fail(ctx, WEIR_E_DELTA_INVALID_CALENDAR_INTERVAL_EMPTY, NULL);
    if (!weir_interval_parse(v, (int64_t)strlen(v), &i))
        return weir_fail(ctx, WEIR_E_DELTA_INVALID_INTERVAL, "interval", v);
    if (i.months || i.days * INT64_C(86400000000) + i.micros < 0)
        return wrong(ctx, p,
                     "needs to be provided as a calendar interval such as '2 weeks'. Months and "
                     "years are not accepted. You may specify '365 days' for a year instead.");
    return WEIR_OK;
}

static weir_rc check_number(weir_ctx *ctx, const property *p, const char *v) {
    static const struct {
        shape shape;
        int64_t lo, hi;
        const char *needs;
    } ranges[] = {
        {COUNT, 1, INT32_MAX, "needs to be a positive integer."},
        {COUNT_ALL, -1, INT32_MAX, "needs to be larger than or equal to -1."},
        {LENGTH, 0, INT32_MAX, "needs to be greater or equal to zero."},
        {VERSION, 0, INT64_MAX, "needs to be greater or equal to zero."},
        {MILLIS, INT64_MIN, INT64_MAX, "needs to be a long."},
        {READER, 1, 3, "needs to be one of 1, 2, 3."},
        {WRITER, 1, 7, "needs to be one of 1, 2, 3, 4, 5, 6, 7."},
    };
    int r = 0;
    char *end;
    while (ranges[r].shape != p->shape) r++;
    errno = 0;
    long long n = strtoll(v, &end, 10);
    bool ok = !errno && end != v && !*end && !isspace((unsigned char)*v) && n >= ranges[r].lo &&
              n <= ranges[r].hi;
    return ok ? WEIR_OK : wrong(ctx, p, ranges[r].needs);
}

static weir_rc check_formats(weir_ctx *ctx, const property *p, const char *v) {
    while (*v) {
        size_t n = strcspn(v, ",");
        if (!(n == 7 && strncmp(v, "iceberg", n) == 0) && !(n == 4 && strncmp(v, "hudi", n) == 0))
            return wrong(
                ctx, p, "Must be a comma-separated list of formats from the list: {hudi,iceberg}.");
        v += n + (v[n] == ',');
    }
    return WEIR_OK;
}

static weir_rc check_word(weir_ctx *ctx, const property *p, const char *v) {
    switch (p->shape) {
    case MAPPING:
        if (strcasecmp(v, "none") == 0 || strcasecmp(v, "name") == 0 || strcasecmp(v, "id") == 0)
            return WEIR_OK;
        return weir_fail(ctx, WEIR_E_UNSUPPORTED_OPERATION_LEGACY, "message",
                         weir_printf(ctx->arena,
                                     "The column mapping mode `%s` is not supported for this Delta "
                                     "version. Please upgrade if you want to use this mode.",
                                     v));
    case ISOLATION:
        if (strcasecmp(v, "Serializable") == 0) return WEIR_OK;
        if (strcasecmp(v, "WriteSerializable") == 0 || strcasecmp(v, "SnapshotIsolation") == 0)
            return wrong(ctx, p, "must be Serializable");
        return weir_fail(ctx, WEIR_E_DELTA_INVALID_ISOLATION_LEVEL, "isolationLevel", v);
    case POLICY:
        if (strcmp(v, "classic") == 0 || strcmp(v, "v2") == 0) return WEIR_OK;
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "Invalid policy %s", v));
    default: return WEIR_OK;
    }
}

static weir_rc check_parquet(weir_ctx *ctx, const char *v) {
    const char *at = v;
    for (int part = 0; part < 3; part++) {
        size_t n = strspn(at, "0123456789");
        if (!n || at[n] != (part < 2 ? '.' : 0))
            return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                             weir_printf(ctx->arena, "Invalid Parquet version string: %s", v));
        at += n + 1;
    }
    return WEIR_OK;
}

static weir_rc check_value(weir_ctx *ctx, const property *p, const char *v) {
    switch (p->shape) {
    case BOOLEAN:
        if (is_true(v) || strcasecmp(v, "false") == 0) return WEIR_OK;
        return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                         weir_printf(ctx->arena, "For input string: \"%s\"", v));
    case SPAN: return check_span(ctx, p, v);
    case COLUMNS:
        return weir_delta_column_list(ctx->arena, v, &(weir_delta_columns){0})
                   ? WEIR_OK
                   : wrong(ctx, p, "needs to be a list of columns with commas between them.");
    case FORMATS: return check_formats(ctx, p, v);
    case PARQUET: return check_parquet(ctx, v);
    case TEXT: return WEIR_OK;
    case INTERNAL: return weir_fail(ctx, WEIR_E_DELTA_CANNOT_MODIFY_TABLE_PROPERTY, "prop", p->key);
    case MAPPING:
    case ISOLATION:
    case POLICY: return check_word(ctx, p, v);
    default: return check_number(ctx, p, v);
    }
}

static bool is_on(const property *p, const char *v) {
    switch (p->shape) {
    case BOOLEAN: return is_true(v);
    case MAPPING: return strcasecmp(v, "none") != 0;
    case POLICY: return strcmp(v, "v2") == 0;
    case FORMATS: return *v != 0;
    default: return true;
    }
}

/* ---- what a property asks for ---- */

static weir_rc refuse(weir_ctx *ctx, const char *where, const char *key, const char *what) {
    return weir_fail(ctx, WEIR_E_DELTA_UNSUPPORTED_WRITE, "tableNameOrPath", where, "unsupported",
                     weir_printf(ctx->arena, "%s, which the property %s asks for", what, key));
}

static weir_rc check_feature(weir_ctx *ctx, const char *where, const char *key, const char *v) {
    const weir_delta_feature *f = weir_delta_feature_find(key + strlen(feature_key), true);
    if (strcasecmp(v, "supported") != 0 && strcasecmp(v, "enabled") != 0)
        return weir_fail(ctx, WEIR_E_DELTA_UNSUPPORTED_FEATURE_STATUS, "feature",
                         key + strlen(feature_key), "status", v);
    if (!f) return weir_fail(ctx, WEIR_E_DELTA_UNSUPPORTED_FEATURES_IN_CONFIG, "configs", key);
    return f->writes && f->reads ? WEIR_OK : refuse(ctx, where, key, f->name);
}

static weir_rc check_property(weir_ctx *ctx, const char *where, const property *p, const char *v) {
    WEIR_TRY(check_value(ctx, p, v));
    if (!is_on(p, v)) return WEIR_OK;
    if (p->refused) return refuse(ctx, where, p->key, p->refused);
    const weir_delta_feature *f = p->feature ? weir_delta_feature_find(p->feature, false) : NULL;
    return !f || (f->writes && f->reads) ? WEIR_OK : refuse(ctx, where, p->key, f->name);
}

static char *lower(weir_arena *a, const char *s) {
    char *l = weir_strdup(a, s);
    for (char *p = l; *p; p++) *p = (char)tolower((unsigned char)*p);
    return l;
}

/* SPARK validateConfiguration */
static weir_rc check_one(weir_ctx *ctx, const char *where, const weir_option *o, const char **key) {
    const property *p = property_of(o->key);
    *key = o->key;
    if (!starts(o->key, "delta.")) return WEIR_OK;
    if (starts(o->key, constraints)) return refuse(ctx, where, o->key, "checkConstraints");
    if (starts(o->key, feature_key)) {
        *key = lower(ctx->arena, o->key);
        return check_feature(ctx, where, *key, o->value);
    }
    if (starts(o->key, universal)) return *key = lower(ctx->arena, o->key), WEIR_OK;
    if (p) {
        *key = p->key;
        return check_property(ctx, where, p, o->value);
    }
    if (weir_conf_bool(ctx->conf, "spark.databricks.delta.allowArbitraryProperties.enabled"))
        return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DELTA_UNKNOWN_CONFIGURATION, "config", o->key);
}

weir_rc weir_delta_check_config(weir_ctx *ctx, const weir_options *config, const char *where) {
    for (int i = 0; i < config->n; i++) {
        const weir_option *o = &config->opt[i];
        const property *p = property_of(o->key);
        if (starts(o->key, constraints)) return refuse(ctx, where, o->key, "checkConstraints");
        if (!p || !is_on(p, o->value) || p->shape == INTERNAL) continue;
        if (p->refused) return refuse(ctx, where, p->key, p->refused);
        const weir_delta_feature *f =
            p->feature ? weir_delta_feature_find(p->feature, false) : NULL;
        if (f && !f->writes) return refuse(ctx, where, p->key, f->name);
    }
    return WEIR_OK;
}

static const char *value_of(const weir_options *o, const char *key) {
    for (int i = o->n; i-- > 0;)
        if (strcmp(o->opt[i].key, key) == 0) return o->opt[i].value;
    return NULL;
}

static void put(weir_options *o, const char *key, const char *value) {
    for (int i = 0; i < o->n; i++)
        if (strcmp(o->opt[i].key, key) == 0) {
            o->opt[i].value = value;
            return;
        }
    o->opt[o->n++] = (weir_option){key, value};
}

/* SPARK validateTombstoneAndLogRetentionDurationCompatibility: a file may not be gone before the
 * entries that name it are. */
static weir_rc check_retention(weir_ctx *ctx, const weir_options *o) {
    static const char log[] = "delta.logRetentionDuration",
                      file[] = "delta.deletedFileRetentionDuration";
    if (!value_of(o, log) && !value_of(o, file)) return WEIR_OK;
    if (weir_delta_span_ms(o, log, 30) >= weir_delta_span_ms(o, file, 7)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_ILLEGAL_ARGUMENT, "message",
                     weir_printf(ctx->arena,
                                 "requirement failed: The table property %s needs to be greater "
                                 "than or equal to %s.",
                                 log, file));
}

weir_rc weir_delta_props_check(weir_ctx *ctx, const weir_options *given, const char *where,
                               weir_options *out) {
    weir_options all = {0, WEIR_NEWN(ctx->arena, weir_option, given->n + 1)};
    for (int i = 0; i < given->n; i++) {
        const char *key = NULL;
        WEIR_TRY(check_one(ctx, where, &given->opt[i], &key));
        put(&all, key, given->opt[i].value);
    }
    if (out) *out = all;
    return check_retention(ctx, &all);
}

/* ---- a new table ---- */

typedef struct found {
    weir_arena *mem;
    weir_options o;
    int cap;
} found;

static void add_default(void *u, const char *key, const char *value) {
    found *f = u;
    if (strncmp(key, defaults, sizeof defaults - 1) != 0) return;
    const char *name = weir_printf(f->mem, "delta.%s", key + sizeof defaults - 1);
    const property *p = property_of(name);
    if (!(p && strcmp(p->key, name) == 0) && strncmp(name, feature_key, strlen(feature_key)) != 0)
        return; /* SPARK: others are not looked at */
    if (f->o.n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 8;
        weir_option *v = WEIR_NEWN(f->mem, weir_option, f->cap);
        for (int i = 0; i < f->o.n; i++) v[i] = f->o.opt[i];
        f->o.opt = v;
    }
    f->o.opt[f->o.n++] = (weir_option){name, weir_strdup(f->mem, value)};
}

static void given_options(const weir_write_info *i, weir_options *out) {
    for (int k = 0; !i->query_id && k < i->options.n; k++)
        if (starts(i->options.opt[k].key, "delta.")) out->opt[out->n++] = i->options.opt[k];
}

weir_rc weir_delta_check_options(weir_ctx *ctx, const weir_write_info *i) {
    weir_options mine = {0, WEIR_NEWN(ctx->arena, weir_option, i->options.n + 1)};
    given_options(i, &mine);
    return weir_delta_props_check(ctx, &mine, i->path, NULL);
}

/* Defaults of the session, options of a batch, properties: the later ones count. */
static weir_rc all_given(weir_ctx *ctx, const weir_write_info *i, const char *where,
                         weir_options *out) {
    found dflt = {.mem = ctx->arena};
    weir_options mine = {0, WEIR_NEWN(ctx->arena, weir_option, i->options.n + i->properties.n + 1)};
    given_options(i, &mine);
    for (int k = 0; k < i->properties.n; k++) mine.opt[mine.n++] = i->properties.opt[k];
    WEIR_TRY(weir_delta_props_check(ctx, &mine, where, &mine));
    weir_conf_each(ctx->conf, add_default, &dflt);
    const char *ignore = value_of(&mine, "delta.ignoreProtocolDefaults");
    if (!ignore) ignore = value_of(&dflt.o, "delta.ignoreProtocolDefaults");
    weir_options all = {0, WEIR_NEWN(ctx->arena, weir_option, dflt.o.n + mine.n + 1)};
    for (int k = 0; k < dflt.o.n; k++)
        if (!is_protocol(dflt.o.opt[k].key) || !ignore || !is_true(ignore))
            put(&all, dflt.o.opt[k].key, dflt.o.opt[k].value);
    for (int k = 0; k < mine.n; k++) put(&all, mine.opt[k].key, mine.opt[k].value);
    return weir_delta_props_check(ctx, &all, where, out);
}

static bool has_ntz(const weir_type *t) {
    if (t->kind == WEIR_T_TIMESTAMP_NTZ) return true;
    for (int i = 0; i < t->nfield; i++)
        if (has_ntz(t->field[i].type)) return true;
    return false;
}

/* SPARK Protocol.forNewTable */
static uint64_t asked_features(const weir_options *o, weir_schema *table) {
    const char *reader = value_of(o, "delta.minReaderVersion"),
               *writer = value_of(o, "delta.minWriterVersion"),
               *ignore = value_of(o, "delta.ignoreProtocolDefaults");
    int base = ignore && is_true(ignore) ? 1 : 2, r = reader ? (int)strtol(reader, NULL, 10) : 1,
        w = writer ? (int)strtol(writer, NULL, 10) : base;
    uint64_t set = weir_delta_implied(r > 2 ? 2 : r, w);
    if (has_ntz(table)) set |= weir_delta_feature_bit("timestampNtz");
    for (int i = 0; i < o->n; i++) {
        const char *key = o->opt[i].key;
        const property *p = property_of(key);
        if (p && p->feature && is_on(p, o->opt[i].value)) set |= weir_delta_feature_bit(p->feature);
        if (starts(key, feature_key)) set |= weir_delta_feature_bit(key + strlen(feature_key));
    }
    return set;
}

weir_rc weir_delta_props_new(weir_ctx *ctx, const weir_write_info *i, weir_schema *table,
                             const char *const *part, int npart, weir_delta_new *out) {
    weir_options all = {0};
    WEIR_TRY(all_given(ctx, i, i->table_name ? i->table_name : i->path, &all));
    WEIR_TRY(weir_delta_check_columns(ctx, &all, table, part, npart));
    weir_delta_protocol_of(asked_features(&all, table), &out->protocol);
    out->config = (weir_options){0, WEIR_NEWN(ctx->arena, weir_option, all.n + 1)};
    for (int k = 0; k < all.n; k++)
        if (!is_protocol(all.opt[k].key)) out->config.opt[out->config.n++] = all.opt[k];
    return WEIR_OK;
}

weir_rc weir_delta_check_protocol(weir_ctx *ctx, const weir_delta *d, weir_schema *table) {
    bool named = false;
    for (const char **f = d->reader_feature; f && *f; f++) named |= strcmp(*f, "timestampNtz") == 0;
    if (named || !has_ntz(table)) return WEIR_OK;
    return weir_fail(ctx, WEIR_E_DELTA_FEATURES_REQUIRE_MANUAL_ENABLEMENT, "unsupportedFeatures",
                     "timestampNtz", "supportedFeatures",
                     weir_printf(ctx->arena, "those of reader version %d and writer version %d",
                                 d->min_reader, d->min_writer));
}

/* ---- a table that is there ---- */

bool weir_delta_flag(const weir_options *config, const char *key, bool dflt) {
    const char *v = value_of(config, key);
    return v ? is_true(v) : dflt;
}

int64_t weir_delta_number(const weir_options *config, const char *key, int64_t dflt) {
    const char *v = value_of(config, key);
    char *end;
    int64_t n = v ? strtoll(v, &end, 10) : dflt;
    return v && (end == v || *end) ? dflt : n;
}

int64_t weir_delta_span_ms(const weir_options *config, const char *key, int64_t dflt_days) {
    const char *v = value_of(config, key);
    weir_interval i;
    if (!v || !weir_interval_parse(v, (int64_t)strlen(v), &i)) return dflt_days * 86400000;
    return (int64_t)i.days * 86400000 + i.micros / 1000;
}
