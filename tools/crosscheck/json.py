"""JSON texts of nasty pieces under random options and schemas: read, inferred, taken apart by functions; rows written as JSON
by the sink and by to_json, and read again by both. A case reads several texts with the same options in one go, and one by one
where that fails."""
import gzip

from crosscheck_driver import Case, attempt, module_of, plain

texts = module_of("_texts")
pick, shown, q = texts.pick, texts.shown, texts.q

NAMES = ["a", "b", "c", "A", "é", "x y", "a.b", "", "_corrupt_record", "d", "e"]
STRINGS = ["", "a", "1", "-7", "1.5", "true", "null", " ", "é", "日本", "😀", "\\u0041", "\\ud83d\\ude00", "\\ud83d", "\\n", "\\/", "\\\"", "\\x", "'", "t\tx",
           "NaN", "Infinity", "-INF", "2024-01-02", "2024-1-2", "2024-01-02T03:04:05.678Z", "2024-01-02 03:04:05", "2024-02-30", "12:30:00", "1 day", "aGk=",
           "99999999999", "1e3", "\\u0000", "\u2028", "\ufffe", "//", "#", "{", "[1]"]
NUMBERS = ["0", "1", "-1", "5", "128", "-128", "32768", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "1.0", "1.5", "-0", "-0.0",
           "1e2", "1E-7", "1e400", "123.450", "0.005", "99999.995", "12345678901234567890.5", "100000000000000000000000000000000000000", "1700000000", "19000",
           "1234567890123456789012345678901234567890123"]
WRONG = ["01", "+5", ".5", "5.", "-", "1e", "NaN", "-Infinity", "Infinity", "+INF", "tru", "TRUE", "nul", "'s'", "x", "\"open", "{", "[", "}", "]", ",", ":", "1 2",
         "/*c*/1", "//c", "#c", "\"a\tb\"", "\"\\q\"", "\"\\u00\"", "\"\x01\"", "0x1F", "{\"a\":1,}", "[1,]", "{,}", "{a:1}", "{\"a\" 1}", "\ufeff1", "\x00"]


def value(rnd, depth=0):
    kind = rnd.random()
    if kind < 0.3:
        return rnd.choice(NUMBERS)
    if kind < 0.55:
        return '"' + rnd.choice(STRINGS) + '"'
    if kind < 0.65:
        return rnd.choice(["true", "false", "null", "null"])
    if kind < 0.7:
        return rnd.choice(WRONG)
    if depth > 2:
        return rnd.choice(["[]", "{}", "1"])
    comma = rnd.choice([",", ",", ", ", " , "])
    if kind < 0.85:
        return "[" + comma.join(value(rnd, depth + 1) for _ in range(rnd.choice([0, 1, 2, 3]))) + "]"
    return record(rnd, depth + 1)


def record(rnd, depth=0):
    comma, colon = rnd.choice([(",", ":"), (",", ":"), (", ", ": "), (" ,\t", " : ")])
    names = [rnd.choice(NAMES if rnd.random() < 0.4 else NAMES[:3]) for _ in range(rnd.choice([0, 1, 2, 2, 3, 4]))]
    quote = rnd.choice(['"'] * 12 + ["'", ""])
    return "{" + comma.join(f"{quote}{n}{quote}{colon}{value(rnd, depth)}" for n in names) + "}"


def line(rnd):
    kind = rnd.random()
    if kind < 0.78:
        return record(rnd)
    if kind < 0.84:
        return "[" + ",".join(record(rnd) for _ in range(rnd.randint(0, 3))) + "]"
    if kind < 0.9:
        return value(rnd)
    one = record(rnd)
    if kind < 0.95:
        return one[:rnd.randint(0, len(one))]
    return one + rnd.choice([" ", "x", "{}", ",", "]", "\x00", " //c", "\t"]) if kind < 0.98 else rnd.choice(["", " ", "\t"])


