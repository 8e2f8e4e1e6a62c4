"""References to columns and fields in any spelling, with and without spark.sql.caseSensitive, through every relation that names
columns: what the output is called, which rows come, which errors."""
import os

from crosscheck_driver import Case, rows
from pyspark.sql import functions as F

BASE = ("select 1 id, 'x' name, named_struct('xx', 1, 'YY', named_struct('z', 2)) s, map('k', 3) m, array(named_struct('k', 4)) arr, "
        "5 `Ärger`, 6 `a.b` union all select 2, null, named_struct('xx', null, 'YY', named_struct('z', 7)), null, array(), null, 8")
TWICE = "select 1 id, 2 ID, 'x' name, named_struct('xx', 1, 'XX', 2) s"
COLUMNS = ["id", "name", "s", "m", "arr", "`Ärger`", "`a.b`"]
PATHS = ["s.xx", "s.yy", "s.yy.z", "m.k", "arr.k", "s.nope", "id.x"]
SCALAR = ["id", "name", "`Ärger`", "`a.b`", "s.xx", "s.yy.z"]


def spelled(rnd, name):
    how = rnd.random()
    if how < 0.35:
        return name
    return name.upper() if how < 0.6 else name.lower() if how < 0.8 else name.title() if how < 0.95 else name.swapcase()


def column(rnd, of=COLUMNS):
    return spelled(rnd, rnd.choice(of))


def plain(name):
    return name.strip("`")


def reference(rnd):
    r = column(rnd, COLUMNS[:5] + PATHS if rnd.random() < 0.4 else COLUMNS)
    if rnd.random() < 0.15:
        r = spelled(rnd, "v") + "." + r
    return r


def expression(rnd):
    a, b = column(rnd, SCALAR), column(rnd, SCALAR)
    return rnd.choice([a, a, f"{a} as X", f"upper({a})", f"coalesce({a}, {b})", f"struct({a}, {b})", f"array({a})[0]", f"cast({a} as string)",
                       f"{a} is null", f"-{a}", f"named_struct('q', {a})", f"to_json(struct({a}, {b}))", f"nvl({a}, 'q')",
                       f"case when {a} = 1 then {b} end", f"s.{spelled(rnd, 'YY')}", f"s.{spelled(rnd, 'yy')}.{spelled(rnd, 'z')}",
                       f"arr.{spelled(rnd, 'k')}", f"m.{spelled(rnd, 'k')}", f"m['{spelled(rnd, 'k')}']", f"s['{spelled(rnd, 'xx')}']",
                       f"struct(s.{spelled(rnd, 'xx')}, {a})", f"transform(arr, e -> e.{spelled(rnd, 'k')})", "*", f"s.*",
                       f"in_({a})".replace("in_(", "(") + " in (1, 2)", f"{a} between 1 and {b}"])


