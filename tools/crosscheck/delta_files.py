"""Delta tables that one engine writes and the other reads and filters: values of every type as data, in structs and as partitions, what the
log says of them, names of columns, folders of the plain file sinks."""
import datetime
import decimal
import glob
import json
import os
import re

from crosscheck_driver import Case, error, rows

TEXTS = ["", "a", " ", " a ", "a b", "é", "e\u0301", "中文", "😀", "\u007f", "\uffff", "\U0010ffff", "\u2028", "%", "%20", "a%2Fb", "a/b", "a:b", "a=b",
         "a#b", "a?b", "a+b", "a&b", "<", ">", "|", "{}", "[x]", "^", "`", "~", "'", '"', "\\", "a*b", "\t", "\n", "\r\n", "\x01", "\x1f", "\x80", "\x9f",
         "\xa0", "\u3000", "null", "NULL", "NaN", "1", "1.0", "2024-01-01", ".", "..", "a.", "@", "!", "$", ",", ";", "(a)", "-", "_"]
FRAGMENTS = ["a", "z", "\u007f", "é", "\uffff", "😀", "\U0010ffff", "\ud7ff", "\u07ff", "\u0800", "~", "0"]
INSTANTS = ["1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "2024-01-01 00:00:00.123456", "2024-01-01 00:00:00.123", "2024-01-01 00:00:00.124",
            "9999-12-31 23:59:59.999999", "0001-01-01 00:00:00.000001", "1582-10-15 00:00:00", "1582-10-04 00:00:00", "1900-01-01 00:00:00", "2024-03-31 01:30:00.0005",
            "1969-12-31 23:59:59.000999", "0001-01-01 00:00:00", "2262-04-11 23:47:16.854776", "1883-11-18 12:00:00.5"]
# Not regions: Spark writes bounds with the zone's offset and leaves its seconds out, so that it loses rows of before about 1900 itself.
# Nor days of October 1582 that the calendar of java.sql.Date has not: it looks for others then, in its own files, too.
ZONES = ["UTC", "+13:00", "-03:30"]


def text(value):
    return "'" + "".join(c if c.isalnum() and ord(c) < 128 else f"\\U{ord(c):08X}" for c in value) + "'"


def long_text(rnd):
    return "".join(rnd.choice(FRAGMENTS) for _ in range(rnd.choice([1, 30, 31, 32, 33, 34, 62, 64, 66, 80]))) + rnd.choice(["", "b"])


def some_text(rnd):
    kind = rnd.randrange(4)
    if kind == 0:
        return text(long_text(rnd))
    if kind == 1:
        return text(rnd.choice(FRAGMENTS) * rnd.choice([31, 32, 33, 40, 65]))
    return text(rnd.choice(TEXTS))


def instant(rnd, name):
    if rnd.randrange(3):
        return f"{name}'{rnd.choice(INSTANTS)}'"
    return f"{name}'{rnd.randrange(1, 9999):04}-{rnd.randrange(1, 13):02}-{rnd.randrange(1, 29):02} {rnd.randrange(24):02}:30:00.{rnd.randrange(10**6):06}'"


def whole(bits, suffix):
    def f(rnd):
        v = rnd.choice([-2 ** (bits - 1), 2 ** (bits - 1) - 1, 0, -1, 1, rnd.randrange(-100, 100)])
        return f"{v}{suffix}" if v > -2 ** 63 else "(-9223372036854775807L - 1L)"
    return f


def floating(rnd, kind):
    return f"{kind}('{rnd.choice(['NaN', 'Infinity', '-Infinity', '0.0', '1.5', '-1.5', '1e-30', '3e38', '-3e38', '1.1', '1048576', '1e-40'])}')"


def dec(p, s):
    def f(rnd):
        digits = rnd.choice(["0", "1", "-1", "9" * p, "-" + "9" * p, str(rnd.randrange(10 ** min(p, 12)))])
        return f"cast('{decimal.Decimal(digits).scaleb(-s, decimal.Context(prec=60)):f}' as decimal({p},{s}))"
    return f


