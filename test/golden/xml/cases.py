"""XML files that Apache Spark and weir both read, and rows that both write: record.py keeps what Spark gave.

A read case: the text of a file (or of several), a schema or None, options, and what is selected (default: all).
A write case: a query of one partition, and options; the outcome is the text of the file.
"""
import datetime
import decimal
import glob
import os
import re

BOOKS = """<?xml version="1.0"?>
<catalog>
  <book id="bk101" lang="en"><author>Gambardella, Matthew</author><price>44.95</price><year>2000</year>
    <published>2000-10-01</published><tag>a</tag><tag>b</tag></book>
  <!-- <book id="bk000"/> -->
  <book id="bk102"><author/><price>5</price><year>1999</year><published>2000-12-16</published><tag>c</tag>
    <seller><name>N &amp; Co</name><at>2024-01-02T03:04:05Z</at></seller></book>
  <book id="7"><price>1e3</price><year>x</year><note><![CDATA[<b>1 < 2</b>]]> and more</note></book>
</catalog>
"""
TYPES = ("b BYTE, s SHORT, i INT, l LONG, f FLOAT, d DOUBLE, n DECIMAL(10,2), o BOOLEAN, y DATE, t TIMESTAMP, "
         "z TIMESTAMP_NTZ, x STRING, h BINARY")


def rows(*records, root="ROWS"):
    return f"<{root}>" + "".join(f"<ROW>{r}</ROW>\n" for r in records) + f"</{root}>"


def values(name, *texts):
    return rows(*(f"<{name}>{t}</{name}><k>{i}</k>" for i, t in enumerate(texts)))


def one(name, *texts):
    """Each text in a file of its own, so that a bad one ends only its file."""
    return [rows(f"<{name}>{t}</{name}>") for t in texts]


