/* Expressions as text: column names and messages, as Spark prints them. Any thread. */
#include "expr/fn.h"

#include <strings.h>

enum { TEXT_MAX = 1 << 20, DEPTH_MAX = 2000 };

typedef struct printer {
    weir_arena *a;
    weir_str s;
    int depth;
    bool pretty;
} printer;

static void put(printer *p, const weir_expr *e);

static void put_list(printer *p, const weir_expr *e, int from, const char *sep) {
    for (int i = from; i < e->narg; i++) {
        if (i > from) weir_str_puts(&p->s, sep);
        put(p, e->arg[i]);
    }
}

static void put_names(printer *p, const weir_expr *e) {
    for (int i = 0; i < e->nname; i++) {
        if (i) weir_str_putc(&p->s, '.');
        weir_str_puts(&p->s, e->names[i]);
    }
}

static void put_fixed(printer *p, const weir_expr *e) {
    const weir_column *c = &e->lit;
    char b[40];
    switch (e->type->kind) {
    case WEIR_T_BOOLEAN:
        weir_str_puts(&p->s, WEIR_AT_ROW(uint8_t, c, 0) ? "true" : "false");
        return;
    case WEIR_T_BYTE: weir_str_printf(&p->s, "%d", WEIR_AT_ROW(int8_t, c, 0)); return;
    case WEIR_T_SHORT: weir_str_printf(&p->s, "%d", WEIR_AT_ROW(int16_t, c, 0)); return;
    case WEIR_T_INT: weir_str_printf(&p->s, "%d", WEIR_AT_ROW(int32_t, c, 0)); return;
    case WEIR_T_LONG: weir_str_printf(&p->s, "%lld", (long long)WEIR_AT_ROW(int64_t, c, 0)); return;
    case WEIR_T_DOUBLE:
        weir_double_text(WEIR_AT_ROW(double, c, 0), b);
        weir_str_puts(&p->s, b);
        return;
    case WEIR_T_FLOAT:
        weir_float_text(WEIR_AT_ROW(float, c, 0), b);
        weir_str_puts(&p->s, b);
        return;
    default: break;
    }
    /* dates, timestamps, decimals, intervals: through the string cast, quoted by kind in full SQL
     */
    weir_err err;
    weir_err_init(&err);
    weir_conf *conf = weir_conf_new(NULL);
    weir_ctx ctx = {.arena = p->a, .err = &err, .conf = conf, .env = weir_env_real()};
    weir_expr *cast = NULL;
    weir_column out;
    extern weir_rc weir_eval_const(weir_ctx *, const weir_expr *, weir_column *);
    if (weir_cast_resolve(&ctx, (weir_expr *)(uintptr_t)e, &weir_t_string, WEIR_CAST_DEFAULT,
                          &cast) == WEIR_OK &&
        weir_eval_const(&ctx, cast, &out) == WEIR_OK && !weir_is_null(&out, 0)) {
        weir_bytes t = weir_get_bytes(&out, 0);
        bool quoted = !p->pretty && e->type->kind != WEIR_T_DECIMAL;
        if (quoted) weir_str_printf(&p->s, "%s '", weir_type_sql(p->a, e->type));
        weir_str_add(&p->s, t.p, (size_t)t.len);
        if (quoted) weir_str_putc(&p->s, '\'');
    }
    weir_conf_free(conf);
    weir_err_clear(&err);
}

