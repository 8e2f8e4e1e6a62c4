"""Small expressions over small numbers: whether the driver itself works."""
from crosscheck_driver import Case, rows

PARTS = ["1", "2", "null", "1.5", "'3'", "cast(7 as smallint)", "2.50BD", "1e3"]


def cases(rnd, n):
    for _ in range(n):
        a, b, op = rnd.choice(PARTS), rnd.choice(PARTS), rnd.choice("+-*/%")
        text = f"select {a} {op} {b} as x, coalesce({b}, {a}) as y"
        yield Case(text, lambda spark, folder, text=text: rows(spark.sql(text)))