FAR = re.compile("'(0001|9999)-")  # Spark loses the era of years before the first, which another zone can make of the first
TYPES = {
    "string": some_text, "int": whole(32, ""), "bigint": whole(64, "L"), "smallint": whole(16, "S"), "tinyint": whole(8, "Y"),
    "double": lambda r: floating(r, "double"), "float": lambda r: floating(r, "float"),
    "decimal(10,2)": dec(10, 2), "decimal(38,18)": dec(38, 18), "decimal(38,0)": dec(38, 0), "decimal(5,5)": dec(5, 5), "decimal(18,10)": dec(18, 10),
    "date": lambda r: f"date'{r.choice(INSTANTS)[:10] if r.randrange(2) else f'{r.randrange(1, 9999):04}-02-28'}'",
    "timestamp": lambda r: instant(r, "timestamp"), "timestamp_ntz": lambda r: instant(r, "timestamp_ntz"),
    "boolean": lambda r: r.choice(["true", "false"]), "binary": lambda r: f"X'{r.choice(['61', 'C3A9', '6200'[:2], '0A25', '7F', ''])}'",
}
OPS = ["=", "<=>", "<", "<=", ">", ">=", "!="]


def said(stats):
    """Statistics with their numbers as numbers: 1.0E-7 and 0.0000001 are one."""
    def number(v):
        return str(decimal.Decimal(v).normalize()) if v.lstrip("-")[0].isdigit() else v

    def instants(v):
        if isinstance(v, dict):
            return {k: instants(x) for k, x in v.items()}
        if isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}[-+]\d\d:\d\d", v):
            offset = (int(v[-5:-3]) * 60 + int(v[-2:])) * (-1 if v[-6] == "-" else 1)
            return (datetime.datetime.fromisoformat(v[:-6]) - datetime.timedelta(minutes=offset)).isoformat(timespec="milliseconds") + "Z"
        return v
    return instants(json.loads(stats, parse_float=number, parse_int=number))


def log_of(path):
    """What the log says of each file, in an order of its own."""
    out = []
    for name in sorted(glob.glob(os.path.join(glob.escape(path), "_delta_log", "*.json"))):
        for line in open(name, encoding="utf-8"):
            action = json.loads(line)
            if "add" in action:
                a = action["add"]
                out.append([a["path"].rpartition("/")[0], sorted(a["partitionValues"].items()), said(a["stats"])])
            if "protocol" in action:
                out.append({k: sorted(v) if isinstance(v, list) else v for k, v in action["protocol"].items()})
    return sorted(out, key=repr)


def asked(spark, path, wheres):
    """The ids that each condition finds."""
    found = {}
    for at in range(0, len(wheres), 12):
        part = wheres[at:at + 12]
        frames = [spark.read.format("delta").load(path).where(w).selectExpr(f"{at + i} q", "id") for i, w in enumerate(part)]
        all_of = frames[0]
        for f in frames[1:]:
            all_of = all_of.union(f)
        for r in all_of.collect():
            found.setdefault(r.q, []).append(r.id)
    return [[w, sorted(found.get(i, []))] for i, w in enumerate(wheres)]


def conditions(rnd, column, probes, n):
    out = [f"{column} is null", rnd.choice([f"{column} is not null", f"{column} <=> null"])]
    while len(out) < n:
        k = rnd.randrange(10)
        a, b = rnd.choice(probes), rnd.choice(probes)
        out.append(f"{column} {rnd.choice(OPS)} {a}" if k < 7 else f"{column} in ({a}, {b})" if k == 7 else
                   f"{column} between {a} and {b}" if k == 8 else f"not ({column} {rnd.choice(OPS)} {a})")
    return out


def written(spark, folder, table, zone, parts, **options):
    spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        spark.sql(table).coalesce(1).write.format("delta").options(**options).partitionBy(*parts).save(folder + "/t")
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    return log_of(folder + "/t")


def data_case(rnd, t):
    """Files of a few values each, a column and a field of it."""
    make = TYPES[t]
    files = [[make(rnd) if rnd.randrange(8) else f"cast(null as {t})" for _ in range(rnd.choice([1, 1, 2, 3]))] for _ in range(rnd.randrange(2, 6))]
    lines = [f"select {k * 10 + i} id, {k} k, {v} v, named_struct('n', {v}, 'm', named_struct('o', {v})) s" for k, f in enumerate(files) for i, v in enumerate(f)]
    probes = [v for f in files for v in f if "null" not in v] + [make(rnd)]
    wheres = conditions(rnd, "v", probes, 7) + conditions(rnd, rnd.choice(["s.n", "s.m.o"]), probes, 5)
    table = " union all ".join(lines)
    zone = rnd.choice(ZONES) if not FAR.search(table) else "UTC"
    return Case(f"{t} {[f for f in files]}", lambda spark, folder: written(spark, folder, table, zone, ["k"]),
                lambda spark, folder: [rows(spark.read.format("delta").load(folder + "/t")), asked(spark, folder + "/t", wheres)], len(wheres))


