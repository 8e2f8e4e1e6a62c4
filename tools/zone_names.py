#!/usr/bin/env python3
"""Makes src/func/zone_names.def: the English names of time zones as Java prints and reads them (pattern letter z), which
is what Spark shows. Needs java (17); prints its version into the file."""
import collections
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = r'''
import java.time.*; import java.time.format.*; import java.time.temporal.*; import java.util.*;
public class Names {
  static String read(String pattern, String name) {
    var f = new DateTimeFormatterBuilder().parseCaseInsensitive().appendPattern("uuuu-MM-dd " + pattern).toFormatter(Locale.US);
    try { return TemporalQueries.zone().queryFrom(f.parse("2024-01-01 " + name)).getId(); }
    catch (DateTimeException e) { return ""; }
  }
  public static void main(String[] a) {
    var names = new TreeSet<String>();
    for (String id : new TreeSet<>(ZoneId.getAvailableZoneIds())) {
      var z = TimeZone.getTimeZone(id);
      var row = new ArrayList<String>(List.of("zone", id));
      for (int style : new int[]{TimeZone.SHORT, TimeZone.LONG})
        for (boolean daylight : new boolean[]{false, true}) row.add(z.getDisplayName(daylight, style, Locale.US));
      names.addAll(row.subList(1, 6));
      System.out.println(String.join("\t", row));
    }
    for (String n : names) System.out.println(String.join("\t", "name", n, read("z", n), read("zzzz", n)));
    System.out.println("version\t" + System.getProperty("java.version"));
  }
}
'''


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "Names.java")
        open(path, "w").write(PROGRAM)
        lines = [x.split("\t") for x in subprocess.check_output(["java", path], text=True).splitlines()]
    version = next(x[1] for x in lines if x[0] == "version")
    sets = collections.defaultdict(list)
    for row in (x for x in lines if x[0] == "zone"):
        sets[tuple(row[2:6])].append(row[1])
    out = [f"/* Made by tools/zone_names.py from Java {version}, locale en-US.", " * ZONE_NAMES(short standard, short daylight, long standard, long daylight, regions)",
           " * ZONE_READ(text, region as z reads it or NULL, region as zzzz reads it or NULL); \"\": not even the region of that name */"]
    quote = lambda s: f'"{s}"' if s else "NULL"
    for names, ids in sorted(sets.items()):
        out.append(f"ZONE_NAMES({', '.join(map(quote, names))}, {quote(' '.join(ids) + ' ')})")
    read = lambda id, name: quote(id) if id or name not in regions else '""'
    regions = {x[1] for x in lines if x[0] == "zone"}
    reads = []
    for _, name, short, long in (x for x in lines if x[0] == "name"):
        if (short, long) != (name, name) and (short or long or name in regions):
            reads.append(f"ZONE_READ({quote(name)}, {read(short, name)}, {read(long, name)})")
    out += [" ".join(reads[i:i + 3]) for i in range(0, len(reads), 3)]
    open(os.path.join(ROOT, "src", "func", "zone_names.def"), "w").write("\n".join(out) + "\n")


if __name__ == "__main__":
    sys.exit(main())
