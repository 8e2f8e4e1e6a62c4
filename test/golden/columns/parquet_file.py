"""Parquet files of any schema, byte by byte: what no library writes (older forms of lists and maps, annotations on any
physical type, groups of one's own). FORMAT: parquet-format README and parquet.thrift (Thrift compact protocol)."""
import struct

TYPES = {"BOOLEAN": 0, "INT32": 1, "INT64": 2, "INT96": 3, "FLOAT": 4, "DOUBLE": 5, "BINARY": 6, "FIXED": 7}
CONVERTED = {"UTF8": 0, "MAP": 1, "MAP_KEY_VALUE": 2, "LIST": 3, "ENUM": 4, "DECIMAL": 5, "DATE": 6, "TIME_MILLIS": 7,
             "TIME_MICROS": 8, "TIMESTAMP_MILLIS": 9, "TIMESTAMP_MICROS": 10, "UINT_8": 11, "UINT_16": 12, "UINT_32": 13,
             "UINT_64": 14, "INT_8": 15, "INT_16": 16, "INT_32": 17, "INT_64": 18, "JSON": 19, "BSON": 20, "INTERVAL": 21}
# of the union LogicalType: those without members
LOGICAL = {"STRING": 1, "MAP": 2, "LIST": 3, "ENUM": 4, "DATE": 6, "UNKNOWN": 11, "JSON": 12, "BSON": 13, "UUID": 14,
           "FLOAT16": 15, "VARIANT": 16}


class Node:
    """A field: kind is a physical type's name, or the list of a group's fields. rep: "required", "optional", "repeated".
    converted, logical: an annotation's name, the latter also ("TIMESTAMP", unit, utc), ("TIME", unit, utc),
    ("DECIMAL", precision, scale) or ("INT", width, signed), with units MILLIS, MICROS, NANOS."""

    def __init__(self, name, kind, rep="optional", converted=None, logical=None, length=0, precision=None, scale=None):
        self.name, self.kind, self.rep, self.converted, self.logical = name, kind, rep, converted, logical
        self.length, self.precision, self.scale = length, precision, scale

    def children(self):
        return self.kind if isinstance(self.kind, list) else []

    def leaves(self, above=()):
        path = above + (self.name,)
        if not isinstance(self.kind, list):
            return [(path, self)]
        return [x for k in self.kind for x in k.leaves(path)]


# ---- Thrift's compact protocol ----

def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def zigzag(n):
    return varint((n << 1) ^ (n >> 63))


def text(s):
    b = s.encode() if isinstance(s, str) else s
    return varint(len(b)) + b


I32, I64, BYTES, LIST, STRUCT, BYTE = 5, 6, 8, 9, 12, 3


def record(*fields):
    """fields: (id, type, value); None is left out. A bool is its own type."""
    out, last = b"", 0
    for i, kind, v in fields:
        if v is None:
            continue
        code = (1 if v else 2) if kind is bool else kind
        out += bytes([(i - last) << 4 | code]) if 0 < i - last < 16 else bytes([code]) + zigzag(i)
        last = i
        if kind in (I32, I64):
            out += zigzag(v)
        elif kind == BYTE:
            out += bytes([v])
        elif kind == BYTES:
            out += text(v)
        elif kind == STRUCT:
            out += v
        elif kind == LIST:
            of, items = v
            out += bytes([len(items) << 4 | of]) if len(items) < 15 else bytes([15 << 4 | of]) + varint(len(items))
            out += b"".join(zigzag(x) if of == I32 else text(x) if of == BYTES else x for x in items)
    return out + b"\0"


def logical_type(t):
    if t is None:
        return None
    name, *more = t if isinstance(t, tuple) else (t,)
    unit = {"MILLIS": 1, "MICROS": 2, "NANOS": 3}
    if name == "DECIMAL":
        return record((5, STRUCT, record((1, I32, more[1]), (2, I32, more[0]))))
    if name in ("TIME", "TIMESTAMP"):
        body = record((1, bool, more[1]), (2, STRUCT, record((unit[more[0]], STRUCT, record()))))
        return record((7 if name == "TIME" else 8, STRUCT, body))
    if name == "INT":
        return record((10, STRUCT, record((1, BYTE, more[0]), (2, bool, more[1]))))
    return record((LOGICAL[name], STRUCT, record((1, BYTE, 1)) if name == "VARIANT" else record()))


