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


def read_trace(path):
    """[(n, op, path, path2, offset, data)]"""
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
    return sorted(out)


class Disk:
    """Paths are as in the trace; only those below root are kept."""

    def __init__(self, root):
        self.root = root
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

    def apply(self, op, path, path2, offset, data):
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

    def build(self, target, chance=0.0, seed=0):
        """chance: of each change that was not synced to have reached the disk all the same."""
        rnd = random.Random(seed)
        tree = dict(self.kept)
        for _, names in self.pending:
            if rnd.random() < chance:
                self.keep(tree, names)
        os.makedirs(target, exist_ok=True)
        for path in sorted(tree):
            node, parent = tree[path], os.path.dirname(path)
            while parent != self.root and parent in tree:
                parent = os.path.dirname(parent)
            if parent != self.root:
                continue  # its directory was lost
            out = target + path[len(self.root):]
            if node is None:
                os.makedirs(out, exist_ok=True)
                continue
            data = node.synced
            if rnd.random() < chance:
                more = len(node.data) - len(data)
                data = bytes(node.data[:len(data) + rnd.randint(0, max(more, 0))])
            with open(out, "wb") as f:
                f.write(data)
