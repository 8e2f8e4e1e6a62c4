"""State as Apache Spark 4.3 wrote it, in plain: run with a Python that has pyspark 4.3 and a JVM.

  python test/golden/state/record.py [--check]

CASE.txt says what lies in the state of a case, which is ../checkpoint/CASE/checkpoint/state/0 or, for what is packed anew here by
Spark's codecs, CASE/0: a line is the partition, key and value in hexadecimal, under a version and its number of entries. Spark's
codecs unpack, the frames are read here. unsafe_rows.txt has rows in Spark's own bytes: of those states, and of the queries of
ROWS. --check says what would change and changes nothing."""
import pathlib
import shutil
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
CHECKPOINT = HERE.parent / "checkpoint"
PLAIN = ["agg_append_hdfs", "agg_append_hdfs_long", "agg_append_hdfs_zstd", "agg_update_hdfs_big", "agg_update_hdfs_rowck", "dedupwm_hdfs",
         "session_append_hdfs"]
PACKED = {"agg_update_hdfs_big_snappy": "snappy", "agg_update_hdfs_big_lzf": "lzf"}  # of agg_update_hdfs_big
CHECKSUM_BYTES = 4  # before each value, in a case with row checksums


def state_of(case):
    return HERE / case / "0" if case in PACKED else CHECKPOINT / case / "checkpoint" / "state" / "0"


class Codecs:
    def __init__(self, spark):
        self.jvm, self.conf = spark.sparkContext._jvm, spark.sparkContext._jsc.sc().conf()

    def of(self, name):
        return self.jvm.org.apache.spark.io.CompressionCodec.createCodec(self.conf, name)

    def unpack(self, name, data):
        return bytes(self.of(name).compressedInputStream(self.jvm.java.io.ByteArrayInputStream(data)).readAllBytes())

    def pack(self, name, data):
        out = self.jvm.java.io.ByteArrayOutputStream()
        stream = self.of(name).compressedOutputStream(out)
        stream.write(data)
        stream.close()
        return bytes(out.toByteArray())


def codec_of(case):
    return PACKED.get(case, "zstd" if case.endswith("zstd") else "lz4")


def frames(data, sums):
    """[(key, value or None)] of a delta or a snapshot."""
    at, out = 0, []
    while (n := struct.unpack_from(">i", data, at)[0]) != -1:
        key, at = data[at + 4:at + 4 + n], at + 4 + n
        n = struct.unpack_from(">i", data, at)[0]
        value, at = (None if n < 0 else data[at + 4:at + 4 + n]), at + 4 + max(n, 0)
        if sums:
            key, value = unsummed(key, value)
        out.append((key, value))
    return out


def unsummed(key, value):
    """Without the checksum, which stands before the value, or of a removal before the key."""
    return (key[CHECKSUM_BYTES:], None) if value is None else (key, value[CHECKSUM_BYTES:])


def versions(codecs, case):
    """{version: {(partition, key): value}} of all that are there."""
    out, folder = {}, state_of(case)
    for part in sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit()):
        files = {(int(p.stem), p.suffix): p for p in (folder / str(part)).iterdir() if p.stem.isdigit()}
        rows, first = {}, min(n for n, _ in files)
        for n in range(first, max(n for n, _ in files) + 1):
            whole = (n, ".snapshot") in files and n == first
            path = files[(n, ".snapshot" if whole else ".delta")]
            for key, value in frames(codecs.unpack(codec_of(case), path.read_bytes()), case.endswith("rowck")):
                rows.pop(key, None)
                if value is not None:
                    rows[key] = value
            out.setdefault(n, {}).update({(part, k): v for k, v in rows.items()})
    return out


def text_of(codecs, case):
    all_ = versions(codecs, case)
    lines = [f"partitions {len([p for p in state_of(case).iterdir() if p.name.isdigit()])}"]
    for n in sorted(all_)[-1:] if "_big" in case else sorted(all_):
        lines.append(f"version {n} {len(all_[n])}")
        lines += [f"{part} {key.hex()} {value.hex()}" for (part, key), value in sorted(all_[n].items())]
    return "\n".join(lines) + "\n"


