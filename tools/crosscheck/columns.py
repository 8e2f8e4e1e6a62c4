"""Files of columns, read by other schemas than they were written with: fields that come, go, move, change case or type, in all depths. Parquet and
ORC files are asked as several schemas; to Delta tables rows of another schema are appended."""
import re

from crosscheck_driver import Case, rows

DAYS = ["1970-01-01", "2024-02-29", "1969-12-31", "1900-01-01", "1582-10-15", "1582-10-04", "1500-02-28", "0001-01-01", "9999-12-31", "2262-04-12"]
# Not the second before 1970 with a fraction: ORC's writer in Java makes another one of it.
CLOCKS = ["00:00:00", "12:34:56", "23:59:59", "01:02:03.5", "01:02:03.000001"]
TEXTS = ["1", "-1", "+7", " 1", "1.5", "300", "99999999999999999999", "1e3", "NaN", "true", "2024-01-02", "2024-1-2", "2024-01-02 03:04:05", "x", "", "é", "0.10"]


def whole(bits, suffix):
    top = 2 ** (bits - 1)
    return lambda r: f"{r.choice([0, 1, -1, 99, -100, top - 1, 1 - top, r.randrange(-1000, 1000)])}{suffix}"


def real(kind, more):
    return lambda r: f"{kind}('{r.choice(['0.0', '1.5', '-1.5', '0.1', '300.7', '-0.0', 'NaN', 'Infinity', '1e10', '-3e9', '1e-7', *more])}')"


def dec(p, s):
    def f(r):
        digits = r.choice(["1", "9" * p, "15", str(r.randrange(10 ** min(p, 9)))]).rjust(s + 1, "0")
        return f"CAST('{r.choice(['-', ''])}{digits[:len(digits) - s]}.{digits[len(digits) - s:]}' AS DECIMAL({p},{s}))"
    return f


def clock(r):
    day = r.choice(DAYS)
    return f"{day} {r.choice(CLOCKS[:3] if day < '1970' else CLOCKS)}"


LEAF = {
    "boolean": lambda r: r.choice(["true", "false"]), "tinyint": whole(8, "Y"), "smallint": whole(16, "S"), "int": whole(32, ""),
    "bigint": whole(64, "L"), "float": real("float", ["3e38"]), "double": real("double", ["1e300"]), "decimal(5,2)": dec(5, 2),
    "decimal(15,3)": dec(15, 3), "decimal(38,10)": dec(38, 10), "decimal(10,0)": dec(10, 0), "string": lambda r: f"'{r.choice(TEXTS)}'",
    "binary": lambda r: f"X'{r.choice(['', '31', '007F', 'C3A9'])}'", "date": lambda r: f"DATE'{r.choice(DAYS)}'",
    "timestamp": lambda r: f"TIMESTAMP'{clock(r)}'",
}
WIDER = {"tinyint": ["smallint", "int", "bigint"], "smallint": ["int", "bigint"], "int": ["bigint", "double"], "float": ["double"],
         "decimal(5,2)": ["decimal(15,3)", "decimal(38,10)"], "date": ["timestamp"], "bigint": ["decimal(38,10)"]}


class Type:
    """kind: a leaf's name, or "struct" (kids: (name, Type)), "array", "map" (kids: ("", Type))"""

    def __init__(self, kind, kids=()):
        self.kind, self.kids = kind, list(kids)

    def __str__(self):
        if self.kind == "struct":
            return "struct<" + ",".join(f"{n}:{t}" for n, t in self.kids) + ">"
        return f"{self.kind}<{','.join(str(t) for _, t in self.kids)}>" if self.kids else self.kind

    def value(self, r):
        if r.randrange(6) == 0:
            return f"CAST(NULL AS {self})"
        if self.kind == "struct":
            return "named_struct(" + ", ".join(f"'{n}', {t.value(r)}" for n, t in self.kids) + ")"
        if self.kind == "array":
            return f"CAST(array({', '.join(self.kids[0][1].value(r) for _ in range(r.randrange(3)))}) AS {self})"
        if self.kind == "map":
            keys = sorted(r.sample(["'k'", "'l'", "'1'"] if self.kids[0][1].kind == "string" else ["1", "2", "3"], r.randrange(3)))
            return f"CAST(map({', '.join(k + ', ' + self.kids[1][1].value(r) for k in keys)}) AS {self})"
        return LEAF[self.kind](r)


