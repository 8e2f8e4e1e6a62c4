/* The schema of a Parquet file, and its SQL types. See parquet_tree.h. */
#include "arrow/parquet_tree.h"

#include <string.h>

/* ---- the tree ---- */

typedef struct walk {
    weir_arena *a;
    const weir_arrow_node *next;
    int leaf;
} walk;

static void tree_fill(walk *w, const weir_pq_node *up, weir_pq_node *n) {
    const weir_arrow_node *is = w->next++;
    *n = (weir_pq_node){.is = is, .up = up, .leaf = -1};
    if (up) {
        n->def = (int16_t)(up->def + (is->repetition != WEIR_PQ_REQUIRED));
        n->rep = (int16_t)(up->rep + (is->repetition == WEIR_PQ_REPEATED));
    }
    if (is->children < 0) {
        n->leaf = w->leaf++;
        return;
    }
    n->nkid = is->children;
    n->kid = WEIR_NEWN(w->a, weir_pq_node, n->nkid ? n->nkid : 1);
    for (int i = 0; i < n->nkid; i++) tree_fill(w, n, &n->kid[i]);
}

const weir_pq_node *weir_pq_tree(weir_arena *a, const weir_arrow_node *nodes, int n) {
    walk w = {a, nodes, 0};
    weir_pq_node *root = WEIR_NEW(a, weir_pq_node);
    weir_assert(n > 0);
    tree_fill(&w, NULL, root);
    return root;
}

/* FORMAT: LogicalTypes.md, "Backward-compatibility rules": the repeated node is the element
 * itself. */
static bool repeated_is_item(const weir_pq_node *list, const weir_pq_node *repeated) {
    const char *name = repeated->is->name, *own = list->is->name;
    size_t n = strlen(own);
    return repeated->leaf >= 0 || repeated->nkid > 1 || strcmp(name, "array") == 0 ||
           (strncmp(name, own, n) == 0 && strcmp(name + n, "_tuple") == 0);
}

static bool is_repeated(const weir_pq_node *n) { return n->is->repetition == WEIR_PQ_REPEATED; }

const weir_pq_node *weir_pq_list_item(const weir_pq_node *n) {
    if (n->leaf >= 0 || n->is->logical != WEIR_PQ_LIST || n->nkid != 1 || !is_repeated(n->kid))
        return NULL;
    if (repeated_is_item(n, n->kid)) return n->kid;
    return n->kid->nkid && !is_repeated(n->kid->kid) ? n->kid->kid : NULL;
}

const weir_pq_node *weir_pq_map_entry(const weir_pq_node *n) {
    if (n->leaf >= 0 || n->is->logical != WEIR_PQ_MAP || n->nkid != 1) return NULL;
    return is_repeated(n->kid) && n->kid->nkid == 2 ? n->kid : NULL;
}

bool weir_pq_is_struct(const weir_pq_node *n) {
    return n->leaf < 0 && n->is->logical == WEIR_PQ_PLAIN;
}

/* ---- texts ---- */

const char *weir_pq_physical_text(const weir_arrow_node *n) {
    static const char *const name[] = {"BOOLEAN", "INT32",  "INT64",  "INT96",
                                       "FLOAT",   "DOUBLE", "BINARY", "FIXED_LEN_BYTE_ARRAY"};
    return n->children < 0 ? name[n->physical] : "GROUP";
}

static const char *annotation(weir_arena *a, const weir_arrow_node *n) {
    static const char *const unit[] = {"?", "MILLIS", "MICROS", "NANOS"};
    const char *utc = n->utc ? "true" : "false";
    switch (n->logical) {
    case WEIR_PQ_PLAIN: return NULL;
    case WEIR_PQ_STRING: return "STRING";
    case WEIR_PQ_MAP: return "MAP";
    case WEIR_PQ_LIST: return "LIST";
    case WEIR_PQ_ENUM: return "ENUM";
    case WEIR_PQ_DECIMAL: return weir_printf(a, "DECIMAL(%d,%d)", n->precision, n->scale);
    case WEIR_PQ_DATE: return "DATE";
    case WEIR_PQ_TIME: return weir_printf(a, "TIME(%s,%s)", unit[n->unit & 3], utc);
    case WEIR_PQ_TIMESTAMP: return weir_printf(a, "TIMESTAMP(%s,%s)", unit[n->unit & 3], utc);
    case WEIR_PQ_INTERVAL: return "INTERVAL";
    case WEIR_PQ_INT:
        return weir_printf(a, "INTEGER(%d,%s)", n->width, n->is_signed ? "true" : "false");
    case WEIR_PQ_UNKNOWN: return "UNKNOWN";
    case WEIR_PQ_JSON: return "JSON";
    case WEIR_PQ_BSON: return "BSON";
    case WEIR_PQ_UUID: return "UUID";
    case WEIR_PQ_FLOAT16: return "FLOAT16";
    case WEIR_PQ_VARIANT: return "VARIANT";
    case WEIR_PQ_GEOMETRY: return "GEOMETRY";
    case WEIR_PQ_GEOGRAPHY: return "GEOGRAPHY";
    }
    return NULL;
}

