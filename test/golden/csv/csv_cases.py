"""CSV texts with what they are read under, for record.py (Apache Spark) and test_csv.py (weir). Each: text, schema or None to infer
it, options, and what is selected (None: all)."""
import os

S2, S3 = "a STRING, b STRING", "a STRING, b STRING, c STRING"
QUOTES = 'x,1\n"ab"c"d",2\n"abc,3\n"a" b,4\n"a"\\"b,c"d,5\n"q" ,6\n"a\\"b,7\n""x"",8\n"a""b",9\n'
NUMBERS = 'n\n1\n+1\n 1\n1 \n-0\n00000000000000000000000000012\n2147483648\n1.5\n1e3\n0x10\n1_0\n١٢\n１２.５\n"1,000.5"\nNaN\nInf\n-Inf\n+Infinity\n-.5\n5.\n.\n1d\n1f\ntrue\n'
TIMES = 't\n2024-01-02\n2024-1-2\n2024-01-02 03:04:05\n2024-01-02T03:04:05.678Z\n2024-01-02 03:04:05GMT\n02/01/2024\n12:30\n2024\n2024-01\n2024-02-30\n+10000-01-01\n-0001-01-01\n0000-12-31\n'
HEADS = "STOP_AT_DELIMITER STOP_AT_CLOSING_QUOTE BACK_TO_DELIMITER SKIP_VALUE RAISE_ERROR".split()
WINDOWS = 'a,"x\r\ny"\r\n1,2\r\n3,"4"\r\n'