def part_case(rnd, t):
    make = TYPES[t]
    second = rnd.choice([None, None, "string", "date", "int"])
    values = [make(rnd) if rnd.randrange(8) else f"cast(null as {t})" for _ in range(rnd.randrange(2, 8))]
    lines = [f"select {i} id, {v} p" + (f", {TYPES[second](rnd)} q" if second else "") for i, v in enumerate(values)]
    probes = [v for v in values if "null" not in v] + [make(rnd)]
    wheres = conditions(rnd, "p", probes, 10)
    table, parts = " union all ".join(lines), ["P", "q"] if second else ["p"]
    zone = rnd.choice(ZONES) if not FAR.search(table) else "UTC"
    return Case(f"partition {t} {values}", lambda spark, folder: written(spark, folder, table, zone, parts),
                lambda spark, folder: [rows(spark.read.format("delta").load(folder + "/t")), asked(spark, folder + "/t", wheres)], len(wheres))


PROPERTIES = {
    "appendOnly": ["true", "FALSE"], "checkpointInterval": ["2", "100"], "logRetentionDuration": ["10 days", "interval 3 weeks"],
    "enableChangeDataFeed": ["true", "false"], "enableDeletionVectors": ["true", "false"], "dataSkippingNumIndexedCols": ["0", "1", "2", "-1"],
    "dataSkippingStringPrefixLength": ["1", "7", "40"], "dataSkippingStatsColumns": ["a", "s.x, b", "s"], "checkpointPolicy": ["classic", "v2"],
    "randomizeFilePrefixes": ["false"], "minWriterVersion": ["1", "2", "3", "4", "6", "7"], "minReaderVersion": ["1", "2", "3"],
    "feature.timestampNtz": ["supported"], "feature.vacuumProtocolCheck": ["supported"], "feature.domainMetadata": ["enabled"],
    "feature.checkConstraints": ["supported"], "feature.v2Checkpoint": ["supported"], "isolationLevel": ["Serializable"],
    "deletedFileRetentionDuration": ["1 week", "2 days"], "setTransactionRetentionDuration": ["1 hour"], "enableExpiredLogCleanup": ["false"],
    "autoOptimize.optimizeWrite": ["true"], "checkpoint.writeStatsAsStruct": ["true", "false"], "ignoreProtocolDefaults": ["true", "false"],
    "columnMapping.mode": ["none"], "enableRowTracking": ["false"], "parquet.format.version": ["1.0.0"], "foo": ["bar"]}


def properties_case(rnd):
    """A table with properties, written to in turns."""
    props = {"delta." + k: rnd.choice(PROPERTIES[k]) for k in rnd.sample(sorted(PROPERTIES), rnd.randrange(1, 5))}
    if rnd.randrange(4):
        props.pop("delta.foo", None)
    ntz = ", n timestamp_ntz" if rnd.randrange(4) == 0 else ""
    rows_of = "select {0} a, 'text that is long enough to be cut {0}' b, named_struct('x', {0}) s" + (", timestamp_ntz'2024-01-01 00:00:00' n" if ntz else "")
    way = rnd.choice(["create", "save", "defaults"])

    def run(spark, folder):
        path = folder + "/t"
        write = lambda i, mode="append": spark.sql(rows_of.format(i)).coalesce(1).write.format("delta").mode(mode)  # noqa: E731
        if way == "create":
            said = ", ".join(f"'{k}'='{v}'" for k, v in props.items())
            spark.sql(f"CREATE TABLE delta.`{path}` (a int, b string, s struct<x:int>{ntz}) USING delta TBLPROPERTIES ({said})")
        elif way == "save":
            write(0).options(**props).save(path)
        else:
            for k, v in props.items():
                spark.conf.set("spark.databricks.delta.properties.defaults." + k[6:], v)
            try:
                write(0).save(path)
            finally:
                for k in props:
                    spark.conf.unset("spark.databricks.delta.properties.defaults." + k[6:])
        for i in range(1, 4):
            write(i).save(path)
        out = [log_of(path), sorted(made_of(path).items())]
        try:
            write(9, "overwrite").save(path)
        except Exception as e:
            out.append(error(e))
        write(10).save(path)
        return out + [rows(spark.read.format("delta").load(path))]

    def reads(spark, folder):
        """Each engine appends to the table, too."""
        if not os.path.exists(folder + "/t/_delta_log"):
            return None
        before = rows(spark.read.format("delta").load(folder + "/t"))[1]
        spark.sql(rows_of.format(0) + " where false").coalesce(1).write.format("delta").mode("append").save(folder + "/t")
        return [before, rows(spark.read.format("delta").load(folder + "/t"))]
    return Case(f"{way} {props}{ntz}", run, reads, 3)