static void put_literal(printer *p, const weir_expr *e) {
    if (e->name) {
        weir_str_puts(&p->s, e->name);
        return;
    }
    if (e->type->kind == WEIR_T_VOID || weir_is_null(&e->lit, 0)) {
        if (p->pretty || e->type->kind == WEIR_T_VOID)
            weir_str_puts(&p->s, "NULL");
        else
            weir_str_printf(&p->s, "CAST(NULL AS %s)", weir_type_sql(p->a, e->type));
        return;
    }
    if (e->type->kind == WEIR_T_STRING) {
        weir_bytes b = weir_get_bytes(&e->lit, 0);
        if (!p->pretty) weir_str_putc(&p->s, '\'');
        for (int32_t i = 0; i < b.len; i++) {
            if (!p->pretty && (b.p[i] == '\'' || b.p[i] == '\\')) weir_str_putc(&p->s, '\\');
            weir_str_putc(&p->s, b.p[i]);
        }
        if (!p->pretty) weir_str_putc(&p->s, '\'');
        return;
    }
    if (e->type->kind == WEIR_T_BINARY) {
        weir_bytes b = weir_get_bytes(&e->lit, 0);
        weir_str_puts(&p->s, "X'");
        for (int32_t i = 0; i < b.len; i++) weir_str_printf(&p->s, "%02X", (unsigned char)b.p[i]);
        weir_str_putc(&p->s, '\'');
        return;
    }
    if (weir_type_is_nested(e->type)) {
        weir_str_puts(&p->s, weir_type_name(p->a, e->type));
        return;
    }
    put_fixed(p, e);
}

/* Operators that Spark prints infix: our name, its symbol. */
static const char *infix(const char *name) {
    static const char *const same[] = {"+", "-",  "*",  "/", "%", "div", "<=>", "<",
                                       ">", "<=", ">=", "&", "|", "^",   "="};
    if (strcmp(name, "==") == 0) return "=";
    if (strcasecmp(name, "and") == 0) return "AND";
    if (strcasecmp(name, "or") == 0) return "OR";
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcasecmp(name, same[i]) == 0) return same[i];
    return NULL;
}

static bool is_moment(const weir_type *t) {
    return t->kind == WEIR_T_DATE || t->kind == WEIR_T_TIMESTAMP || t->kind == WEIR_T_TIMESTAMP_NTZ;
}

/* A text beside an interval that TimeAdd takes is a timestamp. */
static bool is_shifted_text(const weir_type *t, const weir_type *by) {
    return t->kind == WEIR_T_STRING &&
           (by->kind == WEIR_T_INTERVAL || by->kind == WEIR_T_INTERVAL_DT);
}

/* SPARK BinaryArithmeticWithDatetimeResolver: the moment, the interval stands first; date + 1 is
 * date_add, with an interval TimeAdd. */
static bool put_moved_date(printer *p, const weir_expr *e, const char *op) {
    const weir_type *l = e->arg[0]->type, *r = e->arg[1]->type;
    if (!l || !r || !strchr("+-*", *op) || op[1]) return false;
    bool null = l->kind == WEIR_T_VOID || r->kind == WEIR_T_VOID;
    const weir_expr turned = {.arg = (weir_expr *[]){e->arg[1], e->arg[0]}};
    if (*op == '*') {
        if (!weir_type_is_interval(r) || weir_type_is_interval(l)) return false;
        weir_str_putc(&p->s, '(');
        put(p, e->arg[1]);
        weir_str_puts(&p->s, " * ");
        put(p, e->arg[0]);
        weir_str_putc(&p->s, ')');
        return true;
    }
    if (*op == '+' && is_shifted_text(r, l)) return put_moved_date(p, &turned, op);
    if (*op == '+' && ((is_moment(r) && (weir_type_is_interval(l) || l->kind == WEIR_T_VOID)) ||
                       (r->kind == WEIR_T_DATE && weir_type_is_integral(l))))
        return put_moved_date(p, &turned, op);
    bool date = l->kind == WEIR_T_DATE,
         whole = date && r->kind == WEIR_T_INTERVAL_DT && r->precision == 0 && r->scale == 0,
         days = (date && weir_type_is_integral(r)) || whole;
    if (!days && !is_shifted_text(l, r) &&
        !(is_moment(l) && (weir_type_is_interval(r) || (null && *op == '+')))) return false;
    if (days) weir_str_puts(&p->s, *op == '-' && !whole ? "date_sub(" : "date_add(");
    put(p, e->arg[0]);
    weir_str_printf(&p->s, days ? ", " : " %s ", op);
    if (whole && *op == '-') weir_str_puts(&p->s, "(- ");
    if (whole) weir_str_puts(&p->s, "extractansiintervaldays(");
    put(p, e->arg[1]);
    if (whole) weir_str_puts(&p->s, *op == '+' ? ")" : "))");
    if (days) weir_str_putc(&p->s, ')');
    return true;
}

