"""What an option does: each case reads, writes or streams a little without it and with it. Asked of Apache Spark (record.py) and of
weir (test_options.py). A key is GROUP.NAME as `weir options` prints them; a value is what to set and what to set it over."""
import glob
import gzip
import json
import os
import re
import time

# Reading: (value, files {name: text or bytes}, schema or None, other options). The answer: the schema and the rows.
R = {
    "csv.charset": ("ISO-8859-1", {"f": b"a,\xe9\n"}, "a string, b string", {}),
    "csv.charToEscapeQuoteEscaping": ("^", {"f": '"a\\\\^"b",x\n'}, "a string, b string", {"escape": "\\"}),
    "csv.columnNameOfCorruptRecord": ("bad", {"f": "1,2,3\nx\n"}, "a int, bad string", {}),
    "csv.comment": ("#", {"f": "#a\nb\n"}, "a string", {}),
    "csv.dateFormat": ("dd/MM/yyyy", {"f": "02/01/2024\n"}, "a date", {}),
    "csv.delimiter": (";", {"f": "a;b,c\n"}, "a string, b string", {}),
    "csv.emptyValue": ("E", {"f": '"",x\n'}, "a string, b string", {}),
    "csv.enableDateTimeParsingFallback": ("true", {"f": "2024-1-2\n"}, "a date", {"dateFormat": "yyyy-MM-dd"}),
    "csv.encoding": ("UTF-16LE", {"f": "a,b\n".encode("utf-16-le")}, "a string, b string", {}),
    "csv.enforceSchema": ("false", {"f": "b,a\n1,2\n"}, "a int, b int", {"header": "true"}),
    "csv.escape": ("|", {"f": '"a|"b",c\n'}, "a string, b string", {}),
    "csv.header": ("true", {"f": "x,y\n1,2\n"}, None, {}),
    "csv.ignoreLeadingWhiteSpace": ("true", {"f": " a, b\n"}, "a string, b string", {}),
    "csv.ignoreTrailingWhiteSpace": ("true", {"f": "a ,b \n"}, "a string, b string", {}),
    "csv.inferSchema": ("true", {"f": "1,x,2.5\n"}, None, {}),
    "csv.lineSep": ("|", {"f": "a|b|"}, "a string", {}),
    "csv.locale": ("de", {"f": "02. März 2024\n"}, "a date", {"dateFormat": "dd. MMMM yyyy"}),
    "csv.maxCharsPerColumn": ("2", {"f": "abc\n"}, "a string", {}),
    "csv.maxColumns": ("2", {"f": "a,b,c\n"}, "a string", {}),
    "csv.mode": ("DROPMALFORMED", {"f": "1\nx\n"}, "a int", {}),
    "csv.multiLine": ("true", {"f": '"a\nb",c\n'}, "a string, b string", {}),
    "csv.nanValue": ("none", {"f": "none\n1\n"}, "a double", {}),
    "csv.negativeInf": ("least", {"f": "least\n1\n"}, "a double", {}),
    "csv.nullValue": ("-", {"f": "-,1\n"}, "a string, b int", {}),
    "csv.positiveInf": ("most", {"f": "most\n1\n"}, "a double", {}),
    "csv.preferDate": ("false", {"f": "2024-01-02\n"}, None, {"inferSchema": "true"}),
    "csv.quote": ("'", {"f": "'a,b',c\n"}, "a string, b string", {}),
    "csv.sep": ("||", {"f": "a||b\n"}, "a string, b string", {}),
    "csv.singleVariantColumn": ("v", {"f": "1,a\n"}, None, {}),
    "csv.timeZone": ("+02:00", {"f": "2024-01-02 03:04:05\n"}, "a timestamp", {}),
    "csv.timestampFormat": ("dd/MM/yyyy HH:mm", {"f": "02/01/2024 03:04\n"}, "a timestamp", {}),
    "csv.timestampNTZFormat": ("dd/MM/yyyy HH:mm", {"f": "02/01/2024 03:04\n"}, "a timestamp_ntz", {}),
    "csv.unescapedQuoteHandling": ("RAISE_ERROR", {"f": '"a"b,c\n'}, "a string, b string", {}),
    "json.allowBackslashEscapingAnyCharacter": ("true", {"f": '{"a":"\\$"}\n'}, "a string", {}),
    "json.allowComments": ("true", {"f": '/* c */{"a":1}\n'}, "a int", {}),
    "json.allowNonNumericNumbers": ("false", {"f": '{"a":NaN}\n'}, "a double", {}),
    "json.allowNumericLeadingZeros": ("true", {"f": '{"a":007}\n'}, "a int", {}),
    "json.allowSingleQuotes": ("false", {"f": "{'a':1}\n"}, "a int", {}),
    "json.allowUnquotedControlChars": ("true", {"f": '{"a":"x\ty"}\n'}, "a string", {}),
    "json.allowUnquotedFieldNames": ("true", {"f": '{a:1}\n'}, "a int", {}),
    "json.charset": ("ISO-8859-1", {"f": b'{"a":"\xe9"}'}, "a string", {"multiLine": "true"}),
    "json.columnNameOfCorruptRecord": ("bad", {"f": '{"a":1}\n{\n'}, "a int, bad string", {}),
    "json.dateFormat": ("dd/MM/yyyy", {"f": '{"a":"02/01/2024"}\n'}, "a date", {}),
    "json.dropFieldIfAllNull": ("true", {"f": '{"a":null,"b":1}\n'}, None, {}),
    "json.enableDateTimeParsingFallback": ("true", {"f": '{"a":"2024-1-2"}\n'}, "a date", {"dateFormat": "yyyy-MM-dd"}),
    "json.encoding": ("ISO-8859-1", {"f": b'{"a":"\xe9"}'}, "a string", {"multiLine": "true"}),
    "json.inferTimestamp": ("true", {"f": '{"a":"2024-01-02T03:04:05Z"}\n'}, None, {}),
    "json.lineSep": ("|", {"f": '{"a":1}|{"a":2}'}, "a int", {}),
    "json.locale": ("de", {"f": '{"a":"02. März 2024"}\n'}, "a date", {"dateFormat": "dd. MMMM yyyy"}),
    "json.mode": ("DROPMALFORMED", {"f": '{"a":1}\n{\n'}, "a int", {}),
    "json.multiLine": ("true", {"f": '[{"a":1},\n{"a":2}]'}, "a int", {}),
    "json.prefersDecimal": ("true", {"f": '{"a":1.5}\n'}, None, {}),
    "json.primitivesAsString": ("true", {"f": '{"a":1}\n'}, None, {}),
    "json.singleVariantColumn": ("v", {"f": '{"a":1}\n'}, None, {}),
    "json.timeZone": ("+02:00", {"f": '{"a":"2024-01-02 03:04:05"}\n'}, "a timestamp", {}),
    "json.timestampFormat": ("dd/MM/yyyy HH:mm", {"f": '{"a":"02/01/2024 03:04"}\n'}, "a timestamp", {}),
    "json.timestampNTZFormat": ("dd/MM/yyyy HH:mm", {"f": '{"a":"02/01/2024 03:04"}\n'}, "a timestamp_ntz", {}),
    "text.encoding": ("UTF-16LE", {"f": "a;b".encode("utf-16-le")}, None, {"lineSep": ";"}),
    "text.lineSep": ("|", {"f": "a|b"}, None, {}),
    "text.wholetext": ("true", {"f": "a\nb\n"}, None, {}),
    "xml.attributePrefix": ("@", {"f": '<r><x a="1"><b>2</b></x></r>'}, None, {"rowTag": "x"}),
    "xml.charset": ("ISO-8859-1", {"f": b"<x><b>\xe9</b></x>\n"}, "b string", {"rowTag": "x", "multiLine": "false"}),
    "xml.columnNameOfCorruptRecord": ("bad", {"f": "<r><x><b>1</b></x><x><b>y</b></x></r>"}, "b int, bad string", {"rowTag": "x"}),
    "xml.dateFormat": ("dd/MM/yyyy", {"f": "<r><x><b>02/01/2024</b></x></r>"}, "b date", {"rowTag": "x"}),
    "xml.encoding": ("ISO-8859-1", {"f": b"<x><b>\xe9</b></x>\n"}, "b string", {"rowTag": "x", "multiLine": "false"}),
    "xml.excludeAttribute": ("true", {"f": '<r><x a="1"><b>2</b></x></r>'}, None, {"rowTag": "x"}),
    "xml.ignoreNamespace": ("true", {"f": '<r><x xmlns:n="u"><n:b>2</n:b></x></r>'}, "b string", {"rowTag": "x"}),
    "xml.ignoreSurroundingSpaces": ("false", {"f": "<r><x><b> 2 </b></x></r>"}, "b string", {"rowTag": "x"}),
    "xml.inferSchema": ("false", {"f": "<r><x><b>2</b></x></r>"}, None, {"rowTag": "x"}),
    "xml.locale": ("de", {"f": "<r><x><b>02. März 2024</b></x></r>"}, "b date", {"rowTag": "x", "dateFormat": "dd. MMMM yyyy"}),
    "xml.mode": ("DROPMALFORMED", {"f": "<r><x><b>1</b></x><x><b>y</b></x></r>"}, "b int", {"rowTag": "x"}),
    "xml.multiLine": ("false", {"f": "<x><b>1</b></x>\n<x><b>2</b></x>\n"}, "b int", {"rowTag": "x"}),
    "xml.nullValue": ("-", {"f": "<r><x><b>-</b></x></r>"}, "b string", {"rowTag": "x"}),
    "xml.prefersDecimal": ("true", {"f": "<r><x><b>1.5</b></x></r>"}, None, {"rowTag": "x"}),
    "xml.rowTag": ("y", {"f": "<r><x><b>1</b></x><y><b>2</b></y></r>"}, "b int", {"rowTag": "x"}),
    "xml.rowValidationXSDPath": ("x.xsd", {"f": "<r><x><b>1</b></x></r>"}, "b int", {"rowTag": "x"}),
    "xml.singleVariantColumn": ("v", {"f": "<r><x><b>1</b></x></r>"}, None, {"rowTag": "x"}),
    "xml.timeZone": ("+02:00", {"f": "<r><x><b>2024-01-02 03:04:05</b></x></r>"}, "b timestamp", {"rowTag": "x"}),
    "xml.timestampFormat": ("dd/MM/yyyy HH:mm", {"f": "<r><x><b>02/01/2024 03:04</b></x></r>"}, "b timestamp", {"rowTag": "x"}),
    "xml.timestampNTZFormat": ("dd/MM/yyyy HH:mm", {"f": "<r><x><b>02/01/2024 03:04</b></x></r>"}, "b timestamp_ntz", {"rowTag": "x"}),
    "xml.valueTag": ("_v", {"f": '<r><x a="1">2</x></r>'}, None, {"rowTag": "x"}),
    "xml.wildcardColName": ("w", {"f": "<r><x><b>1</b><c>2</c></x></r>"}, "b int, w string", {"rowTag": "x"}),
    # files, whatever their format: read as text
    "file.basePath": ("@/k=1", {"k=1/l=2/f": "a\n"}, None, {"path": "@/k=1/l=2"}),
    "file.ignoreCorruptFiles": ("true", {"f.gz": gzip.compress(b"a\n" * 5000, mtime=0)[:40], "g": "b\n"}, None, {}),
    "file.ignoreInvalidPartitionPaths": ("true", {"k=1/f": "a\n", "x/f": "b\n"}, None, {"recursiveFileLookup": "false", "path": "@/*", "basePath": "@"}),
    "file.modifiedAfter": ("2024-01-02T00:00:00", {"f": "a\n", "g": "b\n"}, None, {}),
    "file.modifiedBefore": ("2024-01-02T00:00:00", {"f": "a\n", "g": "b\n"}, None, {}),
    "file.pathGlobFilter": ("g*", {"f": "a\n", "g": "b\n"}, None, {}),
    "file.recursiveFileLookup": ("true", {"x/f": "a\n", "g": "b\n"}, None, {}),
    "file.timeZone": ("+02:00", {"t=2024-01-02 03%3A04%3A05/f": "a\n"}, None, {}),
}
# Writing: (value, query, other options). The answer: the files, or what is in them.
W = {
    "csv.charset": ("ISO-8859-1", "select 'é' as a", {}),
    "csv.charToEscapeQuoteEscaping": ("^", "select 'a\\\\\"b' as a", {}),
    "csv.comment": ("!", "select '!a' as a, 'b' as b", {}),
    "csv.compression": ("gzip", "select 'a' as a", {}),
    "csv.codec": ("gzip", "select 'a' as a", {}),
    "csv.dateFormat": ("dd/MM/yyyy", "select date '2024-01-02' as a", {}),
    "csv.delimiter": (";", "select 'a' as a, 'b' as b", {}),
    "csv.emptyValue": ("E", "select '' as a, 'b' as b", {}),
    "csv.encoding": ("UTF-16LE", "select 'a' as a", {}),
    "csv.escape": ("|", "select 'a\"b,' as a", {}),
    "csv.escapeQuotes": ("false", "select 'a\"b' as a", {}),
    "csv.extension": ("dat", "select 'a' as a", {}),
    "csv.header": ("true", "select 'a' as a", {}),
    "csv.ignoreLeadingWhiteSpace": ("false", "select ' a' as a", {}),
    "csv.ignoreTrailingWhiteSpace": ("false", "select 'a ' as a", {}),
    "csv.lineSep": ("|", "select 'a' as a", {}),
    "csv.locale": ("de", "select date '2024-03-02' as a", {"dateFormat": "dd MMMM"}),
    "csv.nullValue": ("-", "select cast(null as string) as a, 'b' as b", {}),
    "csv.quote": ("'", "select 'a,b' as a", {}),
    "csv.quoteAll": ("true", "select 'a' as a, 1 as b", {}),
    "csv.sep": ("||", "select 'a' as a, 'b' as b", {}),
    "csv.timeZone": ("+02:00", "select timestamp '2024-01-02 03:04:05' as a", {}),
    "csv.timestampFormat": ("dd/MM/yyyy HH:mm", "select timestamp '2024-01-02 03:04:05' as a", {}),
    "csv.timestampNTZFormat": ("dd/MM/yyyy HH:mm", "select timestamp_ntz '2024-01-02 03:04:05' as a", {}),
    "json.charset": ("UTF-16LE", "select 'é' as a", {}),
    "json.compression": ("gzip", "select 'a' as a", {}),
    "json.dateFormat": ("dd/MM/yyyy", "select date '2024-01-02' as a", {}),
    "json.encoding": ("UTF-16BE", "select 'é' as a", {}),
    "json.ignoreNullFields": ("false", "select cast(null as string) as a, 1 as b", {}),
    "json.lineSep": ("|", "select 'a' as a", {}),
    "json.locale": ("de", "select date '2024-03-02' as a", {"dateFormat": "dd MMMM"}),
    "json.pretty": ("true", "select named_struct('b', 1) as a", {}),
    "json.sortKeys": ("true", "select map('b', 1, 'a', 2) as a", {}),
    "json.timeZone": ("+02:00", "select timestamp '2024-01-02 03:04:05' as a", {}),
    "json.timestampFormat": ("dd/MM/yyyy HH:mm", "select timestamp '2024-01-02 03:04:05' as a", {}),
    "json.timestampNTZFormat": ("dd/MM/yyyy HH:mm", "select timestamp_ntz '2024-01-02 03:04:05' as a", {}),
    "json.writeNonAsciiCharacterAsCodePoint": ("true", "select 'é' as a", {}),
    "text.compression": ("gzip", "select 'a' as value", {}),
    "text.encoding": ("ISO-8859-1", "select 'a' as value", {"lineSep": "é"}),
    "text.lineSep": ("|", "select 'a' as value", {}),
    "xml.arrayElementName": ("e", "select array(array(1)) as a", {"rowTag": "x"}),
    "xml.attributePrefix": ("at", "select 1 as atb, 2 as c", {"rowTag": "x"}),
    "xml.charset": ("ISO-8859-1", "select 'é' as a", {"rowTag": "x"}),
    "xml.compression": ("gzip", "select 'a' as a", {"rowTag": "x"}),
    "xml.dateFormat": ("dd/MM/yyyy", "select date '2024-01-02' as a", {"rowTag": "x"}),
    "xml.declaration": ("version='1.1'", "select 'a' as a", {"rowTag": "x"}),
    "xml.encoding": ("ISO-8859-1", "select 'é' as a", {"rowTag": "x"}),
    "xml.indent": ("", "select 'a' as a", {"rowTag": "x"}),
    "xml.locale": ("de", "select date '2024-03-02' as a", {"rowTag": "x", "dateFormat": "dd MMMM"}),
    "xml.nullValue": ("-", "select cast(null as string) as a, 1 as b", {"rowTag": "x"}),
    "xml.rootTag": ("root", "select 'a' as a", {"rowTag": "x"}),
    "xml.rowTag": ("y", "select 'a' as a", {"rowTag": "x"}),
    "xml.timeZone": ("+02:00", "select timestamp '2024-01-02 03:04:05' as a", {"rowTag": "x"}),
    "xml.timestampFormat": ("dd/MM/yyyy HH:mm", "select timestamp '2024-01-02 03:04:05' as a", {"rowTag": "x"}),
    "xml.timestampNTZFormat": ("dd/MM/yyyy HH:mm", "select timestamp_ntz '2024-01-02 03:04:05' as a", {"rowTag": "x"}),
    "xml.validateName": ("false", "select 1 as `a b`", {"rowTag": "x"}),
    "xml.valueTag": ("_v", "select 1 as _v, 2 as _c", {"rowTag": "x"}),
    "parquet.compression": ("zstd", "select 1 as a", {}),
    "parquet.parquet.compression": ("GZIP", "select 1 as a", {}),
    "orc.compression": ("zlib", "select 1 as a", {}),
    "orc.orc.compress": ("ZLIB", "select 1 as a", {}),
    "file.maxRecordsPerFile": ("2", "select id from range(0, 5, 1, 1)", {}),
    "file.partitionOverwriteMode": ("dynamic", "select 1 as a, 7 as p", {"partitionBy": "p", "mode": "overwrite", "first": "select 2 as a, 8 as p"}),
    "file.timeZone": ("+02:00", "select 1 as a, timestamp '2024-01-02 03:04:05' as p", {"partitionBy": "p"}),
    "delta.compression": ("gzip", "select 1 as a", {}),
    "delta.dataChange": ("false", "select 1 as a", {"mode": "append", "first": "select 2 as a"}),
    "delta.delta.*": ("true", "select 1 as a", {"name": "delta.appendOnly"}),
    "delta.maxRecordsPerFile": ("2", "select id from range(0, 5, 1, 1)", {}),
    "delta.mergeSchema": ("true", "select 1 as a, 2 as b", {"mode": "append", "first": "select 2 as a"}),
    "delta.overwriteSchema": ("true", "select 'x' as b", {"mode": "overwrite", "first": "select 2 as a"}),
    "delta.partitionOverwriteMode": ("dynamic", "select 1 as a, 7 as p", {"partitionBy": "p", "mode": "overwrite", "first": "select 2 as a, 8 as p"}),
    "delta.replaceWhere": ("p = 7", "select 1 as a, 7 as p", {"mode": "overwrite", "first": "select 2 as a, 8 as p"}),
    "delta.userMetadata": ("hello", "select 1 as a", {}),
}
# Streams from files (text) and into files: (value, other options of the source, other options of the sink)
FILES = {"a.txt": "1\n", "b.txt": "22\n", "c.txt": "333\n"}
S = {
    "file.latestFirst": ("true", {"maxFilesPerTrigger": "1"}),
    "file.maxFilesPerTrigger": ("2", {}),
    "file.maxBytesPerTrigger": ("3", {}),
    "file.cleanSource": ("delete", {"maxFilesPerTrigger": "1"}),
    "file.pathGlobFilter": ("b*", {}),
    "file.modifiedAfter": ("2024-01-02T00:00:00", {}),
}