def document(rnd, o):
    end = o.get("lineSep") or rnd.choice(["\n", "\n", "\r\n", "\r"])
    if o.get("multiLine") == "true":
        return rnd.choice(["", " ", "\n"]) + rnd.choice([line(rnd), "[" + (",\n").join(record(rnd) for _ in range(rnd.randint(0, 3))) + "]",
                                                       end.join(line(rnd) for _ in range(2))])
    body = end.join(line(rnd) for _ in range(rnd.randint(0, 6)))
    return ("\ufeff" if rnd.random() < 0.06 else "") + body + (end if rnd.random() < 0.85 else "")


def parse_options(rnd, function=False):
    o = {}

    def some(p, key, *values):
        if rnd.random() < p:
            o[key] = pick(rnd, *values)
    flag = (("true", 2), ("false", 1))
    for key in ("allowComments", "allowUnquotedFieldNames", "allowNumericLeadingZeros", "allowBackslashEscapingAnyCharacter", "allowUnquotedControlChars"):
        some(0.15, key, *flag)
    for key in ("allowSingleQuotes", "allowNonNumericNumbers"):
        some(0.1, key, *flag)
    some(0.3, "mode", ("PERMISSIVE", 2), ("FAILFAST", 1), ("dropmalformed", 0 if function else 2))
    some(0.12, "dateFormat", ("yyyy-MM-dd", 2), ("dd/MM/yyyy", 1), ("yyyy-M-d", 2), ("yyyy", 1))
    some(0.12, "timestampFormat", ("yyyy-MM-dd HH:mm:ss", 2), ("yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", 2), ("yyyy-MM-dd", 1))
    some(0.08, "timestampNTZFormat", ("yyyy-MM-dd HH:mm:ss", 2), ("yyyy-MM-dd'T'HH:mm:ss[.SSS]", 2))
    some(0.08, "enableDateTimeParsingFallback", *flag)
    some(0.06, "maxNestingDepth", ("2", 1), ("3", 1))
    some(0.05, "maxStringLen", ("3", 1), ("10", 1))
    some(0.05, "maxNumLen", ("4", 1), ("12", 1))
    if not function:
        some(0.25, "multiLine", ("true", 1))
        some(0.1, "lineSep", ("\n", 2), ("\r\n", 2), ("|", 2), ("é", 1), (",", 1))
        some(0.08, "encoding", ("UTF-8", 3), ("UTF-16LE", 2), ("UTF-16", 1), ("ISO-8859-1", 1), ("US-ASCII", 1), ("UTF-32", 1))
    return o


SCALARS = ["STRING", "STRING", "STRING", "INT", "BIGINT", "DOUBLE", "FLOAT", "BOOLEAN", "DECIMAL(7,2)", "DECIMAL(38,18)", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ",
           "BINARY", "SMALLINT", "TINYINT", "INTERVAL DAY TO SECOND", "INTERVAL YEAR TO MONTH"]


def kind_of(rnd, depth=0, scalars=SCALARS):
    kind = rnd.random()
    if kind < 0.7 or depth > 2:
        return rnd.choice(scalars)
    inner = kind_of(rnd, depth + 1, scalars)
    if kind < 0.82:
        return f"ARRAY<{inner}>"
    if kind < 0.88:
        return f"MAP<STRING,{inner}>"
    return "STRUCT<" + ",".join(f"{q(n)}:{kind_of(rnd, depth + 1, scalars)}" for n in rnd.sample(["a", "b", "c", "x y"], rnd.randint(1, 3))) + ">"


def schema(rnd, o, scalars=SCALARS):
    names = rnd.sample(["a", "b", "c", "d", "é", "x y", "a.b"], rnd.choice([1, 2, 3, 3]))
    fields = [f"{q(n)} {kind_of(rnd, 0, scalars)}" for n in names]
    if rnd.random() < 0.5:
        name = rnd.choice(["_corrupt_record", "bad"])
        if name == "bad":
            o["columnNameOfCorruptRecord"] = name
        fields.insert(rnd.randint(0, len(fields)), f"{name} STRING")
        names.append(name)
    return names, ", ".join(fields)


def encoded(rnd, o, text):
    data = text.encode(o.get("encoding", "utf-8"), "replace")
    return texts.damaged(rnd, data) if rnd.random() < 0.1 else data


