"""What a disk may hold after a loss of power: a file system that forgets what was not synced.

A trace (WEIR_IO_TRACE) is applied operation by operation to a model in which every file has the bytes
written and the bytes synced, and every directory has the names it shows and the changes of names not
yet synced. `build` lays out one possible directory after the crash."""
import os
import random


class Node:
    def __init__(self):
        self.data = bytearray()
        self.synced = b""


class Disk:
    """Paths are as in the trace; only those below root are kept."""

    def __init__(self, root):
        self.root = root
        self.applied = 0   # operations of the trace
        self.now = {}      # path -> Node | None (a directory)
        self.kept = {}     # the same as the disk is sure to have it
        self.pending = []  # [(directories, {path: Node | None | "gone"})], oldest first
        for folder, dirs, files in os.walk(root):
            for d in dirs:
                self.now[os.path.join(folder, d)] = None
            for f in files:
                node = Node()
                with open(os.path.join(folder, f), "rb") as h:
                    node.data = bytearray(h.read())
                node.synced = bytes(node.data)
                self.now[os.path.join(folder, f)] = node
        self.kept = dict(self.now)

    def change(self, names):
        names = {p: v for p, v in names.items() if p.startswith(self.root + "/")}
        for p, v in names.items():
            if v == "gone":
                self.now.pop(p, None)
            else:
                self.now[p] = v
        if names:
            self.pending.append(({os.path.dirname(p) for p in names}, names))

    def replay(self, trace, n):
        """The operations up to n."""
        for op in trace:
            if op[0] > n:
                break
            self.apply(*op[1:])
            self.applied = op[0]

    def apply(self, op, path, path2, offset, data):
        path, path2 = path.rstrip("/"), path2.rstrip("/")
        if op == "create" or (op == "append" and path not in self.now):
            self.change({path: Node()})
        elif op == "mkdir":
            self.change({path: None})
        elif op in ("remove", "rmdir"):
            self.change({path: "gone"})
        elif op in ("rename", "replace"):
            if path in self.now and (op == "replace" or path2 not in self.now):
                self.change({path: "gone", path2: self.now[path]})
        elif op == "write" and self.now.get(path):
            node = self.now[path]
            node.data[offset:offset + len(data)] = data
        elif op == "sync" and self.now.get(path):
            node = self.now[path]
            node.synced = bytes(node.data)
        elif op == "syncdir":
            left = []
            for dirs, names in self.pending:
                if path in dirs:
                    self.keep(self.kept, names)
                else:
                    left.append((dirs, names))
            self.pending = left

        elif op == "syncfs":
            for node in self.now.values():
                if node:
                    node.synced = bytes(node.data)
            for _, names in self.pending:
                self.keep(self.kept, names)
            self.pending = []

    @staticmethod
    def keep(tree, names):
        for p, v in names.items():
            if v == "gone":
                tree.pop(p, None)
            else:
                tree[p] = v

    def contents(self, tree, synced=False):
        """{path: bytes, or None for a directory} of what can be reached from the root."""
        out = {}
        for path in sorted(tree):
            parent = os.path.dirname(path)
            if parent == self.root or parent in out:  # else its directory was lost
                node = tree[path]
                out[path] = None if node is None else bytes(node.synced if synced else node.data)
        return out

    def unsynced(self):
        """Paths that would be there no more, still be there, or hold other bytes if all that was not synced went."""
        return differing(self.contents(self.now), self.contents(self.kept, synced=True))

    def build(self, target, chance=0.0, seed=0):
        """chance: of each change that was not synced to have reached the disk all the same. Returns the paths that
        differ from what was there when the power went."""
        rnd = random.Random(seed)
        tree = dict(self.kept)
        for _, names in self.pending:
            if rnd.random() < chance:
                self.keep(tree, names)
        laid = self.contents(tree, synced=True)
        os.makedirs(target, exist_ok=True)
        for path, data in laid.items():
            out = target + path[len(self.root):]
            if data is None:
                os.makedirs(out, exist_ok=True)
                continue
            if rnd.random() < chance:
                more = tree[path].data
                laid[path] = data = bytes(more[:len(data) + rnd.randint(0, max(len(more) - len(data), 0))])
            with open(out, "wb") as f:
                f.write(data)
        return differing(self.contents(self.now), laid)

    def wrong(self):
        """Paths at which the model is not what lies on the disk: operations were done that are in no trace."""
        return differing(self.contents(self.now), (other := Disk(self.root)).contents(other.now))


def differing(a, b):
    return sorted(p for p in {*a, *b} if a.get(p, 0) != b.get(p, 0))