ROW = {"rowTag": "ROW"}
BAD = rows("<a>1</a><b>x</b><c>3</c>", "<a>2</a><b>2</b><c>4</c>")
CUT = "<ROWS><ROW><a>1</a></ROW><ROW><a>2</b></ROW><ROW><a>3</a></ROW></ROWS>"
READ = {
    # inference
    "books_inferred": (BOOKS, None, {"rowTag": "book"}),
    "books_root": (BOOKS, None, {"rowTag": "catalog"}),
    "books_prefix": (BOOKS, None, {"rowTag": "book", "attributePrefix": "@", "valueTag": "#text"}),
    "books_no_attributes": (BOOKS, None, {"rowTag": "book", "excludeAttribute": "true"}),
    "books_strings": (BOOKS, None, {"rowTag": "book", "inferSchema": "false"}),
    "books_decimal": (BOOKS, None, {"rowTag": "book", "prefersDecimal": "true"}),
    "infer_numbers": (rows("<a>1</a><b>1</b><c>+5</c><d>-5</d><e>9223372036854775807</e><f>1d</f><g>0x1p3</g><h>1.5f</h>"
                           "<i>.5</i><j>5.</j><k>NaN</k><l>1,5</l>",
                           "<a>2.5</a><b>x</b><c>+6</c><d>--5</d><e>9223372036854775808</e>"), None, ROW),
    "infer_decimals": (rows("<a>1</a><b>0.05</b><c>12345678901234567890</c><d>1.5</d><e>1e5</e><f>1.25</f>",
                            "<a>2.5</a><b>100.5</b><c>1.5</c><d>x</d><e>2</e><f>1e400</f>"), None,
                       {**ROW, "prefersDecimal": "true"}),
    "infer_times": (rows("<a>2024-01-02</a><b>2024-01-02</b><c>2024-1-2</c><d>10:11</d><e>2024-01-02 03:04:05</e><f>true</f>"
                         "<g>TRUE</g>",
                         "<a>2024-01-03</a><b>2024-01-02T01:02:03</b><c>2024-01-02</c><d>x</d><e>y</e><f>0</f><g>false</g>"),
                    None, ROW),
    "infer_no_prefer_date": (rows("<a>2024-01-02</a><b>2024-1-2</b>", "<a>2024-01-03</a><b>2024-01</b>"), None,
                             {**ROW, "preferDate": "false"}),
    "infer_date_format": (rows("<a>02/01/2024</a><t>02.01.2024 10h</t>"), None,
                          {**ROW, "dateFormat": "dd/MM/yyyy", "timestampFormat": "dd.MM.yyyy HH'h'"}),
    "infer_struct_or_not": (rows("<a>1</a><b><x>1</x></b><c x='1'>5</c><d>7</d><e><y>1</y></e>",
                                 "<a x='y'>2</a><b>text</b><c>6.5</c><d>7</d><d>8</d><e/>"), None, ROW),
    "infer_array_of_structs": (rows("<p><x>1</x></p><p><y>2</y></p>", "<p><x>a</x><x>b</x></p>"), None, ROW),
    "infer_mixed": (rows("<a>one<b>2</b>three</a>", "<a>four</a>"), None, ROW),
    "infer_case": (rows("<Foo>1</Foo><foo>2</foo>", "<FOO>3</FOO>"), None, ROW),
    "infer_empty": (rows("<a/><b></b><c> </c><d x=''/>", ""), None, ROW),
    "infer_null_value": (rows("<a>-</a><b>-</b>", "<a>1</a>"), None, {**ROW, "nullValue": "-"}),
    "infer_spaces": (rows("<a> 1 </a><b> x </b>"), None, {**ROW, "ignoreSurroundingSpaces": "false"}),
    "infer_row_attributes": ("<r><ROW a='1' b='x'><c>2</c></ROW><ROW a='2.5'>text</ROW></r>", None, ROW),
    "infer_malformed": (CUT, None, ROW),
    "infer_malformed_drop": (CUT, None, {**ROW, "mode": "DROPMALFORMED"}),
    "infer_malformed_fail": (CUT, None, {**ROW, "mode": "FAILFAST"}),
    "infer_files": ([rows("<a>1</a>"), rows("<a>x</a><b>2</b>")], None, ROW),
    "infer_nothing": ("<a><b>1</b></a>", None, ROW),
    "infer_order": (rows("<b>1</b><a>2</a><C>3</C><_d>4</_d>"), None, ROW),
    # primitives
    "types": (rows("<b>1</b><s>-2</s><i>+3</i><l>-4</l><f>1.5</f><d>-2.5e3</d><n>1,234.567</n><o>TRUE</o><y>2024-02-29</y>"
                   "<t>2024-02-29 10:11:12.123456</t><z>2024-02-29T10:11:12</z><x> text </x><h>AQI=</h>",
                   "<b/><s/><i/><l/><f/><d/><n/><o/><y/><t/><z/><x/><h/>", ""), TYPES, ROW),
    "bytes": (one("b", "127", "128", "-128", "+1", "1.0", " 5 ", "--1"), "b BYTE, _corrupt_record STRING", ROW),
    "integers": (one("i", "2147483647", "2147483648", "-2147483648", "--5", "+-5", "+", "1 2", "1.0"),
                 "i INT, _corrupt_record STRING", ROW),
    "longs": (one("l", "9223372036854775807", "-9223372036854775808", "-9223372036854775807", "1e3", "1_000"),
              "l LONG, _corrupt_record STRING", ROW),
    "doubles": (one("d", "1d", "1.5F", "NaN", "Infinity", "-Infinity", "INF", "0x1p3", "1,234.5abc", "12abc", "abc", "-abc",
                    ".5", "5.", "1e400", "--1.5", "1e", "1E5x", ",5", "1,2,3", "nan", "1.2.3", "+-7", "1e5x", "-,5",
                    "1,,2", "1.5,3", "5,x", "1.x", ".", ",", "1E", "1E+5x", "1E-2x", "∞", "-∞x", "1E400x", "1,234,567.891.2"),
                "d DOUBLE, _corrupt_record STRING", ROW),
    "floats": (one("f", "3.4028236e38", "1e40", "16777217", "1,000.25z", "-0"), "f FLOAT, _corrupt_record STRING", ROW),
    "decimals": (one("n", "12.345", "12.355", "99999999.99", "99999999.995", "1e3", "1,0,0", "x", " 1 ", "+7", "1e-5", "."),
                 "n DECIMAL(10,2), _corrupt_record STRING", ROW),
    "booleans": (one("o", "true", "False", "1", "0", "yes", "t", "T R"), "o BOOLEAN, _corrupt_record STRING", ROW),
    "dates": (one("y", "2024-02-29", "2024-2-9", "2023-02-29", "2024-02-29T10:00:00", "20240229", "+2024-01-01", "02024-01-01"),
              "y DATE, _corrupt_record STRING", ROW),
    "dates_lenient": (one("y", "2024-02-29", "2024-2-9", "2024", "2024-02-29T10:00:00", "x"),
                      "y DATE, _corrupt_record STRING", {**ROW, "preferDate": "false"}),
    "timestamps": (one("t", "2024-02-29", "2024-2-9 1:2:3", "2024-02-29T10:11:12+02:00", "2024-02-29 10:11:12 Europe/Berlin",
                       "1709201472", "x"), "t TIMESTAMP, _corrupt_record STRING", ROW),
    "timestamps_zone": (one("t", "2024-02-29 10:00:00", "2024-07-01 10:00:00Z"), "t TIMESTAMP",
                        {**ROW, "timeZone": "Europe/Berlin"}),
    "ntz": (one("z", "2024-02-29 10:11:12", "2024-02-29 10:11:12Z", "2024-02-29", "x"),
            "z TIMESTAMP_NTZ, _corrupt_record STRING", ROW),
    "formats": (rows("<y>29/02/2024</y><t>29.02.2024 10h</t><z>10:11 29.02.2024</z>"), "y DATE, t TIMESTAMP, z TIMESTAMP_NTZ",
                {**ROW, "dateFormat": "dd/MM/yyyy", "timestampFormat": "dd.MM.yyyy HH'h'",
                 "timestampNTZFormat": "HH:mm dd.MM.yyyy"}),
    "binary": (one("h", "abc", "AQI=", "68656c6c6f", "", "[01 02]", "[]", "[0102]", "[0A ff]", "[1]", "[ 01]", "[01  02]", "[0g]", "[01 02 ]"), "h BINARY, _corrupt_record STRING", ROW),
    "null_value": (rows("<a>-</a><b>-</b><c x='-'>-</c>", "<a>1</a><b/><c x='1'>2</c>"),
                   "a INT, b STRING, c STRUCT<_x: INT, _VALUE: INT>", {**ROW, "nullValue": "-"}),
    "null_value_empty": (rows("<a/><b></b><c x=''/>"), "a INT, b STRING, c STRUCT<_x: STRING, _VALUE: STRING>",
                         {**ROW, "nullValue": ""}),
    "spaces_kept": (rows("<a> 1 </a><b>  x  </b>", "<a>2</a><b> </b>"), "a INT, b STRING, _corrupt_record STRING",
                    {**ROW, "ignoreSurroundingSpaces": "false"}),
    # structure
    "structs": (BOOKS, "_id STRING, _LANG STRING, seller STRUCT<name: STRING, at: TIMESTAMP>, tag ARRAY<STRING>, note STRING, "
                       "author STRING", {"rowTag": "book"}),
    "last_wins": (rows("<a>1</a><a>2</a><s><x>1</x></s><s><y>2</y></s>"), "a INT, s STRUCT<x: INT, y: INT>", ROW),
    "arrays": (rows("<a>1</a><b>x</b><a>2</a><a/><s><v>1</v></s><s w='2'>t</s><s/>", "<b/>"),
               "a ARRAY<INT>, b ARRAY<STRING>, s ARRAY<STRUCT<v: INT, _w: INT, _VALUE: STRING>>", ROW),
    "array_of_arrays": (rows("<a><i>1</i><i>2</i></a><a>3</a>"), "a ARRAY<ARRAY<INT>>, _corrupt_record STRING", ROW),
    "maps": (rows("<m k='1'><a>2</a><b>3</b></m>", "<m><a>1</a><a>2</a></m>", "<m/>", "<m k='1'/>", "<m> </m>", "<m>7</m>",
                  "<m><a>1</a>8</m>"), "m MAP<STRING, INT>, _corrupt_record STRING", ROW),
    "map_goes_on": (rows("<m><a>x</a><b>2</b></m><c>3</c>", "<m k='x'/><c>3</c>", "<m k='x'><a>1</a></m><c>3</c>"),
                    "m MAP<STRING, INT>, c INT, _corrupt_record STRING", ROW),
    "map_of_texts": (rows("<m k='x'>7</m>", "<m>x<b>1</b></m>", "<m><b>1<c/></b></m>"), "m MAP<STRING, STRING>, _corrupt_record STRING", ROW),
    "array_of_maps": (rows("<a k='0'><b>1</b></a><a><b>2</b></a>"), "a ARRAY<MAP<STRING, INT>>, _corrupt_record STRING", ROW),
    "comments_part_texts": (rows("<a>1<!-- -->2</a>", "<a>1<!-- --></a>", "<a><!-- -->1</a>", "<a>1<![CDATA[2]]>3</a>"),
                            "a INT, _corrupt_record STRING", ROW),
    "deep_goes_on": (rows("<t><u>1</u><u>x</u><u>3</u></t><t><u>4</u></t><b>9</b>", "<b>8</b>"),
                     "t ARRAY<STRUCT<u: ARRAY<INT>>>, b INT, _corrupt_record STRING", ROW),
    "infer_more_times": (rows("<a>10:11:12</a><b>2024-01-01T10:00</b><c>2024-01-01 10:00:00.123456789</c>"
                              "<d>2024-01-01T10:00:00+01:00</d><e>12-01-2024</e><f>2024</f><g>2024-01</g>"), None, ROW),
    "infer_more_numbers": (rows("<a>1.0</a><b>-.5</b><c>1e-3</c><d>+1.5</d><e>00012</e><f>1_000</f><g>1.5e</g><h>.</h><i>-</i>"
                                "<j>0x1F</j><k>1L</k>"), None, ROW),
    "infer_more_decimals": (rows("<a>123456789012345678901234567890123456789</a><b>0.00000000000000000000000000000000000000001</b>"
                                 "<c>0</c><d>0.0</d><e>-0.50</e><f>1,000.5</f>"), None, {**ROW, "prefersDecimal": "true"}),
    "exclude_attributes": ("<r><ROW x='1'><m k='2'><a>1</a></m></ROW></r>", "_x INT, m MAP<STRING, INT>",
                           {**ROW, "excludeAttribute": "true"}),
    "wildcard_not_string": (rows("<w>1</w><z>2</z>"), "xs_any INT, _corrupt_record STRING", ROW),
    "map_of_structs": (rows("<m><a x='1'><b>2</b></a><c/></m>"), "m MAP<STRING, STRUCT<_x: INT, b: INT>>", ROW),
    "value_tag": ("<r><ROW>one<a>1</a>two</ROW><ROW> </ROW></r>", "_VALUE STRING, a INT", ROW),
    "value_tag_array": ("<r><ROW>1<a>1</a>2<!-- c -->3</ROW></r>", "_VALUE ARRAY<INT>, a INT", ROW),
    "value_tag_struct": (rows("<a>5</a><a x='1'/>", "<a x='2'>6</a>", "<a><b/></a>"),
                         "a STRUCT<_VALUE: INT, _x: INT>, _corrupt_record STRING", ROW),
    "xml_as_string": (rows("<a> t <b c='1&quot;'>x<d/></b> u &lt; </a>", "<a><b>1</b></a>", "<a>x<!-- y -->z</a>"), "a STRING", ROW),
    "deep": (rows("<a><b><c><d>1</d></c><skip><d>2</d></skip></b></a>"), "a STRUCT<b: STRUCT<c: STRUCT<d: INT>>>", ROW),
    "nested_row_tag": ("<r><ROW><a>1</a><ROW><a>2</a></ROW></ROW><ROW><a>3</a></ROW></r>", "a INT", ROW),
    "wildcard": (rows("<a>1</a><b>2</b><c><d>3</d></c>"), "a INT, xs_any STRING", ROW),
    "wildcard_array": (rows("<a>1</a><b>2</b><c><d>3</d></c>"), "a INT, rest ARRAY<STRING>", {**ROW, "wildcardColName": "rest"}),
    "case_names": (rows("<A>1</A><b X='2'>3</b>"), "a INT, B STRUCT<_x: INT, _VALUE: INT>", ROW),
    "namespaces": ("<r xmlns:n='u'><n:ROW n:i='1'><n:a>1</n:a><b>2</b></n:ROW></r>", None, {"rowTag": "n:ROW"}),
    "namespaces_ignored": ("<r xmlns:n='u'><n:ROW n:i='1'><n:a>1</n:a><b>2</b></n:ROW></r>", None,
                           {"rowTag": "ROW", "ignoreNamespace": "true"}),
    "undeclared_prefix": (rows("<n:a>1</n:a>"), None, ROW),
    "entities": (rows("<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x42;</a><b>x]]&gt;y</b>"), "a STRING, b STRING", ROW),
    "entity_declared": ("<!DOCTYPE r [<!ENTITY e 'boom'>]><r><ROW><a>1&e;2</a><b>3</b></ROW></r>",
                        "a STRING, b STRING, _corrupt_record STRING", ROW),
    "entity_undeclared": (rows("<a>1&nope;2</a><b>3</b>"), "a STRING, b STRING, _corrupt_record STRING", ROW),
    "entity_in_attribute": ("<!DOCTYPE r [<!ENTITY e 'boom'>]><r><ROW a='1&e;2'><b>3</b></ROW></r>",
                            "_a STRING, b STRING, _corrupt_record STRING", ROW),
    "doctype": ("<!DOCTYPE r SYSTEM 'http://nowhere.invalid/x.dtd'><r><ROW><a>1</a></ROW></r>", "a INT", ROW),
    "instructions": ("<?xml version='1.0'?><?pi x?><r><ROW><a>1<?pi y?>2</a><?pi?><b>3</b></ROW></r>", "a STRING, b INT", ROW),
    "line_ends": ("<r>\r\n<ROW><a>x\r\ny\rz\tw</a><b v='p\r\nq\tr'/></ROW>\r\n</r>", "a STRING, b STRUCT<_v: STRING>", ROW),
    "unicode": ("<?xml version='1.0' encoding='UTF-8'?><r><ROW><größe>ä€😀</größe></ROW></r>", None, ROW),
    "bom": ("\ufeff<r><ROW><a>1</a></ROW></r>", "a INT", ROW),
    "latin1_declared": ("<?xml version='1.0' encoding='ISO-8859-1'?><r><ROW><a>é€</a></ROW></r>".replace("€", "").encode("latin1"),
                        "a STRING, _corrupt_record STRING", ROW),
    "latin1_option": ("<r><ROW><a>é</a></ROW></r>".encode("latin1"), "a STRING, _corrupt_record STRING",
                      {**ROW, "encoding": "ISO-8859-1"}, ["a"]),
    "cp1252": ("<?xml version='1.0' encoding='windows-1252'?><r><ROW><a>é€</a></ROW></r>".encode("cp1252"), "a STRING", ROW),
    "utf16": ("<?xml version='1.0' encoding='UTF-16'?><r><ROW b='1'><a>é€😀</a></ROW></r>".encode("utf-16"), "a STRING, _b INT", ROW),
    "utf8_broken": (b"<r><ROW><a>1</a></ROW><ROW><a>\xff\xfe</a></ROW></r>", "a STRING, _corrupt_record STRING", ROW, ["a"]),
    "lines_latin1": ("<ROW><a>é</a></ROW>\n<ROW><a>x</a></ROW>".encode("latin1"), "a STRING", {**ROW, "multiLine": "false",
                     "encoding": "ISO-8859-1"}),
    "xml_1_1": ("<?xml version='1.1'?><r><ROW><a>1</a></ROW></r>", "a INT", ROW),
    "entity_unused": ("<!DOCTYPE r [<!ENTITY e 'boom'><!ATTLIST ROW z CDATA 'dflt'>]><r><ROW a='1&lt;'><b>3</b></ROW></r>",
                      "_a STRING, b STRING, _z STRING, _corrupt_record STRING", ROW),
    "self_closing_row": ("<r><ROW a='1'/><ROW a='2'></ROW><ROW/></r>", "_a INT, b STRING", ROW),
    "many_files": ([rows("<a>1</a>"), rows("<a>2</a>", "<a>3</a>")], "a INT", ROW),
    # malformed
    "bad_value": (BAD, "a INT, b INT, c INT, _corrupt_record STRING", ROW),
    "bad_value_no_column": (BAD, "a INT, b INT, c INT", ROW),
    "bad_value_drop": (BAD, "a INT, b INT, c INT", {**ROW, "mode": "DROPMALFORMED"}),
    "bad_value_fail": (BAD, "a INT, b INT, c INT", {**ROW, "mode": "FAILFAST"}),
    "bad_value_unselected": (BAD, "a INT, b INT, c INT", ROW, ["a", "c"]),
    "bad_value_column": (BAD, "a INT, b INT, c INT, oops STRING", {**ROW, "columnNameOfCorruptRecord": "oops"}),
    "bad_nested": (rows("<s><x>bad</x><y>1</y></s><b>2</b>", "<s><x>3</x></s><b>4</b>"),
                   "s STRUCT<x: INT, y: INT>, b INT, _corrupt_record STRING", ROW),
    "bad_in_array": (rows("<a>1</a><a>x</a><a>3</a>", "<a>4</a>"), "a ARRAY<INT>, _corrupt_record STRING", ROW),
    "bad_in_attribute": (rows("<s x='bad'><y>1</y></s><b>2</b>"), "s STRUCT<_x: INT, y: INT>, b INT, _corrupt_record STRING", ROW),
    "bad_child_of_number": (rows("<a>1<b/></a><c>2</c>", "<a><b/></a><c>3</c>"), "a INT, c INT, _corrupt_record STRING", ROW),
    "bad_root_attribute": ("<r><ROW a='x'><b>1</b></ROW><ROW a='1'><b>2</b></ROW></r>", "_a INT, b INT, _corrupt_record STRING", ROW),
    "bad_root_value": ("<r><ROW>x<b>1</b></ROW><ROW>2</ROW></r>", "_VALUE INT, b INT, _corrupt_record STRING", ROW),
    "bad_nested_value": (rows("<s>x</s><b>1</b>", "<b>2</b>"), "s STRUCT<_VALUE: INT>, b INT, _corrupt_record STRING", ROW),
    "cut_tag": (CUT, "a INT, _corrupt_record STRING", ROW),
    "cut_tag_drop": (CUT, "a INT", {**ROW, "mode": "DROPMALFORMED"}),
    "cut_tag_fail": (CUT, "a INT", {**ROW, "mode": "FAILFAST"}),
    "cut_end": ("<r><ROW><a>1</a></ROW><ROW><a>2</a>", "a INT, _corrupt_record STRING", ROW),
    "cut_between": ("<r><ROW><a>1</a></ROW> ", "a INT, _corrupt_record STRING", ROW),
    "cut_in_tag": ("<r><ROW><a>1</a></ROW><RO", "a INT, _corrupt_record STRING", ROW),
    "two_roots": ("<ROW><a>1</a></ROW>\n<ROW><a>2</a></ROW>", "a INT, _corrupt_record STRING", ROW),
    "text_after": ("<ROW><a>1</a></ROW>\nmore", "a INT, _corrupt_record STRING", ROW),
    "no_xml": ("not xml at all", "a INT, _corrupt_record STRING", ROW),
    "empty_file": ("", "a INT, _corrupt_record STRING", ROW),
    "blank_file": (" \n", "a INT, _corrupt_record STRING", ROW),
    "cut_nested": ("<r><ROW><s><x>1</x><y>2</z></s><b>3</b></ROW></r>", "s STRUCT<x: INT, y: INT>, b INT, _corrupt_record STRING", ROW),
    "cut_skipped": ("<r><ROW><s><x>1</y></s><b>3</b></ROW><ROW><b>4</b></ROW></r>", "b INT, _corrupt_record STRING", ROW),
    "duplicate_attribute": ("<r><ROW><s x='1' x='2'/><b>3</b></ROW></r>", "b INT, _corrupt_record STRING", ROW),
    "lone_ampersand": (rows("<a>1 & 2</a>"), "a STRING, _corrupt_record STRING", ROW),
    "control_character": (rows("<a>1\x012</a>"), "a STRING, _corrupt_record STRING", ROW),
    # lines
    "lines": ("<ROW a='1'><b>2</b></ROW>\n<other><b>3</b></other>\n\n<ROW><b>x</b></ROW>\n<ROW><b>4</ROW>\n",
              "_a INT, b INT, _corrupt_record STRING", {**ROW, "multiLine": "false"}),
    "lines_inferred": ("<ROW a='1'><b>2</b></ROW>\n<ROW><b>x</b><c>1</c></ROW>\n", None, {**ROW, "multiLine": "false"}),
    # options
    "no_row_tag": (BOOKS, None, {}),
    "empty_row_tag": (BOOKS, None, {"rowTag": " "}),
    "row_tag_brackets": (BOOKS, None, {"rowTag": "<book>"}),
    "value_tag_empty": (BOOKS, None, {"rowTag": "book", "valueTag": ""}),
    "value_tag_prefix": (BOOKS, None, {"rowTag": "book", "valueTag": "_"}),
    "sampling_zero": (BOOKS, None, {"rowTag": "book", "samplingRatio": "0"}),
    "bad_flag": (BOOKS, None, {"rowTag": "book", "excludeAttribute": "maybe"}),
    "bad_mode": (BAD, "a INT, b INT, _corrupt_record STRING", {**ROW, "mode": "whatever"}),
    "corrupt_only": (BAD, "a INT, b INT, c INT, _corrupt_record STRING", ROW, ["_corrupt_record"]),
    "corrupt_not_string": (BAD, "a INT, b INT, _corrupt_record INT", ROW),
    "interval": (rows("<a>1</a>"), "a INTERVAL DAY", ROW),
}
ALL = ("SELECT CAST(1 AS BYTE) AS b, CAST(2 AS SHORT) AS s, 3 AS i, 4L AS l, CAST(1.5 AS FLOAT) AS f, 1e10D AS d, "
       "CAST(1.50 AS DECIMAL(10,2)) AS n, true AS o, DATE'2024-02-29' AS y, TIMESTAMP'2024-02-29 10:11:12.123456' AS t, "
       "TIMESTAMP_NTZ'2024-02-29 10:11:12' AS z, 'text' AS x, X'0102' AS h, CAST('NaN' AS DOUBLE) AS q, 0.1D AS e, 1e-7D AS g, "
       "CAST(1e-10 AS DECIMAL(20,10)) AS w")