def read_case(rnd, i):
    o = parse_options(rnd)
    names, ddl = schema(rnd, o)
    data = [encoded(rnd, o, document(rnd, o)) for _ in range(rnd.choice([1, 6, 10]))]
    chosen = rnd.sample(names, rnd.randint(1, len(names))) if rnd.random() < 0.3 else None
    name = pick(rnd, ("json", 10), ("json.gz", 1), ("json.GZ", 1))
    packed = [gzip.compress(d, mtime=0) for d in data] if name != "json" else data

    def ask(spark, path):
        return texts.by_file(spark.read.options(**o).schema(ddl).json(path), chosen)
    return Case(texts.described(o, ddl, chosen, name, data), lambda spark, folder: texts.each(folder, name, packed, lambda p: ask(spark, p)), inputs=len(data))


def infer_case(rnd, i):
    o = parse_options(rnd)
    for key in ("primitivesAsString", "prefersDecimal", "inferTimestamp", "dropFieldIfAllNull"):
        if rnd.random() < 0.15:
            o[key] = "true"
    data = [encoded(rnd, o, document(rnd, o)) for _ in range(rnd.choice([1, 1, 2]))]

    def ask(spark, path):
        df = spark.read.options(**o).json(path)
        known = [(f"c{k}", f.dataType) for k, f in enumerate(df.schema.fields)]
        return [df.schema.simpleString(), [plain(list(r)) for r in df.toDF(*[c for c, _ in known]).selectExpr(*[shown(c, t) for c, t in known]).collect()]]
    # SPARK: some failures of inference have no class; weir's name the file
    return Case("infer " + texts.described(o, data), lambda spark, folder: texts.each(folder, "json", data, lambda p: ask(spark, p)))


def lit(text):
    return "r'" + text + "'" if "'" not in text else 'r"' + text + '"' if '"' not in text else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def options_of(o):
    return "map(" + ", ".join(lit(x) for kv in o.items() for x in kv) + ")"


def kind_only(f):
    return texts.strip(texts.kind_only(attempt(f)))


def each_row(spark, rows, expression):
    """expression over rows of one text column j, in one go or one by one."""
    def ask(part):
        df = spark.createDataFrame([(r,) for r in part], "j STRING").selectExpr(f"{expression} AS r")
        return [df.schema.simpleString(), [plain(r[0]) for r in df.selectExpr(shown("r", df.schema[0].dataType)).collect()]]
    try:
        return ask(rows)
    except Exception:
        return [kind_only(lambda: ask([r])) for r in rows]


def from_case(rnd, i):
    o = parse_options(rnd, True)
    names, ddl = schema(rnd, o)
    if rnd.random() < 0.4:
        ddl = rnd.choice([f"ARRAY<STRUCT<{ddl.replace('` ', '`: ', 99)}>>" if "STRING" not in ddl else "ARRAY<STRUCT<a:INT,b:STRING>>", "MAP<STRING,STRING>", "MAP<STRING,INT>",
                          "ARRAY<INT>", "ARRAY<STRING>", f"ARRAY<{kind_of(rnd)}>", f"MAP<STRING,{kind_of(rnd)}>"])
    rows = [line(rnd) for _ in range(8)]
    e = f"from_json(j, {lit(ddl)}{', ' + options_of(o) if o else ''})"
    return Case(texts.described(e, rows), lambda spark, folder: each_row(spark, rows, e), inputs=len(rows))


PATHS = ["$", "$.a", "$.b", "$.a.b", "$['a']", "$.a[0]", "$.a[*]", "$[0]", "$[*]", "$.*", "$.a.*", "$[*].a", "$.a[*].b", "$.é", "$['x y']", "$.a[0][0]", "$.", "a", "$.a[1]"]


def function_case(rnd, i):
    rows = [line(rnd) for _ in range(10)]
    path = rnd.choice(PATHS)
    e = rnd.choice([f"get_json_object(j, {lit(path)})", "json_array_length(j)", "json_object_keys(j)", f"get_json_object(j, {lit(path)})"])
    if rnd.random() < 0.15:
        one = rnd.choice(rows)
        e = f"schema_of_json({lit(one)})"
    # SPARK: schema_of_json lets Jackson's exceptions through, which have no class
    one = lambda a: "fails" if e.startswith("schema") and a and isinstance(a[0], dict) else a  # noqa: E731
    return Case(texts.described(e, rows), lambda spark, folder: one(each_row(spark, rows, e)), inputs=len(rows))


