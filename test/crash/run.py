"""Breaks pipelines at every file operation, and holds what a restart makes of it against the truth.

  python test/crash/run.py [--sample N] [--seed S] [--only kill|power|fault] [--group pipelines|functions|state] [--case I]
                           [--at N | OPERATION:PATH] [--folder DIR] [-v]

kill    the process is killed (SIGKILL) instead of doing operation n
power   after operation n the power goes: what was not synced is lost, or half of it is there
fault   operation n fails with EIO, ENOSPC or after half of the bytes; the engine must live

Then the query is started again without the fault. Every row must be there once; nothing may refuse to start; a
failed query must name the file. --sample N takes N points of the whole, evenly seeded; --at those of one operation: number N, or
the first of that name whose path has that part.

Each point proves that it was broken: the engine says which operation it was killed at or failed (WEIR_FAULT_PROOF), and the
process has died by SIGKILL; a loss of power is of a trace that, replayed as a whole, gives the folder as the run left it. The
columns of the table:

held         broken as planned, and whole after the restart
elsewhere    of these: operation n was another one than in the trace; only where the engine works beside the batches, and
             then more runs are broken until hardly an operation of the trace was left out
got over     of these: the operation failed and the query did not
lost none    of these: nothing was unsynced when the power went, or all of it had reached the disk
not reached  the run ended before operation n, and before those beside it: not passed

Last line: `N passed, N failed, N skipped`; skipped are those not reached, of which a few are too many."""
import argparse
import collections
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
from power import Disk  # noqa: E402
from proof import Break, NotBroken, read_trace, stable  # noqa: E402

TRIES = 3
ROUNDS = (0, 1, -1, 0, 2, -2, 0, 3, -3, 0)  # how far from its number an operation is looked for
COLUMNS = ("held", "elsewhere", "got over", "lost none", "not reached", "failed")


class NotReached(Exception):
    """The run had fewer operations than when it was traced."""


class Wrong(Exception):
    """What a point found."""


