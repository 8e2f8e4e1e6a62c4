"""A copy of the engine for runs that take long: a build meanwhile does not change what they run."""
import atexit
import glob
import os
import shutil
import sys
import tempfile

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build")


def freeze():
    """Before anything asks where the engine is."""
    engine = os.path.abspath(os.environ.get("WEIR_BIN", os.path.join(BUILD, "weir")))
    arrow = os.environ.get("WEIR_ARROW_LIB", os.path.join(os.path.dirname(engine), "libweir_arrow.so"))
    folder = tempfile.mkdtemp(prefix="weir-frozen-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["WEIR_BIN"] = shutil.copy(engine, os.path.join(folder, "weir"))
    for library in glob.glob(os.path.join(os.path.dirname(engine), "*.so*")):  # they are looked for beside it
        shutil.copy(library, folder)
    if os.path.exists(arrow):
        os.environ["WEIR_ARROW_LIB"] = shutil.copy(arrow, os.path.join(folder, "libweir_arrow.so"))
    os.environ.setdefault("WEIR_PYTHON", sys.executable)  # it is not beside the copy
