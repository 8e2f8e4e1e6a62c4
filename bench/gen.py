#!/usr/bin/env python3
"""Deterministic JSON events: gen.py OUT_DIR ROWS FILES SEED. One event a millisecond, out of order by up to two seconds,
1,000 users, four types, amounts with two decimals."""
import os
import random
import sys
import time

BASE_MS = 1_767_225_600_000


def main():
    out, rows, files, seed = sys.argv[1], *map(int, sys.argv[2:5])
    r = random.Random(seed)
    os.makedirs(out + ".tmp", exist_ok=True)
    per, seconds = -(-rows // files), {}
    for f in range(files):
        with open(f"{out}.tmp/part-{f:05d}.json", "w") as h:
            for i in range(f * per, min(rows, (f + 1) * per)):
                x = r.getrandbits(60)
                ms = max(BASE_MS, BASE_MS + i + x % 4001 - 2000)
                s = ms // 1000
                if s not in seconds:
                    if len(seconds) > 64:
                        seconds.clear()
                    seconds[s] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(s))
                h.write('{"id":%d,"ts":"%s.%03dZ","ms":%d,"user":"u%d","type":"%s","amount":%d.%02d}\n' % (
                    i, seconds[s], ms % 1000, ms, (x >> 12) % 1000, ("view", "click", "purchase", "search")[x >> 22 & 3],
                    (x >> 24) % 1000, (x >> 34) % 100))
    os.rename(out + ".tmp", out)


main()