def fill(folder, files):
    for i, (name, data) in enumerate(sorted(files.items())):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.utime(path, (1704067200 + i * 86400,) * 2)  # 2024-01-01, 2024-01-02 ...


def plain(value):
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else str(value)


def error(e):
    text = str(e).split("JVM stacktrace")[0]
    found = re.findall(r"\[([A-Z][A-Z_]+(?:\.[A-Z_]+)*)\]", text)
    return {"error": getattr(e, "getCondition", lambda: None)() or (found[-1] if found else type(e).__name__)}


def attempt(f):
    try:
        return f()
    except Exception as e:
        return error(e)


def read(spark, key, folder, given):
    value, files, schema, more = R[key]
    group, name = key.split(".", 1)
    fill(folder + "/in", files)
    more = {k: v.replace("@", folder + "/in") for k, v in more.items()}
    r = spark.read.format("text" if group == "file" else group)
    path = more.pop("path", folder + "/in")
    if given:
        more[name] = value.replace("@", folder + "/in")
    for k, v in more.items():
        r = r.option(k, v)

    def run():
        df = (r.schema(schema) if schema else r).load(path)
        return [df.schema.simpleString(), sorted(plain(list(df.collect())), key=repr)]
    return attempt(run)


def write(spark, key, folder, given):
    value, query, more = W[key]
    group, name = key.split(".", 1)
    more = dict(more)
    fmt = "json" if group == "file" else group
    by, mode, first = more.pop("partitionBy", None), more.pop("mode", "error"), more.pop("first", None)
    name = more.pop("name", name)
    out = folder + "/out"

    def save(text, mode, options):
        w = spark.sql(text).coalesce(1).write.format(fmt).mode(mode)
        for k, v in options.items():
            w = w.option(k, v)
        (w.partitionBy(by) if by else w).save(out)

    def run():
        if first:
            save(first, "error", {})
        save(query, mode, dict(more, **({name: value} if given else {})))
        return delta_files(out) if group == "delta" else data_files(out)
    return attempt(run)