/* Calls that are not shown as such: what stands before, between and after their arguments. */
static const struct {
    const char *name;
    int narg;
    const char *pre, *mid, *post;
} forms[] = {
    {"!=", 2, "(NOT (", " = ", "))"},
    {"<>", 2, "(NOT (", " = ", "))"},
    {"isnull", 1, "(", "", " IS NULL)"},
    {"isnotnull", 1, "(", "", " IS NOT NULL)"},
    {"not", 1, "(NOT ", "", ")"},
    {"!", 1, "(NOT ", "", ")"},
    {"-", 1, "(- ", "", ")"},
    {"positive", 1, "(+ ", "", ")"},
    {"if", 3, "(IF(", ", ", "))"},
    {"log", 1, "LOG(E(), ", "", ")"},
    {"trim", 2, "TRIM(BOTH ", " FROM ", ")"},
    {"ltrim", 2, "TRIM(LEADING ", " FROM ", ")"},
    {"rtrim", 2, "TRIM(TRAILING ", " FROM ", ")"},
    {"extract", 2, "extract(", " FROM ", ")"},
    {"datepart", 2, "datepart(", " FROM ", ")"},
    {"~", 1, "~", "", ""},
    {"_getfield", 2, "", ".", ""},
    {"_getitem", 2, "", "[", "]"},
    {"_getmap", 2, "", "[", "]"},
    {"rlike", 2, "RLIKE(", ", ", ")"},
    {"like", 2, "", " LIKE ", ""},
    {"concat_op", 2, "concat(", ", ", ")"},
};

static bool put_special(printer *p, const weir_expr *e) {
    const char *n = e->name, *op = e->narg == 2 ? infix(n) : NULL;
    if (e->is_operator && strcmp(n, "negative") == 0) n = "-";
    if (op && put_moved_date(p, e, op)) return true;
    if (op) {
        weir_str_putc(&p->s, '(');
        put(p, e->arg[0]);
        weir_str_printf(&p->s, " %s ", op);
        put(p, e->arg[1]);
        weir_str_putc(&p->s, ')');
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcasecmp(n, forms[i].name) != 0 || e->narg != forms[i].narg) continue;
        bool was = p->pretty;
        weir_str_puts(&p->s, forms[i].pre);
        for (int k = 0; k < e->narg; k++) {
            if (k) weir_str_puts(&p->s, forms[i].mid);
            if (k && n[0] == '_') p->pretty = true;
            put(p, e->arg[k]);
        }
        p->pretty = was;
        weir_str_puts(&p->s, forms[i].post);
        return true;
    }
    if (e->narg == 3 && strcasecmp(n, "like") == 0) {
        put(p, e->arg[0]);
        weir_str_puts(&p->s, " LIKE ");
        put(p, e->arg[1]);
        weir_str_puts(&p->s, " ESCAPE ");
        bool was = p->pretty;
        p->pretty = false;
        put(p, e->arg[2]);
        p->pretty = was;
        return true;
    }
    if (weir_expr_is_like_list(e)) {
        weir_str_printf(&p->s, "%s(", n);
        put(p, e->arg[0]);
        weir_str_putc(&p->s, ')');
        return true;
    }
    if (e->narg && strcasecmp(n, "in") == 0) {
        weir_str_putc(&p->s, '(');
        put(p, e->arg[0]);
        weir_str_puts(&p->s, " IN (");
        put_list(p, e, 1, ", ");
        weir_str_puts(&p->s, "))");
        return true;
    }
    return false;
}

static void put_case(printer *p, const weir_expr *e) {
    weir_str_puts(&p->s, "CASE");
    for (int i = 0; i + 1 < e->narg; i += 2) {
        weir_str_puts(&p->s, " WHEN ");
        put(p, e->arg[i]);
        weir_str_puts(&p->s, " THEN ");
        put(p, e->arg[i + 1]);
    }
    if (e->narg & 1) {
        weir_str_puts(&p->s, " ELSE ");
        put(p, e->arg[e->narg - 1]);
    }
    weir_str_puts(&p->s, " END");
}