def some_type(r, depth=2):
    kind = r.randrange(9) if depth else 9
    if kind > 2:
        return Type(r.choice(sorted(LEAF)))
    if kind == 0:
        return Type("struct", fields(r, 3, depth - 1))
    if kind == 1:
        return Type("array", [("", some_type(r, depth - 1))])
    return Type("map", [("", Type(r.choice(["string", "int"]))), ("", some_type(r, depth - 1))])


def fields(r, most, depth=2):
    return [(r.choice([n, n.upper()]) if n != "id" else n, some_type(r, depth)) for n in r.sample("abcdefg", r.randrange(1, most + 1))]


def other_type(r, t, odds, maps):
    """The same, with changes below; one leaf in odds is of another type, none in maps without that."""
    if t.kind == "struct":
        return Type("struct", other_fields(r, t.kids, odds, maps) or t.kids)
    if t.kids:
        return Type(t.kind, [*t.kids[:-1], ("", other_type(r, t.kids[-1][1], odds if maps or t.kind != "map" else 0, maps))])
    if not odds or r.randrange(odds):
        return t
    return Type(r.choice(WIDER.get(t.kind, [t.kind]) if r.randrange(2) else sorted(LEAF))) if r.randrange(12) else some_type(r)


def other_fields(r, kids, odds, maps=True, deep=True):
    out = []
    for name, t in kids:
        if r.randrange(5) == 0:
            continue
        out.append((name.swapcase() if r.randrange(6) == 0 else name, other_type(r, t, odds, maps) if deep else t))
    if r.randrange(3) == 0:
        out.append((r.choice("hij"), some_type(r, 1)))
    if r.randrange(3) == 0:
        r.shuffle(out)
    return out


def table(r, columns, n):
    return " UNION ALL ".join("SELECT " + ", ".join(f"{t.value(r)} AS `{name}`" for name, t in columns) for _ in range(n))


def ddl(columns):
    return ", ".join(f"`{n}` {t}" for n, t in columns)


def shown(df):
    """What a client's types may not hold is shown as a text of the engine."""
    columns = [f"CAST(`{f.name}` AS STRING) AS `{f.name}`" if re.search("date|timestamp", f.dataType.simpleString()) else f"`{f.name}`"
               for f in df.schema.fields]
    return [df.schema.simpleString(), rows(df.selectExpr(*columns))[1]]


def refusal(e):
    """The error's class. Spark ends with exceptions of Java's, without a class, over types that its readers do not expect."""
    found = re.search(r"\[([A-Z][A-Z0-9_]+)[A-Z0-9_.]*\]", str(e))
    return found.group(1) if found else "FAILED_READ_FILE"


def answer(f):
    try:
        return f()
    except Exception as e:
        return refusal(e)


def file_case(r, form):
    columns = fields(r, 4)
    sql = table(r, columns, r.randrange(1, 5))
    # ORC's Java reader fails over maps without entries whose values it is to convert
    asks = [a for a in (other_fields(r, columns, 4, maps=form != "orc") for _ in range(3)) if a]

    def reads(spark, folder):
        def ask(schema):
            reader = spark.read.format(form)
            return shown((reader.schema(schema) if schema else reader).load(folder + "/t"))
        return [[a and ddl(a), answer(lambda: ask(a and ddl(a)))] for a in (None, *asks)]

    def run(spark, folder):
        spark.sql(sql).coalesce(1).write.format(form).save(folder + "/t")
        return reads(spark, folder)
    return Case(f"{form} {sql} as {' / '.join(ddl(a) for a in asks)}", run, reads, 1 + len(asks))


def delta_case(r):
    columns = fields(r, 4)
    more = other_fields(r, columns, 0, deep=False) or columns
    parts = [table(r, columns, r.randrange(1, 4)), table(r, more, r.randrange(1, 4))]

    def reads(spark, folder):
        return answer(lambda: shown(spark.read.format("delta").load(folder + "/t")))

    def run(spark, folder):
        def append(sql):
            spark.sql(sql).coalesce(1).write.format("delta").mode("append").option("mergeSchema", "true").save(folder + "/t")
        return [answer(lambda: append(sql)) for sql in parts] + [reads(spark, folder)]
    return Case(f"delta {parts[0]} then {parts[1]}", run, reads, 2)


def cases(rnd, n):
    for i in range(n):
        yield delta_case(rnd) if i % 12 == 11 else file_case(rnd, ["parquet", "orc"][i % 2])
