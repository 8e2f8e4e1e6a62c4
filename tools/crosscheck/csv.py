"""CSV texts of nasty pieces under random options and schemas: read by a batch, inferred, streamed; rows written as CSV and
text; compressed and damaged files. A case reads several texts with the same options in one go, and one by one where that
fails."""
import bz2
import gzip
import json
import os
import zlib

from crosscheck_driver import Case, attempt, module_of, plain

texts_of = module_of("_texts")
pick, damaged, q, write, kind_only, strip = (getattr(texts_of, n) for n in ("pick", "damaged", "q", "write", "kind_only", "strip"))

WORDS = ["a", "b", "bc", "x y", "1", "-2", "+3", " 4", "5 ", "007", "2147483648", "1.5", "1,000", "NaN", "Inf", "-Inf", "1e3", "1E2", "0x10",
         "true", "FALSE", "2024-01-02", "2024-1-2", "2024-01-02 03:04:05", "2024-01-02T03:04:05.678Z", "12:30", "null", "NULL", "-", "é", "日本", "😀",
         "\ufeff", "\u0661", "\x00", "\x01", "\u00a0", "'", "`", "#", "#a", "//", "\\", "\\\\", "\\n", "\\\"", "''", " ", "  ", "\t", ""]
QUOTED = ['""', '"a"', '"a b"', '"a,b"', '"a""b"', '"a\\"b"', '"a\\\\"', '" a "', '"a" ', ' "a"', '"a"b', '"a"b"', 'a"b"', 'a"', '"', '""a', '"""',
          '""""', '"a\nb"', '"a\r\nb"', '"a\rb"', '"\\"', '"a"\\', '"a"\\"b', '"a" "b"', '"a" b', '"#"', '"1"', '"é"', '"a;b|c\td"', "'a,b'", "'a''b'"]
CHARS = '",\\ab \t1#;|\'\n\r'


def field(rnd, sep, quote, escape):
    kind = rnd.random()
    if kind < 0.45:
        return rnd.choice(WORDS)
    if kind < 0.8:
        return rnd.choice(QUOTED).replace(",", sep).replace('"', quote or '"').replace("\\", escape if rnd.random() < 0.7 and escape else "\\")
    return "".join(rnd.choice(CHARS + sep + (quote or '"') + (escape or "\\")) for _ in range(rnd.randint(0, 7)))


def text(rnd, o):
    sep, quote, escape = unescaped(o.get("sep", ",")), o.get("quote", '"'), o.get("escape", "\\")
    end = o.get("lineSep") or rnd.choice(["\n", "\n", "\n", "\r\n", "\r"])
    lines = []
    for _ in range(rnd.randint(0, 6)):
        one = sep.join(field(rnd, sep, quote, escape) for _ in range(rnd.choice([1, 2, 2, 3, 3, 3, 4, 5])))
        lines.append(rnd.choice([o.get("comment") or "#", ""]) + one if rnd.random() < 0.1 else one)
        if rnd.random() < 0.08:
            lines.append(rnd.choice(["", " ", "\t", "\x00"]))
    body = end.join(lines)
    if rnd.random() < 0.1 and lines:
        body = body.replace(end, rnd.choice(["\n", "\r\n", "\r"]), 1)
    if rnd.random() < 0.85:
        body += end
    return ("\ufeff" if rnd.random() < 0.08 else "") + body


def unescaped(sep):
    return {"\\t": "\t", "\\\\": "\\", "\\'": "'"}.get(sep, sep)


SEPS = [(",", 60), (";", 8), ("\\t", 6), ("|", 5), (" ", 2), ("||", 5), (", ", 2), ("ab", 2), ("§", 2), ("::", 2), ("😀", 1), ("€|", 1), ("a", 1), ("#", 1)]


