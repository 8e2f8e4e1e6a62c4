"""What clients upload: it stays where it belongs, is bounded before it is written, and goes when its server is gone."""
import io
import os
import signal
import stat
import tarfile
import zipfile

import pytest
from conftest import Engine


def tar(path, *members):
    with tarfile.open(path, "w:gz") as t:
        for name, kind, more in members:
            m = tarfile.TarInfo(name)
            m.type = kind
            if kind == tarfile.REGTYPE:
                m.size = len(more)
                t.addfile(m, io.BytesIO(more))
            else:
                m.linkname = more
                t.addfile(m)
    return str(path)


FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
OUTSIDE = {
    "up": [("../out.txt", FILE, b"x")], "deep": [("a/../../out.txt", FILE, b"x")], "absolute": [("/tmp/weir-out.txt", FILE, b"x")],
    "link_out": [("l", LINK, "../../"), ("l/out.txt", FILE, b"x")], "link_absolute": [("l", LINK, "/etc"), ("l/weir-out", FILE, b"x")],
    "link_dots": [("a/l", LINK, "../../x")], "hard_out": [("h", HARD, "../../../etc/passwd")], "hard_absolute": [("h", HARD, "/etc/passwd")],
    "fifo": [("f", tarfile.FIFOTYPE, "")], "device": [("d", tarfile.CHRTYPE, "")]}


def scratch(engine):
    """The engine's folder, found by the lock that it holds open."""
    for fd in os.listdir(f"/proc/{engine.process.pid}/fd"):
        try:
            to = os.readlink(f"/proc/{engine.process.pid}/fd/{fd}")
        except OSError:
            continue
        if to.endswith("/.lock") and "/weir-" in to:
            return os.path.dirname(to)
    return None


def tree(path):
    return sorted(os.path.relpath(os.path.join(d, f), path) for d, dirs, files in os.walk(path) for f in files + dirs)


@pytest.fixture
def local(tmp_path):
    (tmp_path / "scratch").mkdir()
    e = Engine(str(tmp_path), "--core-files", "--conf", f"spark.local.dir={tmp_path}/scratch", "--conf", "spark.weir.artifacts.maxBytes=4m",
               "--conf", "spark.weir.artifacts.maxServerBytes=6m", "--conf", "spark.weir.artifacts.maxCount=200")
    yield e
    if e.process.poll() is None:
        code = e.stop()
        assert code == 0, open(os.path.join(e.folder, "server.log"), errors="replace").read()[-4000:]
        assert os.listdir(tmp_path / "scratch") == []


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_of_a_tar_lands_outside(local, tmp_path, name):
    spark = local.session()
    before = tree(tmp_path / "scratch")
    with pytest.raises(Exception, match="leads out of the archive|is neither a file nor a folder nor a link"):
        spark.addArtifacts(tar(tmp_path / "bad.tar.gz", ("good.txt", FILE, b"y"), *OUTSIDE[name]), archive=True)
    left = [p for p in tree(tmp_path / "scratch") if "out" in p or "good" in p or "bad.tar" in p]  # not the "bad" of a UUID
    assert not left and not os.path.exists("/tmp/weir-out.txt") and not os.path.exists("/etc/weir-out"), (before, left)
    spark.stop()


@pytest.mark.parametrize("name", ["../out.txt", "a/../../out.txt", "/tmp/weir-out.txt", "..\\out.txt"])
def test_nothing_of_a_zip_lands_outside(local, tmp_path, name):
    spark = local.session()
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as z:
        z.writestr(name, "x")
    with pytest.raises(Exception, match="leads out of the archive"):
        spark.addArtifacts(str(tmp_path / "bad.zip"), archive=True)
    assert not [p for p in tree(tmp_path / "scratch") if "out" in p] and not os.path.exists("/tmp/weir-out.txt")
    spark.stop()