def data_files(out):
    """Names (without their ids) and, of text files, bytes."""
    got = []
    for at, _, names in os.walk(out):
        for n in sorted(names):
            if n.startswith("part-"):
                data = open(os.path.join(at, n), "rb").read()
                binary = n.endswith((".parquet", ".orc"))
                data = "" if binary else gzip.decompress(data).hex() if n.endswith(".gz") else data.hex()
                got.append([re.sub(r"part-.*[-.]c(\d+)", r"part-c\1", os.path.join(os.path.relpath(at, out), n)), data])
    return sorted(got)


def delta_files(out):
    got = []
    for f in sorted(glob.glob(out + "/_delta_log/*.json")):
        for line in open(f):
            j = json.loads(line)
            if "metaData" in j:
                got.append(["metaData", sorted(j["metaData"]["configuration"].items()), json.loads(j["metaData"]["schemaString"])["fields"].__len__()])
            for a in ("add", "remove"):
                if a in j:
                    got.append([a, j[a]["dataChange"], re.sub(r"part-.*[-.]c(\d+)", r"part-c\1", j[a]["path"])])
            if "commitInfo" in j:
                got.append(["commitInfo", j["commitInfo"].get("userMetadata")])
    return plain(got)


def batches(out):
    """The rows of each batch, as the sink's log tells."""
    got = []
    for n in sorted(int(n) for n in os.listdir(out + "/_spark_metadata") if n.isdigit()):
        files = [json.loads(line)["path"] for line in open(f"{out}/_spark_metadata/{n}").read().split("\n")[1:]]
        got.append(sorted(line.strip() for f in files for line in open(f.split(":", 1)[1])))
    return got


def stream(spark, key, folder, given):
    """The batches of a stream over files, in order."""
    value, more = S[key]
    name, more = key.split(".", 1)[1], dict(more)
    fill(folder + "/in", FILES)
    rows = spark.readStream.format("text")
    for k, v in dict(more, **({name: value} if given else {})).items():
        rows = rows.option(k, v)

    def run():
        q = rows.load(folder + "/in").select("value").writeStream.format("json").option("checkpointLocation", folder + "/ck") \
            .trigger(availableNow=True).start(folder + "/out")
        q.awaitTermination(60)
        time.sleep(0.2)
        if q.exception():
            return error(q.exception())
        left = sorted(os.listdir(folder + "/in")) if name == "cleanSource" else None
        return [batches(folder + "/out"), left]
    return attempt(run)


KINDS = {"R": (R, read), "W": (W, write), "S": (S, stream)}


def cases():
    for use, (table, run) in KINDS.items():
        for key in table:
            yield use, key, run