def op(rnd):
    """A step over a frame: (its text, f)."""
    kind = rnd.choice(["select", "select", "expr", "expr", "group", "group", "dedup", "withColumn", "withColumns", "rename", "renames",
                       "drop", "sort", "filter", "union", "byName", "fill", "dropna", "replace", "item", "regex", "field", "todf",
                       "alias", "nested", "attribute", "where", "agg_sql", "distinct_sort", "update"])
    n = rnd.choice([1, 1, 2, 3])
    cols = [reference(rnd) for _ in range(n)]
    groups = [c for c in cols[:2] if c.split(".")[-1].lower() != "m"] or ["iD"]  # weir groups by no maps
    flat = [plain(column(rnd)) for _ in range(n)]
    exprs = [expression(rnd) for _ in range(n)]
    a, b = column(rnd, SCALAR), column(rnd, SCALAR)
    agg = rnd.choice([F.max, F.min, F.count, F.first])
    new = rnd.choice([plain(column(rnd)), "New"])
    f = {
        "select": lambda d: d.select(*cols),
        "expr": lambda d: d.selectExpr(*exprs),
        "group": lambda d: d.groupBy(*groups).agg(agg(a), F.count(b)),
        "dedup": lambda d: d.dropDuplicates(flat),
        "withColumn": lambda d: d.withColumn(new, F.expr(exprs[0] if "*" not in exprs[0] else a)),
        "withColumns": lambda d: d.withColumns({new: F.lit(1), plain(a): F.col(b)}),
        "rename": lambda d: d.withColumnRenamed(flat[0], new),
        "renames": lambda d: d.withColumnsRenamed({flat[0]: new, plain(a): "Other"}),
        "drop": lambda d: d.drop(*flat),
        "sort": lambda d: d.sort(a, F.desc(b)),
        "filter": lambda d: d.filter(f"{a} = 1 or {b} is null"),
        "union": lambda d: d.select(a).union(d.select(b)),
        "byName": lambda d: d.select(a, b).unionByName(d.select(*sorted([a.upper(), b.lower()])), allowMissingColumns=n > 1),
        "fill": lambda d: d.fillna({flat[0]: 9}) if n > 1 else d.fillna("fill", subset=flat),
        "dropna": lambda d: d.dropna(subset=flat),
        "replace": lambda d: d.replace(1, 100, subset=flat),
        "item": lambda d: d.select(d[a], d[b].alias("B")),
        "regex": lambda d: d.select(d.colRegex(f"`{rnd_pattern}`")),
        "field": lambda d: d.select(F.col("s").getField(plain(cols[0]).split(".")[-1]), F.col("s").withField(flat[0], F.lit(1))),
        "todf": lambda d: d.select(a, b).toDF("P", "q").select(spelled_pq[0], spelled_pq[1]),
        "alias": lambda d: d.alias("T").select(f"{spelled_t}.{a}", f"{spelled_t}.*"),
        "nested": lambda d: d.select(F.col("s").dropFields(flat[0])),
        "update": lambda d: d.select(F.col("s").withField(spelled_path, F.lit(n)).dropFields(spelled_gone), F.col("s").dropFields(spelled_path)),
        "attribute": lambda d: d.select(getattr(d, spelled_name)),
        "where": lambda d: d.where(F.col(a) == F.lit(1)).select(F.struct(a, b), F.array(a)),
        "agg_sql": lambda d: d.groupBy(a).agg({plain(b): "max", "*": "count"}),
        "distinct_sort": lambda d: d.select(a, b).distinct().orderBy(a.swapcase()),
    }[kind]
    rnd_pattern = spelled(rnd, rnd.choice(["(id|name)", "n.*", "(id)?+.+"]))
    spelled_pq = [spelled(rnd, "p"), spelled(rnd, "Q")]
    spelled_path, spelled_gone = spelled(rnd, rnd.choice(["yy.z", "YY.n", "xx", "YY", "new", "nope.z"])), spelled(rnd, rnd.choice(["xx", "YY.z", "YY.q"]))
    spelled_t, spelled_name = spelled(rnd, "t"), spelled(rnd, "name")
    text = {"select": cols, "expr": exprs, "group": [groups, a, b], "item": [a, b], "alias": [spelled_t, a], "regex": rnd_pattern,
            "attribute": spelled_name, "update": [spelled_path, spelled_gone], "todf": [a, b, spelled_pq]}.get(kind, [flat, cols, exprs[:1], a, b, new])
    return f"{kind}{text}", f


def sql(rnd):
    a, b, c = column(rnd, SCALAR), column(rnd, SCALAR), spelled(rnd, "v")
    e, g = expression(rnd), expression(rnd)
    return rnd.choice([
        f"select {e}, {g} from names_v {c}", f"select {c}.{a}, {b} from names_v v", f"select {a}, count({b}) from names_v group by {a}",
        f"select {a.upper()}, max({b}) as M from names_v group by {a.lower()} having max({b.upper()}) > 0",
        f"select {a} from names_v order by {b}", f"select {a} as X from names_v order by {spelled(rnd, 'x')}",
        f"with C as (select {a}, {b} from names_v) select {c.replace('v', 'c').replace('V', 'C')}.{a.upper()} from c",
        f"select q.{a} from (select {a}, {b} from names_v) Q", f"select {spelled(rnd, 'names_v')}.{a} from names_v",
        f"select {a} from names_v union all select {b} from names_v", f"select distinct {a}, {a.upper()} from names_v",
        f"select * except ({a}) from names_v", f"select {e} from names_v where {a} = 1", f"select count(distinct {a}), sum({b}) from names_v",
        f"select {a}, {a.upper()} as {b} from names_v", f"select t.{spelled(rnd, 'x')} from (select {a} x from names_v) t",
        f"select struct({a}, {b}).{a.split('.')[-1].upper()} from names_v", f"select max({e}) from names_v", f"select {e} group by all from names_v",
        f"select {a}, sum(id) over_ from names_v group by 1", f"select {a}, count(*) from names_v group by all order by all",
        f"select from_json('{{\"A\":1,\"a\":2}}', 'a INT, {spelled(rnd, 'b')} INT'), {a} from names_v"])


