# Beside a null argument of a strict function the others are not evaluated: a literal NULL anywhere, a null value to the left.
!=	cast(null as int) != 'q"x'
!=	'q"x' != cast(null as int)
+	cast('x' as int) + cast(null as int)
+	1 div 0 + cast(null as int)
!=	nullif(1, 1) != cast('x' as int)
!=	'x' != nullif(1, 1)
in	cast(null as int) in (1, 'x')
in	1 in (cast(null as int), 'x')
between	cast(null as int) between 'x' and 2
<=>	cast(null as int) <=> 'x'
and	null and cast('x' as boolean)
substring	substring('abc', cast(null as int), cast('x' as int))
pmod	pmod(cast(null as int), 1 / 0)
=	1 / 0 = null
raise_error	raise_error('a') + cast(null as int)
abs	abs(cast(null as int) + cast('x' as int))
concat	concat('a', null, cast('x' as int))
map_concat	map_concat(map(1, cast('x' as int)), cast(null as map<int,int>))
[]	array(1, 2)[cast('x' as int)] + null
[]	cast(null as array<int>)[cast('x' as int)]
element_at	element_at(array(1), 5) = cast(null as int)
datediff	datediff('x', cast(null as date))
=	transform(array(0), i -> if(i = 0, null, i) = cast(concat('x', i) as int))
=	transform(array(0), i -> cast(concat('x', i) as int) = if(i = 0, null, i))
+	transform(array(0, 1, 2), i -> if(i = 0, null, 7) + (4 div i))
# Keys that are put into a map one by one have one zero; keys that come as an array stay.
map	to_json(map(-0.0D, 1))
map	map(-0.0F, 1)
map	map(double('NaN'), 1)
map_from_arrays	map_from_arrays(array(-0.0D), array(1))
map_from_entries	map_from_entries(array(struct(-0.0D, 1)))
map_from_entries	map_from_entries(array(struct(1, 1), struct(1, 2)))
map_concat	map_concat(map(1D, 1), map_from_arrays(array(-0.0D), array(1)))
map	map(0.0D, 1, -0.0D, 2)
map	map_keys(map(array(-0.0D), 1))
# Half of a surrogate pair within JSON that is written again.
from_json	from_json('{"b":{"a":"\\ud83d"}}', 'b string')
from_json	from_json('{"b":{"a":"x\\ud83dy\\ude00", "c":2}}', 'b string')
from_json	from_json('{"b":{"\\ud83d":1}}', 'b string')
from_json	from_json('{"b":["\\ude00\\ud83d", "\\ud83d\\ude00"]}', 'b string')
from_json	from_json('{"b":{"😀":"😀\\ude00"}}', 'b string')
from_json	hex(from_json('{"b":"\\ud83d"}', 'b string').b)
get_json_object	get_json_object('{"b":{"a":"\\ud83d"}}', '$.b')
get_json_object	get_json_object('{"b":["\\ud83d","\\ud83d\\ude00"]}', '$.b')
get_json_object	get_json_object('{"b":["\\ud83d","\\ud83d\\ude00"]}', '$.b[*]')
get_json_object	get_json_object('[{"\\ud83d":1, "b":["\\ud83d"]}]', '$[0].b')
get_json_object	get_json_object('{"b":"\\ud83d"}', '$.b')
# Fields of NULL.
[]	null[0]
[]	null['a']