def made_of(path):
    for line in open(os.path.join(path, "_delta_log", f"{0:020}.json"), encoding="utf-8"):
        if "metaData" in json.loads(line):
            return json.loads(line)["metaData"]["configuration"]


def sink_case(rnd):
    """The folders of a plain file sink, and the values that are read from them."""
    form, t = rnd.choice(["parquet", "json", "csv", "orc"]), rnd.choice(sorted(TYPES))
    name = "p" + rnd.choice(["", ":", "%", "é", "#", "?", "/", " ", "|", "{", "'"])
    values = [TYPES[t](rnd) if rnd.randrange(6) else f"cast(null as {t})" for _ in range(rnd.randrange(2, 7))]
    if "cast(null as binary)" in values:  # Spark makes the file of null again for an empty one, and fails for it is there: weir puts both in it
        values = ["X'61'" if v == "X''" else v for v in values]
    table = " union all ".join(f"select {i} id, {v} `{name}`" for i, v in enumerate(values))

    def run(spark, folder):
        spark.sql(table).coalesce(1).write.format(form).partitionBy(name).save(folder + "/t")
        return sorted(d for d in os.listdir(folder + "/t") if "=" in d)

    def reads(spark, folder):
        return rows(spark.read.schema(f"id INT, `{name}` STRING").format(form).load(folder + "/t"))
    return Case(f"{form} folders {name} {t} {values}", run, reads, len(values))


def name_case(rnd):
    """Names of columns: what is refused, and what is not can be read."""
    def name():
        return rnd.choice("abc") + rnd.choice([" ", ",", ";", "{", "}", "(", ")", "\n", "\t", "=", ".", ":", "/", "%", "#", "?", "é", "", "", "", "", "|", "-"]) + rnd.choice("xyX")
    names = [name() for _ in range(rnd.randrange(2, 4))]
    if rnd.randrange(4) == 0:
        names[-1] = names[0].swapcase()
    lit = [f"{i} `{n}`" for i, n in enumerate(names)]
    if rnd.randrange(3) == 0:
        inner = [name(), name()] if rnd.randrange(2) else ["x", "X"]
        kind = rnd.choice(["{}", "array({})", "map('k', {})"])
        lit.append(kind.format(f"named_struct({text(inner[0])}, 1, {text(inner[1])}, 2)") + " s")
    parts = rnd.choice([[], [], [names[0]], [names[1]], [names[0], names[0].swapcase()], ["q"], names])
    if any("." in p for p in parts):
        parts = []
    table = "select " + ", ".join(lit)

    def run(spark, folder):
        spark.sql(table).write.format("delta").partitionBy(*parts).save(folder + "/t")
        return log_of(folder + "/t")

    def reads(spark, folder):
        return rows(spark.read.format("delta").load(folder + "/t")) if os.path.exists(folder + "/t/_delta_log") else None
    return Case(f"{table} {parts}", run, reads)


def character_case(at, to):
    """One partition for each character."""
    values = [chr(c) for c in range(at, to)]
    table = " union all ".join(f"select {i} id, {text('x' + v + 'y')} p" for i, v in enumerate(values))
    return Case(f"characters {at} to {to}", lambda spark, folder: written(spark, folder, table, "UTC", ["p"]),
                lambda spark, folder: rows(spark.read.format("delta").load(folder + "/t")), len(values))


def cases(rnd, n):
    yield character_case(1, 128)
    yield character_case(128, 192)
    kinds = [f for t in TYPES for f in (lambda r, t=t: data_case(r, t), lambda r, t=t: part_case(r, t))]
    kinds += [name_case] * 12 + [sink_case] * 6 + [properties_case] * 12
    for i in range(n - 2):
        yield kinds[i % len(kinds)](rnd)