def pack_anew(codecs, case):
    """A copy of agg_update_hdfs_big by another codec."""
    to = state_of(case)
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(state_of("agg_update_hdfs_big"), to)
    for p in to.rglob("*.delta"):
        p.write_bytes(codecs.pack(PACKED[case], codecs.unpack("lz4", p.read_bytes())))


# ---- rows in Spark's own bytes

def wide(n):
    kinds = ["CAST(id AS INT)", "repeat('w', CAST(id * 5 AS INT))", "id / 7.0D", "CAST(id AS DECIMAL(20,2)) * 1.5BD"]
    names = ", ".join(f"CAST(IF(id = 1 AND {i} % 3 = 0, NULL, {kinds[i % 4]}) AS {('INT', 'STRING', 'DOUBLE', 'DECIMAL(20,2)')[i % 4]}) AS c{i}"
                      for i in range(n))
    return f"SELECT {names} FROM range(3)"


BYTES, ANY = "X'00', X'', X'FF00FF', NULL", "id, NULLIF(id, 1)"
ROWS = {
    "scalars": "SELECT * FROM VALUES (true, 1Y, 2S, 3, 4L, 1.5F, 2.5D, DATE'2024-02-29', TIMESTAMP'2024-02-29 12:34:56.789012', "
               "TIMESTAMP_NTZ'1969-12-31 23:59:59.999999'), (false, -128Y, -32768S, -2147483648, -9223372036854775808L, CAST('-Infinity' AS FLOAT), "
               "-0.0D, DATE'0001-01-01', TIMESTAMP'0001-01-01 00:00:00', TIMESTAMP_NTZ'9999-12-31 23:59:59'), (NULL, NULL, NULL, NULL, NULL, NULL, "
               "NULL, NULL, NULL, NULL), (true, 127Y, 32767S, 2147483647, 9223372036854775807L, CAST('NaN' AS FLOAT), CAST('NaN' AS DOUBLE), "
               "DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999', TIMESTAMP_NTZ'0001-01-01 00:00:00') AS t(a, b, c, d, e, f, g, h, i, j)",
    "time": "SELECT TIME'00:00:00' AS a, 1 AS b UNION ALL SELECT TIME'23:59:59.999999', 2 UNION ALL SELECT NULL, NULL",
    "time_array": "SELECT array(TIME'01:02:03.4', NULL, TIME'12:00:00') AS a",
    "decimals": "SELECT CAST(d AS DECIMAL(38,0)) AS a, CAST(d % 100000000000000 / 10000 AS DECIMAL(18,4)) AS b, CAST(d AS DECIMAL(19,0)) AS c, CAST(d AS STRING) AS d, "
                "CAST(d % 1000 AS DECIMAL(6,2)) AS e FROM VALUES (0BD), (1BD), (-1BD), (127BD), (128BD), (-128BD), (-129BD), (32767BD), "
                "(32768BD), (-32769BD), (8388607BD), (8388608BD), (2147483648BD), (-2147483649BD), (1099511627775BD), (999999999999999BD), "
                "(1234567890123456789BD), (-1234567890123456789BD), (9223372036854775807BD), (CAST(NULL AS DECIMAL(38,0))) AS t(d)",
    "decimal_wide": "SELECT CAST(d AS DECIMAL(38,0)) AS a FROM VALUES ('99999999999999999999999999999999999999'), "
                    "('-99999999999999999999999999999999999999'), ('9223372036854775808'), ('-9223372036854775809'), ('18446744073709551616') AS t(d)",
    "decimal_array": "SELECT array(CAST('99999999999999999999999999999999999999' AS DECIMAL(38,0)), NULL, CAST(-1 AS DECIMAL(38,0))) AS a, "
                     "array(1.5BD, NULL, CAST(-99999999.99BD AS DECIMAL(10,2))) AS b",
    "strings": "SELECT repeat('x', CAST(id AS INT)) AS a, CAST(repeat('y', CAST(17 - id AS INT)) AS BINARY) AS b, CAST(id AS INT) AS c FROM range(18) "
               "UNION ALL SELECT 'é😀\\u0000', X'00FF', NULL UNION ALL SELECT NULL, NULL, 1 UNION ALL SELECT '', X'', 2",
    "arrays": "SELECT array(true, NULL, false) AS a0, array(1Y, NULL) AS a1, array(1S, -1S, NULL) AS a2, array(1, NULL, 3) AS a3, array(1L, NULL) AS a4, "
              "array(1.5F, NULL) AS a5, array(1.5D, CAST('NaN' AS DOUBLE)) AS a6, array(DATE'2024-01-01', NULL) AS a7, array(TIMESTAMP'2024-01-01', "
              "NULL) AS a8, array('a', NULL, 'bcdefghij', '') AS a9, array(X'00', NULL) AS a10 UNION ALL SELECT array(), array(), array(), array(), "
              "array(), array(), array(), array(), array(), array(), array() UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
              "NULL, NULL",
    "long_arrays": "SELECT transform(sequence(1, 130), x -> IF(x % 64 = 0, NULL, x)) AS a, transform(sequence(1, 65), x -> x % 3 = 0) AS b, "
                   "transform(sequence(1, 70), x -> CAST(x AS STRING)) AS c, transform(sequence(1, 67), x -> CAST(x AS SMALLINT)) AS d",
    "nested": "SELECT named_struct('x', CAST(id AS INT), 'y', repeat('n', CAST(id AS INT)), 'z', named_struct('p', array(1, NULL), 'q', map('k', id))) AS a, "
              "array(named_struct('u', 'a', 'v', 1Y), NULL, named_struct('u', NULL, 'v', CAST(NULL AS TINYINT))) AS b, map(1, array('m', NULL)) AS c, "
              "array(array(1L, NULL), NULL, array()) AS d, 'end' AS e FROM range(3) UNION ALL SELECT NULL, NULL, NULL, NULL, NULL",
    "maps": "SELECT map(1, 1.5D, 2, NULL) AS a, map('k', named_struct('x', 1, 'y', 'z')) AS b, map(named_struct('p', 1, 'q', 'r'), array(1, NULL)) AS c, "
            "map(CAST(1 AS DECIMAL(30,0)), CAST(-1 AS DECIMAL(30,0))) AS d, map(X'01', true) AS e, map(DATE'2024-01-01', map('i', 1)) AS f",
    "voids": "SELECT NULL AS a, 1 AS b, array(NULL, NULL) AS c, map(1, NULL) AS d, named_struct('x', NULL, 'y', 2) AS e",
    **{f"wide{n}": wide(n) for n in (63, 64, 65, 128, 130)},
    "empty_struct": "SELECT struct() AS a, 1 AS b, array(struct(), NULL) AS c",
    "nan_bits": "SELECT CAST('NaN' AS FLOAT) AS a, CAST('NaN' AS DOUBLE) AS b, -CAST('NaN' AS DOUBLE) AS c, CAST(0 AS DOUBLE) * -1 AS d",
    "window": "SELECT window(ts, '10 seconds') AS window, k, count(*) AS n FROM VALUES (TIMESTAMP'2024-01-01 00:00:01', 'a'), "
              "(TIMESTAMP'2024-01-01 00:00:11', NULL), (TIMESTAMP'1969-12-31 23:59:59', 'b') AS t(ts, k) GROUP BY 1, 2",
    "intervals": "SELECT INTERVAL '1-2' YEAR TO MONTH AS a, INTERVAL '3 04:05:06.789' DAY TO SECOND AS b, make_interval(1, 2, 3, 4, 5, 6, 7.008) AS c, "
                 "'x' AS d UNION ALL SELECT NULL, NULL, NULL, NULL UNION ALL SELECT INTERVAL '-1-2' YEAR TO MONTH, INTERVAL '-0.000001' SECOND, "
                 "make_interval(0, -1, 0, -1, 0, 0, -0.5), ''",
    "interval_arrays": "SELECT array(make_interval(1), NULL, make_interval(0, 1)) AS a, array(INTERVAL '5' MONTH, NULL) AS b, array(INTERVAL '6' SECOND) AS c, "
                       "named_struct('x', make_interval(0, 0, 0, 1), 'y', CAST(NULL AS INTERVAL)) AS d, named_struct('x', CAST(NULL AS INTERVAL)) AS e, "
                       "'f' AS f",
    "nested_intervals": "SELECT named_struct('x', make_interval(1), 'y', CAST(1.5 AS DECIMAL(30,2)), 'z', 'z') AS a, map(1, make_interval(0, 1), 2, NULL) "
                        "AS b, array(named_struct('p', CAST(7 AS DECIMAL(38,0)), 'q', make_interval(0, 0, 1), 'r', 'r'), NULL) AS c",
}
# case, name of the store: keys and values
STATES = ["agg_append_hdfs", "agg_complete_buffers_hdfs", "agg_complete_objbuf_hdfs", "agg_update_global_hdfs", "agg_update_hdfs_f1",
          "agg_update_types_hdfs", "agg_append_hdfs_long", "dedup_hdfs", "dedupwm_hdfs", "limit_hdfs", "session_append_hdfs"]