class Bench:
    """One case: its state before the run that is broken is kept beside the place where it is run."""

    def __init__(self, case, folder):
        self.case, self.folder, self.root = case, folder, os.path.join(folder, "run")
        self.base, self.trace_path = os.path.join(folder, "base"), os.path.join(folder, "trace")
        self.query, self.struck = case.query(self.root), collections.defaultdict(set)
        self.fresh(None)
        os.makedirs(self.root)
        if case.before:
            case.land(self.root, 0, case.before)
            self.end_well()
        case.land(self.root, case.before, case.files)
        if case.cut:
            self.cut(case.cut)
        shutil.copytree(self.root, self.base)
        self.trace_run()
        case.finish(self.root)
        self.end_well()
        if wrong := self.judge():
            raise Wrong("the run without a fault is wrong: " + wrong)

    def trace_run(self):
        """What the run does when nothing is broken; the model of the disk must agree with the disk about it."""
        disk = Disk(self.root)
        with Engine(self.root, {"WEIR_IO_TRACE": self.trace_path}, self.case.conf) as e:
            run_whole(e, self.query)
        self.trace = read_trace(self.trace_path)
        disk.replay(self.trace, len(self.trace))
        last = {p for op in self.trace[-3:] for p in op[2:4]} if self.case.side else set()  # cut off by the end
        wrong = [p for p in disk.wrong() if not p.endswith("/server.log") and p not in last]
        if wrong or not self.trace:
            raise Wrong(f"{len(self.trace)} operations in the trace, which does not tell of {wrong[:5]}")

    def fresh(self, source):
        shutil.rmtree(self.root, ignore_errors=True)
        if source:
            shutil.copytree(source, self.root)

    def end_well(self):
        with Engine(self.root, conf=self.case.conf) as e:
            run_whole(e, self.query)

    def judge(self):
        """None, or what is wrong after the restart."""
        have, want = self.case.visible(self.root), self.case.expected()
        lost, more = sum((want - have).values()), sum((have - want).values())
        return f"{lost} rows lost, {more} doubled" if lost or more else None

    def no_more_than_all(self):
        """Rows that a reader sees while the engine is down are a part of the truth."""
        more = self.case.visible(self.root) - self.case.expected()
        if more:
            raise Wrong(f"{sum(more.values())} rows visible that are not there")

    def restart(self):
        self.case.finish(self.root)
        try:
            self.end_well()
        except Failed as e:
            raise Wrong(f"restart refused: {e}") from None
        if wrong := self.judge():
            raise Wrong(wrong)

    def planned(self, n):
        """Operation n of the trace, without what is drawn anew."""
        _, op, path, path2, *_ = self.trace[n - 1]
        return op, stable(path), stable(path2)

    def proven(self, broken, prove):
        """How the point counts: "held" or "elsewhere"."""
        try:
            fault = prove()
        except NotBroken as e:
            if not broken.faults() and not broken.reached():
                raise NotReached(str(e)) from None
            raise Wrong(str(e)) from None
        was, planned = (fault.op, stable(fault.path), stable(fault.path2)), self.planned(fault.n)
        self.struck[broken.what].add(was)
        if was == planned:
            return "held"
        if self.case.side:
            return "elsewhere"
        raise Wrong(f"operation {fault.n} was {was}, not {planned}")

    def die(self, n):
        """Runs the query in an engine that is killed at operation n."""
        broken = Break(self.folder, n)
        with Engine(self.root, broken.env, self.case.conf) as e:
            try:
                e.run(self.query)
            except (Gone, Failed):
                pass
            code = ended(e, lambda: broken.faults() or not self.case.side)
        return broken, code

    def cut(self, n):
        broken, code = self.die(n)
        broken.killed(code)

    def kill(self, n):
        self.fresh(self.base)
        broken, code = self.die(n)
        how = self.proven(broken, lambda: broken.killed(code))
        self.no_more_than_all()
        self.restart()
        return how

    def power(self, n, chance, seed):
        self.fresh(self.base)
        disk = Disk(self.root)
        disk.replay(self.trace, n)
        if disk.applied != n:
            raise Wrong(f"the trace ends at {disk.applied}")
        unsynced = disk.unsynced()
        shutil.rmtree(self.root)
        lost = disk.build(self.root, chance, seed)
        if chance == 0 and lost != unsynced:
            raise Wrong(f"{unsynced} were to be lost, and {lost} were")
        for i in range(self.case.files):  # the input is not weir's: its times stay
            shutil.copystat(os.path.join(self.base, "in", f"f{i:03}.json"), os.path.join(self.root, "in", f"f{i:03}.json"))
        self.restart()
        return "held" if lost else "lost none"

    def run_named(self, e, broken):
        """Runs the query: whether it failed, which must have been by the operation that was broken."""
        try:
            e.run(self.query)
        except Gone:
            raise Wrong(f"the engine ended with {e.process.wait()}") from None
        except Failed as x:
            faults = broken.faults()
            names = [os.path.basename(p) for f in faults for p in (f.path, f.path2) if p]
            if not any(told(p) in str(x) for p in names):
                raise Wrong(f"the error does not name {names}: {x}") from None
            return True
        return False

    def fault(self, n, kind):
        self.fresh(self.base)
        broken = Break(self.folder, n, kind)
        with Engine(self.root, broken.env, self.case.conf) as e:
            if not e.port:  # a fault while starting: it must say so and end
                return self.no_start(e, broken)
            failed = self.run_named(e, broken)
            if self.case.side and not failed and not broken.faults():
                failed = self.run_named(e, broken)  # it may still be to come
            how = self.proven(broken, broken.fault)
            self.no_more_than_all()
            self.case.finish(self.root)
            try:
                run_whole(e, self.query)  # the same engine goes on
            except Failed as x:
                raise Wrong(f"restart refused: {x}") from None
            if not e.alive():
                raise Wrong("the engine has ended")
        if wrong := self.judge():
            raise Wrong(wrong)
        return how if failed else "got over"

    def no_start(self, e, broken):
        code = e.process.wait(10)
        how = self.proven(broken, broken.fault)
        with open(e.log_path, errors="replace") as f:
            text = f.read()
        if code <= 0 or os.path.basename(broken.fault().path) not in text:
            raise Wrong(f"no start, ended with {code}, and no reason: {text[-200:]}")
        self.restart()
        return how