/* How Spark shows a call: as is spelled there (NULL: in lower case), and, of narg arguments (-1:
 * any number), what its constructor adds. */
typedef struct shown {
    const char *name, *as;
    int narg;
    const char *tail;
} shown;
#define SPELLED(n, as)                                                                             \
    { n, as, -1, "" }
#define ADDS(n, narg, tail)                                                                        \
    { n, NULL, narg, tail }
#define SAME ", lambdafunction(namedlambdavariable(), namedlambdavariable())"
#define STAMP ", yyyy-MM-dd HH:mm:ss"
static const shown spelling[] = {
    SPELLED("acos", "ACOS"),
    ADDS("aggregate", 3, SAME),
    ADDS("approx_percentile", 2, ", 10000"),
    SPELLED("array_agg", "collect_list"),
    SPELLED("asin", "ASIN"),
    SPELLED("atan", "ATAN"),
    SPELLED("atan2", "ATAN2"),
    ADDS("bround", 1, ", 0"),
    SPELLED("cbrt", "CBRT"),
    {"ceil", "CEIL", 1, ""},
    SPELLED("cos", "COS"),
    SPELLED("cosh", "COSH"),
    SPELLED("cot", "COT"),
    SPELLED("csc", "CSC"),
    SPELLED("curdate", "current_date"),
    SPELLED("current_database", "current_schema"),
    SPELLED("dateadd", "date_add"),
    SPELLED("degrees", "DEGREES"),
    SPELLED("e", "E"),
    SPELLED("exp", "EXP"),
    SPELLED("expm1", "EXPM1"),
    {"floor", "FLOOR", 1, ""},
    ADDS("from_unixtime", 1, STAMP),
    SPELLED("hypot", "HYPOT"),
    ADDS("listagg", 1, ", NULL"),
    ADDS("locate", 2, ", 1"),
    SPELLED("log10", "LOG10"),
    SPELLED("log1p", "LOG1P"),
    SPELLED("log2", "LOG2"),
    SPELLED("log", "LOG"),
    ADDS("lpad", 2, ",  "),
    ADDS("make_dt_interval", 0, "0, 0, 0, 0.000000"),
    ADDS("make_dt_interval", 1, ", 0, 0, 0.000000"),
    ADDS("make_dt_interval", 2, ", 0, 0.000000"),
    ADDS("make_dt_interval", 3, ", 0.000000"),
    ADDS("make_interval", 0, "0, 0, 0, 0, 0, 0, 0.000000"),
    ADDS("make_interval", 1, ", 0, 0, 0, 0, 0, 0.000000"),
    ADDS("make_interval", 2, ", 0, 0, 0, 0, 0.000000"),
    ADDS("make_interval", 3, ", 0, 0, 0, 0.000000"),
    ADDS("make_interval", 4, ", 0, 0, 0.000000"),
    ADDS("make_interval", 5, ", 0, 0.000000"),
    ADDS("make_interval", 6, ", 0.000000"),
    ADDS("make_ym_interval", 0, "0, 0"),
    ADDS("make_ym_interval", 1, ", 0"),
    ADDS("months_between", 2, ", true"),
    ADDS("overlay", 3, ", -1"),
    ADDS("percentile", 2, ", 1"),
    ADDS("percentile_approx", 2, ", 10000"),
    SPELLED("pi", "PI"),
    ADDS("position", 2, ", 1"),
    SPELLED("power", "POWER"),
    SPELLED("radians", "RADIANS"),
    SPELLED("random", "rand"),
    SPELLED("regexp", "REGEXP"),
    ADDS("reduce", 3, SAME),
    ADDS("regexp_extract", 2, ", 1"),
    ADDS("regexp_instr", 2, ", 0"),
    SPELLED("regexp_like", "REGEXP_LIKE"),
    ADDS("regexp_replace", 3, ", 1"),
    ADDS("replace", 2, ", "),
    ADDS("round", 1, ", 0"),
    ADDS("rpad", 2, ",  "),
    SPELLED("sec", "SEC"),
    SPELLED("signum", "SIGNUM"),
    SPELLED("sin", "SIN"),
    SPELLED("sinh", "SINH"),
    ADDS("sort_array", 1, ", true"),
    SPELLED("spark_partition_id", "SPARK_PARTITION_ID"),
    ADDS("split", 2, ", -1"),
    SPELLED("sqrt", "SQRT"),
    ADDS("str_to_map", 1, ", ,, :"),
    ADDS("string_agg", 1, ", NULL"),
    ADDS("substr", 2, ", 2147483647"),
    ADDS("substring", 2, ", 2147483647"),
    SPELLED("tan", "TAN"),
    SPELLED("tanh", "TANH"),
    ADDS("to_unix_timestamp", 1, STAMP),
    ADDS("unix_timestamp", 0, "current_timestamp()" STAMP),
    ADDS("unix_timestamp", 1, STAMP),
};

