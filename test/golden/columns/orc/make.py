"""Makes the ORC files beside it with Apache Spark's (ORC's Java) writer: `python make.py`, with pyspark 4.2 and a JVM. Then
columns_record.py keeps what Spark reads of them; zones.txt is made here, since it takes JVMs of two time zones."""
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ZONES = {"utc": "UTC", "ny": "America/New_York"}
TIMES = ["2024-01-02 03:04:05.123456", "1969-12-31 23:59:58.999999", "1969-12-31 23:59:59.999999", "1960-01-01 00:00:00.000001",
         "1883-11-18 17:00:00", "1677-09-21 00:12:43", "1582-10-15 00:00:00", "1582-10-04 23:59:59", "1500-01-01 12:00:00.5",
         "0001-01-01 00:00:00", "2262-04-12 00:00:00", "9999-12-31 23:59:59.999999", "2014-12-31 23:59:59.5", "2015-01-01 00:00:00",
         "2024-03-10 06:59:59", "2024-03-10 07:00:00", "2024-11-03 05:30:00", "2024-11-03 06:30:00"]
TYPES = """SELECT 1 AS i, 2L AS l, 3S AS s, 4Y AS y, true AS o, 1.5F AS f, -0.1D AS d, 1.25BD AS n, 'x' AS t, X'00FF' AS b, DATE'2026-02-03' AS da,
 TIMESTAMP'2026-07-01 10:11:12.123456' AS ts, TIMESTAMP_NTZ'2026-07-01 10:11:12.123456' AS nt, INTERVAL '1-2' YEAR TO MONTH AS ym,
 INTERVAL '3 04:05:06.7' DAY TO SECOND AS dt, CAST(1.5 AS DECIMAL(38,10)) AS w, array(1, NULL, 3) AS ar, map('k', 1, 'l', NULL) AS m,
 named_struct('x', 1, 'Y', array(named_struct('z', 'q'))) AS st
 UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
 UNION ALL SELECT -1, -2L, -3S, -4Y, false, float('nan'), double('-inf'), -99.99BD, '', X'', DATE'1500-03-01', TIMESTAMP'1500-03-01 00:00:00.5',
 TIMESTAMP_NTZ'1500-03-01 00:00:00.5', INTERVAL '-1-2' YEAR TO MONTH, INTERVAL '-3 04:05:06.7' DAY TO SECOND,
 CAST(-1234567890123456789012345678.0123456789 AS DECIMAL(38,10)), array(), map(), named_struct('x', NULL, 'Y', NULL)"""
# every kind of run of integers: steady, falling, repeated, scattered, with outliers; strings with and without a dictionary
MANY = """SELECT CAST(id AS INT) AS a, 1000000 - id * 7 AS b, CAST(id / 10 AS INT) AS c, hash(id) AS d, id % 16 + IF(id % 100 = 7, 123456789012, 0) AS e,
 IF(id % 3 = 0, NULL, concat('name', id % 50)) AS f, sha2(string(id), 256) AS g, id % 5 = 0 AS h, CAST(id % 250 - 125 AS TINYINT) AS i,
 id * 0.25D AS j, CAST(hash(id) / 1000 AS DECIMAL(20,3)) AS k, IF(id % 7 = 0, NULL, sequence(0, id % 4)) AS l,
 DATE'2000-01-01' + CAST(id % 1000 AS INT) AS m, timestamp_micros(1700000000000000 + id * 123456789) AS n,
 IF(id % 11 = 0, NULL, named_struct('p', IF(id % 2 = 0, NULL, id), 'q', map(string(id % 3), id))) AS o FROM range(0, {rows}, 1, 1)"""


def times():
    return " UNION ALL ".join(f"SELECT {i} AS i, TIMESTAMP'{t}' AS t" for i, t in enumerate(TIMES))


def session(zone):
    from pyspark.sql import SparkSession

    os.environ["TZ"] = zone
    return SparkSession.builder.master("local[1]").config("spark.driver.extraJavaOptions", f"-Duser.timezone={zone}") \
        .config("spark.ui.enabled", "false").config("spark.sql.session.timeZone", "UTC").getOrCreate()


def keep(df, name, **options):
    folder = tempfile.mkdtemp()
    df.coalesce(1).write.options(**options).mode("overwrite").orc(folder)
    [file] = glob.glob(folder + "/*.orc")
    (HERE / name).mkdir(exist_ok=True)
    shutil.copy(file, HERE / name / "f.orc")
    shutil.rmtree(folder)


def write(which):
    spark = session(ZONES[which])
    keep(spark.sql(times()), f"times_{which}", compression="none")
    if which == "utc":
        keep(spark.sql(TYPES), "types", compression="none")
        keep(spark.sql(MANY.format(rows=1500)), "many", compression="zlib")
        keep(spark.sql(MANY.format(rows=600)), "runs_1", compression="zlib", **{"orc.write.format": "0.11"})
        keep(spark.sql(MANY.format(rows=6000)).select("a", "c", "h", "f"), "stripes", compression="zlib",
             **{"orc.stripe.size": "4096", "orc.compress.size": "4096", "orc.stripe.row.count": "2000"})
        for codec in ("none", "snappy", "zlib", "lzo", "lz4", "zstd"):
            keep(spark.sql(MANY.format(rows=120)).select("a", "f", "g"), codec, compression=codec)


def read(which):
    spark = session(ZONES[which])
    for writer in ZONES:
        d = spark.read.orc(str(HERE / f"times_{writer}"))
        for r in d.selectExpr("i", "CAST(t AS STRING) AS t").orderBy("i").collect():
            print(which, writer, r.i, r.t, sep=" | ")


def main():
    for which in ZONES:
        subprocess.run([sys.executable, __file__, "write", which], check=True)
    with open(HERE / "zones.txt", "w") as out:
        print("Apache Spark 4.2.0: the reader's zone, the writer's, the row, what is read", file=out, flush=True)
        for which in ZONES:
            subprocess.run([sys.executable, __file__, "read", which], check=True, stdout=out)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2]) if len(sys.argv) > 1 else main()
