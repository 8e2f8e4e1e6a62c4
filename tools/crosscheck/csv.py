"""CSV texts of nasty pieces under random options and schemas: read by a batch, inferred, streamed; rows written as CSV and
text; compressed and damaged files. A case reads several texts with the same options in one go, and one by one where that
fails."""
import bz2
import gzip
import json
import os
import zlib

from crosscheck_driver import Case, attempt, plain

WORDS = ["a", "b", "bc", "x y", "1", "-2", "+3", " 4", "5 ", "007", "2147483648", "1.5", "1,000", "NaN", "Inf", "-Inf", "1e3", "1E2", "0x10",
         "true", "FALSE", "2024-01-02", "2024-1-2", "2024-01-02 03:04:05", "2024-01-02T03:04:05.678Z", "12:30", "null", "NULL", "-", "é", "日本", "😀",
         "\ufeff", "\u0661", "\x00", "\x01", "\u00a0", "'", "`", "#", "#a", "//", "\\", "\\\\", "\\n", "\\\"", "''", " ", "  ", "\t", ""]
QUOTED = ['""', '"a"', '"a b"', '"a,b"', '"a""b"', '"a\\"b"', '"a\\\\"', '" a "', '"a" ', ' "a"', '"a"b', '"a"b"', 'a"b"', 'a"', '"', '""a', '"""',
          '""""', '"a\nb"', '"a\r\nb"', '"a\rb"', '"\\"', '"a"\\', '"a"\\"b', '"a" "b"', '"a" b', '"#"', '"1"', '"é"', '"a;b|c\td"', "'a,b'", "'a''b'"]
CHARS = '",\\ab \t1#;|\'\n\r'


def pick(rnd, *weighted):
    return rnd.choices([w for w, _ in weighted], [n for _, n in weighted])[0]


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


def damaged(rnd, data):
    for _ in range(rnd.randint(1, 3)):
        i = rnd.randint(0, len(data))
        data = data[:i] + rnd.choice([b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\x80", b"\x80", b"\xf4\x90\x80\x80"]) + data[i:]
    return data


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


def q(name):
    return "`" + name.replace("`", "``") + "`"


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)
    return os.path.join(folder, name)


def kind_only(a):
    """A failure without a class of Spark's is one, whatever it says."""
    if isinstance(a, dict) and "error" in a:
        known = a["error"][:1].isupper() and a["error"].replace(".", "_").replace("_", "").isupper() or a["error"].startswith("_LEGACY")
        return {"error": a["error"] if known else "a failure", "state": a.get("state"), "text": a.get("text", "")}
    return a


def each(spark, folder, texts, ask):
    """ask(path) over the folder of all texts, or where that fails over each."""
    paths = [write(folder, f"f{i:03d}.csv", t) for i, t in enumerate(texts)]
    if len(paths) > 1:
        try:
            return ask(folder)
        except Exception:
            pass
    return [kind_only(attempt(lambda: ask(p))) for p in paths]


def strip(a):
    if isinstance(a, list):
        return [strip(x) for x in a]
    if isinstance(a, dict):
        return {k: strip(v) for k, v in a.items() if k != "text"}
    return a


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
    data = data.encode()

    def ask(spark, path):
        df = spark.read.options(**o).csv(path)
        return [df.schema.simpleString(), answer(df.toDF(*[f"c{k}" for k in range(len(df.columns))]))]

    # SPARK: some failures of inference have no class; weir's name the file
    kinds = lambda a: [{"error": "a failure"} if isinstance(x, dict) else x for x in a] if isinstance(a, list) else a  # noqa: E731
    return Case("infer " + json.dumps([o, repr(data)], ensure_ascii=False),
                lambda spark, folder: kinds(strip(each(spark, folder, [data], lambda p: ask(spark, p)))))


MAKERS = [(read_case, 70), (infer_case, 30)]


def cases(rnd, n):
    for i in range(n):
        yield pick(rnd, *MAKERS)(rnd, i)
