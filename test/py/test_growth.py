"""Small requests that grow: what a request makes the engine hold and do grows with the request, no faster, and
what is too deep or too large is refused by a class of its own. The engine lives after each."""
import os
import re
import threading

import grpc
import pytest
from conftest import Engine
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

TOO_COMPLEX = "FAILED_TO_PARSE_TOO_COMPLEX"  # Spark 4.2.0's class, too: 1,000 terms of + are more than it takes
PLAN_DEPTH = "PLAN_DEPTH_EXCEEDED"
TOO_LARGE = "PLAN_TOO_LARGE"
NESTED_TYPE = "UNSUPPORTED_FEATURE"
MiB = 1 << 20


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    e = Engine(str(tmp_path_factory.mktemp("growth")))
    yield e
    assert e.process.poll() is None, f"the engine had ended with {e.process.poll()}"
    assert e.stop() == 0


@pytest.fixture(scope="module")
def spark(engine):
    s = engine.session()
    yield s
    s.stop()


def usage(engine):
    """Peak memory in bytes, seconds of CPU."""
    pid = engine.process.pid
    with open(f"/proc/{pid}/status") as f:
        peak = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) * 1024
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return peak, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def calm(engine):
    with open(f"/proc/{engine.process.pid}/clear_refs", "w") as f:
        f.write("5")  # the peak starts anew
    return usage(engine)


def outcome(fn):
    try:
        return fn()
    except PySparkException as e:
        return e.getCondition()


def lives(spark):
    assert spark.range(3).count() == 3


# ---- SQL ----

def chain(term, op):
    return lambda n: "SELECT count(*) FROM range(4) WHERE " + op.join([term] * n)


def select(before, inner, after):
    return lambda n: "SELECT " + before * n + inner + after * n


# name: (text of size n, a size that works, what it gives at 40 times that)
RULES = {
    "or": (chain("id = 1", " OR "), 2500, 1),
    "and": (chain("id < 3", " AND "), 2500, 3),
    "in": (lambda n: f"SELECT count(*) FROM range(4) WHERE id IN ({','.join(map(str, range(n)))})", 2500, 4),
    "in texts": (lambda n: "SELECT count(*) FROM range(4) WHERE concat('text number ', id) IN ("
                 + ",".join(f"'text number {i}'" for i in range(n)) + ")", 2500, 4),
    "plus": (lambda n: "SELECT " + "+".join(["1"] * n), 3000, TOO_COMPLEX),
    "concat": (lambda n: "SELECT length(" + "||".join(["'a'"] * n) + ")", 3000, TOO_COMPLEX),
    "postfix casts": (select("", "1", "::int"), 3000, TOO_COMPLEX),
    "comparisons": (select("", "true", " = true"), 3000, TOO_COMPLEX),
    "is null": (select("", "1", " IS NULL"), 3000, TOO_COMPLEX),
    "like": (select("", "'a'", " LIKE 'a'"), 800, TOO_COMPLEX),
    "case": (lambda n: "SELECT CASE id" + "".join(f" WHEN {i} THEN {i}" for i in range(n)) + " END FROM range(1)",
             2500, 0),
    "parentheses": (select("(", "1", ")"), 900, TOO_COMPLEX),
    "calls": (select("abs(", "1", ")"), 900, TOO_COMPLEX),
    "not": (select("NOT ", "true", ""), 900, TOO_COMPLEX),
    "minus": (select("- ", "1", ""), 900, TOO_COMPLEX),
    "nested case": (select("CASE WHEN true THEN ", "1", " END"), 900, TOO_COMPLEX),
    "lambdas": (select("size(transform(array(1), x -> ", "x", "))"), 400, TOO_COMPLEX),
    "subqueries": (lambda n: "SELECT * FROM (" * n + "SELECT 1 a" + ")" * n, 400, TOO_COMPLEX),
    "common table expressions": (lambda n: "WITH c0 AS (SELECT 1 a)" + "".join(
        f", c{i} AS (SELECT a FROM c{i - 1})" for i in range(1, n)) + f" SELECT a FROM c{n - 1}", 500, PLAN_DEPTH),
    "their names": (lambda n: "WITH " + ", ".join(f"c{i} AS (SELECT {i} a)" for i in range(n)) + " SELECT a FROM c0",
                    250, 0),
    "unions": (lambda n: "SELECT count(*) FROM (" + " UNION ALL ".join(["SELECT 1"] * n) + ")", 900, PLAN_DEPTH),
    "columns": (lambda n: "SELECT " + ",".join(f"{i} c{i}" for i in range(n)), 1000, 0),
    "rand": (lambda n: "SELECT " + ",".join(f"rand({i}) > 2" for i in range(n)), 300, False),
    "values": (lambda n: "SELECT count(*) FROM VALUES " + ",".join(["(1)"] * n), 1000, 40000),
    "array": (lambda n: f"SELECT size(array({','.join(['1'] * n)}))", 2500, 100000),
    "adjacent texts": (lambda n: "SELECT length('" + "' '".join(["a"] * n) + "')", 2500, 100000),
    "array types": (lambda n: "SELECT CAST(null AS " + "array<" * n + "int" + ">" * n + ") IS NULL", 200, NESTED_TYPE),
    "struct types": (lambda n: "SELECT CAST(null AS " + "struct<a:" * n + "int" + ">" * n + ") IS NULL", 200, NESTED_TYPE),
    "map types": (lambda n: "SELECT CAST(null AS " + "map<int," * n + "int" + ">" * n + ") IS NULL", 200, NESTED_TYPE),
    "arrays": (lambda n: "SELECT size(" + "array(" * n + "1" + ")" * n + ")", 200, TOO_COMPLEX),
    "parts of a name": (lambda n: "SELECT " + ".".join(["a"] * n), 1000, "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"),
    "open parentheses": (lambda n: "SELECT " + "(" * n, 900, TOO_COMPLEX),
    "open quotes": (lambda n: "SELECT 'a' " + "'" * (2 * n + 1), 1000, "PARSE_SYNTAX_ERROR"),
}


