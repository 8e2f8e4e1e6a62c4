/* Spark's data types. Immutable; scalar types are shared constants (weir_t_int ...), the rest live
 * in an arena or for ever. Compare with weir_type_equal, never by pointer. */
#ifndef WEIR_COL_TYPE_H
#define WEIR_COL_TYPE_H
#include "base/json.h"

typedef enum {
#define K(id, width, name, sql) WEIR_T_##id,
#include "col/kinds.def"
#undef K
    WEIR_T_COUNT
} weir_kind;

typedef struct weir_type weir_type;
typedef struct weir_field {
    const char *name;
    const weir_type *type;
    bool nullable;
    const char *metadata; /* JSON object text, or NULL for {} */
} weir_field;

/* precision, scale: DECIMAL. INTERVAL_YM and _DT: start and end field (0 year/day .. 1 month, 3
 * second). STRING: precision > 0 is CHAR (scale 1) or VARCHAR (scale 2) of that length; TIME:
 * precision (6). field: STRUCT n members; ARRAY one ("element", nullable = containsNull); MAP two
 * ("key", "value"). */
struct weir_type {
    weir_kind kind;
    int16_t precision, scale;
    int32_t nfield;
    const weir_field *field;
};
typedef const weir_type weir_schema; /* a schema is a STRUCT type */

extern const weir_type weir_t_void, weir_t_boolean, weir_t_byte, weir_t_short, weir_t_int,
    weir_t_long, weir_t_float, weir_t_double, weir_t_string, weir_t_binary, weir_t_date,
    weir_t_timestamp, weir_t_timestamp_ntz, weir_t_time, weir_t_interval_ym, weir_t_interval_dt,
    weir_t_interval, weir_t_variant;

const weir_type *weir_type_scalar(
    weir_kind); /* default of a parameterless kind; DECIMAL gives (10,0) */
const weir_type *weir_type_decimal(weir_arena *, int precision, int scale);
const weir_type *weir_type_array(weir_arena *, const weir_type *element, bool contains_null);
const weir_type *weir_type_map(weir_arena *, const weir_type *key, const weir_type *value,
                               bool value_contains_null);
const weir_type *weir_type_struct(weir_arena *, const weir_field *fields,
                                  int n);                         /* copies the field array */
const weir_type *weir_type_copy(weir_arena *, const weir_type *); /* deep */
/* With every field, element and value nullable. SPARK DataType.asNullable */
const weir_type *weir_type_nullable(weir_arena *, const weir_type *);

bool weir_type_equal(const weir_type *, const weir_type *); /* names and nullability too */
bool weir_type_same(const weir_type *,
                    const weir_type *);        /* ignoring nullability and field metadata */
bool weir_type_is_integral(const weir_type *); /* BYTE..LONG */
bool weir_type_is_interval(const weir_type *); /* of all three kinds */
bool weir_type_is_numeric(const weir_type *);  /* integral, FLOAT, DOUBLE, DECIMAL */
bool weir_type_is_nested(const weir_type *);
bool weir_type_has(const weir_type *, weir_kind); /* is of the kind, or has a part that is */
bool weir_type_orderable(const weir_type *); /* no MAP, VARIANT inside */
/* UNSUPPORTED_FEATURE for types nested deeper than WEIR_TYPE_DEPTH: from texts, messages and
 * functions, so that whoever looks into a type may call himself for what is inside. */
enum { WEIR_TYPE_DEPTH = 256 };
weir_rc weir_type_check_depth(weir_ctx *, const weir_type *);
weir_rc weir_type_too_deep(weir_ctx *);
int weir_type_width(const weir_type *);      /* bytes of a fixed value; 0 otherwise */
int weir_schema_find(weir_schema *, const char *name,
                     bool case_sensitive); /* index, -1 none, -2 ambiguous */
/* Are they one column's names? Not exact: in upper or lower case. */
bool weir_names_alike(const char *, const char *, bool exact);
bool weir_names_exact(const weir_ctx *);   /* spark.sql.caseSensitive */
bool weir_name_same(const weir_ctx *, const char *, const char *); /* alike, as that says */
/* Fails with COLUMN_ALREADY_EXISTS for two fields of one name, in nested structs, too.
 * SPARK SchemaUtils.checkSchemaColumnNameDuplication */
weir_rc weir_type_check_names(weir_ctx *, const weir_type *);

/* The first column whose name stands twice, in small letters unless case counts; nested: or field
 * of one, then with the path to it, with dots. NULL: none does. */
const char *weir_schema_twice(weir_arena *, weir_schema *, bool nested, bool case_sensitive);
/* CHAR and VARCHAR as rows have them: STRING. A column keeps in its metadata what it was, where
 * weir_field_text_type finds it (NULL: it was none). SPARK CharVarcharUtils */
const weir_type *weir_type_plain(weir_arena *, const weir_type *);
weir_schema *weir_schema_plain(weir_arena *, weir_schema *); /* NULL gives NULL */
weir_rc weir_field_text_type(weir_ctx *, const weir_field *, const weir_type **out);

char *weir_type_name(
    weir_arena *,
    const weir_type *); /* simpleString: "array<int>", "decimal(10,2)", "struct<a:int>" */
char *weir_type_sql(weir_arena *, const weir_type *); /* "ARRAY<INT>", "STRUCT<a: INT NOT NULL>" */
/* Spark's DataType JSON, as in Delta's schemaString and the state schema files, byte for byte
 * (field order type, fields{name, type, nullable, metadata}). */
void weir_type_to_json(const weir_type *, weir_str *out);
weir_rc weir_type_from_json(weir_ctx *, const char *text, size_t len, const weir_type **out);
#endif