def element(n):
    group = isinstance(n.kind, list)
    rep = {"required": 0, "optional": 1, "repeated": 2}
    out = [record((1, I32, None if group else TYPES[n.kind]), (2, I32, n.length or None),
                  (3, I32, None if n.rep is None else rep[n.rep]), (4, BYTES, n.name), (5, I32, len(n.kind) if group else None),
                  (6, I32, CONVERTED.get(n.converted)), (7, I32, n.scale), (8, I32, n.precision),
                  (10, STRUCT, logical_type(n.logical)))]
    return out + [x for k in n.children() for x in element(k)]


# ---- levels and values ----

def shred(node, value, r, d, depth, out, path=()):
    """Dremel's striping: (repetition level, definition level, value) for every leaf. depth: repeated nodes above."""
    path += (node.name,)

    def one(v, r, d, depth):
        if not isinstance(node.kind, list):
            out[path].append((r, d, v))
        for k in node.children():
            shred(k, v.get(k.name), r, d, depth, out, path)

    def none(n, path):
        if not isinstance(n.kind, list):
            out[path].append((r, d, None))
        for k in n.children():
            none(k, path + (k.name,))

    if node.rep == "repeated":
        for i, v in enumerate(value or []):
            one(v, r if i == 0 else depth + 1, d + 1, depth + 1)
        if not value:
            none(node, path)
    elif node.rep == "optional":
        none(node, path) if value is None else one(value, r, d + 1, depth)
    else:
        one(value, r, d, depth)


def rle(levels, most):
    if not most:
        return b""
    width = (most.bit_length() + 7) // 8
    out, i = b"", 0
    while i < len(levels):
        j = i
        while j < len(levels) and levels[j] == levels[i]:
            j += 1
        out += varint((j - i) << 1) + levels[i].to_bytes(width, "little")
        i = j
    return struct.pack("<i", len(out)) + out


def plain(node, values):
    if node.kind == "BOOLEAN":
        return bytes(sum(bool(v) << k for k, v in enumerate(values[i:i + 8])) for i in range(0, len(values), 8))
    if node.kind in ("FIXED", "INT96"):
        return b"".join(values)
    if node.kind == "BINARY":
        return b"".join(struct.pack("<i", len(v)) + v for v in (x.encode() if isinstance(x, str) else x for x in values))
    code = {"INT32": "<i", "INT64": "<q", "FLOAT": "<f", "DOUBLE": "<d"}[node.kind]
    return b"".join(struct.pack(code, v) for v in values)


def most_levels(root, path):
    d = r = 0
    for name in path[1:]:
        root = next(k for k in root.kind if k.name == name)
        d, r = d + (root.rep != "required"), r + (root.rep == "repeated")
    return d, r


def write(file, fields, rows, meta=()):
    """rows: dicts as the schema is, groups as dicts, repeated fields as lists. meta: pairs for the footer."""
    root = Node("schema", list(fields), rep=None)
    leaves = root.leaves()
    out = {path: [] for path, _ in leaves}
    for row in rows:
        for k in root.kind:
            shred(k, row.get(k.name), 0, 0, 0, out, ("schema",))
    data, chunks = b"PAR1", []
    for path, node in leaves:
        d, r = most_levels(root, path)
        got = out[path]
        body = rle([x[0] for x in got], r) + rle([x[1] for x in got], d) + plain(node, [v for _, k, v in got if k == d])
        page = record((1, I32, 0), (2, I32, len(body)), (3, I32, len(body)),
                      (5, STRUCT, record((1, I32, len(got)), (2, I32, 0), (3, I32, 3), (4, I32, 3))))
        about = record((1, I32, TYPES[node.kind]), (2, LIST, (I32, [0, 3])), (3, LIST, (BYTES, path[1:])), (4, I32, 0),
                       (5, I64, len(got)), (6, I64, len(page + body)), (7, I64, len(page + body)), (9, I64, len(data)))
        chunks.append(record((2, I64, len(data)), (3, STRUCT, about)))
        data += page + body
    groups = [record((1, LIST, (STRUCT, chunks)), (2, I64, len(data) - 4), (3, I64, len(rows)))] if rows else []
    pairs = [record((1, BYTES, k), (2, BYTES, v)) for k, v in meta]
    footer = record((1, I32, 1), (2, LIST, (STRUCT, element(root))), (3, I64, len(rows)), (4, LIST, (STRUCT, groups)),
                    (5, LIST, (STRUCT, pairs)) if pairs else (5, LIST, None), (6, BYTES, "weir test"))
    with open(file, "wb") as f:
        f.write(data + footer + struct.pack("<i", len(footer)) + b"PAR1")