def parse_options(rnd):
    o = {}

    def some(p, key, *values):
        if rnd.random() < p:
            o[key] = pick(rnd, *values)
    some(0.35, "sep", *SEPS)
    some(0.12, "quote", ("'", 4), ("", 2), ("|", 1), ("“", 1), ("\u0000", 1), ("#", 1))
    some(0.2, "escape", ('"', 5), ("", 2), ("'", 1), ("|", 1), ("é", 1), ("/", 1))
    some(0.1, "charToEscapeQuoteEscaping", ("\\", 3), ("#", 2), ('"', 2), ("", 1), ("|", 1))
    some(0.15, "comment", ("#", 5), ("/", 1), ("a", 1), ("", 1), ("é", 1))
    some(0.25, "multiLine", ("true", 1))
    some(0.12, "ignoreLeadingWhiteSpace", ("true", 3), ("false", 1))
    some(0.12, "ignoreTrailingWhiteSpace", ("true", 3), ("false", 1))
    some(0.12, "nullValue", ("NULL", 3), ("-", 3), ("a", 1), ("null", 2), (" ", 1))
    some(0.12, "emptyValue", ("E", 3), ("null", 1), ("-", 1), ("1", 1))
    some(0.3, "unescapedQuoteHandling", ("STOP_AT_CLOSING_QUOTE", 3), ("STOP_AT_DELIMITER", 1), ("back_to_delimiter", 3), ("SKIP_VALUE", 3), ("RAISE_ERROR", 1))
    some(0.08, "lineSep", ("\n", 3), ("\r\n", 2), ("\r", 1), (";", 2), ("x", 1), ("é", 1))
    some(0.06, "maxCharsPerColumn", ("4", 2), ("10", 1), ("1", 1), ("-1", 1))
    some(0.04, "maxColumns", ("3", 2), ("4", 2), ("1", 1))
    some(0.3, "header", ("true", 3), ("false", 1))
    if rnd.random() < 0.15:
        o["nanValue"], o["positiveInf"] = rnd.choice(["NaN", "-", "a"]), rnd.choice(["Inf", "1", "inf"])
    if o.get("header") == "true" and o.get("unescapedQuoteHandling") == "SKIP_VALUE":
        del o["unescapedQuoteHandling"]  # SPARK: a NullPointerException over a name that is skipped; weir reads on
    return o


TYPES = ["STRING", "STRING", "STRING", "INT", "BIGINT", "DOUBLE", "FLOAT", "BOOLEAN", "DECIMAL(7,2)", "DECIMAL(38,18)", "DATE", "TIMESTAMP",
         "TIMESTAMP_NTZ", "BINARY", "SMALLINT", "TINYINT"]


def schema(rnd, o):
    n = rnd.choice([1, 2, 3, 3, 4])
    fields = [f"c{i} {rnd.choice(TYPES) if rnd.random() < 0.5 else 'STRING'}" for i in range(n)]
    if rnd.random() < 0.4:
        name = o["columnNameOfCorruptRecord"] = rnd.choice(["_corrupt_record", "bad"])
        fields.insert(rnd.randint(0, n), f"{name} STRING")
    return ", ".join(fields)