def run_sql(spark, text):
    return outcome(lambda: spark.sql(text).collect()[0][0])


@pytest.mark.parametrize("name", RULES)
def test_rule_grows_and_is_refused(engine, spark, name):
    text, n, last = RULES[name]
    is_error = isinstance(run_sql(spark, text(2)), str)
    got = run_sql(spark, text(n))
    assert isinstance(got, str) == is_error or name.startswith("open"), got
    assert run_sql(spark, text(40 * n)) == last
    lives(spark)


@pytest.mark.measures_memory
@pytest.mark.parametrize("name", RULES)
def test_growth_is_linear(engine, spark, name):
    """At n, 2n, 4n: twice the text takes twice the memory and time, within a generous factor. What is small in
    absolute numbers says nothing."""
    text, n, _ = RULES[name]
    n *= 2 if RULES[name][2] not in (TOO_COMPLEX, PLAN_DEPTH, NESTED_TYPE) else 10
    run_sql(spark, text(n))
    grew = []
    for k in (n, 2 * n, 4 * n):
        peak, cpu = calm(engine)
        run_sql(spark, text(k))
        after, cpu_after = usage(engine)
        grew.append((after - peak, cpu_after - cpu))
    assert grew[2][0] < max(256 * MiB, 8 * grew[0][0]), grew
    assert grew[2][1] < max(1.0, 8 * grew[0][1]), grew


# ---- what stands where it is used, doubled ----

DOUBLING = {
    "common table expressions": (lambda n: "WITH c0 AS (SELECT 1 a)" + "".join(
        f", c{i} AS (SELECT * FROM c{i - 1} UNION ALL SELECT * FROM c{i - 1})" for i in range(1, n + 1))
        + f" SELECT count(*) FROM c{n}", TOO_LARGE),
    "between": (lambda n: "SELECT count(*) FROM range(1) WHERE id < 1" + " BETWEEN true AND true" * n, TOO_LARGE),
    "case of case": (lambda n: "SELECT " + "CASE " * n + "1" + " WHEN 1 THEN 1 WHEN 2 THEN 1 END" * n, TOO_COMPLEX),
}


@pytest.mark.parametrize("name", DOUBLING)
def test_doubling_is_refused(engine, spark, name):
    text, refused = DOUBLING[name]
    assert run_sql(spark, text(4)) in (1, 16)
    calm(engine)
    assert run_sql(spark, text(60)) == refused
    lives(spark)


# ---- lists against a set ----

@pytest.mark.parametrize("values", [
    list(range(0, 20000, 2)), [f"value {i}" for i in range(0, 6000, 2)], [i / 4 for i in range(0, 6000, 2)],
], ids=["whole", "text", "double"])
def test_isin_of_many(spark, values):
    column = {int: F.col("id"), str: F.concat(F.lit("value "), F.col("id")), float: F.col("id") / 4}[type(values[0])]
    key = {int: lambda i: i, str: lambda i: f"value {i}", float: lambda i: i / 4}[type(values[0])]
    want = [i for i in range(30000) if key(i) in set(values)]
    got = [r.id for r in spark.range(30000).filter(column.isin(values)).collect()]
    assert got == want
    among = spark.range(30000).select(column.isin(values[:500] + [None]).alias("a")).groupBy("a").count().collect()
    assert {r.a: r["count"] for r in among} == {True: 500, None: 29500}  # SPARK: unknown, for one of them is null


# ---- types as JSON ----