static const shown *shown_as(const weir_expr *e) {
    for (size_t i = 0; i < sizeof spelling / sizeof *spelling; i++)
        if (strcasecmp(e->name, spelling[i].name) == 0 &&
            (spelling[i].narg == e->narg || spelling[i].narg < 0))
            return &spelling[i];
    return NULL;
}

static void put_lower(printer *p, const char *name) {
    for (; *name; name++)
        weir_str_putc(&p->s, (char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name));
}

/* SPARK First, Last, AnyValue: whether nulls are skipped is not shown; nor are the schema and the
 * options of JSON. */
static bool first_only(const weir_expr *e) {
    static const char *const name[] = {"first",     "last",    "first_value",   "last_value",
                                       "any_value", "to_json", "schema_of_json"};
    if (!e->name || e->narg < 2) return false;
    if (strcasecmp(e->name, "from_json") == 0) return true;
    for (size_t i = 0; i < sizeof name / sizeof *name && e->narg == 2; i++)
        if (strcasecmp(e->name, name[i]) == 0) return true;
    return false;
}

static void put_args(printer *p, const weir_expr *e) {
    bool path = e->name && e->narg == 3 &&
                (strcasecmp(e->name, "variant_get") == 0 ||
                 strcasecmp(e->name, "try_variant_get") == 0); /* SPARK: no type */
    bool star = e->name && strcasecmp(e->name, "count") == 0 && e->narg == 1 &&
                e->arg[0]->kind == WEIR_EX_STAR;
    if (star && e->arg[0]->nname == 0)
        weir_str_putc(&p->s, '1');
    else if (first_only(e))
        put(p, e->arg[0]);
    else if (path)
        put(p, e->arg[0]), weir_str_puts(&p->s, ", "), put(p, e->arg[1]);
    else
        put_list(p, e, 0, ", ");
}

/* boolean('1') is a cast that nobody wrote, which Spark does not show. */
static bool is_cast_call(const weir_expr *e) {
    static const char *const type[] = {"boolean", "tinyint", "smallint", "int",
                                       "bigint",  "float",   "double",   "decimal",
                                       "binary",  "date",    "timestamp", "string"};
    if (!e->name || e->narg != 1 || e->is_operator) return false;
    for (size_t i = 0; i < sizeof type / sizeof *type; i++)
        if (strcasecmp(e->name, type[i]) == 0) return true;
    return false;
}

/* SPARK UpdateFields: those of one struct are one, of those that set a field the last counts. */
static void put_ops(printer *p, const weir_expr *e, const weir_expr *last) {
    if (e->kind != WEIR_EX_UPDATE_FIELDS) {
        put(p, e);
        return;
    }
    bool again = false;
    for (const weir_expr *x = last; x != e; x = x->arg[0])
        again |= x->narg == 2 && e->narg == 2 && strcasecmp(x->name, e->name) == 0;
    put_ops(p, e->arg[0], last);
    if (again) return;
    weir_str_puts(&p->s, e->narg == 2 ? ", WithField(" : ", dropfield(");
    if (e->narg == 2) put(p, e->arg[1]);
    weir_str_putc(&p->s, ')');
}

