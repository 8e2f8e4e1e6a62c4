"""What is read from files of columns: every type of a file asked for as every SQL type, shapes that only some writers make,
and folders of several files. Answers are texts, one for each schema that is asked for; None asks for none."""
import datetime
import decimal
import os
import re

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet
from parquet_file import Node, write

ORC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "orc")
D = decimal.Decimal
A = pa.array
TS = [datetime.datetime(2024, 1, 2, 3, 4, 5, 123456), None, datetime.datetime(1960, 1, 1, 0, 0, 0, 1)]
MS = [1700000000123, None, -1]
NS = [1700000000123456789, None, -1]
X = pa.struct([("x", pa.int32())])
ASKED = ("boolean;tinyint;smallint;int;bigint;float;double;string;binary;date;timestamp;timestamp_ntz;decimal(4,1);decimal(5,2);"
         "decimal(10,0);decimal(10,2);decimal(10,4);decimal(12,2);decimal(15,2);decimal(20,0);decimal(20,2);decimal(38,10);"
         "interval day to second;interval year to month;array<int>;struct<x:int>;map<string,int>").split(";")

# name: an array, and how it is written
PARQUET = {
    "bool": A([True, None, False], pa.bool_()), "int8": A([1, None, -5], pa.int8()), "int16": A([300, None, -5], pa.int16()),
    "int32": A([1, None, -5], pa.int32()), "int64": A([1, None, -2**40], pa.int64()), "uint8": A([1, None, 200], pa.uint8()),
    "uint16": A([1, None, 60000], pa.uint16()), "uint32": A([1, None, 4000000000], pa.uint32()),
    "uint64": A([1, None, 2**63 + 5], pa.uint64()), "float": A([1.5, None, float("nan")], pa.float32()),
    "double": A([1.5, None, float("nan")], pa.float64()), "half": A([1.5, None, 2.0], pa.float16()),
    "date": A([datetime.date(2024, 1, 2), None, datetime.date(1500, 1, 1)], pa.date32()),
    "time_ms": A([datetime.time(1, 2, 3), None], pa.time32("ms")), "time_us": A([datetime.time(1, 2, 3, 4), None], pa.time64("us")),
    "time_ns": A([datetime.time(1, 2, 3, 4), None], pa.time64("ns")), "ts_ms": A(MS, pa.timestamp("ms", "UTC")),
    "ts_us": A(TS, pa.timestamp("us", "UTC")), "ts_ns": A(NS, pa.timestamp("ns", "UTC")), "ntz_ms": A(MS, pa.timestamp("ms")),
    "ntz_us": A(TS, pa.timestamp("us")), "ntz_ns": A(NS, pa.timestamp("ns")),
    "dec5_int": A([D("1.23"), None, D("-999.99")], pa.decimal128(5, 2)),
    "dec15_int": A([D("1.23"), None, D("-1234567890123.99")], pa.decimal128(15, 2)),
    "dec5": A([D("1.23"), None, D("-999.99")], pa.decimal128(5, 2)),
    "dec15": A([D("1.23"), None, D("-1234567890123.99")], pa.decimal128(15, 2)),
    "dec25": A([D("1.23000"), None, D("-12345678901234567890.12345")], pa.decimal128(25, 5)),
    "dec50": A([D("1.23"), None], pa.decimal256(50, 2)), "string": A(["1", None, "é"], pa.string()),
    "binary": A([b"1", None, b"\x00"], pa.binary()), "fixed": A([b"abc", None, b"\x00\x01\x02"], pa.binary(3)), "null": pa.nulls(2),
    "int96": A([*TS, datetime.datetime(1500, 1, 1), datetime.datetime(9999, 12, 31)], pa.timestamp("us")),
    "list": A([[1, None], None, []], pa.list_(pa.int32())), "struct": A([{"x": 1}, None, {"x": None}], X),
    "map": A([[("k", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    "large": A(["L", None], pa.large_string()), "dictionary": A(["q", None, "q"]).dictionary_encode(),
    "duration": A([5, None], pa.duration("us")), "fixed_list": A([[1, 2], None], pa.list_(pa.int32(), 2)),
}


def int96(nanos, day):
    return nanos.to_bytes(8, "little") + day.to_bytes(4, "little")


def I(name="a", rep="optional", **more):  # noqa: E743
    return Node(name, "INT32", rep, **more)


def LIST(repeated, **more):
    return Node("a", [repeated], **(more or {"converted": "LIST"}))


STRING = {"logical": "STRING"}
# name: the schema, rows, what is asked for
SHAPES = {
    "repeated_leaf": ([I(rep="repeated")], [{"a": [1, 2]}, {"a": []}],
                      ["array<int>", "array<bigint>", "int", "array<struct<x:int>>", "struct<x:int>", "map<string,int>"]),
    "repeated_group": ([Node("a", [I("x")], "repeated")], [{"a": [{"x": 1}, {"x": None}]}, {"a": []}],
                       ["array<struct<x:int>>", "array<struct<x:bigint,y:int>>", "array<struct<y:int>>", "array<int>", "struct<x:int>",
                        "int"]),
    "repeated_inside": ([Node("a", [I("x", "repeated")])], [{"a": {"x": [1]}}, {"a": None}, {"a": {"x": []}}],
                        ["struct<x:array<int>>", "struct<x:array<int>,y:int>", "struct<y:int>", "struct<x:int>"]),
    "two_levels": ([LIST(I("element", "repeated"))], [{"a": {"element": [1, 2]}}, {"a": None}, {"a": {"element": []}}],
                   ["array<int>", "array<bigint>", "array<string>", "array<struct<x:int>>", "struct<element:array<int>>", "int"]),
    "two_levels_group": ([LIST(Node("element", [I("x"), I("y")], "repeated"))], [{"a": {"element": [{"x": 1, "y": 2}]}}, {"a": None}],
                         ["array<struct<y:int,x:int>>", "array<struct<y:int,z:int>>", "array<int>"]),
    "named_array": ([LIST(Node("array", [I("x")], "repeated"))], [{"a": {"array": [{"x": 1}]}}, {"a": None}],
                    ["array<struct<x:int>>", "array<int>"]),
    "named_tuple": ([LIST(Node("a_tuple", [I("x")], "repeated"))], [{"a": {"a_tuple": [{"x": 1}]}}, {"a": None}],
                    ["array<struct<x:int>>", "array<int>"]),
    "named_bag": ([LIST(Node("bag", [I("array_element")], "repeated"))],
                  [{"a": {"bag": [{"array_element": 1}, {"array_element": None}]}}, {"a": None}],
                  ["array<int>", "array<struct<array_element:int>>", "array<string>"]),
    "no_list": ([Node("a", [I("x")], converted="LIST")], [{"a": {"x": 1}}], ["array<int>", "struct<x:int>"]),
    "lists": ([LIST(Node("list", [Node("element", [Node("list", [I("element")], "repeated")], converted="LIST")], "repeated"))],
              [{"a": {"list": [{"element": {"list": [{"element": 1}, {"element": None}]}}, {"element": None},
                               {"element": {"list": []}}]}}, {"a": None}, {"a": {"list": []}}],
              ["array<array<int>>", "array<array<bigint>>", "array<int>", "array<array<string>>", "array<struct<x:int>>"]),
    "map": ([LIST(Node("key_value", [Node("key", "BINARY", "required", **STRING), I("value")], "repeated"), logical="MAP")],
            [{"a": {"key_value": [{"key": "k", "value": 1}, {"key": "l", "value": None}]}}, {"a": None}, {"a": {"key_value": []}}],
            ["map<string,int>", "map<string,bigint>", "map<string,string>", "map<int,int>", "array<int>", "struct<key:string>",
             "array<struct<key:string,value:int>>", "map<string,struct<x:int>>", "int"]),
    "old_map": ([LIST(Node("map", [Node("k", "BINARY", "required", **STRING), I("v")], "repeated"), converted="MAP_KEY_VALUE")],
                [{"a": {"map": [{"k": "k", "v": 1}]}}, {"a": None}], ["map<string,int>"]),
    "set": ([LIST(Node("key_value", [Node("key", "BINARY", "required", **STRING)], "repeated"), logical="MAP")],
            [{"a": {"key_value": [{"key": "k"}]}}], ["map<string,int>"]),
    "map_of_structs": ([LIST(Node("key_value", [Node("key", [I("p")], "required"), Node("value", [I("x"), I("y")])], "repeated"),
                             logical="MAP")],
                       [{"a": {"key_value": [{"key": {"p": 1}, "value": {"x": 1, "y": 2}}, {"key": {"p": 2}, "value": None}]}},
                        {"a": None}],
                       ["map<struct<p:int>,struct<y:int,x:int>>", "map<struct<p:bigint>,struct<z:int>>",
                        "map<struct<p:string>,struct<x:int>>"]),
    "required": ([I(rep="required")], [{"a": 1}, {"a": 2}], ["int", "bigint"]),
    "required_group": ([Node("a", [I("x", "required")], "required")], [{"a": {"x": 1}}], ["struct<x:int>", "struct<y:int>"]),
    "required_inside": ([Node("a", [I("x", "required")])], [{"a": {"x": 1}}, {"a": None}], ["struct<x:int>", "struct<y:int>"]),
    "deep": ([Node("a", [Node("b", [Node("c", [I("x")], "required")])])],
             [{"a": {"b": {"c": {"x": 1}}}}, {"a": {"b": None}}, {"a": None}, {"a": {"b": {"c": {"x": None}}}}],
             ["struct<b:struct<c:struct<x:bigint>>>", "struct<b:struct<c:struct<y:int>>>", "struct<b:struct<d:int>,e:int>", "struct<z:int>"]),
    "same_names": ([Node("a", [I("x"), I("X")])], [{"a": {"x": 1, "X": 2}}, {"a": None}], ["struct<x:int>", "struct<y:int>"]),
    "enum": ([Node("a", "BINARY", logical="ENUM")], [{"a": "E"}], ["string", "binary"]),
    "json": ([Node("a", "BINARY", converted="JSON")], [{"a": "{}"}], ["string", "binary"]),
    "bson": ([Node("a", "BINARY", converted="BSON")], [{"a": b"\5"}], ["string", "binary"]),
    "utf8": ([Node("a", "BINARY", converted="UTF8")], [{"a": "u"}], ["string"]),
    "uuid": ([Node("a", "FIXED", length=16, logical="UUID")], [{"a": b"0123456789abcdef"}], ["string", "binary"]),
    "interval": ([Node("a", "FIXED", length=12, converted="INTERVAL")], [{"a": b"0123456789ab"}], ["binary", "interval day to second"]),
    "binary_decimal": ([Node("a", "BINARY", converted="DECIMAL", precision=30, scale=2)], [{"a": b"\x7b"}, {"a": b"\xff"}, {"a": None},
                                                                                          {"a": b"\x01\0\0\0\0\0\0\0\0"}],
                       ["decimal(30,2)", "decimal(38,5)", "decimal(20,2)", "binary"]),
    "old_time": ([I(converted="TIME_MILLIS")], [{"a": 1}], ["int"]),
    "old_ints": ([I(converted="INT_8"), I("b", converted="UINT_16"), Node("c", "INT64", converted="UINT_64"),
                  Node("d", "INT64", converted="TIMESTAMP_MILLIS"), Node("e", "INT64", converted="TIMESTAMP_MICROS")],
                 [{"a": 300, "b": 65535, "c": -1, "d": 1, "e": 1}], ["int", "tinyint"]),
    "unknown": ([I(logical="UNKNOWN")], [{"a": None}], ["int", "string", "decimal(10,0)", "date", "void"]),
    "unknown_binary": ([Node("a", "BINARY", logical="UNKNOWN")], [{"a": None}], ["string", "int", "void", "binary"]),
    "time_utc": ([Node("a", "INT64", logical=("TIME", "MICROS", True))], [{"a": 300}], ["bigint"]),
    "no_rows": ([I()], [], ["int", "string", "struct<x:int>", "array<struct<x:int>>"]),
    "int96": ([Node("a", "INT96")], [{"a": int96(0, 2440588)}, {"a": int96(86399999999999, 2440587)}, {"a": int96(5 * 86400 * 10**9, 1)}],
              ["timestamp", "timestamp_ntz", "bigint", "binary"]),
    "int96_inside": ([LIST(Node("list", [Node("element", [Node("t", "INT96")])], "repeated"), logical="LIST")],
                     [{"a": {"list": [{"element": {"t": int96(0, 2440588)}}, {"element": {"t": int96(0, 2269000)}}, {"element": None}]}}],
                     ["array<struct<t:timestamp>>", "array<struct<t:timestamp_ntz>>"]),
    "far_millis": ([Node("a", "INT64", converted="TIMESTAMP_MILLIS")], [{"a": 2**62}], ["timestamp", "timestamp_ntz", "bigint"]),
}


def error(e):
    text = str(e).split("\n\nJVM stacktrace")[0]
    m = re.search(r"Parquet column (.*?)\. Expected Spark type (.*), actual Parquet type (\w+)", text)
    if m:
        return "MISMATCH %s is %s" % m.group(1, 3)
    m = re.search(r"\[([A-Z][A-Z0-9_.]+)\] (.*)", text)
    if not m:
        return text.split("\n")[0][:40]
    return m.group(1) if m.group(1).startswith("FAILED_READ_FILE") else m.group(0).split(" SQLSTATE")[0]


def shown(df):
    """Rows as text; what a client's types cannot hold is made text by the engine."""
    odd = ("timestamp", "timestamp_ntz", "date", "interval")
    columns = [f"CAST(`{f.name}` AS STRING) AS `{f.name}`" if f.dataType.simpleString().startswith(odd) else f"`{f.name}`"
               for f in df.schema.fields]
    return " ".join(repr(list(r))[1:-1] for r in df.selectExpr(*columns).collect())


def read(spark, form, folder, asked, columns):
    try:
        r = spark.read.format(form)
        df = (r.schema(asked) if asked else r).load(folder).select(columns)
        return ("" if asked else df.schema.simpleString() + " ") + shown(df)
    except Exception as e:
        return error(e)


def ask_all(spark, form, folder, asks, column="a"):
    """Answers, each with what it answers: {answer: [asked, ...]}."""
    out = {}
    for a in [None, *asks]:
        out.setdefault(read(spark, form, folder, a and f"`{column}` {a}", [column] if column != "a" else ["*"]), []).append(a or "-")
    return out


def parquet_types(spark, folder, name):
    pa.parquet.write_table(pa.table({"a": PARQUET[name]}), f"{folder}/f.parquet", use_dictionary=name == "dictionary",
                           use_deprecated_int96_timestamps=name == "int96", store_decimal_as_integer=name.endswith("_int"))
    return ask_all(spark, "parquet", folder, ASKED)


def parquet_shapes(spark, folder, name):
    fields, rows, asks = SHAPES[name]
    write(f"{folder}/f.parquet", fields, rows)
    return ask_all(spark, "parquet", folder, asks)


# Files of Spark's own writer, made by orc/make.py
ORC_TYPES = "i l s y o f d n t b da ts nt ym dt w ar m st".split()
ORC_NESTED = ["array<bigint>", "array<string>", "array<struct<x:int>>", "map<string,bigint>", "map<string,string>", "map<int,int>",
              "struct<X:bigint,y:array<struct<z:string>>>", "struct<y:array<struct<w:int,z:binary>>>", "struct<y:array<struct<w:int,z:string>>>"]
ORC_FILES = ["many", "runs_1", "stripes", "none", "snappy", "zlib", "lzo", "lz4", "zstd"]


def orc_types(spark, folder, name):
    return ask_all(spark, "orc", f"{ORC}/types", ASKED + ORC_NESTED, name)


def orc_files(spark, folder, name):
    """Of each column a sum that every value takes part in."""
    df = spark.read.orc(f"{ORC}/{name}")
    sums = [f"sum(CAST(xxhash64(to_json(named_struct('v', `{c}`))) AS DECIMAL(38,0))) AS `{c}`" for c in df.columns]
    return {df.schema.simpleString() + " " + shown(df.selectExpr("count(*) AS all_rows", *sums)): ["-"]}


GROUPS = {"orc_types": (orc_types, ORC_TYPES), "orc_files": (orc_files, ORC_FILES),
          "parquet_types": (parquet_types, PARQUET), "parquet_shapes": (parquet_shapes, SHAPES)}