def run_whole(engine, query):
    """Where nothing is broken the engine has no reason to go."""
    try:
        engine.run(query)
    except Gone:
        raise Failed(f"the engine ended with {engine.process.wait()}") from None


def ended(engine, soon, seconds=10):
    """The return code of an engine that ends by itself within the time, or None: it must be asked before the engine is ended
    from outside. soon(): it is known that it will."""
    end = time.time() + (seconds if soon() else 1)
    while engine.alive() and time.time() < end:
        time.sleep(0.005)
    return engine.process.poll()


def told(name):
    """The part of a file's name that an error tells."""
    for begin in ("part-", "weir-", "files-"):  # what follows is drawn anew
        if name.startswith(begin):
            return begin
    return name.split(".")[1] if name.startswith(".") and name.endswith(".tmp") else name


WRITES = {"create", "append", "write", "sync", "syncdir", "syncfs", "rename", "replace", "mkdir", "remove", "rmdir"}


Point = collections.namedtuple("Point", "kind what n run")  # run(n): how it counts


def number_of(trace, at):
    if at is None or at.isdigit():
        return at and int(at)
    name, part = at.split(":", 1)
    return next((n for n, op, path, *_ in trace if op == name and part in path), 0)


def points(bench, only, at=None):
    """What is to be tried with a case."""
    out = []
    at = number_of(bench.trace, at)
    for n, op, _, _, _, data in bench.trace:
        if at not in (None, n):
            continue
        if only in (None, "kill"):
            out.append(Point("kill", "KILL", n, bench.kill))
        if only in (None, "power") and op in WRITES:
            for chance, seed in ((0.0, 0), (0.5, n)):
                out.append(Point("power", f"{chance}", n, lambda n, c=chance, s=seed: bench.power(n, c, s)))
        if only in (None, "fault"):
            kinds = ["EIO"] + (["ENOSPC"] if op in WRITES else []) + (["SHORT"] if op == "write" and len(data) > 1 else [])
            for k in kinds:
                out.append(Point("fault", k, n, lambda n, k=k: bench.fault(n, k)))
    return out


def attempt(bench, point):
    """(how the point counts, what is wrong). A run that is over too soon is tried again, then operations before n."""
    for at in [point.n, point.n, *range(point.n - 1, max(point.n - TRIES, 0), -1)]:
        try:
            return point.run(at), None
        except NotReached as e:
            said = str(e)
            if not bench.case.side:
                break
        except Wrong as e:
            return "failed", str(e)
        except Exception as e:  # a check that cannot even look is a failure of that point
            return "failed", f"{type(e).__name__}: {e}"
    return "not reached", said


def break_at(bench, todo, table, bad, verbose):
    case = bench.case
    for i, point in enumerate(todo):
        how, said = attempt(bench, point)
        table[case.name, point.kind][how] += 1
        text = f"{case.name}: {point.kind} at {point.n} {bench.trace[point.n - 1][1]} {point.what}: {said}"
        if how == "failed":
            bad.append(text)
        if verbose and (said or i % 50 == 0):
            print(text if said else f"{case.name}: {i} of {len(todo)}", flush=True)


def left_out(bench, todo):
    """Points whose operation no run was broken at: where the engine works beside the batches numbers are no places."""
    out = {}
    for p in todo:
        if p.kind != "power" and bench.planned(p.n) not in bench.struck[p.what]:
            out.setdefault((p.what, bench.planned(p.n)), p)
    return list(out.values())


