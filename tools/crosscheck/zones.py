"""Time zones: wall clocks beside transitions, dates far away, spellings of zones, and patterns printed and read."""
import os

from crosscheck_driver import Case, rows

# both sides answer alike by these tables and by those of java 17
ENVIRONMENT = {"TZDIR": os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "golden", "zoneinfo")}
# none whose history before 1970 depends on how the tables were built (EST5EDT, CET)
ZONES = ["America/New_York", "Europe/Paris", "Europe/Dublin", "Australia/Lord_Howe", "Australia/Sydney", "Asia/Kolkata", "Asia/Kathmandu",
         "America/St_Johns", "America/Sao_Paulo", "Pacific/Apia", "Pacific/Chatham", "Asia/Tehran", "Antarctica/Troll",
         "Asia/Tokyo", "Europe/London", "America/Caracas", "Africa/Monrovia", "America/Halifax", "Asia/Gaza", "Asia/Pyongyang", "UTC", "GMT",
         "Etc/GMT+3", "Etc/UTC", "America/Los_Angeles", "Pacific/Auckland", "America/Godthab"]
FIXED = ["+08:00", "-03:30", "+8:00", "-1:30", "+5", "+0530", "+01:02:03", "-18:00", "GMT+8", "UTC-1:30", "UT+01:00", "GMT-00:30", "PST", "EST",
         "ACT", "Z", "UTC+00:00", "-00:00:30"]
WRONG = ["+19:00", "+1:2:3", "+123", "abc", "America/Nowhere", "posix/Europe/Paris", "right/Europe/Paris", "../Europe/Paris", "europe/paris", "Factory",
         "ROC", "localtime", "GMT+0", "GMT0", "UTC+", "+1:60", "+1:5", "+10:5", "utc", "z", "+8:30:15", "tzdata.zi", "Europe", "US/Pacific", "+08:00:00"]
