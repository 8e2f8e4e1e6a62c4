"""Breaks pipelines at every file operation, and holds what a restart makes of it against the truth.

  python test/crash/run.py [--sample N] [--seed S] [--only kill|power|fault] [--group pipelines|functions|state] [--folder DIR] [-v]

kill    the process is killed (SIGKILL) instead of doing operation n
power   after operation n the power goes: what was not synced is lost, or half of it is there
fault   operation n fails with EIO, ENOSPC or after half of the bytes; the engine must live

Then the query is started again without the fault. Every row must be there once; nothing may refuse to start; a
failed query must name the file. --sample N takes N points of the whole, evenly seeded."""
import argparse
import os
import random
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "py")]
from frozen import freeze  # noqa: E402

freeze()
from cases import CASES, Case, FunctionCase, StateCase  # noqa: E402
from engine import Engine, Failed, Gone  # noqa: E402
from power import Disk, read_trace  # noqa: E402


class Bench:
    """One case: its state before the run that is broken is kept beside the place where it is run."""

    def __init__(self, case, folder):
        self.case, self.root = case, os.path.join(folder, "run")
        self.base, self.trace_path = os.path.join(folder, "base"), os.path.join(folder, "trace")
        self.query = case.query(self.root)
        self.fresh(None)
        os.makedirs(self.root)
        if case.before:
            case.land(self.root, 0, case.before)
            self.end_well()
        case.land(self.root, case.before, case.files)
        if case.cut:
            self.attempt({"WEIR_CRASH_AT": str(case.cut)})
        shutil.copytree(self.root, self.base)
        with Engine(self.root, {"WEIR_IO_TRACE": self.trace_path}, case.conf) as e:
            e.run(self.query)
        self.trace = read_trace(self.trace_path)
        case.finish(self.root)
        self.end_well()
        assert self.case.visible(self.root) == self.case.expected(), "the run without a fault is wrong"

    def fresh(self, source):
        shutil.rmtree(self.root, ignore_errors=True)
        if source:
            shutil.copytree(source, self.root)

    def attempt(self, env):
        """Runs the query in a new engine until it ends, fails or the engine dies."""
        with Engine(self.root, env, self.case.conf) as e:
            try:
                e.run(self.query)
            except Gone:
                return "died"
            return "done"

    def end_well(self):
        if self.attempt({}) != "done":
            raise Failed("the engine ended")

    def judge(self):
        """None, or what is wrong after the restart."""
        have, want = self.case.visible(self.root), self.case.expected()
        lost, more = sum((want - have).values()), sum((have - want).values())
        return f"{lost} rows lost, {more} doubled" if lost or more else None

    def restart(self):
        self.case.finish(self.root)
        try:
            self.end_well()
        except Failed as e:
            return f"restart refused: {e}"
        return self.judge()

    def kill(self, n):
        self.fresh(self.base)
        self.attempt({"WEIR_CRASH_AT": str(n)})
        half = self.case.visible(self.root) - self.case.expected()
        return f"{sum(half.values())} rows visible that are not there" if half else self.restart()

    def power(self, n, chance, seed):
        self.fresh(self.base)
        disk = Disk(self.root)
        for op in self.trace:
            if op[0] > n:
                break
            disk.apply(*op[1:])
        shutil.rmtree(self.root)
        disk.build(self.root, chance, seed)
        for i in range(self.case.files):  # the input is not weir's: its times stay
            shutil.copystat(os.path.join(self.base, "in", f"f{i:03}.json"), os.path.join(self.root, "in", f"f{i:03}.json"))
        return self.restart()

    def run_named(self, e, op):
        """Runs the query: whether it failed, or what is wrong with how it failed."""
        try:
            e.run(self.query)
        except Gone:
            return f"the engine ended with {e.process.wait()}"
        except Failed as x:
            # with work on the side the operation of this number may be another one than in the trace
            ops = self.trace if self.case.side else [op]
            names = [os.path.basename(p) for o in ops for p in o[2:4] if p]
            return True if any(stable(p) in str(x) for p in names) else f"the error does not name {names}: {x}"
        return False

    def fault(self, n, kind):
        self.fresh(self.base)
        op = self.trace[n - 1]
        with Engine(self.root, {"WEIR_FAULT_AT": f"{n}:{kind}"}, self.case.conf) as e:
            if not e.port:  # a fault while starting: it must say so and end
                e.process.wait(10)
                text = open(e.log_path, errors="replace").read()
                return self.restart() if os.path.basename(op[2]) in text else f"no start and no reason: {text[-200:]}"
            failed = self.run_named(e, op)
            if failed not in (True, False):
                return failed
            half = self.case.visible(self.root) - self.case.expected()
            if half:
                return f"{sum(half.values())} rows visible that are not there"
            self.case.finish(self.root)
            try:
                if self.case.side and not failed:  # it may still be to come
                    failed = self.run_named(e, op)
                    if failed not in (True, False):
                        return failed
                e.run(self.query)  # the same engine goes on
            except Failed as x:
                return f"restart refused: {x}"
            except Gone:
                return "the engine ended at the restart"
        return self.judge()