def written(rnd):
    """Sinks: what stands in files and tables."""
    kind = rnd.choice(["json", "part", "delta", "deltaPart", "append", "insert", "view", "stream"])
    a, b = plain(column(rnd, COLUMNS[:2])), plain(column(rnd, COLUMNS[:3]))

    def f(spark, d, folder):
        out = f"{folder}/out"
        if kind == "json":
            d.select(a, b).write.json(out)
            return rows(spark.read.json(out))
        if kind == "part":
            d.select(a, b, "id").toDF("P", "Q", "R").write.partitionBy(spelled_p).json(out)
            return [sorted(n for n in os.listdir(out) if "=" in n), rows(spark.read.json(out))]
        if kind == "delta":
            d.select(a, b).write.format("delta").save(out)
            return rows(spark.read.format("delta").load(out))
        if kind == "deltaPart":
            d.select("id", b).write.format("delta").partitionBy(spelled_id).save(out)
            return [sorted(n for n in os.listdir(out) if "=" in n), rows(spark.read.format("delta").load(out))]
        if kind == "append":
            d.select("id", "name").write.format("delta").save(out)
            d.select("id", "name").toDF(spelled_id, spelled_id + "2").withColumnRenamed(spelled_id + "2", spelled_n) \
                .write.format("delta").mode("append").save(out)
            return rows(spark.read.format("delta").load(out))
        if kind == "view":
            d.createOrReplaceTempView("names_w")
            return rows(spark.sql(f"select {a}, {b}, W.* from {spelled_w} w"))
        if kind == "stream":
            d.select("id", "name").write.json(out)
            s = spark.readStream.schema("id INT, name STRING").json(out).select(spelled_id, spelled_n)
            s.writeStream.format("json").option("path", out + "2").option("checkpointLocation", out + "3") \
                .trigger(availableNow=True).start().awaitTermination(60)
            return rows(spark.read.json(out + "2"))
        table = f"names_t_{os.getpid()}_{abs(hash(folder)) % 10**9}"
        spark.sql(f"create table {table} (Id INT, Name STRING) using delta location '{out}'")
        try:
            spark.sql(f"insert into {table.upper()} ({spelled_n}, {spelled_id}) select {a}, id from names_v")
            return rows(spark.sql(f"select {spelled_id}, * from {table}"))
        finally:
            spark.sql(f"drop table {table}")

    spelled_p, spelled_id, spelled_n, spelled_w = spelled(rnd, "p"), spelled(rnd, "id"), spelled(rnd, "name"), spelled(rnd, "names_w")
    return f"{kind} {a} {b} {spelled_p} {spelled_id} {spelled_n}", f


def run(spark, folder, exact, base, steps, text, sink):
    spark.conf.set("spark.sql.caseSensitive", str(exact).lower())
    try:
        d = spark.sql(base)
        d.createOrReplaceTempView("names_v")
        if text:
            return rows(spark.sql(text))
        for _, f in steps:
            d = f(d)
        return sink[1](spark, d, folder) if sink else rows(d)
    except TimeoutError:
        raise
    except Exception as e:  # of several faults in one query, which one is told first is not said
        if "[UNSUPPORTED_FEATURE]" in str(e):
            raise
        return "refused"
    finally:
        spark.conf.unset("spark.sql.caseSensitive")


def cases(rnd, n):
    for _ in range(n):
        exact, base = rnd.random() < 0.3, BASE if rnd.random() < 0.85 else TWICE
        how = rnd.random()
        steps = [op(rnd) for _ in range(rnd.choice([1, 1, 1, 2, 2, 3]))] if how < 0.5 else []
        text = sql(rnd) if 0.5 <= how < 0.8 else None
        sink = written(rnd) if how >= 0.8 else None
        name = f"{'exact ' if exact else ''}{'twice ' if base == TWICE else ''}{[t for t, _ in steps]} {text or ''} {sink[0] if sink else ''}"
        yield Case(name, lambda spark, folder, e=exact, b=base, s=steps, t=text, k=sink: run(spark, folder, e, b, s, t, k))