def test_links_inside_are_kept_and_modes_are_tame(local, tmp_path):
    spark = local.session()
    with tarfile.open(tmp_path / "ok.tar.gz", "w:gz") as t:
        m = tarfile.TarInfo("bin/tool")
        m.mode, m.size = 0o6777, 2
        t.addfile(m, io.BytesIO(b"hi"))
        m = tarfile.TarInfo("tool")
        m.type, m.linkname = LINK, "bin/tool"
        t.addfile(m)
    spark.addArtifacts(str(tmp_path / "ok.tar.gz"), archive=True)
    folder = scratch(local)
    (found,) = [os.path.join(d, "tool") for d, dirs, files in os.walk(folder) if os.path.basename(d) == "ok.tar.gz"]
    assert open(found).read() == "hi"
    assert stat.S_IMODE(os.stat(found).st_mode) & 0o7022 == 0
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    spark.stop()


def blob(tmp_path, name, size):
    (tmp_path / name).write_bytes(os.urandom(size))
    return str(tmp_path / name)


def test_bytes_are_bounded_before_they_are_written(local, tmp_path):
    one, two = local.session(), local.session()
    one.addArtifacts(blob(tmp_path, "a.bin", 3 << 20), file=True)
    with pytest.raises(Exception, match="spark.weir.artifacts.maxBytes"):
        one.addArtifacts(blob(tmp_path, "b.bin", 3 << 20), file=True)
    assert sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(tmp_path / "scratch") for f in fs) < 3.5 * (1 << 20)
    with pytest.raises(Exception, match="spark.weir.artifacts.maxServerBytes"):
        two.addArtifacts(blob(tmp_path, "c.bin", int(3.5 * (1 << 20))), file=True)
    two.addArtifacts(blob(tmp_path, "d.bin", 1 << 20), file=True)
    one.stop()  # its bytes are free again
    two.addArtifacts(blob(tmp_path, "e.bin", 2 << 20), file=True)
    two.stop()


def test_what_an_archive_unpacks_to_is_counted(local, tmp_path):
    spark = local.session()
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(8):
            z.writestr(f"zeros{i}", bytes(1 << 20))
    assert os.path.getsize(tmp_path / "bomb.zip") < 20000
    with pytest.raises(Exception, match="spark.weir.artifacts.maxBytes"):
        spark.addArtifacts(str(tmp_path / "bomb.zip"), archive=True)
    assert not [p for p in tree(tmp_path / "scratch") if "zeros" in p]
    tar(tmp_path / "many.tar.gz", *[(f"f{i}", FILE, b"") for i in range(5000)])
    with pytest.raises(Exception, match="spark.weir.artifacts.maxBytes"):
        spark.addArtifacts(str(tmp_path / "many.tar.gz"), archive=True)
    spark.addArtifacts(blob(tmp_path, "a.bin", 3 << 20), file=True)
    spark.stop()


def test_artifacts_are_counted(local, tmp_path):
    spark = local.session()
    with pytest.raises(Exception, match="spark.weir.artifacts.maxCount"):
        for i in range(300):
            spark.addArtifacts(blob(tmp_path, f"s{i}.txt", 10), file=True)
    spark.stop()


def test_leftovers_of_a_killed_server_go_at_the_next_start(local, tmp_path):
    spark = local.session()
    spark.addArtifacts(blob(tmp_path, "a.bin", 3 << 20), file=True)
    left = scratch(local)
    other = tmp_path / "scratch" / "weir-00000000-0000-0000-0000-000000000000"  # not ours: it has no lock
    other.mkdir()
    (other / "keep").write_text("x")
    local.kill()
    assert local.process.returncode == -signal.SIGKILL and os.path.exists(left)
    type(spark)._active_session.session = None
    second = Engine(str(tmp_path), "--core-files", "--conf", f"spark.local.dir={tmp_path}/scratch")
    third = second.session()
    third.addArtifacts(blob(tmp_path, "b.bin", 2 << 20), file=True)
    alive = scratch(second)
    fourth = Engine(str(tmp_path), "--core-files", "--conf", f"spark.local.dir={tmp_path}/scratch")  # the second one's stays
    assert fourth.session().sql("select 1").count() == 1
    assert not os.path.exists(left) and os.path.exists(alive) and os.path.exists(other / "keep")
    third.stop()
    assert fourth.stop() == 0 and second.stop() == 0
    assert os.listdir(tmp_path / "scratch") == [other.name]
