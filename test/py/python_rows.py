"""What the rows of test/golden/python are made from, and how a foreach function writes them down; for Spark and weir alike."""

INPUT = '{"id":1,"s":"h\\u00e9\\ud83d\\ude00","d":1.5}\n{"id":-2147483648,"s":""}\n{}\n'
SCHEMA = "id INT, s STRING, d DOUBLE"


def shower(out):
    """A function for foreach; what it needs is inside, for it travels."""
    def fn(row):
        def show(v):
            if isinstance(v, tuple):
                return type(v).__name__ + "(" + ", ".join(n + "=" + show(x) for n, x in zip(v.__fields__, v)) + ")"
            if isinstance(v, list):
                return "[" + ", ".join(map(show, v)) + "]"
            if isinstance(v, dict):
                return "{" + ", ".join(sorted(show(k) + ": " + show(x) for k, x in v.items())) + "}"
            return type(v).__name__ + ":" + repr(v)
        open(out, "a").write("\n".join(f"{n} = {show(v)}" for n, v in zip(row.__fields__, row)) + "\n--\n")
    return fn