const char *weir_pq_text(weir_arena *a, const weir_arrow_node *n) {
    const char *note = annotation(a, n), *name = weir_pq_physical_text(n);
    return note ? weir_printf(a, "%s (%s)", name, note) : name;
}

const char *weir_pq_path(weir_arena *a, const weir_pq_node *n) {
    const char *text = n->is->name;
    for (n = n->up; n && n->up; n = n->up) text = weir_printf(a, "%s, %s", n->is->name, text);
    return weir_printf(a, "[%s]", text);
}

/* ---- SQL types ---- */

typedef struct types { /* how types are inferred */
    weir_ctx *ctx;
    bool strict, binary_string, int96_timestamp, ntz, nanos_long, time;
} types;

static weir_rc illegal(const types *o, const weir_pq_node *n) {
    if (!o->strict) return WEIR_OK;
    return weir_fail(o->ctx, WEIR_E_PARQUET_TYPE_ILLEGAL, "parquetType",
                     weir_pq_text(o->ctx->arena, n->is));
}

static weir_rc decimal_type(const types *o, const weir_pq_node *n, const weir_type **out) {
    int p = n->is->precision, s = n->is->scale;
    if (p >= 1 && p <= 38 && s >= 0 && s <= p)
        return *out = weir_type_decimal(o->ctx->arena, p, s), WEIR_OK;
    if (!o->strict) return WEIR_OK;
    if (p > 38)
        return weir_fail(o->ctx, WEIR_E_DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION, "precision",
                         weir_printf(o->ctx->arena, "%d", p), "maxPrecision", "38");
    return illegal(o, n);
}

static const weir_type *int_type(const weir_arrow_node *n) {
    if (n->is_signed)
        return n->width == 8 ? &weir_t_byte : n->width == 16 ? &weir_t_short : &weir_t_int;
    return n->width == 8 ? &weir_t_short : n->width == 16 ? &weir_t_int : &weir_t_long;
}

static weir_rc long_type(const types *o, const weir_pq_node *n, const weir_type **out) {
    const weir_arrow_node *is = n->is;
    switch (is->logical) {
    case WEIR_PQ_PLAIN:
    case WEIR_PQ_UNKNOWN: *out = &weir_t_long; break;
    case WEIR_PQ_INT:
        *out = is->is_signed ? &weir_t_long : weir_type_decimal(o->ctx->arena, 20, 0);
        break;
    case WEIR_PQ_DECIMAL: return decimal_type(o, n, out);
    case WEIR_PQ_TIMESTAMP:
        if (is->unit == WEIR_PQ_NANOS)
            *out = o->nanos_long ? &weir_t_long : NULL;
        else
            *out = is->utc || !o->ntz ? &weir_t_timestamp : &weir_t_timestamp_ntz;
        break;
    case WEIR_PQ_TIME:
        if (is->unit != WEIR_PQ_MICROS || is->utc) break;
        if (!o->time && o->strict)
            return weir_fail(o->ctx, WEIR_E_UNSUPPORTED_TIME_TYPE, "typeName", "TIME");
        *out = &weir_t_time;
        break;
    default: break;
    }
    return *out ? WEIR_OK : illegal(o, n);
}

static weir_rc bytes_type(const types *o, const weir_pq_node *n, const weir_type **out) {
    bool fixed = n->is->physical == WEIR_PQ_FIXED;
    switch (n->is->logical) {
    case WEIR_PQ_PLAIN: *out = !fixed && o->binary_string ? &weir_t_string : &weir_t_binary; break;
    case WEIR_PQ_UNKNOWN: *out = &weir_t_binary; break;
    case WEIR_PQ_STRING:
    case WEIR_PQ_ENUM:
    case WEIR_PQ_JSON: *out = &weir_t_string; break;
    case WEIR_PQ_BSON: *out = &weir_t_binary; break;
    case WEIR_PQ_DECIMAL: return decimal_type(o, n, out);
    case WEIR_PQ_INTERVAL:
        if (!o->strict) return WEIR_OK;
        return weir_fail(o->ctx, WEIR_E_PARQUET_TYPE_NOT_SUPPORTED, "parquetType",
                         weir_pq_text(o->ctx->arena, n->is));
    default: break;
    }
    return *out ? WEIR_OK : illegal(o, n);
}

/* SPARK ParquetToSparkSchemaConverter.convertPrimitiveField. *out stays NULL where there is no
 * type and none is asked for. */