# ---- writing ----

LITERALS = {
    "INT": ["0", "-5", "2147483647"], "BIGINT": ["0L", "-9223372036854775808L", "7L"], "TINYINT": ["1Y", "-128Y"], "SMALLINT": ["3S"],
    "DOUBLE": ["0.0D", "-0.0D", "1.5D", "1e300D", "1e-7D", "double('NaN')", "double('-Infinity')", "1e7D", "123456789.125D"],
    "FLOAT": ["0.1F", "float('Infinity')", "1e10F", "-0.0F"], "BOOLEAN": ["true", "false"],
    "DECIMAL(38,18)": ["0", "0.000000000000000001", "-1.5", "12345678901234567890.5", "0.0000001"], "DECIMAL(7,2)": ["0", "1.50", "-99999.99", "0.05"],
    "DECIMAL(10,0)": ["0", "12", "-7"],
    "STRING": ["''", "'a'", "'a\"b'", "'back\\\\slash'", "'tab\\tnew\\nret\\rz'", "'\\u0001\\u007f'", "'é日本'", "'😀'", "'\\u2028/'", "'{}'", "CAST(x'ff61' AS STRING)"],
    "BINARY": ["x''", "x'00ff10'", "x'616263'"], "DATE": ["date'2024-01-02'", "date'0001-01-01'", "date'9999-12-31'", "date'1582-10-04'"],
    "TIMESTAMP": ["timestamp'2024-01-02 03:04:05.678901'", "timestamp'1970-01-01'", "timestamp'0001-01-01 00:00:00.1'", "timestamp'2024-07-01 12:00:00'"],
    "TIMESTAMP_NTZ": ["timestamp_ntz'2024-01-02 03:04:05.6789'", "timestamp_ntz'1969-12-31 23:59:59.999999'"],
}
INTERVALS = {"INTERVAL DAY TO SECOND": ["interval '1 02:03:04.5' day to second", "interval '-0 00:00:00.000001' day to second"],
             "INTERVAL YEAR TO MONTH": ["interval '1-2' year to month", "interval '-5' year"]}

KEYS = ["STRING", "STRING", "INT", "DATE", "TIMESTAMP", "DECIMAL(7,2)", "DOUBLE", "BOOLEAN"]


def literal(rnd, kinds, depth=0):
    """An expression and its type, which is not always the same twice."""
    def of(kind, d):
        if rnd.random() < 0.15:
            return f"CAST(NULL AS {kind})"
        if kind.startswith("ARRAY<"):
            return f"CAST(array({', '.join(of(kind[6:-1], d + 1) for _ in range(rnd.randint(0, 3)))}) AS {kind})"
        if kind.startswith("MAP<"):
            k = next(k for k in KEYS if kind.startswith(f"MAP<{k},"))
            v = kind[len(k) + 5:-1]
            keys = rnd.sample(kinds[k], min(len(kinds[k]), rnd.randint(0, 3)))
            return f"CAST(map({', '.join(f'CAST({x} AS {k}), {of(v, d + 1)}' for x in keys)}) AS {kind})" if keys else f"CAST(map() AS {kind})"
        if kind.startswith("STRUCT<"):
            return "named_struct(" + ", ".join(f"{lit(n)}, {of(k, d + 1)}" for n, k in members[kind]) + ")"
        return f"CAST({rnd.choice(kinds[kind])} AS {kind})"
    members = {}

    def make(d):
        r = rnd.random()
        if r < 0.65 or d > 2:
            return rnd.choice(list(kinds))
        if r < 0.77:
            return f"ARRAY<{make(d + 1)}>"
        if r < 0.85:
            return f"MAP<{rnd.choice(KEYS)},{make(d + 1)}>"
        fields = [(n, make(d + 1)) for n in rnd.sample(["a", "Z", "b", "é", "x y", "😀", "\uffee"], rnd.randint(1, 3))]
        name = "STRUCT<" + ",".join(f"{q(n)}:{k}" for n, k in fields) + ">"
        members[name] = fields
        return name
    kind = make(depth)
    return lambda: of(kind, 0)


