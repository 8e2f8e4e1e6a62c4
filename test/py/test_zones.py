"""The rules of time zones come from the machine's tables: a folder of a newer version is taken at once."""
import os
import struct

import pytest
from conftest import Engine



def tzif(offset, footer):
    """A region with one offset, and what follows by the last line. RFC 9636."""
    block = struct.pack(">lBB", offset, 0, 0) + b"LMT\0"
    head = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    return head + block + head + block + b"\n" + footer + b"\n"


def folder(path, version, regions):
    for name, data in regions.items():
        os.makedirs(os.path.dirname(path / name), exist_ok=True)
        (path / name).write_bytes(data)
    if version:
        (path / "tzdata.zi").write_text(f"# version {version}\n")
    return path


def ask(tmp_path, environment, *expressions, zone="UTC"):
    e = Engine(str(tmp_path), env=environment)
    spark = e.session()
    try:
        spark.conf.set("spark.sql.session.timeZone", zone)
        return list(spark.sql("select " + ", ".join(expressions)).first())
    finally:
        spark.stop()
        assert e.stop() == 0


LONDON = {"Europe/London": tzif(0, b"GMT0BST,M3.5.0/1,M10.5.0")}
NOON = "cast(timestamp'{} 12:00:00' as string)"


def test_the_newest_folder_is_taken(tmp_path):
    old = folder(tmp_path / "old", "2001a", dict(LONDON, **{"Test/Land": tzif(3600, b"<+01>-1")}))
    new = folder(tmp_path / "new", "2999z", dict(LONDON, **{"Test/Land": tzif(7200, b"<+02>-2")}))
    none = folder(tmp_path / "none", None, dict(LONDON, **{"Test/Land": tzif(10800, b"<+03>-3")}))
    got = ask(tmp_path, {"TZDIR": "", "PYTHONTZPATH": f"{old}:{new}:{none}"}, "date_format(timestamp'2030-01-01 00:00:00Z', 'HH xxx')",
              zone="Test/Land")
    assert got == ["02 +02:00"]


def test_tzdir_is_taken_alone(tmp_path):
    mine = folder(tmp_path / "mine", "1999a", dict(LONDON, **{"Test/Land": tzif(-5400, b"<-0130>1:30")}))
    assert ask(tmp_path, {"TZDIR": str(mine)}, "date_format(timestamp'2030-01-01 00:00:00Z', 'HH:mm xxx')", zone="Test/Land") == ["22:30 -01:30"]
    with pytest.raises(Exception, match="INVALID_CONF_VALUE.TIME_ZONE"):
        ask(tmp_path, {"TZDIR": str(mine)}, "1", zone="Asia/Tokyo")


@pytest.mark.parametrize("name,data", [
    ("short", b"TZif2"), ("magic", b"nope" * 20), ("leaps", tzif(0, b"X0").replace(struct.pack(">6l", 0, 0, 0, 0, 1, 4), struct.pack(">6l", 0, 0, 1, 0, 1, 4))),
    ("counts", b"TZif2" + bytes(15) + struct.pack(">6l", -1, 0, 0, 0, 1, 4) + bytes(100)), ("footer", tzif(0, b"ABC")), ("rule", tzif(0, b"GMT0BST,M13.1.0,M3.1.0")),
    ("type", tzif(0, b"").replace(struct.pack(">6l", 0, 0, 0, 0, 1, 4), struct.pack(">6l", 0, 0, 0, 0, 0, 10)))])
def test_a_damaged_file_is_no_zone(tmp_path, name, data):
    mine = folder(tmp_path / "mine", "1999a", dict(LONDON, **{"Test/Bad": data}))
    with pytest.raises(Exception, match="INVALID_CONF_VALUE.TIME_ZONE"):
        ask(tmp_path, {"TZDIR": str(mine)}, "1", zone="Test/Bad")


def test_rules_of_the_last_line_hold_for_ever(tmp_path):
    """Daylight saving over the turn of the year (south), on days of the year, with times beyond a day; RFC 9636 3.3.1."""
    regions = {"Test/South": tzif(36000, b"AAA-10BBB,M10.1.0,M4.1.0/3"), "Test/Julian": tzif(0, b"AAA0BBB,J60/0,J300/-1"),
               "Test/Zero": tzif(0, b"AAA0BBB-2,59/25,300"), "Test/Winter": tzif(3600, b"IST-1GMT0,M10.5.0,M3.5.0/1")}
    mine = folder(tmp_path / "mine", None, dict(LONDON, **regions))
    for zone, want in {
        "Test/South": ["+11:00", "+10:00", "+11:00", "+10:00"],
        "Test/Julian": ["+00:00", "+01:00", "+00:00", "+01:00"],
        "Test/Zero": ["+00:00", "+02:00", "+00:00", "+02:00"],
        "Test/Winter": ["+00:00", "+01:00", "+00:00", "+01:00"],
    }.items():
        got = ask(tmp_path, {"TZDIR": str(mine)}, *(f"date_format(timestamp'{d} 00:00:00Z', 'xxx')" for d in
                  ("2024-01-15", "2024-07-15", "4024-01-15", "4024-07-15")), zone=zone)
        assert got == want, zone