static weir_rc leaf_type(const types *o, const weir_pq_node *n, const weir_type **out) {
    weir_pq_logical note = n->is->logical;
    switch (n->is->physical) {
    case WEIR_PQ_BOOLEAN: *out = &weir_t_boolean; return WEIR_OK;
    case WEIR_PQ_FLOAT: *out = &weir_t_float; return WEIR_OK;
    case WEIR_PQ_DOUBLE: *out = &weir_t_double; return WEIR_OK;
    case WEIR_PQ_INT32:
        if (note == WEIR_PQ_DECIMAL) return decimal_type(o, n, out);
        if (note == WEIR_PQ_PLAIN || note == WEIR_PQ_UNKNOWN) *out = &weir_t_int;
        if (note == WEIR_PQ_INT) *out = int_type(n->is);
        if (note == WEIR_PQ_DATE) *out = &weir_t_date;
        return *out ? WEIR_OK : illegal(o, n);
    case WEIR_PQ_INT64: return long_type(o, n, out);
    case WEIR_PQ_INT96:
        *out = o->int96_timestamp ? &weir_t_timestamp : NULL;
        if (*out || !o->strict) return WEIR_OK;
        return weir_fail(o->ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         "INT96 is not supported unless it's interpreted as timestamp. Please try "
                         "to set spark.sql.parquet.int96AsTimestamp to true.");
    case WEIR_PQ_BINARY:
    case WEIR_PQ_FIXED: return bytes_type(o, n, out);
    }
    return illegal(o, n);
}

static weir_rc fields_type(const types *o, const weir_pq_node *n, const weir_type **out);
static weir_rc node_type(const types *o, const weir_pq_node *n, const weir_type **out);

static weir_rc bad_group(const types *o, const weir_pq_node *n) {
    if (!o->strict) return WEIR_OK;
    const char *kind = n->is->logical == WEIR_PQ_LIST  ? "Invalid list type"
                       : n->is->logical == WEIR_PQ_MAP ? "Invalid map type"
                                                       : NULL;
    if (kind)
        return weir_fail(o->ctx, WEIR_E_ANALYSIS_LEGACY, "message",
                         weir_printf(o->ctx->arena, "%s of the Parquet column %s", kind,
                                     weir_pq_path(o->ctx->arena, n)));
    return weir_fail(o->ctx, WEIR_E_UNSUPPORTED_DATATYPE, "typeName",
                     weir_printf(o->ctx->arena, "%s (Parquet column %s)",
                                 weir_pq_text(o->ctx->arena, n->is),
                                 weir_pq_path(o->ctx->arena, n)));
}

static weir_rc list_type(const types *o, const weir_pq_node *item, const weir_type **out) {
    const weir_type *of = NULL;
    WEIR_TRY(node_type(o, item, &of));
    if (of) *out = weir_type_array(o->ctx->arena, of, item->is->repetition == WEIR_PQ_OPTIONAL);
    return WEIR_OK;
}

static weir_rc map_type(const types *o, const weir_pq_node *entry, const weir_type **out) {
    const weir_type *kv[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) WEIR_TRY(node_type(o, &entry->kid[i], &kv[i]));
    if (kv[0] && kv[1])
        *out = weir_type_map(o->ctx->arena, kv[0], kv[1],
                             entry->kid[1].is->repetition == WEIR_PQ_OPTIONAL);
    return WEIR_OK;
}

/* Of a value of the node, whether that is repeated or not. */
static weir_rc node_type(const types *o, const weir_pq_node *n, const weir_type **out) {
    const weir_pq_node *of;
    if (n->leaf >= 0) return leaf_type(o, n, out);
    if (weir_pq_is_struct(n)) return fields_type(o, n, out);
    if ((of = weir_pq_list_item(n))) return list_type(o, of, out);
    if ((of = weir_pq_map_entry(n))) return map_type(o, of, out);
    return bad_group(o, n);
}

static weir_rc fields_type(const types *o, const weir_pq_node *n, const weir_type **out) {
    weir_field *f = WEIR_NEWN(o->ctx->arena, weir_field, n->nkid ? n->nkid : 1);
    int k = 0;
    for (int i = 0; i < n->nkid; i++) {
        const weir_type *t = NULL;
        WEIR_TRY(node_type(o, &n->kid[i], &t));
        if (!t) continue;
        bool many = is_repeated(&n->kid[i]);
        f[k++] =
            (weir_field){n->kid[i].is->name, many ? weir_type_array(o->ctx->arena, t, false) : t,
                         n->kid[i].is->repetition == WEIR_PQ_OPTIONAL, NULL};
    }
    *out = weir_type_struct(o->ctx->arena, f, k);
    return WEIR_OK;
}

weir_rc weir_pq_schema(weir_ctx *ctx, const weir_pq_node *root, bool strict, weir_schema **out) {
    const weir_conf *c = ctx->conf;
    types o = {.ctx = ctx,
               .strict = strict,
               .binary_string = weir_conf_bool(c, "spark.sql.parquet.binaryAsString"),
               .int96_timestamp = weir_conf_bool(c, "spark.sql.parquet.int96AsTimestamp"),
               .ntz = weir_conf_bool(c, "spark.sql.parquet.inferTimestampNTZ.enabled"),
               .nanos_long = weir_conf_bool(c, "spark.sql.legacy.parquet.nanosAsLong"),
               .time = weir_conf_bool(c, "spark.sql.timeType.enabled")};
    return fields_type(&o, root, out);
}
