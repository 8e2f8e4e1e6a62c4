"""Bytes that are no UTF-8, through every source and sink: what an engine makes of them. record.py keeps what Spark made.

Values are compared as the hex of their bytes: Spark's own client fails at a collect() of some of them.
"""
import json
import os

BAD = b"ab\xffcd \xc3\xa9 \xe2\x82 \xed\xa0\x80 \xf0\x9f\x98\x80 \xc0\x80 end\xc3"
CASES = {}


def case(f):
    CASES[f.__name__] = f
    return f


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def hexes(df):
    exprs = [f"hex(CAST(CAST(`{c}` AS STRING) AS BINARY)) AS h{i}" for i, c in enumerate(df.columns)]
    return sorted((list(r) for r in df.selectExpr(*exprs).collect()), key=str)


def rows(spark):
    return spark.sql("SELECT id, CAST(unhex(h) AS STRING) s FROM VALUES "
                     "(1, '41FF'), (2, 'C3A9'), (3, 'EDA080'), (4, NULL), (5, 'FE'), (6, 'FF') t(id, h)").coalesce(1)


@case
def text(spark, d):
    put(f"{d}/t/a.txt", BAD + b"\nsecond\xfe\n")
    return [hexes(spark.read.text(f"{d}/t")), hexes(spark.read.option("lineSep", "c").text(f"{d}/t")),
            hexes(spark.read.text(f"{d}/t", wholetext=True))]


@case
def csv(spark, d):
    put(f"{d}/c/a.csv", b"h1,h\xff2\n" + BAD + b",1\n\"q\xffq\",2\n\xff3,4\xff\n")
    r = lambda **o: spark.read.options(**o)
    named = r(header=True).csv(f"{d}/c")
    return [hexes(spark.read.csv(f"{d}/c")), named.columns, hexes(named), r(header=True, inferSchema=True).csv(f"{d}/c").schema.simpleString(),
            hexes(r(header=True).schema("a STRING, b INT, _corrupt_record STRING").csv(f"{d}/c")), hexes(r(multiLine=True).csv(f"{d}/c"))]


@case
def folders(spark, d):
    for name in ("p=ok", "p=%FF", "p=%C3%A9", "p=\u00e9"):
        put(f"{d}/p/{name}/f.json", b'{"a":1}\n')
    return hexes(spark.read.json(f"{d}/p"))


@case
def written(spark, d):
    out = {}
    for format in ("parquet", "orc", "delta", "json", "csv"):
        rows(spark).write.format(format).save(f"{d}/{format}")
        out[format] = hexes(spark.read.format(format).load(f"{d}/{format}"))
    rows(spark).select("s").write.text(f"{d}/text")
    out["text"] = hexes(spark.read.text(f"{d}/text"))
    with open(f"{d}/delta/_delta_log/00000000000000000000.json", encoding="utf-8") as f:
        out["stats"] = [json.loads(json.loads(x)["add"]["stats"]) for x in f if '"add"' in x]
    rows(spark).write.format("delta").partitionBy("s").save(f"{d}/part")
    out["part"] = hexes(spark.read.format("delta").load(f"{d}/part"))
    return out


@case
def compared(spark, d):
    df = rows(spark)
    return [df.groupBy("s").count().count(), [r[0] for r in df.orderBy("s", "id").select("id").collect()],
            hexes(df.selectExpr("max(s)", "min(s)")), [r[0] for r in df.where("s > 'z'").orderBy("id").select("id").collect()],
            df.orderBy("id")._show_string(20, False)]
