"""Random trees of folders, read in random ways: as a batch and as a stream, whole and through globs, with a schema and
without, before and after more files have come."""
import json
import os
import re

from crosscheck_driver import Case, rows

PLAIN = ["x", "y", "X", "a b", "z%41", "_h", ".h", "_metadata", "_temporary", "t._COPYING_", "_k=1"]
PARTS = ["a=1", "a=2", "a=x", "a=1.5", "a=10000000000", "a=00012", "a=__HIVE_DEFAULT_PARTITION__", "a=2024-01-01",
         "a=2024-01-01 10%3A00%3A00", "a=%41b", "a=1%2E5", "a=b=c", "a=1e3", "a=true", "a=-7", "a= 5", "a=1 "]
ODD = [["a="], ["=1"], ["b=1"], ["i=9"]]
INNER = ["b=1", "b=2", "b=x y", "b=__HIVE_DEFAULT_PARTITION__", "b=0.25"]
FILES = ["f.json", "g.json", "h.txt", "_f.json", ".g.json", "_SUCCESS", "k._COPYING_", "e.json", "a=7.json"]
SCHEMAS = [None, None, "i INT", "i INT, a INT", "a STRING, i INT", "i INT, A STRING, b STRING", "i LONG, a DOUBLE", "i INT, a DATE",
           "i INT, a TIMESTAMP", "i INT, a DECIMAL(12,2), b INT", "i INT, a BOOLEAN", "i STRING, zz INT"]


def put(path, lines):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write("".join(json.dumps(line) + "\n" for line in lines))


def tree(rnd, style):
    """Paths and what lies there."""
    out = {}
    n = [0]
    odd = rnd.choice(ODD)  # of two faults, which one is told is not said

    def fill(folder, depth):
        for name in rnd.sample(FILES[:2] if depth or style != "mixed" else FILES, rnd.choice([1, 1, 2])) \
                + rnd.sample(FILES, rnd.choice([0, 0, 1, 2])):
            n[0] += 1
            line = {"i": n[0]}
            if rnd.random() < 0.15:
                line[rnd.choice("ab")] = rnd.choice([5, "q"])
            out[folder + name] = [] if name == "e.json" else [line] * rnd.choice([1, 1, 2])

    if style == "flat" or rnd.random() < 0.15:
        fill("", 0)
    for _ in range(rnd.choice([1, 2, 3])):
        folder = ""
        for depth in range(rnd.choice([1, 1, 2, 3])):
            names = {"flat": PLAIN, "plain": PLAIN, "parts": (PARTS, INNER, PLAIN)[min(depth, 2)],
                     "mixed": rnd.choice([PLAIN, PARTS, INNER, odd])}[style]
            if style == "parts" and rnd.random() < 0.06:
                names = rnd.choice([PLAIN, odd])
            folder += rnd.choice(names) + "/"
        fill(folder, 1)
    return out


def path_of(rnd, files, style):
    folders = sorted({p.split("/")[0] for p in files if "/" in p})
    if rnd.random() < 0.55:
        return [""]
    any_file = rnd.choice(sorted(files))
    some = [["/*"], ["/*/*"], ["/[xyXa]*"], ["/{x,y,a=1}"], ["/?"], ["/" + any_file], ["/*.json"], ["/*/*.json"], ["/[!x]*"],
            ["/{x,a=1/b=1}/*"], ["/" + os.path.dirname(any_file)], [""], ["", ""], ["/" + os.path.dirname(any_file), "/" + any_file]]
    if len(folders) > 1:
        some += [["/" + folders[0], "/" + folders[1]], ["", "/" + folders[0]]]
    return rnd.choice(some)


def options_of(rnd, path):
    o = {}
    if rnd.random() < 0.2:
        o["recursiveFileLookup"] = "true"
    if rnd.random() < 0.15:
        o["pathGlobFilter"] = rnd.choice(["*.json", "f*", "{f,g}.json", "[!f]*", "*.txt"])
    if rnd.random() < 0.2 and (path != [""] or rnd.random() < 0.3):
        o["basePath"] = rnd.choice(["", "", "/x", "/none"])
    return o