ABROAD = "SELECT 'aé' AS a, 'ß€😀<' AS _b UNION ALL SELECT '😀', '&é'"
WRITE = {
    **{f"charset_{c}": (ABROAD, {"rowTag": "ROW", "encoding": c}) for c in ("UTF-8", "US-ASCII", "ISO-8859-1", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32")},
    "charset_unknown": (ABROAD, {"rowTag": "ROW", "encoding": "nosuch"}),
    "plain": ("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL UNION ALL SELECT NULL, ''", {"rowTag": "ROW"}),
    "types": (ALL, {"rowTag": "r", "rootTag": "all"}),
    "attributes": ("SELECT 1 AS _id, 'a\"b' AS _name, 'text' AS _VALUE UNION ALL SELECT NULL, NULL, NULL", {"rowTag": "ROW"}),
    "attribute_types": ("SELECT DATE'2024-02-29' AS _y, TIMESTAMP'2024-02-29 10:11:12' AS _t, 1.50 AS _n, true AS _o, 2.5D AS _d, "
                        "CAST(1 AS FLOAT) AS _f", {"rowTag": "ROW"}),
    "struct": ("SELECT named_struct('_a', 1, 'x', 'y', '_VALUE', 5) AS s, named_struct('p', named_struct('q', 1)) AS t, "
               "named_struct('_b', 2) AS u, CAST(NULL AS STRUCT<z: INT>) AS v, named_struct('n', CAST(NULL AS INT)) AS w",
               {"rowTag": "ROW"}),
    "array": ("SELECT array(1, NULL, 2) AS a, array() AS e, array(array(1, 2), array(3)) AS aa, "
              "array(named_struct('x', 1), named_struct('x', 2)) AS s, CAST(NULL AS ARRAY<INT>) AS n", {"rowTag": "ROW"}),
    "array_name": ("SELECT array(array(1, 2), array(3)) AS aa", {"rowTag": "ROW", "arrayElementName": "el"}),
    "map": ("SELECT map('_k', 1, 'a', 2) AS m, map('s', named_struct('x', 1)) AS ms, map('l', array(1, 2)) AS ml, "
            "map('n', CAST(NULL AS INT)) AS mn", {"rowTag": "ROW"}),
    "null_value": ("SELECT CAST(NULL AS INT) AS _a, CAST(NULL AS STRING) AS b, array(1, NULL) AS c, "
                   "CAST(NULL AS STRUCT<x: INT>) AS d, named_struct('y', CAST(NULL AS INT)) AS e", {"rowTag": "ROW", "nullValue": "null"}),
    "escapes": ("SELECT '<a & b> \"q\" \\'s\\' ]]> \\t\\n\\r ä€😀' AS t, named_struct('_v', '<a & b> \"q\" \\'s\\' \\t\\n\\r ä') AS u",
                {"rowTag": "ROW"}),
    "greater": ("SELECT '>' AS a, ']>' AS b, 'a>b' AS c, 'a]]>' AS d, 'a]b>' AS e, named_struct('_v', ']]>') AS f", {"rowTag": "ROW"}),
    "hex": ("SELECT X'ABCDEF0123' AS a, X'' AS b", {"rowTag": "ROW"}),
    "colon": ("SELECT 1 AS `n:a`", {"rowTag": "ROW"}),
    "names": ("SELECT 1 AS `größe`, 2 AS `a-b.c`, named_struct('_ä', 1) AS s", {"rowTag": "ROW"}),
    "digit_name": ("SELECT 1 AS `1a`", {"rowTag": "ROW"}),
    "late_attribute": ("SELECT array(array(1)) AS a", {"rowTag": "ROW", "arrayElementName": "_x"}),
    "control": ("SELECT 'a\\u0001b' AS t", {"rowTag": "ROW"}),
    "empty": ("SELECT 1 AS a WHERE false", {"rowTag": "ROW"}),
    "null_row": ("SELECT CAST(NULL AS INT) AS a UNION ALL SELECT 1", {"rowTag": "ROW"}),
    "root_attributes": ("SELECT 1 AS a", {"rowTag": "ROW", "rootTag": "rows xmlns='urn:x' v=\"1\""}),
    "no_declaration": ("SELECT 1 AS a", {"rowTag": "ROW", "declaration": ""}),
    "declaration": ("SELECT 1 AS a", {"rowTag": "ROW", "declaration": "version=\"1.0\""}),
    "no_indent": ("SELECT 1 AS a, named_struct('x', 2) AS s UNION ALL SELECT 2, NULL", {"rowTag": "ROW", "indent": ""}),
    "indent": ("SELECT 1 AS a, named_struct('x', 2) AS s", {"rowTag": "ROW", "indent": "\t"}),
    "formats": ("SELECT DATE'2024-02-29' AS y, TIMESTAMP'2024-02-29 10:11:12' AS t, TIMESTAMP_NTZ'2024-02-29 10:11:12' AS z",
                {"rowTag": "ROW", "dateFormat": "dd/MM/yyyy", "timestampFormat": "dd.MM.yyyy HH:mm", "timestampNTZFormat": "HH:mm"}),
    "prefix": ("SELECT 1 AS `@a`, 'x' AS `#t`, 2 AS _b", {"rowTag": "ROW", "attributePrefix": "@", "valueTag": "#t"}),
    "value_in_row": ("SELECT 'x' AS _VALUE, 1 AS a", {"rowTag": "ROW"}),
    "bad_name": ("SELECT 1 AS `a b`", {"rowTag": "ROW"}),
    "bad_name_allowed": ("SELECT 1 AS `a b`, 2 AS `3`", {"rowTag": "ROW", "validateName": "false"}),
    "bad_row_tag": ("SELECT 1 AS a", {"rowTag": "R O W"}),
    "bad_map_key": ("SELECT map('a b', 1) AS m", {"rowTag": "ROW"}),
    "no_row_tag": ("SELECT 1 AS a", {}),
    "root_brackets": ("SELECT 1 AS a", {"rowTag": "ROW", "rootTag": "<x>"}),
    "declaration_brackets": ("SELECT 1 AS a", {"rowTag": "ROW", "declaration": "<?xml?>"}),
    "declaration_end": ("SELECT 1 AS a", {"rowTag": "ROW", "declaration": "version=\"1.0\"?><!-- -->"}),
    "empty_root": ("SELECT 1 AS a", {"rowTag": "ROW", "rootTag": ""}),
    "root_attribute_without_value": ("SELECT 1 AS a", {"rowTag": "ROW", "rootTag": "r a"}),
    "array_of_maps": ("SELECT array(map('a', 1), map('b', 2)) AS am, array(named_struct('_VALUE', 1)) AS v, "
                      "named_struct('_VALUE', array(1, 2)) AS w, array(array()) AS e", {"rowTag": "ROW"}),
    "mixed": ("SELECT named_struct('x', 'a', '_VALUE', 'b', 'y', 'c') AS s, 'p' AS _VALUE, 'q' AS z", {"rowTag": "ROW"}),
    "numbers": ("SELECT CAST(1.0E20 AS DOUBLE) AS a, CAST(1.0E-5 AS FLOAT) AS b, CAST('-Infinity' AS FLOAT) AS c, 100D AS d, "
                "12345678.9D AS e, CAST(0 AS DECIMAL(10,8)) AS f", {"rowTag": "ROW"}),
    "time_zone": ("SELECT TIMESTAMP'2024-02-29 10:11:12' AS a, TIMESTAMP'0001-01-01 00:00:00' AS b, DATE'10000-01-01' AS c", {"rowTag": "ROW", "timeZone": "Europe/Berlin"}),
    "empty_prefix": ("SELECT 1 AS a", {"rowTag": "ROW", "attributePrefix": ""}),
    "interval": ("SELECT INTERVAL 1 DAY AS a", {"rowTag": "ROW"}),
    "void": ("SELECT NULL AS a, 1 AS b", {"rowTag": "ROW"}),
    "partition": ("SELECT 1 AS a, 2 AS p", {"rowTag": "ROW", "partitionBy": "p"}),
    "duplicate_attribute": ("SELECT named_struct('_x', 1, '_X', 2) AS s", {"rowTag": "ROW"}),
    "int_map_key": ("SELECT map(1, 2) AS m", {"rowTag": "ROW", "validateName": "false"}),
}


def plain(v):
    if hasattr(v, "asDict"):
        return {k: plain(x) for k, x in zip(v.__fields__, v)}
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in sorted(v.items())}
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, (bytes, bytearray)):
        return "hex " + bytes(v).hex()
    if isinstance(v, float):
        return repr(v)
    if isinstance(v, (datetime.datetime, datetime.date, datetime.time, decimal.Decimal, datetime.timedelta)):
        return str(v)
    return v