static void put_update(printer *p, const weir_expr *e) {
    weir_str_puts(&p->s, "update_fields(");
    put_ops(p, e, e);
    weir_str_putc(&p->s, ')');
}

/* SPARK CreateStruct.create: (a, b) is shown with its names, struct(a, b) is not. */
static void put_row(printer *p, const weir_expr *e) {
    weir_str_puts(&p->s, "named_struct(");
    for (int i = 0; i < e->narg; i++) {
        const char *name = weir_expr_field_name(p->a, e->arg[i], i);
        weir_str_printf(&p->s, "%s%s, ", i ? ", " : "", name);
        put(p, e->arg[i]);
    }
    weir_str_putc(&p->s, ')');
}

static void put_call(printer *p, const weir_expr *e) {
    if (weir_expr_is_row(e)) {
        put_row(p, e);
        return;
    }
    if (e->name && put_special(p, e)) return;
    if (p->pretty && is_cast_call(e)) {
        put(p, e->arg[0]);
        return;
    }
    if (e->name && (strcasecmp(e->name, "when") == 0 || strcasecmp(e->name, "case") == 0)) {
        put_case(p, e);
        return;
    }
    const shown *how = e->name ? shown_as(e) : NULL;
    if (how && how->as)
        weir_str_puts(&p->s, how->as);
    else
        put_lower(p, e->name ? e->name : "");
    weir_str_puts(&p->s, e->distinct ? "(DISTINCT " : "(");
    put_args(p, e);
    weir_str_printf(&p->s, "%s)", how ? how->tail : "");
    if (e->filter) {
        weir_str_puts(&p->s, " FILTER (WHERE ");
        put(p, e->filter);
        weir_str_putc(&p->s, ')');
    }
}

static void put_sort(printer *p, const weir_expr *e) {
    put(p, e->arg[0]);
    weir_str_printf(&p->s, " %s NULLS %s", e->descending ? "DESC" : "ASC",
                    e->nulls_first ? "FIRST" : "LAST");
}

static void put_joined(printer *p, const weir_expr *e, const char *op) {
    weir_str_putc(&p->s, '(');
    put_list(p, e, 0, op);
    weir_str_putc(&p->s, ')');
}

static void put_alias(printer *p, const weir_expr *e) {
    put(p, e->arg[0]);
    weir_str_puts(&p->s, " AS ");
    if (e->nname) weir_str_puts(&p->s, e->names[0]);
}

/* SPARK Cast.sql: one to a nested type is not shown. */
static void put_cast(printer *p, const weir_expr *e, bool tries) {
    if (weir_type_is_nested(e->type)) {
        put(p, e->arg[0]);
        return;
    }
    weir_str_puts(&p->s, tries ? "TRY_CAST(" : "CAST(");
    put(p, e->arg[0]);
    weir_str_printf(&p->s, " AS %s)", weir_type_sql(p->a, e->type));
}

/* Of what is taken out of something, where that can be told before analysis; else NULL. */
static const weir_type *part_type(const weir_expr *e) {
    if (e->kind != WEIR_EX_EXTRACT) return e->type;
    const weir_type *t = part_type(e->arg[0]);
    const weir_expr *key = e->arg[1];
    if (!t) return NULL;
    if (t->kind == WEIR_T_MAP) return t->field[1].type;
    if (t->kind == WEIR_T_ARRAY) return t->field[0].type;
    if (t->kind != WEIR_T_STRUCT || key->kind != WEIR_EX_LIT || key->type->kind != WEIR_T_STRING)
        return NULL;
    weir_bytes k = weir_get_bytes(&key->lit, 0);
    for (int i = 0; i < t->nfield; i++)
        if (strlen(t->field[i].name) == (size_t)k.len &&
            strncasecmp(t->field[i].name, k.p, (size_t)k.len) == 0)
            return t->field[i].type;
    return NULL;
}