def stable(name):
    """The part of a file's name that is the same in every run."""
    for begin in ("part-", "weir-", "files-"):  # what follows is drawn anew
        if name.startswith(begin):
            return begin
    return name.split(".")[1] if name.startswith(".") and name.endswith(".tmp") else name


WRITES = {"create", "append", "write", "sync", "syncdir", "syncfs", "rename", "replace", "mkdir", "remove", "rmdir"}


def points(bench, only):
    """[(kind, label, function)] of a case."""
    out = []
    for n, op, *_ in bench.trace:
        if only in (None, "kill"):
            out.append(("kill", f"{n} {op}", lambda n=n: bench.kill(n)))
        if only in (None, "power") and op in WRITES:
            for chance, seed in ((0.0, 0), (0.5, n)):
                out.append(("power", f"{n} {op} {chance}", lambda n=n, c=chance, s=seed: bench.power(n, c, s)))
        if only in (None, "fault"):
            kinds = ["EIO"] + (["ENOSPC"] if op in WRITES else []) + (["SHORT"] if op == "write" else [])
            for k in kinds:
                out.append(("fault", f"{n} {op} {k}", lambda n=n, k=k: bench.fault(n, k)))
    return out


def break_at(case, todo, table, bad, verbose):
    """True: all of them; an interrupt ends the run with what there is."""
    for n, (kind, label, run) in enumerate(todo):
        try:
            wrong = run()
        except KeyboardInterrupt:
            print(f"broken off: {case.name}, {n} of {len(todo)} points")
            return False
        except Exception as e:  # a check that cannot even look is a failure of that point
            wrong = f"{type(e).__name__}: {e}"
        good, all_ = table.get((case.name, kind), (0, 0))
        table[case.name, kind] = (good + (wrong is None), all_ + 1)
        if wrong:
            bad.append(f"{case.name}: {kind} at {label}: {wrong}")
        if verbose and (wrong or n % 50 == 0):
            print(bad[-1] if wrong else f"{case.name}: {n} of {len(todo)}", flush=True)
    return True


def main(argv=None):
    a = argparse.ArgumentParser()
    a.add_argument("--sample", type=int)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--only", choices=("kill", "power", "fault"))
    a.add_argument("--case", type=int)
    a.add_argument("--group", choices=("pipelines", "functions", "state"))
    a.add_argument("--folder")
    a.add_argument("-v", action="store_true")
    o = a.parse_args(argv)
    folder = o.folder or tempfile.mkdtemp(prefix="weir-crash-")
    start, table, bad = time.time(), {}, []
    cases = CASES if o.case is None else [CASES[o.case]]
    if o.group:
        kind = {"functions": FunctionCase, "state": StateCase, "pipelines": Case}[o.group]
        cases = [c for c in cases if type(c) is kind]
    whole = True
    for i, case in enumerate(cases):
        place = os.path.join(folder, str(i))
        os.makedirs(place, exist_ok=True)
        todo = points(Bench(case, place), o.only)
        if o.sample:
            todo = random.Random(o.seed + i).sample(todo, min(len(todo), o.sample // len(cases) + 1))
        whole = whole and break_at(case, todo, table, bad, o.v)
        shutil.rmtree(place, ignore_errors=True)
    for (name, kind), (good, all_) in table.items():
        print(f"{name:36} {kind:6} {good:5} of {all_:5}")
    for b in bad[:40]:
        print("  " + b)
    passed = sum(g for g, _ in table.values())
    print(f"{passed} passed, {len(bad)} failed, {time.time() - start:.0f} s")
    shutil.rmtree(folder, ignore_errors=True) if not o.folder else None
    return 1 if bad or not whole else 0


if __name__ == "__main__":
    sys.exit(main())