def failure(e):
    """The class of an error, those of its causes, and what it requires."""
    get = getattr(e, "getCondition", None) or getattr(e, "getErrorClass", None)
    own = get() if get else None
    causes = sorted({*re.findall(r"\[([A-Z][A-Z_]+(?:\.[A-Z_]+)?)\]", str(e))} - {own})
    required = re.search(r"requirement failed: .*", str(e))
    return {"class": own, "causes": causes, "required": required and required.group(0)}


def read(spark, name, folder):
    texts, schema, options, *select = READ[name]
    for i, text in enumerate(texts if isinstance(texts, list) else [texts]):
        with open(os.path.join(folder, f"{i:03}.xml"), "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
    try:
        r = spark.read.format("xml").options(**options)
        df = (r.schema(schema) if schema else r).load(folder)
        out = {"schema": df.schema.simpleString()}
        if select:
            df = df.select(*select[0])
        df = df if not isinstance(texts, list) else df.select("*", "_metadata.file_name").orderBy("file_name").drop("file_name")
        today = datetime.date.today().isoformat()  # the date of a time of day
        out["rows"] = [[str(plain(v)).replace(today, "TODAY") if today in str(plain(v)) else plain(v) for v in r] for r in df.collect()]
        return out
    except Exception as e:
        return failure(e)


def write(spark, name, folder):
    query, options = WRITE[name]
    options = dict(options)
    part = options.pop("partitionBy", None)
    try:
        w = spark.sql(query).coalesce(1).write.format("xml").options(**options)
        (w.partitionBy(part) if part else w).save(folder + "/out")
        files = sorted(glob.glob(folder + "/out/**/*.xml", recursive=True))
        return {os.path.dirname(os.path.relpath(f, folder + "/out")): open(f, newline="", encoding=options.get("encoding", "UTF-8")).read()
                for f in files}
    except Exception as e:
        return failure(e)
