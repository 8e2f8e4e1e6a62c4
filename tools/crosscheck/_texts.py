"""What the groups over text files have in common: files of one case, values that every client can take, failures as one. Answers
that are recorded hang on it, too: record them again where it changes what a case makes."""
import json
import os

from crosscheck_driver import attempt, plain


def pick(rnd, *weighted):
    return rnd.choices([w for w, _ in weighted], [n for _, n in weighted])[0]


def damaged(rnd, data):
    """The bytes with pieces in them that are no UTF-8."""
    for _ in range(rnd.randint(1, 3)):
        i = rnd.randint(0, len(data))
        data = data[:i] + rnd.choice([b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\x80", b"\x80", b"\xf4\x90\x80\x80"]) + data[i:]
    return data


def q(name):
    return "`" + name.replace("`", "``") + "`"


def shown(at, kind):
    """An expression for a value of a type of pyspark's: texts as hex, for no client may fail over one; times and decimals as
    text, for they may be too far away for Python."""
    name = kind.typeName()
    if name in ("string", "binary", "char", "varchar"):
        return f"hex({at})"
    if name == "array":
        return f"transform({at}, x -> {shown('x', kind.elementType)})"
    if name == "map":
        return f"transform(map_entries({at}), e -> struct({shown('e.key', kind.keyType)}, {shown('e.value', kind.valueType)}))"
    if name == "struct":
        fields = ", ".join(f"'f{i}', {shown(f'{at}.{q(f.name)}', f.dataType)}" for i, f in enumerate(kind.fields))
        return f"IF({at} IS NULL, NULL, named_struct({fields}))" if fields else f"{at} IS NULL"
    return at if name in ("byte", "short", "integer", "long", "boolean", "float", "double", "void") else f"CAST({at} AS STRING)"


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)
    return os.path.join(folder, name)


def kind_only(a):
    """A failure without a class of Spark's is one, whatever it says."""
    if isinstance(a, dict) and "error" in a:
        known = a["error"][:1].isupper() and a["error"].replace(".", "_").replace("_", "").isupper() or a["error"].startswith("_LEGACY")
        return {"error": a["error"] if known else "a failure", "state": a.get("state"), "text": a.get("text", "")}
    return a


def strip(a):
    if isinstance(a, list):
        return [strip(x) for x in a]
    if isinstance(a, dict):
        return {k: strip(v) for k, v in a.items() if k != "text"}
    return a


def each(folder, name, texts, ask):
    """ask(path) over the folder of all texts, or where that fails over each."""
    paths = [write(folder, f"f{i:03d}.{name}", t) for i, t in enumerate(texts)]
    if len(paths) > 1:
        try:
            return ask(folder)
        except Exception:
            pass
    return strip([kind_only(attempt(lambda: ask(p))) for p in paths])


def by_file(df, chosen=None):
    """The rows by their file, in their order."""
    fields = [f for f in df.schema.fields if chosen is None or f.name in chosen]
    file = "regexp_extract(input_file_name(), '[^/]*$', 0)"
    by = {}
    for r in df.selectExpr(file, *[shown(q(f.name), f.dataType) for f in fields]).collect():
        by.setdefault(r[0], []).append(plain(list(r)[1:]))
    return by


def described(*what):
    return json.dumps(what, ensure_ascii=False, default=repr)
