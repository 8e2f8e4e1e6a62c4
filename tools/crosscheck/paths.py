"""Spellings of paths made of odd pieces, and uses of them: readers, writers, tables, checkpoints, schemas, sinks. Some are local, some
name a scheme that nobody serves, some are no paths at all."""
import importlib.util
import os

from crosscheck_driver import ROOT, Case

spec = importlib.util.spec_from_file_location("paths_cases", os.path.join(ROOT, "test", "golden", "paths", "cases.py"))
cases_of = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases_of)

PIECES = ["a", "b", "k=v", "a b", "%20", "%2F", "%", "a:b", "ä", "#", "+", "&", ";", "'", ".h", "_h", "..b", "~", "^", "|", "$", "!", "(x)", "<", ">",
          "a,b", "@", "=", "é", "..."]
STEPS = ["..", ".", "", "x", "x/.."]
HEADS = ["@/", "@/", "@/", "@/", "@//", "file:@/", "file://@/", "file:///@/", "@/x/../"]
FOREIGN = ["s3://", "s3a://", "gs://", "abfss://c@a.dfs.core.windows.net/", "wasb://c@a.blob.core.windows.net/", "hdfs2://", "nosuch:/", "oss://", "x1+y:/",
           "1a:/", "file://host/"]


def spelling(rnd):
    if rnd.random() < 0.15:
        return rnd.choice(FOREIGN) + "/".join(rnd.sample(["b", "x y", "k=v", "%41"], 2))
    names = ["".join(rnd.sample(PIECES, rnd.choice([1, 1, 2]))).replace("@", "at") for _ in range(rnd.choice([1, 1, 2, 3]))]
    if rnd.random() < 0.25:
        names.insert(rnd.randrange(len(names)), rnd.choice(STEPS))
    return rnd.choice(HEADS) + "/".join(names) + rnd.choice(["", "", "", "/", "//"])


def answer(spark, use, text, folder):
    """Messages repeat the path in more than one spelling: of a path that is none the class alone counts."""
    got = cases_of.answer(spark, use, text, folder)
    if isinstance(got, dict) and "URISyntaxException" in got.get("error", ""):
        return {"error": "java.net.URISyntaxException"}
    return got


def cases(rnd, n):
    quick = [u for u in cases_of.USES if u not in cases_of.SLOW]
    for _ in range(n):
        text, use = spelling(rnd), rnd.choice(cases_of.SLOW if rnd.random() < 0.08 else quick)
        yield Case(f"{use} {text!r}", lambda spark, folder, use=use, text=text: answer(spark, use, text, os.path.join(folder, "uri")))
