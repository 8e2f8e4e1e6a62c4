"""Small statements over inline tables: select lists, stars, grouping, HAVING, ORDER BY, set operations, WITH, what the clauses may name."""
from crosscheck_driver import Case, rows

TABLE = ("(select * from values (1, 'x', 2.5BD, named_struct('p', 1, 'q', 'u')), (2, 'y', null, named_struct('p', 2, 'q', null)), "
         "(2, 'x', 1.0BD, null), (null, null, 3.5BD, named_struct('p', 1, 'q', 'u')) as t(a, b, c, s)) t")
COLUMNS = ["a", "b", "c", "s.p", "t.a", "A"]
AGGREGATES = ["count(*)", "sum(a)", "max(b)", "min(c)", "count(distinct a)", "avg(a)", "count(b)", "first(b, true) is null", "mode(a) is null", "sum(c) + 1",
              "sum(a) filter (where a > 1)", "count(if(a > 1, 1, null))", "bool_and(a > 0)", "any_value(1)"]
SCALARS = ["a + 1", "upper(b)", "coalesce(c, 0)", "a is null", "concat(b, 'z')", "case when a = 1 then 'one' else b end", "1", "'k' 'l'", "s", "s.q",
           "cast(a as string)", "a % 2"]
CONDITIONS = ["a > 1", "b = 'x'", "c is not null", "s.p = 1", "a in (1, null)", "b like 'x%'", "true", "null", "a = 1 or b is null", "not a > 1"]


def items(rnd, pool, most=3):
    return rnd.sample(pool, rnd.randint(1, most))


def aliased(rnd, item):
    return f"{item} as {rnd.choice(['k', 'a', 'z', 'B'])}" if rnd.random() < 0.25 else item


def plain(rnd):
    star = rnd.choice(["*", "t.*", "* except (b)", "* except (s.p)", "t.* except (a, c)", "s.*", "* except (s.p, s.q)", "* except (zz)", "s.* except (q)"])
    what = rnd.choice([star, star + ", a + 1 as n", ", ".join(aliased(rnd, x) for x in items(rnd, COLUMNS + SCALARS))])
    where = rnd.choice(["", "", f" where {rnd.choice(CONDITIONS)}"])
    order = rnd.choice(["", " order by all", " order by all desc", " order by a nulls last, b", " order by 1", " order by c desc, b, a"])
    return f"select {rnd.choice(['', 'distinct '])}{what} from {TABLE}{where}" + ("" if "s.p = 1" in order else order)


def grouped(rnd):
    keys = items(rnd, COLUMNS + SCALARS[:6], 2)
    shown = [aliased(rnd, x) for x in keys + items(rnd, AGGREGATES, 2)]
    rnd.shuffle(shown)
    group = rnd.choice([" group by all", " group by all", " group by " + ", ".join(keys), " group by " + ", ".join(keys), "", " group by 1", " group by k"])
    having = rnd.choice(["", "", "", f" having {rnd.choice(AGGREGATES[:4])} is not null", " having count(*) > 1", " having a > 1", " having k is null", " having false"])
    order = rnd.choice(["", "", " order by all", " order by count(*), 1", " order by 1 desc"])
    if "(" in having:  # Spark refuses aggregates in ORDER BY above those of HAVING; weir answers
        order = order.replace("count(*), 1", "1")
    where = rnd.choice(["", "", f" where {rnd.choice(CONDITIONS)}", " where false"])
    return f"select {', '.join(shown)} from {TABLE}{where}{group}{having}{order}"


def whole(rnd):
    what = ", ".join(aliased(rnd, x) for x in items(rnd, AGGREGATES + ["1 + count(*)", "a"], 3))
    return f"select {what} from {TABLE}" + rnd.choice(["", " where false", " where a = 1"]) + rnd.choice(["", " having true", " having count(*) > 9", " having max(a) = 2"])


def sets(rnd):
    def side():
        return rnd.choice(["select a, b from " + TABLE, "select b, a from " + TABLE, "values (1, 'x'), (1, 'x'), (2, null)", "select 1, 'x'", "select a, c from " + TABLE,
                           "select null, null", "values (2, 'x'), (1, 'x'), (2, 'x')", "select a from " + TABLE])

    def op():
        return rnd.choice(["union", "union all", "intersect", "intersect all", "except", "except all", "minus"])
    text = f"{side()} {op()} {side()}"
    if rnd.random() < 0.4:
        text = rnd.choice([f"{text} {op()} {side()}", f"({text}) {op()} {side()}", f"{side()} {op()} ({text})"])
    return text + rnd.choice(["", "", " order by 1, 2", " order by all"])


def nested(rnd):
    inner = plain(rnd).split(" order by")[0]
    return rnd.choice([f"with c as ({inner}) select * from c", f"with c as ({inner}), d as (select * from C) select count(*) from d", f"select q.* from ({inner}) as Q",
                       f"select count(*), count(distinct *) from ({inner}) q", f"with c as ({inner}) select * from c union all select * from c",
                       f"with a as (select 1 x), b as (select x + 1 y from a) select * from b where Y = {rnd.choice('12')}",
                       f"select x.a from ({inner}) x where x.a is not null", f"select A from ({inner}) group by a having count(*) >= 1"])


def run(spark, statement):
    try:
        return rows(spark.sql(statement), ordered="order by all" in statement)
    except TimeoutError:
        raise
    except Exception as e:  # of several faults in one statement, which one is told first is not said
        if "[UNSUPPORTED_FEATURE]" in str(e):
            raise
        return "refused"


def cases(rnd, n):
    for _ in range(n):
        statement = rnd.choice([plain, grouped, grouped, whole, sets, nested])(rnd)
        yield Case(statement, lambda spark, folder, s=statement: run(spark, s))
