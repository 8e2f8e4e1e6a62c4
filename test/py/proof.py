"""That an engine was broken on purpose: it says so itself, in the file that WEIR_FAULT_PROOF names."""
import collections
import os
import re
import signal

Fault = collections.namedtuple("Fault", "what n op path path2")
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NotBroken(AssertionError):
    """Not what was asked for came to pass, or nothing at all."""


def stable(path):
    """A path without what is drawn anew in every run."""
    return DRAWN.sub("*", path)


def read_trace(path):
    """What WEIR_IO_TRACE left: [(n, op, path, path2, offset, data)], which are all operations from the first one on."""
    out = []
    with open(path, "rb") as f:
        raw = f.read()
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        n, op, p, p2, offset, size = raw[at:end].decode().split("\t")
        at = end + 1
        data = b""
        if op == "write":
            data = raw[at:at + int(size)]
            at += int(size) + 1
        out.append((int(n), op, p, p2, int(offset), data))
    out = sorted(out)
    assert [o[0] for o in out] == list(range(1, len(out) + 1)), f"{path}: operations are missing"
    return out


class Break:
    """One run to be broken at operation n: killed there, or with that operation failing by EIO, ENOSPC or SHORT. env is for
    the engine of this run; folder is not its own."""

    def __init__(self, folder, n, what="KILL"):
        self.n, self.what = n, what
        self.proof, self.trace = os.path.join(folder, "proof"), os.path.join(folder, "broken-trace")
        for path in (self.proof, self.trace):
            if os.path.exists(path):
                os.remove(path)
        how = {"WEIR_CRASH_AT": str(n)} if what == "KILL" else {"WEIR_FAULT_AT": f"{n}:{what}"}
        self.env = dict(how, WEIR_FAULT_PROOF=self.proof, WEIR_IO_TRACE=self.trace)

    def faults(self):
        if not os.path.exists(self.proof):
            return []
        with open(self.proof) as f:
            lines = [line.rstrip("\n").split("\t") for line in f]
        return [Fault(x[0], int(x[1]), *x[2:]) for x in lines]

    def reached(self):
        """Whether the run came as far as operation n, by its trace."""
        return os.path.exists(self.trace) and any(op[0] == self.n for op in read_trace(self.trace))

    def fault(self):
        """The operation that was broken. NotBroken says more, `reached` whether the operation was there at all."""
        got = self.faults()
        if not got:
            raise NotBroken(f"operation {self.n} was {'done, not broken' if self.reached() else 'not reached'}")
        whole = self.what == "SHORT" and got[0].op != "write"  # what has no half fails as a whole
        if len(got) != 1 or got[0].n != self.n or got[0].what != ("ENOSPC" if whole else self.what):
            raise NotBroken(f"not {self.what} at {self.n} but {', '.join(f'{g.what} at {g.n}' for g in got)}")
        return got[0]

    def killed(self, returncode):
        """The operation at which a process ended that has this return code."""
        fault = self.fault()
        if returncode != -signal.SIGKILL:
            raise NotBroken(f"the process was not killed at {self.n}: it ended with {returncode}")
        return fault