@pytest.mark.parametrize("n", [40, 5000])
def test_types_as_json(spark, tmp_path, n):
    nested = '{"type":"struct","fields":[{"name":"a","nullable":true,"metadata":{},"type":' * n + '"integer"' + "}]}" * n
    reader = spark.read
    reader._schema = nested  # the client's own parser would be deeper in itself than Python goes
    assert outcome(lambda: reader.json(str(tmp_path / "none")).schema) in (
        ("PATH_NOT_FOUND",) if n == 40 else (NESTED_TYPE, "INVALID_JSON_DATA_TYPE"))
    lives(spark)


def test_deep_type_in_a_table(spark, tmp_path):
    """What is written is read again: 60 structs are 180 levels of JSON."""
    text = "named_struct('a', " * 60 + "7" + ")" * 60
    path = str(tmp_path / "deep")
    spark.sql(f"SELECT {text} AS s").write.format("delta").save(path)
    got = spark.read.format("delta").load(path).select("s." + ".".join(["a"] * 60)).collect()
    assert got[0][0] == 7


# ---- messages ----

def call(engine, method, data):
    """Raw bytes, so that a message can be what the client's library never writes."""
    with grpc.insecure_channel(f"localhost:{engine.port}") as channel:
        fn = channel.unary_stream(f"/spark.connect.SparkConnectService/{method}")
        try:
            list(fn(data, metadata=[("authorization", f"Bearer {engine.token}")], timeout=60))
        except grpc.RpcError as e:
            return e.details()
    return ""


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


HEAD = field(1, b"6f6d6d6e-0000-4000-8000-000000000001")
SET = field(3, field(1, field(1, field(1, b"k") + field(2, b"v"))))  # ConfigRequest.operation.set.pairs
TINY = field(2, b"")


def repeated_set(n):
    return "Config", HEAD + SET * n


def empty_expressions(n):
    """Two bytes each: arguments of a function in a projection."""
    function = field(3, field(1, b"coalesce") + TINY * n)
    return "ExecutePlan", HEAD + field(3, field(1, field(3, field(3, function))))


def unknown_fields(n):
    return "Config", HEAD + varint(1000 << 3) + b"\0" + (varint(1001 << 3) + b"\0") * n


@pytest.mark.parametrize("make", [repeated_set, empty_expressions, unknown_fields])
@pytest.mark.parametrize("n", [20_000, 8_000_000])
def test_messages_grow(engine, spark, make, n):
    method, data = make(n)
    lives(spark)
    peak, _ = calm(engine)
    said = call(engine, method, data)
    after, _ = usage(engine)
    if make is repeated_set:
        assert "operation" in said and "one value" in said, said
    elif n > 1_000_000:
        assert "spark.weir.connect.memory" in said, said
    assert after - peak < 96 * MiB + 16 * len(data), (after - peak) // MiB
    lives(spark)


# ---- DataFrames ----

def deep(fn):
    """The client recurses, too: on a thread that has the stack for it."""
    out, error = [], []

    def run():
        try:
            out.append(fn())
        except BaseException as e:
            error.append(e)
    import sys
    limit, size = sys.getrecursionlimit(), threading.stack_size(256 << 20)
    sys.setrecursionlimit(100000)
    try:
        t = threading.Thread(target=run)
        t.start()
        t.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if error:
        raise error[0]
    return out[0]


STEPS = {
    "withColumn": lambda d, i: d.withColumn(f"c{i % 5}", F.col("id") + i),
    "doubled": lambda d, i: d.withColumn("id", (F.col("id") + F.col("id")) % 1000).filter("id >= 0"),
    "filter": lambda d, i: d.filter(F.col("id") > -i - 1),
    "union": lambda d, i: d.union(d.limit(0)) if i < 8 else d.select("*"),
    "renamed": lambda d, i: d.withColumnRenamed("c", "b").withColumnRenamed("b", "c"),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("n, want", [(100, 3), (700, PLAN_DEPTH)])
def test_steps(engine, spark, name, n, want):
    d = spark.range(3)
    for i in range(n):
        d = STEPS[name](d, i)
    assert deep(lambda: outcome(lambda: len(d.collect()))) == want
    lives(spark)


def test_views_of_views(spark):
    for n in range(400):
        below = f"grown_{n - 1}" if n else "range(3)"
        spark.sql(f"CREATE OR REPLACE TEMPORARY VIEW grown_{n} AS SELECT id FROM {below}")
    assert outcome(lambda: spark.sql("SELECT count(*) FROM grown_200").collect()[0][0]) in (3, PLAN_DEPTH)
    assert outcome(lambda: spark.sql("SELECT count(*) FROM grown_399").collect()[0][0]) in (3, PLAN_DEPTH)
    lives(spark)