def value_options(rnd):
    o = {}
    if rnd.random() < 0.15:
        o["dateFormat"] = rnd.choice(["yyyy-MM-dd", "dd/MM/yyyy", "yyyy-M-d", "yyyy", "MMM d yyyy"])
    if rnd.random() < 0.15:
        o["timestampFormat"] = rnd.choice(["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "yyyy-MM-dd"])
    if rnd.random() < 0.08:
        o["enableDateTimeParsingFallback"] = rnd.choice(["true", "false"])
    if rnd.random() < 0.06:
        o["preferDate"] = rnd.choice(["true", "false"])
    if rnd.random() < 0.3:
        o["mode"] = rnd.choice(["PERMISSIVE", "DROPMALFORMED", "FAILFAST", "dropmalformed"])
    if rnd.random() < 0.1:
        o["enforceSchema"] = rnd.choice(["true", "false"])
    if rnd.random() < 0.08:
        o["columnPruning"] = rnd.choice(["true", "false"])
    return o


def reading(spark, o, ddl, encoding=None):
    r = spark.read.options(**o)
    return r.schema(ddl) if ddl else r


def answer(df, names=None):
    """Rows as text: order within a file counts, and no client may fail over a value."""
    cols = [shown(c, t) for c, t in names or df.dtypes]
    return [df.schema.simpleString(), [plain(r) for r in df.selectExpr(*cols).collect()] if cols else df.count()]


def shown(name, kind):
    """Texts as hex: no client may fail over one; times as text, for they may be too far away for Python."""
    if kind in ("string", "binary"):
        return f"hex({q(name)})"
    return f"CAST({q(name)} AS STRING)" if kind.startswith(("date", "timestamp")) else q(name)


def each(spark, folder, texts, ask):
    """ask(path) over the folder of all texts, or where that fails over each."""
    paths = [write(folder, f"f{i:03d}.csv", t) for i, t in enumerate(texts)]
    if len(paths) > 1:
        try:
            return ask(folder)
        except Exception:
            pass
    return [kind_only(attempt(lambda: ask(p))) for p in paths]


def read_case(rnd, i):
    o = {**parse_options(rnd), **value_options(rnd)}
    ddl = schema(rnd, o)
    texts = [text(rnd, o).encode(o.get("encoding", "utf-8"), "replace") for _ in range(rnd.choice([1, 8, 12]))]
    if rnd.random() < 0.15:
        texts = [damaged(rnd, t) for t in texts]
    names = [f.split(" ")[0] for f in ddl.split(", ")]
    chosen = rnd.sample(names, rnd.randint(0, len(names))) if rnd.random() < 0.4 else None
    count = rnd.random() < 0.05

    def ask(spark, path):
        df = reading(spark, o, ddl).csv(path)
        if count:
            return df.count()
        types = [(c, t) for c, t in df.dtypes if chosen is None or c in chosen]
        file = "regexp_extract(input_file_name(), '[^/]*$', 0)"
        return group(list(r) for r in df.selectExpr(file, *[shown(c, t) for c, t in types]).collect())

    def group(rows):
        by = {}
        for r in rows:
            by.setdefault(r[0], []).append(plain(r[1:]))
        return by

    return Case(json.dumps([o, ddl, chosen, [repr(t) for t in texts]], ensure_ascii=False),
                lambda spark, folder: strip(each(spark, folder, texts, lambda p: ask(spark, p))), inputs=len(texts))


def infer_case(rnd, i):
    o = parse_options(rnd)
    o.update({k: v for k, v in value_options(rnd).items() if k in ("dateFormat", "timestampFormat", "preferDate", "mode")})
    if rnd.random() < 0.8:
        o["inferSchema"] = "true"
    for k in ("maxCharsPerColumn", "maxColumns"):
        o.pop(k, None)
    column = rnd.choice([["1", "2", "30000000000", "-5"], ["1.5", "1e3", "7"], ["2024-01-02", "2024-1-2", "2024-01-02 10:00:00"], ["true", "False"], WORDS])
    data = text(rnd, o)
    if rnd.random() < 0.6 and "quote" not in o:
        sep, end = unescaped(o.get("sep", ",")), o.get("lineSep") or "\n"
        data = end.join(sep.join(rnd.choice(column) for _ in range(3)) for _ in range(rnd.randint(1, 5)))
        if o.get("header") == "true":
            data = sep.join(rnd.choice(["a", "A", "b", "", "é", "É", "x y"]) for _ in range(3)) + end + data
    if o.get("header") == "true":
        data = data.replace("\0", "")  # weir: a name ends at NUL
    data = data.encode()

    def ask(spark, path):
        df = spark.read.options(**o).csv(path)
        return [df.schema.simpleString(), answer(df.toDF(*[f"c{k}" for k in range(len(df.columns))]))]

    # SPARK: some failures of inference have no class; weir's name the file
    kinds = lambda a: [{"error": "a failure"} if isinstance(x, dict) else x for x in a] if isinstance(a, list) else a  # noqa: E731
    return Case("infer " + json.dumps([o, repr(data)], ensure_ascii=False),
                lambda spark, folder: kinds(strip(each(spark, folder, [data], lambda p: ask(spark, p)))))


# ---- writing ----

VALUES = {
    "STRING": ["''", "'a'", "' a '", "'#'", "'#a'", "'\"'", "'a\"'", "'\"a'", "'\"\"'", "'a\"b'", "'a,b'", "'a;b'", "'a|b'", "'a b'", "'\\\\'", "'a\\\\'",
               "'\\\\\"'", "'a\nb'", "'a\r\nb'", "'\r'", "'\t'", "' '", "'\\u0000'", "'\\u0001'", "'é'", "'日本'", "'😀'", "'\\ufeff'", "'null'", "'NULL'", "'-'", "'\\''",
               "'\\'a\\''", "'1'", "'a§b'", "'//'", "'||'", "'a||b'", "CAST(x'61ff' AS STRING)"],
    "INT": ["0", "-5"], "BIGINT": ["9223372036854775807L"], "DOUBLE": ["1.5D", "-0.0D", "1e300D", "double('NaN')", "double('-Infinity')"],
    "FLOAT": ["0.1F", "float('Infinity')"], "BOOLEAN": ["true"], "DECIMAL(38,18)": ["0", "-1.5", "0.000000000000000001"], "DECIMAL(10,0)": ["0", "-7"],
    "DATE": ["date'2024-01-02'", "date'0001-01-01'", "date'9999-12-31'"], "TIMESTAMP": ["timestamp'2024-01-02 03:04:05.678901'", "timestamp'1970-01-01'"],
    "TIMESTAMP_NTZ": ["timestamp_ntz'2024-01-02 03:04:05.6789'"], "INTERVAL DAY TO SECOND": ["interval '1 02:03:04.5' day to second"],
    "INTERVAL YEAR TO MONTH": ["interval '1-2' year to month"], "BINARY": ["x'6162'"], "ARRAY<INT>": ["array(1)"],
}
USUAL = [k for k in VALUES if k not in ("BINARY", "ARRAY<INT>")]


def write_options(rnd):
    o = {}

    def some(p, key, *values):
        if rnd.random() < p:
            o[key] = pick(rnd, *values)
    flag = (("true", 1), ("false", 1))
    some(0.35, "sep", *SEPS)
    some(0.2, "quote", ("'", 3), ("", 3), ("|", 1), ("é", 1), ("\u0000", 1), ("#", 1), ("a", 1))
    some(0.25, "escape", ('"', 4), ("", 2), ("'", 1), ("|", 1), ("é", 1), ("a", 1))
    some(0.15, "charToEscapeQuoteEscaping", ("\\", 3), ("#", 2), ('"', 2), ("", 1), ("|", 1))
    some(0.12, "comment", ("#", 4), ("a", 1), ("/", 1), ("é", 1))
    for key in ("quoteAll", "escapeQuotes", "header", "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace"):
        some(0.25, key, *flag)
    some(0.15, "nullValue", ("NULL", 2), ("-", 1), ('"', 1), ("a,b", 1), (" ", 1), ("#", 1))
    some(0.15, "emptyValue", ("", 3), ("E", 1), ('""', 1), (" ", 1), ("a;b", 1))
    some(0.12, "lineSep", ("\r\n", 2), ("\r", 1), (";", 1), ("x", 1), ("é", 1))
    some(0.12, "encoding", ("UTF-8", 1), ("UTF-16", 2), ("UTF-16LE", 2), ("ISO-8859-1", 2), ("US-ASCII", 1), ("UTF-32", 1), ("nope", 1))
    some(0.12, "dateFormat", ("dd/MM/yyyy", 1), ("yyyy", 1), ("MMM d, yyyy", 2))
    some(0.12, "timestampFormat", ("yyyy-MM-dd HH:mm:ss", 1), ("dd, HH:mm", 1))
    some(0.1, "compression", ("gzip", 2), ("none", 1), ("bzip2", 2), ("deflate", 1), ("nope", 1))
    some(0.06, "extension", ("tsv", 2), ("text", 1), ("x", 1))  # SPARK: of two characters fails with an internal error, with a slash is a folder
    some(0.1, "timeZone", ("Europe/Berlin", 1), ("+05:30", 1))
    return o


UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".deflate": zlib.decompress}


def written(folder):
    """The extension and the text of the one file there."""
    [name] = [n for n in os.listdir(folder) if n.startswith("part-")]
    with open(os.path.join(folder, name), "rb") as f:
        data = f.read()
    return [name.split(".", 1)[1], next((u for e, u in UNPACK.items() if name.endswith(e)), bytes)(data).hex()]


def write_case(rnd, i):
    o = write_options(rnd)
    text = rnd.random() < 0.08
    kinds = ["STRING"] if text else [rnd.choice(USUAL) if rnd.random() < 0.3 else "STRING" for _ in range(rnd.choice([1, 1, 2, 3, 4]))]
    if rnd.random() < 0.04:
        kinds.append(rnd.choice(["BINARY", "ARRAY<INT>"]))
    names = rnd.sample(["a", "#b", "c d", "é", 'q"', "x,y", " z "], len(kinds))
    if text:
        o = {k: v for k, v in o.items() if k in ("lineSep", "encoding", "compression")}

    def value(kind):
        return f"CAST({'NULL' if rnd.random() < 0.12 else rnd.choice(VALUES[kind])} AS {kind})"
    sql = " UNION ALL ".join("SELECT " + ", ".join(f"{value(k)} AS {q(n)}" for n, k in zip(names, kinds)) for _ in range(rnd.choice([1, 4, 8])))

    def run(spark, folder):
        def go():
            spark.sql(sql).coalesce(1).write.options(**o).format("text" if text else "csv").save(folder + "/out")
            return written(folder + "/out")
        return strip(kind_only(attempt(go)))

    back = {k: v for k, v in o.items() if k not in ("compression", "extension")}

    def reads(spark, folder):
        def go():
            r = spark.read.options(**back)
            df = r.text(folder + "/out") if text else r.schema(", ".join(f"c{k} STRING" for k in range(len(kinds)))).csv(folder + "/out")
            return answer(df)
        return strip(kind_only(attempt(go)))
    return Case("write " + json.dumps([o, sql, text], ensure_ascii=False), run, reads)


# ---- packed and damaged files ----

PACK = {"gz": gzip.compress, "bz2": bz2.compress, "deflate": zlib.compress}


def ends(rows):
    return [len(rows), rows[:1], rows[-1:]]


def packed_case(rnd, i):
    kind = rnd.choice(list(PACK))
    name = "f.csv." + (kind if rnd.random() < 0.8 else kind.upper())
    rows = b"".join(b"%d,%s\n" % (k, rnd.choice([b"a", b"", b'"b c"'])) for k in range(rnd.choice([0, 1, 3, 4000])))
    data = PACK[kind](rows)
    how = rnd.random()
    if how < 0.35 and kind != "bz2":  # SPARK takes a bzip2 file that ends in its last block for a whole one
        data = data[:rnd.randint(0, len(data))]
    elif how < 0.5 and kind == "gz" and len(data) > 40:
        data = data[:30] + bytes([data[30] ^ 0x55]) + data[31:]
    elif how < 0.6:
        data += PACK[kind](b"x,y\n")
    elif how < 0.65:
        data = b"not packed"
    o = {}
    if rnd.random() < 0.5:
        o["ignoreCorruptFiles"] = "true"
    if rnd.random() < 0.2:
        o["multiLine"] = "true"

    def run(spark, folder):
        write(folder + "/in", name, data)
        return strip(kind_only(attempt(lambda: ends(answer(spark.read.options(**o).schema("a STRING, b STRING").csv(folder + "/in"))[1]))))
    return Case("packed " + json.dumps([o, name, len(rows), repr(data[:60])], ensure_ascii=False), run)


MAKERS = [(read_case, 50), (infer_case, 20), (write_case, 24), (packed_case, 6)]


def cases(rnd, n):
    for i in range(n):
        yield pick(rnd, *MAKERS)(rnd, i)
