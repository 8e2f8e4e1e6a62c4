"""Expressions over literals of every small type, NULL among them: arithmetic, comparisons, functions that coerce."""
from crosscheck_driver import Case, rows

NUMBERS = ["1", "2", "0", "null", "1.5", "'3'", "cast(7 as smallint)", "2.50BD", "1e3", "-4L", "3Y", "2.5f", "-0.0D", "cast(null as int)"]
SPANS = ["interval 1 day", "interval '2' hour", "interval '1-2' year to month", "interval '1 02:03:04' day to second"]
MOMENTS = ["date'2020-02-29'", "timestamp'2020-02-29 12:00:00'", "timestamp_ntz'2019-12-31 23:59:59'"]
TEXTS = ["'a'", "'A' 'b'", "''", "null", "'it''s'", '"q""x"', "'3'", "r'a\\d'"]
PATTERNS = ["'a'", "'(?i)A'", "'^$'", "null", "'[ab]+'", "'('", "'%'", "'_'", "'\\\\d'"]
OTHER = ["true", "null", "array(1, null)", "named_struct('x', 1)", "x'41'"]


def arithmetic(rnd):
    a, b = rnd.choice(NUMBERS), rnd.choice(NUMBERS)
    return rnd.choice([f"{a} {rnd.choice('+-*/%')} {b}", f"{a} {rnd.choice('+-*/%')} {b}", f"{a} div {b}", f"pmod({a}, {b})", f"-({a})", f"abs({a})",
                       f"({a} + {b}) * {rnd.choice(NUMBERS)}", f"{a} {rnd.choice(['&', '|', '^'])} {b}", f"~{a}", f"round({a}, 1)", f"{a} + {b} - {a}"])


def time(rnd):
    a, b = rnd.choice(MOMENTS + SPANS + ["null"]), rnd.choice(MOMENTS + SPANS + ["null", "1", "2L"])
    return rnd.choice([f"{a} {rnd.choice('+-')} {b}", f"{b} {rnd.choice('+-')} {a}", f"{rnd.choice(SPANS)} {rnd.choice('*/')} {rnd.choice(NUMBERS)}",
                       f"{rnd.choice(NUMBERS)} * {rnd.choice(SPANS)}", f"-{rnd.choice(SPANS)}", f"{a} < {b}", f"datediff({a}, {b})"])


def choice(rnd):
    pool = rnd.choice([NUMBERS, NUMBERS + TEXTS, MOMENTS + ["null"], NUMBERS + OTHER, TEXTS])
    a, b, c = (rnd.choice(pool) for _ in range(3))
    return rnd.choice([f"coalesce({a}, {b}, {c})", f"nvl({a}, {b})", f"nullif({a}, {b})", f"if({a} is null, {b}, {c})", f"greatest({a}, {b})",
                       f"least({a}, {b}, {c})", f"array({a}, {b})", f"case when {a} = {b} then {b} else {c} end", f"nvl2({a}, {b}, {c})", f"map(1, {a}, 2, {b})"])


def comparison(rnd):
    pool = rnd.choice([NUMBERS, TEXTS, MOMENTS + ["null"], NUMBERS + TEXTS])
    a, b, c = (rnd.choice(pool) for _ in range(3))
    return rnd.choice([f"{a} {rnd.choice(['=', '<=>', '<', '>=', '<>', '!='])} {b}", f"{a} in ({b}, {c})", f"{a} not in ({b}, null)",
                       f"{a} between {b} and {c}", f"{a} is distinct from {b}", f"({a} = {b}) and ({b} < {c})", f"not ({a} = {b}) or {c} is null"])


def text(rnd):
    a, b = rnd.choice(TEXTS), rnd.choice(TEXTS)
    p = rnd.choice(PATTERNS)
    return rnd.choice([f"{a} rlike {p}", f"regexp({a}, {p})", f"{a} like {p}", f"{a} not like {p}", f"{a} || {b}", f"concat({a}, {b}, 1)", f"upper({a})",
                       f"regexp_replace({a}, {p}, {b})", f"substring({a}, 1, {rnd.choice(NUMBERS[:4])})", f"length({a} || {b})", f"{a} {b}",
                       f"regexp_count({a}, {p})", f"replace({a}, {b})", f"trim({a})", f"{a} ilike {p}", f"concat_ws({a}, {b}, 'z')"])


def cases(rnd, n):
    for _ in range(n):
        parts = [rnd.choice([arithmetic, time, choice, comparison, text])(rnd) for _ in range(rnd.choice([1, 1, 2]))]
        statement = "select " + ", ".join(parts)
        yield Case(statement, lambda spark, folder, s=statement: rows(spark.sql(s)))