def schemas_of(case):
    """The schemas of key and value, from the file of the state."""
    data, at, out = (state_of(case) / "0" / "_metadata" / "schema").read_bytes(), 4, []  # after a version as modified UTF-8
    for _ in range(2):  # pieces, and each with its length
        pieces, at, text = struct.unpack_from(">i", data, at)[0], at + 4, b""
        for _ in range(pieces):
            n = struct.unpack_from(">H", data, at)[0]
            text, at = text + data[at + 2:at + 2 + n], at + 2 + n
        out.append(text.decode())
    return out


def rows_text(spark, codecs):
    lines = [f"# Rows of Apache Spark {spark.version}: keys and values from the state of streaming queries, and (rows/...) of query results.",
             "# A line schema names them and has their schema; the lines row after it have their bytes."]
    for case in STATES:
        seen = [[], []]
        for rows in versions(codecs, case).values():
            for (_, key), value in sorted(rows.items()):
                for i, row in enumerate((key, value)):
                    if row.hex() not in seen[i]:
                        seen[i].append(row.hex())
        for what, schema, rows in zip(("key", "value"), schemas_of(case), seen):
            lines += [f"schema\t{case}/0/default {what}\t{schema}", *(f"row\t{r}" for r in rows)]
    tables = {name: spark.sql(sql) for name, sql in ROWS.items()}
    tables["no_columns"] = spark.range(2).select()
    for name, df in tables.items():
        df = df._jdf
        lines.append(f"schema\trows/{name}\t{df.schema().json()}")
        lines += [f"row\t{bytes(r.getBytes()).hex()}" for r in df.queryExecution().executedPlan().executeCollect()]
    return "\n".join(lines) + "\n"


def main():
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.shuffle.partitions", "1").config("spark.sql.timeType.enabled", "true").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    codecs, check = Codecs(spark), "--check" in sys.argv
    for case in PACKED:
        if not check:
            pack_anew(codecs, case)
    changed = 0
    for name, text in [(f"{c}.txt", text_of(codecs, c)) for c in [*PLAIN, *PACKED]] + [("unsafe_rows.txt", rows_text(spark, codecs))]:
        old = (HERE / name).read_text() if (HERE / name).exists() else ""
        print(f"{name}: {'same' if old == text else 'differs'}", flush=True)
        changed += old != text
        if not check:
            (HERE / name).write_text(text)
    if not check:
        (HERE / "version").write_text(f"Apache Spark {spark.version}\n")
    spark.stop()
    return check and changed != 0


if __name__ == "__main__":
    sys.exit(main())