def reader(spark, folder, how, stream):
    o = {k: folder + "/t" + v if k == "basePath" else v for k, v in how["options"].items()}
    r = (spark.readStream if stream else spark.read).options(**o).format(how["format"])
    if how["schema"]:
        r = r.schema(how["schema"])
    paths = [folder + "/t" + p for p in how["path"]]
    return r.load(paths[0] if len(paths) == 1 else paths)


def batch(spark, folder, how):
    df = reader(spark, folder, how, False)
    return rows(df) + [sorted(f.replace(folder, "") for f in df.inputFiles())] if how["files"] else rows(df)


def stream(spark, folder, how):
    """What has come after each of two runs: files are added between them."""
    out = []
    for step, files in enumerate(how["steps"]):
        for p, lines in files.items():
            put(f"{folder}/t/{p}", lines)
        name = f"layout_{os.path.basename(os.path.dirname(folder)).replace('-', '_')}"
        q = reader(spark, folder, how, True).writeStream.format("json").option("path", f"{folder}/out") \
            .option("checkpointLocation", f"{folder}/ck").queryName(name).trigger(availableNow=True).start()
        try:
            q.processAllAvailable() if q.isActive else None
            q.awaitTermination(60)
            if q.exception():
                raise q.exception()
        finally:
            q.stop()
        out.append(rows(spark.read.schema("i STRING, a STRING, b STRING").json(f"{folder}/out")))
    return out


def failure(e):
    """What an error says, without the stream around it: both engines fail before the first batch or in it."""
    text = str(e).split("terminated with exception: ")[-1].split("\n")[0]
    inner = re.search(r"\[([A-Z][A-Z_.]+)\]", text)
    return {"error": inner[1] if inner else text.replace("requirement failed: ", "")}


def run(spark, folder, files, how):
    os.makedirs(folder + "/t")
    for key, value in how["conf"].items():
        spark.conf.set(key, value)
    try:
        if "steps" in how:
            return stream(spark, folder, how)
        for p, lines in files.items():
            put(f"{folder}/t/{p}", lines)
        return batch(spark, folder, how)
    except TimeoutError:
        raise
    except Exception as e:
        return failure(e)
    finally:
        for key in how["conf"]:
            spark.conf.unset(key)


def how_of(rnd, files, style, streaming):
    path = path_of(rnd, files, style)
    how = {"path": path, "options": options_of(rnd, path), "schema": rnd.choice(SCHEMAS), "conf": {}, "format": "json",
           "files": not any("=" in p for p in files) and rnd.random() < 0.5}
    if rnd.random() < 0.12:
        how["format"], how["schema"] = "text", rnd.choice([None, "value STRING, a INT"])
    if rnd.random() < 0.1:
        how["conf"]["spark.sql.sources.partitionColumnTypeInference.enabled"] = "false"
    if streaming:
        how["schema"] = how["schema"] or "i INT, a STRING"
        if how["format"] == "text":
            how["format"], how["schema"] = "json", "i INT, a STRING"
        how["path"] = path[:1]
    return how


def cases(rnd, n):
    while n > 0:
        style = rnd.choice(["flat", "plain", "parts", "parts", "parts", "mixed"])
        files = tree(rnd, style)
        hows = [how_of(rnd, files, style, False) for _ in range(min(n, 4))]
        if rnd.random() < 0.35:
            how = how_of(rnd, files, style, True)
            later = tree(rnd, style)
            if any("=" in p for p in [*files, *later]):
                how["path"] = [""] if any(c in how["path"][0] for c in "*?[{") else how["path"]
                how["options"].pop("basePath", None)
            if any("=" in p for p in files):  # Spark fails in a batch of files that are in none of a stream's k=v folders
                later = {p: lines for p, lines in later.items() if "=" in os.path.dirname(p)}
            how["steps"] = [files] if rnd.random() < 0.6 else [files, later]
            hows[-1] = how
        n -= len(hows)
        for how in hows:
            yield Case(f"{ {p: len(lines) for p, lines in files.items()} } {how}",
                       lambda spark, folder, f=files, h=how: run(spark, folder, f, h))
