"""What tests of answers that Spark gave have in common."""
import importlib.util
import json
import pathlib

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"


def module(path):
    """A file of test/golden, as the module that it is for its recorder."""
    path = pathlib.Path(path)
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def compare(spark, folder, record, asked):
    """spark.jsonl of folder: each of what is asked, and what record.answer gave for it on Spark, is what it gives here."""
    head, *lines = (folder / "spark.jsonl").read_text().split("\n")[:-1]
    assert json.loads(head)["spark"]
    kept = [json.loads(line) for line in lines]
    assert kept and [a for a, _ in kept] == asked
    wrong = [f"{a}\n  Spark {want}\n  weir  {got}" for a, want in kept for got in [record.answer(spark, a)] if got != want]
    assert not wrong, "\n".join(wrong)