READ = {
    # quotes and escapes, as univocity's state machine has them
    **{f"stray {h} {m}": (QUOTES, S2, {"unescapedQuoteHandling": h, "multiLine": m}, None) for h in HEADS for m in ("false", "true")},
    **{f"stray {h} long": (QUOTES.replace(",", "||"), S2, {"unescapedQuoteHandling": h, "sep": "||"}, None) for h in HEADS},
    "open quotes": ('"l1\n1,2\n"x,y\nq,"z\nq,"z,w\n"a\\\nb,c\n"\n""\n"",""\n', S2, {}, None),
    "open quotes of lines": ('a,"b\nc,d\ne,"f\n', S2, {"multiLine": "true"}, None),
    "escape is quote": ('"a""b",1\n"a"",2\n"""",3\n"\\",4\n"a\x00b""c",5\n', S2, {"escape": '"'}, None),
    "no escape": ('a;b;c\n1;"";""\n"";2;""\n;;\n"x""y";"p\\"q";""\n', S3, {"sep": ";", "escape": "", "header": "true"}, None),
    "escape of escape at the end": ('x,"a#b"\n"#a"\n"##","#"\n', S2, {"charToEscapeQuoteEscaping": "#"}, None),
    "a last quote of lines": ('a,b\nc,"d\\"e"', S2, {"multiLine": "true"}, None),
    "a last quote of lines, plain": ('a,b\n"c","#"', S2, {"multiLine": "true"}, None),
    "letters behind blanks": ('"a" é"b"\n"a" 😀"b"\n"a" x"b"\n"a"é"b"\n', S2, {}, None),
    "escape of escape": ('"a\\\\",1\n"a#"",2\n"a\\"",3\n"#\\"",4\n', S2, {"charToEscapeQuoteEscaping": "#"}, None),
    "no quote, which is U+0000": ("\x00a,b\x00\nx,\x00y\x00\n\x00z\x00,w\n\x00\x00,v\n", S2, {"quote": ""}, None),
    "no quote, which is U+0000, of lines": ("\x00a,b\x00\nx,\x00y\x00", S2, {"quote": "", "multiLine": "true"}, None),
    "no quote, which is U+0000, other ends": ("\x00a,b\x00;x,\x00y\x00;", S2, {"quote": "", "lineSep": ";"}, None),
    "no quote": ('"a",\'b\'\n"a,b"\n', S2, {"quote": ""}, None),
    "other quote": ("'a,b',\"c\"\n'a''b',x\n", S2, {"quote": "'", "escape": "'"}, None),
    "quote that is no ASCII": ("“a,b“,c\n“a“b,“\n", S2, {"quote": "“"}, None),
    "blanks behind quotes": ('"a" ,1\n"a"\t"b",2\n "a",3\n"a"  x,4\n"a" "b" ,5\n', S2, {}, None),
    # delimiters
    "tab": ("a\tb\n\t\n \t \n", S2, {"sep": "\\t"}, None),
    "long delimiter": ("a||b||c\na|b||c|d\n|||\n||\n\"a||b\"||c\n\"a\"|b||c\n\"a\" x||b\n", S3, {"sep": "||"}, None),
    "long delimiter with blanks": ("a, b, c\na,b , c\n\"a\", b\n", S3, {"sep": ", "}, None),
    "long delimiter and trimming": (" a || b || \n  ||  \n", S3, {"sep": "||", "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, None),
    "delimiter that is no ASCII": ("a§b\n\"a§b\"§c\n€§\n", S2, {"sep": "§"}, None),
    "delimiter beyond 16 bits": ("a😀b\n😁😀\"x😀y\"\n", S2, {"sep": "😀"}, None),
    # blanks, nulls, empty values
    "trim left": ("a, b ,c\n , ,\n\t\"x\" , y,\n", S3, {"ignoreLeadingWhiteSpace": "true"}, None),
    "trim right": ("a, b ,c \nx, ,\n\"x \" ,y ,z\n", S3, {"ignoreTrailingWhiteSpace": "true"}, None),
    "trim right of a first blank": (" ,b\n", S2, {"ignoreTrailingWhiteSpace": "true"}, None),
    "null and empty": (',""\n"",x\n" ", y \nNULL,"NULL"\n', S2, {"nullValue": "NULL", "emptyValue": "E"}, None),
    "empty is null": ('a,""\n"",-\n', S2, {"nullValue": "-", "emptyValue": "-"}, None),
    "last is trimmed away": ("a, \nb,  ", S2, {"ignoreTrailingWhiteSpace": "true", "nullValue": "N"}, None),
    # lines
    "empty lines": ("\n \n\t\na,b\n\n\x00\n,\n", S2, {}, None),
    "comments": ("#c\na,b\n #x,y\n1,#2\n#\n", S2, {"comment": "#"}, None),
    "comments of lines": ("#c\na,b\n #x,y\n#1,#2", S2, {"comment": "#", "multiLine": "true"}, None),
    "comment behind a header": ("#c\n  #d\na,b\n#e\n1,2\n", S2, {"comment": "#", "header": "true", "enforceSchema": "false"}, None),
    "ends of lines": ("a,b\r1,2\r\n3,4\n5,6\r\r7,8\n\r", S2, {}, None),
    "ends of lines in whole": (WINDOWS, S2, {"multiLine": "true"}, None),
    "first end counts": ('a,b\r1,"x\r\ny"\r2,z\n3\r', S2, {"multiLine": "true"}, None),
    "four characters": ("a\rb\r", "a STRING", {"multiLine": "true"}, None),
    "lineSep": ("a,b;c,d\n;e,\"f;g\"\n", S2, {"lineSep": ";"}, None),
    "lineSep of two": ("a,b\r\n1\n2,3\r\nxyz,4\r\n\"q\nr\",5\r\n", S2, {"lineSep": "\r\n"}, None),
    "lineSep in quotes": ('a,"b;c";d,e;', S2, {"lineSep": ";", "multiLine": "true"}, None),
    "maxCharsPerColumn": ("abcd,b\nabcde,b\n", S2, {"maxCharsPerColumn": "4"}, None),
    "maxCharsPerColumn holds": ('abcd,"efgh"\n', S2, {"maxCharsPerColumn": "4"}, None),
    "maxColumns": ("a,b\na,b,c\n", S2, {"maxColumns": "2"}, None),
    "NUL": ("x\x00y,\x00\n\x00,z\n", S2, {}, None),
    # bytes
    "BOM": ('\ufeff"a","b"\n1,2\n', S2, {}, None),
    "BOM and header": ('\ufeff"a","b"\n1,2\n', None, {"header": "true"}, None),
    "BOM of lines": ('\ufeff"a","b"\n1,2\n', None, {"header": "true", "multiLine": "true"}, None),
    "two BOMs": ("\ufeff\ufeffa,b\n\ufeffc,d\n", S2, {}, None),
    "no UTF-8": (b"a\xff\xfeb,1\n\xc3,\xe2\x82\n\xed\xa0\x80,\xf0\x9f\x98\n\xc0\x80,\xf4\x90\x80\x80\n\"\xe9\",\x80\n", S2, {}, None),
    "no UTF-8 of lines": (b"a\xff\xfeb,1\n\xc3,\xe2\x82\n\xed\xa0\x80,\xf0\x9f\x98", S2, {"multiLine": "true"}, None),
    "Latin 1": ("é,ü\n\"ß,\",x\n".encode("latin1"), S2, {"encoding": "iso-8859-1"}, None),
    "ASCII": (b"a,\xe9\n", S2, {"charset": "US-ASCII"}, None),
    "UTF-16": ("é,ü\n\"x\ny\",😀\n".encode("utf-16"), S2, {"encoding": "UTF-16", "multiLine": "true"}, None),
    "UTF-16LE of lines": ("é,ü\nx,y\n".encode("utf-16-le"), S2, {"encoding": "UTF-16LE"}, None),
    "UTF-16LE with lineSep": ("é,ü\nx,y\n".encode("utf-16-le"), S2, {"encoding": "UTF-16LE", "lineSep": "\n"}, None),
    "UTF-16 cut": ("é,ü\nx".encode("utf-16-be") + b"\xd8\x00\x00a\xdc\x00\x00b\xd8", S2, {"encoding": "UTF-16BE", "multiLine": "true"}, None),
    "UTF-32": ("é,ü\nx,😀\n".encode("utf-32-be"), S2, {"encoding": "UTF-32", "multiLine": "true"}, None),
    "no such charset": ("a,b\n", S2, {"encoding": "windows-1252"}, None),
    # values
    **{f"numbers as {t}": (NUMBERS, f"n {t}, _corrupt_record STRING", {"header": "true"}, None)
       for t in ("TINYINT", "INT", "BIGINT", "DOUBLE", "DECIMAL(7,2)", "BOOLEAN", "STRING")},
    "numbers as FLOAT": ("1.1\n16777217\n3.4e39\n1e-50\n", "n FLOAT", {}, None),
    "binary": ("a\xe9,b\n", "a BINARY, b STRING", {}, None),
    "words": ("true\nTRUE\n1\nyes\nfalſe\n", "b BOOLEAN, _corrupt_record STRING", {}, None),
    "other nan": ("-,x,1\nNaN,Inf,-1\n", "a DOUBLE, b FLOAT, c DOUBLE", {"nanValue": "-", "positiveInf": "x", "negativeInf": "-1"}, None),
    **{f"times as {t}": (TIMES, f"t {t}, _corrupt_record STRING", {"header": "true"}, None) for t in ("DATE", "TIMESTAMP_NTZ")},
    "times with dateFormat": (TIMES, "t DATE, _corrupt_record STRING", {"header": "true", "dateFormat": "dd/MM/yyyy"}, None),
    "times with dateFormat and fallback": (TIMES, "t DATE, _corrupt_record STRING", {"header": "true", "dateFormat": "dd/MM/yyyy", "enableDateTimeParsingFallback": "true"}, None),
    "times without fallback": (TIMES, "t DATE, _corrupt_record STRING", {"header": "true", "enableDateTimeParsingFallback": "false"}, None),
    "times with timestampFormat": (TIMES, "t TIMESTAMP, _corrupt_record STRING", {"header": "true", "timestampFormat": "yyyy-MM-dd HH:mm:ss"}, None),
    "dateFormat that is none": ("x,a\n,b\n", "d DATE, s STRING", {"dateFormat": "foo"}, None),
    "dateFormat of before": ("2020-01-01,a\n", "d DATE, s STRING", {"dateFormat": "YYYY-MM-dd"}, None),
    "intervals are refused": ("1 day,a\n", "i INTERVAL, s STRING", {}, None),
    "arrays are refused": ("1,a\n", "i ARRAY<INT>, s STRING", {}, None),
    # malformed records
    **{f"{m} {w or 'all'} {p}": ("1,2\nx,3\n4\n5,6,7\n8,y\n", "a INT, b INT, _corrupt_record STRING", {"mode": m, "columnPruning": p}, w)
       for m in ("PERMISSIVE", "DROPMALFORMED", "FAILFAST") for w in (None, "a", "b, _corrupt_record", "count(*)") for p in ("true", "false")},
    "malformed of lines": ("1,2\r\nx,3\r\n4\r\n\"5\r\n\",6\r\n7,8,9", "a INT, b INT, _corrupt_record STRING", {"multiLine": "true"}, None),
    "filtered first": ("1,2\n2,x\n", "a INT, b INT", {"mode": "DROPMALFORMED"}, "a"),
    "the corrupt column alone": ("1,2\n", "a INT, _corrupt_record STRING", {}, "_corrupt_record"),
    "the corrupt column is no string": ("1,2\n", "a INT, _corrupt_record INT", {}, None),
    "an own name": ("1\nx\n", "a INT, bad STRING", {"columnNameOfCorruptRecord": "bad"}, None),
    "a mode that is none": ("x\n", "a INT", {"mode": "foo"}, None),
    # headers
    "header names differ": ("b,a\n1,2\n", S2, {"header": "true", "enforceSchema": "false"}, None),
    "header names differ in case": ("A,B\n1,2\n", S2, {"header": "true", "enforceSchema": "false"}, None),
    "header is short": ("a\n1,2\n", S2, {"header": "true", "enforceSchema": "false"}, None),
    "header and pruning": ("a,x,c\n1,2,3\n", S3, {"header": "true", "enforceSchema": "false"}, "a, c"),
    "header and no pruning": ("a,x,c\n1,2,3\n", S3, {"header": "true", "enforceSchema": "false", "columnPruning": "false"}, "a, c"),
    # pruned columns are looked at otherwise
    "pruned": ('"a"x,b,"c,d"\n"a,b",c"d,e\n" a" ,"b" x,c\n', S3, {}, "b"),
    "pruned long": ('"a||b"||c||d\n"a||b"||c||d\n', S3, {"sep": "||"}, "b, c"),
    **{f"pruned {h}": (QUOTES + "1,2\n" + QUOTES, S3, {"unescapedQuoteHandling": h}, "b") for h in HEADS[:4]},
    # options that are none
    **{f"{k} {v!r}": ("a,b\n", S2, {k: v}, None) for k, v in [
        ("sep", ""), ("sep", "\\x"), ("quote", "ab"), ("escape", "😀"), ("comment", "##"), ("charToEscapeQuoteEscaping", "ab"), ("unescapedQuoteHandling", "foo"),
        ("maxColumns", "x"), ("header", "x"), ("multiLine", "x"), ("samplingRatio", "x"), ("lineSep", ""), ("lineSep", "abc"), ("timeZone", "foo"),
        ("enableDateTimeParsingFallback", "x"), ("columnPruning", "x")]},
}
INFER = {
    "plain": ('a,b,c,d,e,f,g\n1,2.5,true,2024-01-02,2024-01-02 03:04:05,x,\n9999999999,3,FALSE,2024-01-03,2024-01-02T03:04:05Z,1,\n99999999999999999999,1e3,true,,,,\n', {"header": "true"}),
    "decimals": ("1E2,0E0,1.5E1,12345678901234567890,123456789012345678901234567890123456789,1E-3,100E-2,٣\n", {}),
    "dates and others": ("2024-01,12:30:00Z,2024-1-2,2024-01-02,2024-01-02GMT,-0,+5,1e400\n", {}),
    "no dates": ("2024-01-02,x\n", {"preferDate": "false"}),
    "order counts": ("2024-01-02 10:00:00,2024,1.5,2024-01-02\n2024,2024-01-02 10:00:00,2024-01-02,2024-01-02 10:00:00\n", {}),
    "own formats": ("02/01/2024,2024-01-02 10:00\n", {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy-MM-dd HH:mm"}),
    "dates among own timestamps": ("2024-01-02\n2024-01-02 10:00\n", {"timestampFormat": "yyyy-MM-dd HH:mm"}),
    "names": ("a,A,a,,\"\",É,é,N\n1,2,3,4,5,6,7,8\n", {"header": "true", "nullValue": "N"}),
    "rows of other lengths": ("a,b\nc\nd,e,f\n", {}),
    "the first line, again": ("a,b\n1,2\na,b\n3,4\n", {"header": "true"}),
    "of lines": ('a,b\n"1",2\n3,"x\ny"\na,b\n', {"header": "true", "multiLine": "true"}),
    "nothing": ("", {"header": "true"}),
    "blanks": ("\n  \n", {"header": "true"}),
    "a tab comes first": ("\t\na,b\n1,2\n", {"header": "true"}),
    "a comment comes first": ("#x,y,z\na,b\n1,2\n", {"header": "true", "comment": "#"}),
    "nan": ("NaN,-,Inf\n", {"nanValue": "-"}),
    "timestampFormat that is none": ("a\n", {"timestampFormat": "foo"}),
    "dateFormat that is none": ("2020-01-01\n", {"dateFormat": "foo"}),
    "no sample": ("a\n", {"samplingRatio": "0"}),
}


TEXTS = """SELECT * FROM VALUES ('a', 1), (null, 2), ('', 3), ('  ', 4), (' b ', 5), ('#x', 6), ('x#', 7), ('"', 8), ('a"b', 9), ('a,b', 10),
  ('a\\\\b', 11), ('a\\\\"b', 12), ('a\\nb', 13), ('a\\rb', 14), ('\\\\', 15), ('é"', 16), ('"a"', 17), ('||', 18), ('|', 19), ('\\t', 20), ("'", 21) t(v, n)"""
ONE = "SELECT v FROM (" + TEXTS + ")"
WRITE = {
    **{f"{'one' if q is ONE else 'two'} {o}": (q, o) for q, o in [
        (TEXTS, {}), (ONE, {}), (TEXTS, {"quoteAll": "true"}), (ONE, {"quoteAll": "true"}), (TEXTS, {"escapeQuotes": "false"}), (TEXTS, {"escape": '"'}),
        (TEXTS, {"escape": ""}), (TEXTS, {"ignoreLeadingWhiteSpace": "false"}), (TEXTS, {"ignoreTrailingWhiteSpace": "false"}),
        (TEXTS, {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}), (TEXTS, {"nullValue": "NULL"}), (TEXTS, {"nullValue": '"'}),
        (ONE, {"emptyValue": ""}), (TEXTS, {"emptyValue": "E", "quoteAll": "true"}), (TEXTS, {"emptyValue": "a,b"}), (TEXTS, {"quote": ""}), (TEXTS, {"quote": "'"}),
        (TEXTS, {"comment": "x"}), (TEXTS, {"lineSep": "\r\n"}), (TEXTS, {"lineSep": ";"}), (TEXTS, {"sep": "||"}), (TEXTS, {"sep": "é"}), (TEXTS, {"sep": "\\t"}),
        (TEXTS, {"charToEscapeQuoteEscaping": "!"}), (TEXTS, {"escape": "é", "quote": "“"}), (TEXTS, {"sep": "b"}), (TEXTS, {"quote": "a", "escape": "b"})]},
    "header": ("SELECT 1 `'a'`, 2 ` b`, 3 `b`, 4 `c\"d`, 5 `#x`, 6 ` c `, 7 ``", {"header": "true"}),
    "header of nothing": ("SELECT 1 `#a` WHERE false", {"header": "true"}),
    "a row without text": ("SELECT * FROM VALUES ('a'), (null), ('b')", {}),
    "numbers": ("SELECT cast(0 AS DECIMAL(20,10)) d, cast(1e-7 AS DECIMAL(20,10)) e, cast('123456789012' AS DECIMAL(38,0)) g, cast(1.50 AS DECIMAL(5,2)) h, "
                "cast('NaN' AS FLOAT) f, 1.1f ff, 1e-3d dd, -0d nz, 1e20 x, cast('-Infinity' AS DOUBLE) y, true z", {}),
    "times": ("SELECT timestamp'2024-01-02 03:04:05.6' t, date'2024-01-02' d, timestamp_ntz'2024-01-02 03:04:05.000001' z, date'+10000-01-02' e, date'-0001-01-01' f", {}),
    "times elsewhere": ("SELECT timestamp'2024-01-02 03:04:05.6' t", {"timeZone": "Asia/Kolkata"}),
    "own formats": ("SELECT timestamp'2024-01-02 03:04:05.123456' t, date'2024-01-02' d, timestamp_ntz'2024-01-02 03:04:05.1' z",
                    {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy.MM.dd HH:mm:ss.SSSSSS", "timestampNTZFormat": "HH,mm"}),
    "binary": ("SELECT X'0102ff' b, X'' e", {}),
    "intervals": ("SELECT interval '1-2' year to month a, interval '1 2:3:4.5' day to second b, interval 2 hours c", {}),
    "bad UTF-8": ("SELECT cast(X'61ff62' AS STRING) a", {}),
    "UTF-16": ("SELECT * FROM VALUES ('é😀'), ('x')", {"encoding": "UTF-16", "header": "true"}),
    "Latin 1": ("SELECT 'é😀' a", {"encoding": "iso-8859-1"}),
    "an extension": ("SELECT 1 a", {"extension": "tsv"}),
    "no extension": ("SELECT 1 a", {"extension": ""}),
    "a codec": ("SELECT 1 a", {"codec": "uncompressed"}),
    **{f"refused {k} {v!r}": ("SELECT 1 a", {k: v}) for k, v in [
        ("encoding", "latin1"), ("quote", "ab"), ("lineSep", "abc"), ("unescapedQuoteHandling", "foo"), ("compression", "foo"), ("header", "x")]},
    **{f"refused {t}": (f"SELECT {t} v, 1 w", {}) for t in ["array(1)", "map(1, 2)", "struct(1)", "cast(null AS VOID)"]},
}


def _put(folder, text):
    os.makedirs(folder)
    with open(os.path.join(folder, "f.csv"), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def _error(e):
    condition = getattr(e, "getCondition", lambda: None)()
    return {"exception": type(e).__name__, "error": condition, "text": None if condition else str(e).split("\n\nJVM")[0][:120]}


def _shown(name, kind):
    times = kind.startswith(("date", "timestamp"))
    return f"CAST(`{name}` AS STRING) AS `{name}`" if times else f"hex(`{name}`)" if kind == "binary" else f"`{name}`"


def read(spark, name, folder):
    text, schema, options, what = READ[name]
    _put(folder, text)
    try:
        reader = spark.read.options(**options)
        df = (reader.schema(schema) if schema else reader).csv(folder)
        kinds = df.dtypes
        df = df.selectExpr(what) if what == "count(*)" else df.select(*what.split(", ")) if what else df
        shown = [what] if what == "count(*)" else [_shown(c, t) for c, t in kinds if c in df.columns]
        rows = [[v if v is None else repr(v) if isinstance(v, float) else v if isinstance(v, (int, bool)) else str(v) for v in r]
                for r in (df if what == "count(*)" else df.selectExpr(*shown)).collect()]
        return {"schema": df.schema.simpleString(), "rows": rows}
    except Exception as e:
        return _error(e)


def infer(spark, name, folder):
    text, options = INFER[name]
    _put(folder, text)
    try:
        df = spark.read.options(inferSchema="true", **options).csv(folder)
        return {"schema": df.schema.simpleString(), "rows": df.count()}
    except Exception as e:
        return _error(e)


def write(spark, name, folder):
    sql, options = WRITE[name]
    try:
        spark.sql(sql).coalesce(1).write.options(**options).csv(folder)
        return [[f[f.index("c000") + 4:], _content(os.path.join(folder, f))] for f in sorted(os.listdir(folder)) if f.startswith("part-")]
    except Exception as e:
        return _error(e)


def _content(path):
    with open(path, "rb") as f:
        data = f.read()
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "x" + data.hex()
