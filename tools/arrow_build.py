#!/usr/bin/env python3
"""Builds the Arrow shim against the Arrow C++ that pyarrow ships: arrow_build.py OUT.so CXX"""
import glob
import os
import re
import subprocess
import sys

import pyarrow

out, cxx = sys.argv[1], sys.argv[2]
lib = os.path.dirname(pyarrow.__file__)
major = re.search(r"\.so\.(\d+)$", sorted(glob.glob(lib + "/libarrow.so.*"))[0]).group(1)
sources = sorted(glob.glob("src/arrow/*.cc"))
if not sources:
    sys.exit(0)
os.makedirs(os.path.dirname(out), exist_ok=True)
subprocess.run(
    cxx.split()
    + ["-std=c++20", "-O2", "-g0", "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,--no-undefined", "-Wall", "-Isrc",
       "-isystem", pyarrow.get_include()]
    + sources
    + ["-o", out, "-L" + lib]
    + ["-l:lib%s.so.%s" % (n, major) for n in ("arrow", "parquet")]
    + ["-Wl,-rpath," + lib, "-Wl,-soname,libweir_arrow.so"],
    check=True,
)