UNITS = ["MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]
# days with a change of offset that is not of this decade, where the tables of two versions could differ
NEAR = ["2011-04-03 02:00:00", "2010-10-03 02:00:00", "2011-12-30 00:00:00", "2007-03-11 02:00:00", "2007-11-04 02:00:00", "2012-03-25 01:00:00",
        "2012-10-28 01:00:00", "1987-05-01 00:00:00", "1999-04-04 00:01:00", "2006-10-29 00:01:00", "2015-08-15 00:00:00", "2007-12-09 03:00:00",
        "1995-01-01 00:00:00", "2018-11-04 00:00:00", "2016-05-01 02:30:00", "1981-03-01 00:00:00", "2013-03-31 01:00:00", "2013-10-27 01:00:00"]
LETTERS = "yyyyMMddHHmmssSSSEEaVVzOXxZQGDFhKkLq"


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def instants(rnd, n):
    out = []
    for _ in range(n):
        kind = rnd.randrange(6)
        if kind < 3:
            out.append(f"timestampadd(SECOND, {rnd.choice([-7200, -5400, -3601, -1800, -1, 0, 1, 599, 1799, 1800, 3599, 3600, 5399, 7200, 86399])}, "
                       f"timestamp_ntz'{rnd.choice(NEAR)}')")
        elif kind == 3:
            out.append(f"timestamp_ntz'{rnd.randrange(1971, 2037)}-{rnd.randrange(1, 13):02}-{rnd.randrange(1, 29):02} "
                       f"{rnd.randrange(24):02}:{rnd.randrange(60):02}:{rnd.randrange(60):02}.{rnd.randrange(10**6):06}'")
        elif kind == 4:
            out.append(f"timestamp_ntz'{rnd.choice([2038, 2099, 2100, 2101, 2150, 2199, 2200, 2250, 2399, 3000, 9998])}-{rnd.choice([1, 3, 4, 6, 10, 11, 12]):02}-"
                       f"{rnd.randrange(1, 29):02} {rnd.randrange(24):02}:30:00'")
        else:
            out.append(f"timestamp_ntz'{rnd.choice(['1700', '1850', '0001', '1582'])}-{rnd.randrange(1, 13):02}-15 12:00:00'")
    return out


def pattern(rnd):
    out = ""
    for _ in range(rnd.randrange(1, 6)):
        out += rnd.choice(LETTERS) * rnd.choice([1, 1, 2, 2, 3, 4, 4, 5]) + rnd.choice(["", " ", "-", ":", "/", "'at'", "[", "]", "''"])
    return out.strip()


def in_zone(zone, f):
    def run(spark, folder):
        try:
            spark.conf.set("spark.sql.session.timeZone", zone)
            return f(spark)
        finally:
            spark.conf.set("spark.sql.session.timeZone", "UTC")
    return run


def clocks(rnd, zone):
    columns = []
    for i, t in enumerate(instants(rnd, 6)):
        ts, unit = f"cast({t} as timestamp)", rnd.choice(UNITS)
        step = rnd.choice(["interval 1 day", "interval 1 month", "interval 12 hours", "interval '1 00:30:00' day to second", "interval -1 month",
                           "interval 13 months", "make_interval(1, 1, 0, 3, 4, 5, 6)"])
        columns += [f"unix_micros({ts}) a{i}", f"cast({ts} as string) b{i}", f"unix_micros(date_trunc('{unit}', {ts})) c{i}",
                    f"unix_micros({ts} + {step}) d{i}", f"hour({ts}) e{i}", f"unix_micros(to_utc_timestamp({t}, '{zone}')) f{i}",
                    f"unix_micros(from_utc_timestamp({ts}, '{zone}')) g{i}", f"date_format({ts}, 'yyyy-MM-dd HH:mm:ss VV xxx') h{i}",
                    f"unix_micros(date_trunc('{unit}', {ts} + interval 1 hour)) j{i}", f"cast({ts} as date) k{i}",
                    f"unix_micros({ts} + interval 1 hour - interval 1 day) l{i}", f"timestampdiff(HOUR, {ts}, {ts} + {step}) m{i}"]
    return "select " + ", ".join(columns)


def formats(rnd, zone):
    p = pattern(rnd)
    return "select " + ", ".join(f"date_format(cast({t} as timestamp), {quote(p)}) a{i}" for i, t in enumerate(instants(rnd, 6)))


def reads(rnd, zone):
    part = rnd.choice(["z", "zzzz", "VV", "O", "OOOO", "X", "XXX", "XXXX", "XXXXX", "x", "xx", "xxx", "Z", "ZZZZ", "ZZZZZ", "[z]", "[XXX]"])
    texts = ["PST", "Pacific Standard Time", "CEST", "cest", "CST", "IST", "BST", "GMT", "UTC", "Z", "z", "+08:00", "+0800", "+08", "+8", "GMT+8",
             "GMT+08:00", "GMT-1:30", "UTC+01:00", "UT", "Europe/Paris", "europe/paris", "America/New_York", "America/New", "EST5EDT", "+01:02:03",
             "gmt+5", "GMT0", "GMT+19", "-00:00", "+18:00", "-18:01", "Central European Summer Time", "EDT", "JST", "", "Etc/GMT+3", "+08:00:00",
             "GMT+5:3", "GMT+05:30:15", "UTC-3", "Asia/Kolkata ", "nope"]
    p = f"yyyy-MM-dd HH:mm:ss {part}".strip()
    columns = []
    for i in range(8):
        text = f"{rnd.choice(NEAR)} {rnd.choice(texts)}"
        columns.append(f"unix_micros(try_to_timestamp({quote(text)}, {quote(p)})) a{i}")
        columns.append(f"unix_micros(try_to_timestamp({quote(text)})) b{i}")
    return "select " + ", ".join(columns)


def cases(rnd, n):
    for i in range(n):
        zone = rnd.choice(ZONES) if rnd.random() < 0.7 else rnd.choice(FIXED) if rnd.random() < 0.6 else rnd.choice(WRONG)
        text = rnd.choice([clocks, clocks, formats, formats, reads])(rnd, zone if zone not in WRONG else "UTC")
        yield Case(f"{zone}: {text[:3000]}", in_zone(zone, lambda spark, text=text: rows(spark.sql(text))))