static void put_extract(printer *p, const weir_expr *e) {
    const weir_type *t = part_type(e->arg[0]);
    bool map = t ? t->kind == WEIR_T_MAP || t->kind == WEIR_T_VOID
                 : e->arg[0]->kind == WEIR_EX_FUNC && strcasecmp(e->arg[0]->name, "map") == 0;
    bool field = e->arg[1]->kind == WEIR_EX_LIT && e->arg[1]->type->kind == WEIR_T_STRING && !map,
         was = p->pretty;
    put(p, e->arg[0]);
    weir_str_putc(&p->s, field ? '.' : '[');
    p->pretty = field || p->pretty;
    put(p, e->arg[1]);
    p->pretty = was;
    if (!field) weir_str_putc(&p->s, ']');
}

static void put(printer *p, const weir_expr *e) {
    if (++p->depth > DEPTH_MAX) {
        weir_str_puts(&p->s, "...");
        p->depth--;
        return;
    }
    switch (e->kind) {
    case WEIR_EX_ATTR:
    case WEIR_EX_METADATA: put_names(p, e); break;
    case WEIR_EX_LAMBDA_VAR:
        weir_str_puts(&p->s, "namedlambdavariable()");
        for (int i = 1; i < e->nname; i++) weir_str_printf(&p->s, ".%s", e->names[i]);
        break;
    case WEIR_EX_STAR:
        put_names(p, e);
        weir_str_puts(&p->s, e->nname ? ".*" : "*");
        break;
    case WEIR_EX_COL:
        weir_str_puts(&p->s, e->name ? e->name : weir_printf(p->a, "#%d", e->ordinal));
        break;
    case WEIR_EX_LIT: put_literal(p, e); break;
    case WEIR_EX_ALIAS: put_alias(p, e); break;
    case WEIR_EX_CAST: put_cast(p, e, e->cast_mode == WEIR_CAST_TRY); break;
    case WEIR_EX_EXTRACT: put_extract(p, e); break;
    case WEIR_EX_SORT: put_sort(p, e); break;
    case WEIR_EX_AND: put_joined(p, e, " AND "); break;
    case WEIR_EX_OR: put_joined(p, e, " OR "); break;
    case WEIR_EX_CASE: put_case(p, e); break;
    case WEIR_EX_COALESCE:
        weir_str_puts(&p->s, "coalesce(");
        put_list(p, e, 0, ", ");
        weir_str_putc(&p->s, ')');
        break;
    case WEIR_EX_LAMBDA:
        weir_str_puts(&p->s, "lambdafunction(");
        put_list(p, e, 0, ", ");
        for (int i = 0; i < e->nname; i++) weir_str_puts(&p->s, ", namedlambdavariable()");
        weir_str_putc(&p->s, ')');
        break;
    case WEIR_EX_FUNC:
    case WEIR_EX_AGG: put_call(p, e); break;
    case WEIR_EX_CALL:
        if (e->name && e->narg == 1 &&
            (strcmp(e->name, "cast") == 0 || strcmp(e->name, "try_cast") == 0)) {
            put_cast(p, e, e->name[0] == 't');
        } else {
            put_call(p, e);
        }
        break;
    case WEIR_EX_UPDATE_FIELDS: put_update(p, e); break;
    case WEIR_EX_WINDOW:
        put(p, e->arg[0]);
        weir_str_puts(&p->s, " OVER ()");
        break;
    case WEIR_EX_SUBQUERY: weir_str_puts(&p->s, "scalarsubquery()"); break;
    case WEIR_EX_INTERVAL_LIT_TEXT: weir_str_puts(&p->s, e->name); break;
    }
    p->depth--;
}

static char *text(weir_arena *a, const weir_expr *e, bool pretty) {
    printer p = {.a = a, .pretty = pretty};
    weir_str_init(&p.s, a, TEXT_MAX);
    put(&p, e);
    return weir_strndup(a, p.s.p ? p.s.p : "", p.s.len);
}

char *weir_expr_sql(weir_arena *a, const weir_expr *e) { return text(a, e, false); }

const char *weir_expr_name(weir_arena *a, const weir_expr *e) {
    if (e->kind == WEIR_EX_ALIAS && e->nname) return e->names[0];
    if (e->kind == WEIR_EX_ATTR && e->nname) return e->names[e->nname - 1];
    if (e->kind == WEIR_EX_COL && e->name) return e->name;
    return text(a, e, true);
}