def format_options(rnd):
    o = {}

    def some(p, key, *values):
        if rnd.random() < p:
            o[key] = rnd.choice(values)
    some(0.25, "ignoreNullFields", "true", "false", "FALSE")
    some(0.2, "pretty", "true", "false")
    some(0.2, "sortKeys", "true", "false")
    some(0.2, "writeNonAsciiCharacterAsCodePoint", "true", "false")
    some(0.15, "dateFormat", "dd/MM/yyyy", "yyyy", "yyyy-MM-dd", "MMM d yyyy")
    some(0.15, "timestampFormat", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "HH:mm 'é'")
    some(0.15, "timestampNTZFormat", "yyyy-MM-dd HH:mm:ss", "SSSSSS")
    some(0.15, "timeZone", "Europe/Berlin", "America/New_York", "+05:30", "nowhere")
    return o


def to_case(rnd, i):
    o = format_options(rnd)
    columns = [(n, literal(rnd, {**LITERALS, **INTERVALS})) for n in rnd.sample(["a", "b", "Z", "é", "x y"], rnd.randint(1, 4))]
    rows = ["named_struct(" + ", ".join(f"{lit(n)}, {make()}" for n, make in columns) + ")" for _ in range(3)]
    es = [f"hex(to_json({r}{', ' + options_of(o) if o else ''}))" for r in rows]
    return Case("; ".join(es), lambda spark, folder: [kind_only(lambda: plain(spark.sql(f"SELECT {e}").first()[0])) for e in es], inputs=len(es))


def write_case(rnd, i):
    o = format_options(rnd)
    if rnd.random() < 0.15:
        o["encoding"] = rnd.choice(["UTF-8", "UTF-16LE", "UTF-16", "ISO-8859-1", "UTF-32", "nope"])
    if rnd.random() < 0.12:
        o["lineSep"] = rnd.choice(["|", "\r\n", "é"])
    if rnd.random() < 0.1:
        o["compression"] = rnd.choice(["gzip", "none", "uncompressed", "deflate", "nope"])
    kinds = LITERALS if rnd.random() < 0.9 else {**LITERALS, **INTERVALS}
    columns = [(n, literal(rnd, kinds)) for n in rnd.sample(["a", "b", "Z", "é", "x y"], rnd.randint(1, 4))]
    sql = " UNION ALL ".join("SELECT " + ", ".join(f"{make()} AS {q(n)}" for n, make in columns) for _ in range(2))

    def run(spark, folder):
        def go():
            import os
            import zlib
            spark.sql(sql).coalesce(1).write.options(**o).json(folder + "/out")
            [name] = [n for n in os.listdir(folder + "/out") if n.startswith("part-")]
            with open(f"{folder}/out/{name}", "rb") as f:
                data = f.read()
            data = gzip.decompress(data) if name.endswith(".gz") else zlib.decompress(data) if name.endswith(".deflate") else data
            return [name.split(".", 1)[1], data.hex()]
        return kind_only(go)

    back = {k: o[k] for k in ("encoding", "lineSep") if k in o}

    def reads(spark, folder):
        def go():
            df = spark.read.options(**back).option("multiLine", str(o.get("pretty") == "true").lower()).json(folder + "/out")
            known = [(f"c{k}", f.dataType) for k, f in enumerate(df.schema.fields)]
            rows = df.toDF(*[c for c, _ in known]).selectExpr(*[shown(c, t) for c, t in known]).collect()
            return [df.schema.simpleString(), [plain(list(r)) for r in rows]]
        return kind_only(go)
    return Case(texts.described(o, sql), run, reads)


MAKERS = [(read_case, 36), (infer_case, 18), (from_case, 16), (function_case, 8), (to_case, 11), (write_case, 11)]


def cases(rnd, n):
    for i in range(n):
        yield pick(rnd, *MAKERS)(rnd, i)
