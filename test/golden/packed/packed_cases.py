"""Compressed text files, whole and damaged, for record.py (Apache Spark) and test_packed.py (weir)."""
import bz2
import gzip
import os
import zlib

SMALL = b"a,1\nb,2\nc,3\n"
BIG = b"".join(b"row%06d,%d\n" % (i, i * 7919 % 100003) for i in range(60000))
LZ4 = b"\x00\x00\x00\x04\x00\x00\x00\x05\x401\n2\n"
SNAPPY = b"\x00\x00\x00\x04\x00\x00\x00\x06\x04\x0c1\n2\n"
SKIP = {"ignoreCorruptFiles": "true"}


def gz(data):
    return gzip.compress(data, mtime=0)


def flipped(data, *at):
    data = bytearray(data)
    for i in at:
        data[i] ^= 0x55
    return bytes(data)


ZBIG, DBIG = gz(BIG), zlib.compress(BIG)
CSV = {  # name of the file, its bytes, options
    **{f"named {n}": (n, gz(SMALL), {}) for n in ("f.csv.gz", "f.csv.GZ", "f.Gz", "gz", ".gz", "f.csv.gzip", "f.gz.csv", "f.gz.", "f.tgz")},
    "bz2": ("f.bz2", bz2.compress(SMALL), {}), "BZ2": ("f.csv.BZ2", bz2.compress(SMALL), {}), "two bz2": ("f.bz2", bz2.compress(SMALL) * 2, {}),
    "deflate": ("f.DEFLATE", zlib.compress(SMALL), {}), "two deflate": ("f.deflate", zlib.compress(SMALL) * 2, {}),
    "lz4": ("f.lz4", LZ4, {}), "two lz4": ("f.lz4", LZ4 * 2, {}), "lz4 cut": ("f.lz4", LZ4 + LZ4[:9], {}), "lz4 of nothing": ("f.lz4", b"\0\0\0\0", {}),
    "snappy": ("f.snappy", SNAPPY, {}), "snappy cut": ("f.snappy", SNAPPY + SNAPPY[:11], {}), "no snappy": ("f.snappy", b"\0\0\0\4\0\0\0\4abcd", {}),
    "passthrough": ("f.passthrough", SMALL, {}), "zip": ("f.zip", SMALL, {}), "no zst": ("f.zst", b"not packed", {}), "no zstd": ("f.zstd", b"not packed", {}),
    "no gz": ("f.gz", b"not packed", {}), "the option says gzip": ("f.csv", SMALL, {"compression": "gzip"}), "no such codec": ("f.csv", SMALL, {"compression": "foo"}),
    "empty": ("f.gz", b"", {}), "an empty member": ("f.gz", gz(b""), {}), "members": ("f.gz", gz(SMALL) + gz(b"") + gz(SMALL), {}),
    "cut": ("f.gz", gz(SMALL)[:-10], {}), "garbage behind": ("f.gz", gz(SMALL) + b"xyz", {}), "bz2 cut": ("f.bz2", bz2.compress(SMALL)[:-10], {}),
    **{f"cut at {n} and skipped": ("f.gz", ZBIG[:n], SKIP) for n in (1, 9, 20, 100, 1000, 70000, 159801, len(ZBIG) - 9, len(ZBIG) - 8, len(ZBIG) - 4)},
    **{f"flipped at {n} and skipped": ("f.gz", flipped(ZBIG, n), SKIP) for n in (3, 9, 15, 1000, 70000, 100000, len(ZBIG) - 6, len(ZBIG) - 3)},
    **{f"deflate cut at {n} and skipped": ("f.deflate", DBIG[:n], SKIP) for n in (1, 100, len(DBIG) - 5, len(DBIG) - 1)},
    "garbage behind, skipped": ("f.gz", ZBIG + b"xyz", SKIP), "zeros behind, skipped": ("f.gz", ZBIG + bytes(100), SKIP),
    "a member cut, skipped": ("f.gz", ZBIG + gz(SMALL)[:12], SKIP), "\\r at the cut, skipped": ("f.gz", gz(b"a,1\rb,2\r" * 9)[:-12], SKIP),
    "lineSep and cut, skipped": ("f.gz", gz(b"a,1;b,2;c,3")[:-9], {**SKIP, "lineSep": ";"}),
    "of lines, cut and skipped": ("f.gz", ZBIG[:1000], {**SKIP, "multiLine": "true"}),
    "of lines, big, cut and skipped": ("f.gz", gz(BIG * 4)[:-10], {**SKIP, "multiLine": "true"}),
    "a bad record is skipped, too": ("f.csv", b'a,b\nc,"d"e\nf,g\n', {**SKIP, "unescapedQuoteHandling": "RAISE_ERROR"}),
    "a bad record of lines takes another along": ("f.csv", b'a,b\nx,y\nc,"d"e\nf,g\n', {**SKIP, "unescapedQuoteHandling": "RAISE_ERROR", "multiLine": "true"}),
    "a header is skipped, too": ("f.csv", b"x,y\n1,2\n", {**SKIP, "header": "true", "enforceSchema": "false"}),
    "FAILFAST is not": ("f.csv", b"a\n", {**SKIP, "mode": "FAILFAST"}),
}
OTHER = {  # format, name of the file, its bytes, options
    "json cut and skipped": ("json", "f.json.gz", gz(b'{"a":1,"b":2}\n' * 5000)[:-9], SKIP),
    "json cut": ("json", "f.json.gz", gz(b'{"a":1,"b":2}\n' * 5000)[:-9], {}),
    "json in capitals": ("json", "f.json.GZ", gz(b'{"a":1,"b":2}\n'), {}),
    "text cut and skipped": ("text", "f.gz", gz(b"abc\n" * 20000)[:-9], SKIP),
    "text whole, cut": ("text", "f.gz", gz(b"abc\n" * 20000)[:-9], {"wholetext": "true"}),
    "text whole, cut and skipped": ("text", "f.gz", gz(b"abc\n" * 20000)[:-9], {**SKIP, "wholetext": "true"}),
}


def _error(e):
    return {"exception": type(e).__name__, "error": getattr(e, "getCondition", lambda: None)()}


def _put(folder, name, data):
    os.makedirs(folder)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def _rows(df):
    rows = [tuple(r) for r in df.collect()]
    return [len(rows), [list(r) for r in rows[:1] + rows[-1:]]]


def csv(spark, name, folder):
    file, data, options = CSV[name]
    _put(folder, file, data)
    try:
        return _rows(spark.read.schema("a STRING, b STRING").options(**options).csv(folder).selectExpr("hex(a)", "hex(b)"))
    except Exception as e:
        return _error(e)


def other(spark, name, folder):
    format, file, data, options = OTHER[name]
    _put(folder, file, data)
    try:
        reader = spark.read.format(format).options(**options)
        return _rows((reader.schema("a INT, b INT") if format == "json" else reader).load(folder))
    except Exception as e:
        return _error(e)