def break_what_was_left_out(bench, todo, table, bad, verbose):
    for step in ROUNDS:
        more = [p._replace(n=p.n + step) for p in left_out(bench, todo) if 0 < p.n + step <= len(bench.trace)]
        break_at(bench, more, table, bad, verbose)
    left, all_ = left_out(bench, todo), len({(p.what, bench.planned(p.n)) for p in todo if p.kind != "power"})
    print(f"{bench.case.name}: of {all_} operations {len(left)} were left out: "
          + ", ".join(f"{p.what} of {' '.join(bench.planned(p.n)[:2])}" for p in left[:3]))
    if len(left) > all_ // 20:
        bad.append(f"{bench.case.name}: {len(left)} of {all_} operations were never broken")


def too_many(case, kind, count, bad):
    """Points that say nothing are few, or the whole says nothing."""
    n = sum(count[c] for c in COLUMNS)
    if count["not reached"] > (max(1, n // 20) if case.side else 0):
        bad.append(f"{case.name}: {kind}: {count['not reached']} of {n} points were not reached")
    if kind == "power" and n >= 20 and not count["held"]:
        bad.append(f"{case.name}: nothing was ever lost with the power")


def shown(table):
    print(f"{'':36} {'':6} " + " ".join(f"{c:>11}" for c in ("points", *COLUMNS)))
    for (name, kind), count in table.items():
        held = sum(count[c] for c in COLUMNS[:4])  # the next three are parts of it
        print(f"{name:36} {kind:6} {sum(count.values()):11} {held:11} " + " ".join(f"{count[c]:11}" for c in COLUMNS[1:]))


def run_case(case, place, o, seed, table, bad):
    try:
        bench = Bench(case, place)
    except Exception as e:
        bad.append(f"{case.name}: {type(e).__name__}: {e}")
        return
    todo = points(bench, o.only, o.at)
    if o.share:
        todo = random.Random(seed).sample(todo, min(len(todo), o.share))
    break_at(bench, todo, table, bad, o.v)
    if case.side and not o.share and not o.at and o.only != "power":
        break_what_was_left_out(bench, todo, table, bad, o.v)
    for kind in ("kill", "power", "fault"):
        if (case.name, kind) in table:
            too_many(case, kind, table[case.name, kind], bad)


def main(argv=None):
    a = argparse.ArgumentParser()
    a.add_argument("--sample", type=int)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--only", choices=("kill", "power", "fault"))
    a.add_argument("--case", type=int)
    a.add_argument("--at")
    a.add_argument("--group", choices=("pipelines", "functions", "state"))
    a.add_argument("--folder")
    a.add_argument("-v", action="store_true")
    o = a.parse_args(argv)
    # flushes are modelled, not needed: where there is no disk they cost nothing
    folder = o.folder or tempfile.mkdtemp(prefix="weir-crash-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    start, table, bad = time.time(), collections.defaultdict(collections.Counter), []
    cases = CASES if o.case is None else [CASES[o.case]]
    if o.group:
        kind = {"functions": FunctionCase, "state": StateCase, "pipelines": Case}[o.group]
        cases = [c for c in cases if type(c) is kind]
    o.share = o.sample and o.sample // len(cases) + 1
    for i, case in enumerate(cases):
        place = os.path.join(folder, str(i))
        os.makedirs(place, exist_ok=True)
        try:
            run_case(case, place, o, o.seed + i, table, bad)
        except KeyboardInterrupt:  # what there is is shown
            bad.append(f"broken off: {case.name}, seed {o.seed}")
            break
        finally:
            shutil.rmtree(place, ignore_errors=True)
    shown(table)
    for b in bad[:40]:
        print("  " + b)
    total = sum(table.values(), collections.Counter())
    passed = sum(total[c] for c in COLUMNS[:4])
    print(f"{time.time() - start:.0f} s\n{passed} passed, {len(bad)} failed, {total['not reached']} skipped")
    shutil.rmtree(folder, ignore_errors=True) if not o.folder else None
    return 1 if bad or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
