select distinct id from values (1,2),(1,3) t(id,b) order by b
select distinct id from values (1,2),(1,3) t(id,b) order by ID
select distinct id, s.z from values (1,named_struct('z',2)) t(id,s) order by s.z
select id a, count(*) from values (1) t(id) group by all
select count(*) from values (1) t(id) group by all
select id+1, id+count(*) from values (1) t(id) group by all
select id, count(*)+b from values (1,2) t(id,b) group by all
select id, count(*)+id from values (1,2) t(id,b) group by all
select id, b+1, count(*)+(b+1) from values (1,2) t(id,b) group by all
select *, count(*) from values (1,2) t(id,b) group by all
select 1, 'x', count(*) from values (1,2) t(id,b) group by all
select 1 from values (1,2) t(id,b) group by all
select id, all from values (1,2),(1,3) t(id,all) group by all
select count(*) from values (1) t(id) where id>5 group by all
select count(*) from values (1) t(id) where id>5 group by ()
select max(id) from values (1) t(id) where false having max(id) is null
select id from values (1) t(id) having id>0
select 1 from values (1) t(id) having false
select 1 having true
select max(id) from values (1) t(id) group by id having b>0
select * except (a.b) from values (named_struct('b',1,'c',2)) t(a)
select * except (x) from values (1) t(a)
select * except (a, A) from values (1,2) t(a,b)
select * except (a) from values (1) t(a)
select t.* except (t.a) from values (1,2) t(a,b)
select a.* except (b) from values (named_struct('b',1,'c',2)) t(a)
select * except (a.b, a) from values (named_struct('b',1,'c',2)) t(a)
select 'a' 'b', "x" "y", 'it''s', "a""b", r'a\n' 'b\n', 'a' r'\n'
select 'ab' x 'cd'
select mode(x) from values (1),(1),(2),(2) t(x)
select mode(x) from values (3),(3),(2),(2) t(x)
select mode(x) from values ('b'),('a'),('c') t(x)
select * from values (3),(1),(2),(1) t(a) intersect select * from values (1),(3),(1) t(a)
select * from values (3),(1),(2),(1) t(a) except select * from values (2) t(a)
select * from values (3),(1),(2),(1) t(a) except all select * from values (2) t(a)
select * from values (3),(1),(2),(1) t(a) intersect all select * from values (1),(3),(1) t(a)
select null / 2.50BD, 2.50BD / null, null * 2.5BD, null % 2.5BD, null + 2.5BD, null / 2, null + 1, null - null, null/null, -null, null + interval 1 day, null || 'x', null || null
select null + date'2020-01-01', date'2020-01-01' - null, null = 2.5BD, null div 2, pmod(null, 2.5BD), null * cast(2 as tinyint), null % 1.5D
select regexp(null,'a'), regexp('a', null), 'a' rlike null, null rlike null, rlike('abc','b'), regexp_like('a','A'), 'a' regexp '', null like 'a', 'a' not rlike 'b', 'x' like null
select 'a' rlike '('
select cast(null as string) rlike '('
select interval '10 02:03:04.123456789' day to second
select interval 1 week 1 millisecond 2 microseconds, interval '1' microsecond
select date'2020-' '01-01', x'41' '42'
select from_json('{}', 'ä INT')
select 1 as Ärger
select 1 -- Ä
select 1 as é🙂
select 1 a
select '1' as Ä group by
select cast(1 as Änt)
select interval '1' '0' day
select 'a' like 'b' 'c'
select 1 as x order by all
select * from values (2,1),(1,2),(1,1) t(a,b) order by all
select * from values (2,1),(1,2),(1,1) t(a,b) order by all desc nulls first limit 2
select a, sum(b) from values (2,1),(1,2),(1,1) t(a,b) group by all order by all desc
select a from values (2,1) t(a,b) order by all, b
select a as all, b from values (2,1),(1,5) t(a,b) order by all
select a from values (2,1) t(a,b) group by all, b
select all+1 from values (2),(1) t(all) group by all
select a from values (2,1) t(a,b) group by all having count(*) > 0
select a.b from values (named_struct('b',2)) t(a) group by all
select a.*, count(*) from values (named_struct('b',2)) t(a) group by all
select s.x, s.x + count(*), s.y from values (named_struct('x',2,'y',3)) t(s) group by all
select listagg(a) from values ('2'),('1') t(a)
select sum(a) filter (where b > 1) from values (2,1) t(a,b)
select Ärger from values (1) t(x)
select * except (s.z) from values (named_struct('x',2,'y',3)) t(s)
select * except (q) from values (1) t(a)
select * except (s.x.y, s.x) from values (named_struct('x',named_struct('y',1))) t(s)
select * except (arr.k) from values (array(named_struct('k',1,'j',2))) t(arr)
select * except (a.b.c) from values (named_struct('b',named_struct('c',1,'d',2))) t(a)
select * except (a.q) from values (named_struct('b',named_struct('c',1,'d',2))) t(a)
select * except (a.B) from values (named_struct('b',null,'c',2)),(null) t(a)
select a.* except (b.c) from values (named_struct('b',named_struct('c',1,'d',2))) t(a)
select struct(* except (a)) from values (1,2) t(a,b)
select count(* except (a)) from values (1,2) t(a,b)
select * except () from values (1,2) t(a,b)
select * except a from values (1,2) t(a,b)
select * except (1) from values (1,2) t(a,b)
select a, * except (a) from values (1,2) t(a,b)
select * except (`a`, t.b) from values (1,2,3) t(a,b,c)
select t.* except (a), 5 from values (1,2,3) t(a,b,c)
select * except (a+1) from values (1,2,3) t(a,b,c)
select coalesce(* except (b)) from values (1,2,3) t(a,b,c)
select * except (a, s.x, s.y) from values (1,named_struct('x',2,'y',3,'z',4)) t(a,s)
select struct(*) from values (1,2) t(a,b)
select date'2020-' '01-01'
select named_struct('a', 1, 'b', struct(*)) from values (1,2) t(a,b)
select to_json(struct(*)) from values (1,2) t(a,b)
select a.b.* from values (named_struct('b',named_struct('c',1,'d',2))) t(a)
select coalesce(*) c from values (1,2) t(a,b) where greatest(*) > 1
select * from values (1,2) t(a,b) where struct(*) is not null
select count(*) filter (where a > 0) from values (1,2) t(a,b)
select null / 2.50BD
select 2.50BD / null
select null * 2.5BD, 2.5BD * null
select null % 2.5BD, 2.5BD % null
select null + 2.5BD, 2.5BD - null
select null + 1, 1L - null, null * 2Y, null - 2.0f
select null + null, null - null, null * null, null / null, null % null, null div null
select -null, +null, abs(null)
select null + interval 1 day, interval 1 day + null, interval 1 day - null, null - interval 1 day
select null + date'2020-01-01', date'2020-01-01' + null
select date'2020-01-01' - null, null - date'2020-01-01'
select timestamp'2020-01-01' - null, null - timestamp'2020-01-01'
select timestamp'2020-01-01' + null
select null * interval 1 day, interval 1 day * null, interval 1 day / null, null / interval 1 day
select null = 2.5BD, null <=> 2.5BD, null < 'x', null = null, null <=> null
select pmod(null, 2.5BD), pmod(2, null), mod(null, 2), null % 1.5D
select coalesce(null, 2.5BD), nvl(null, 1), if(true, null, 2.5BD), case when true then null else 1L end
select null || 'x', null || null, concat(null), null & 1, null | null, ~null, null ^ 2L
select null and true, null or null, not null
select null in (1, 2), 1 in (null, 2), null in (null), null between 1 and 2
select greatest(null, 1), least(null, 2.5BD), array(null, 1.5BD), map(1, null), array(null)
select null like 'a', 'a' like null, null like null, null rlike 'a'
select upper(null), substring(null, 1, 2), length(null), round(null, 2), ceil(null), floor(null), sqrt(null)
select sum(null), avg(null), max(null), count(null), min(null), first(null), collect_list(null), stddev(null)
select date_add(null, 1), date_add(date'2020-01-01', null), year(null), to_date(null), datediff(null, null), hour(null)
select cast(null as int) / 2.5BD, cast(null as decimal(5,2)) * 2.5BD
select size(null), explode(null)
select null::string, typeof(null), typeof(null + 1), typeof(null/2.5BD)
select true + null, true = null, null + true
select null * interval 1 day
select interval 1 day * null
select interval 1 day / null
select null / interval 1 day
select null & 1Y
select null & 2L
select null & 2S
select null | null
select ~null
select 1Y & 2S
select 1 & '2'
select null + 1.5D, null * 2.5f
select (null + date'2020-01-01') + 1
select timestamp_ntz'2020-01-01' - null, null - timestamp_ntz'2020-01-01'
select timestamp_ntz'2020-01-01' + null
select null + timestamp_ntz'2020-01-01', null + timestamp'2020-01-01'
select null - interval '1-2' year to month is null, null + interval '1' month is null
select date'2020-01-01' + interval 1 day, d + interval 1 day, interval 1 day + d, 2 * interval 1 day, d - interval 1 month, 1 + d, d + 1 from values (date'2020-01-01') t(d)
select regexp(null,'a'), regexp('a', null), rlike(null, null), regexp_like(null, '('), regexp_extract(null, '('), regexp_replace(null, '(', 'x'), regexp_count(null, '(')
select x rlike '(' from values (cast(null as string)) t(x)
select x rlike '(' from values ('a') t(x)
select cast(null as string) rlike p from values ('(') t(p)
select 'a' rlike p from values ('('),(null) t(p)
select null rlike '('
select nullif('a','a') rlike '('
select regexp_replace('a', null, 'x'), regexp_extract('a', null), regexp_extract('a', '(a)', null), regexp_replace('a', 'a', null)
select regexp('a\nb', 'a.b'), regexp('A', '(?i)a'), regexp_extract_all('a1b2', '[0-9]', 0), regexp_substr('abc', 'x'), regexp_instr('abc', 'c')
select d - interval 1 day, d + interval '1' day, d + interval 1 hour, interval 1 hour + d, d - interval 1 hour, d + interval 1 month, interval 1 month + d from values (date'2020-01-01') t(d)
select d - null, null + d, d + null from values (date'2020-01-01') t(d)
select t + interval 1 day, interval 1 day + t, t - interval 1 month from values (timestamp'2020-01-01') t(t)
select t + interval 1 day, interval 1 day + t, t - interval 1 month from values (timestamp_ntz'2020-01-01') t(t)
select interval 1 day div interval 1 hour
select interval '2' year div interval '3' month
select interval 1 day div null
select 1 & 2.5BD
select interval 1 day div interval 0 hour
select interval '2' year div interval 1 day
select -interval 5 hour div interval 2 hour, null div interval 2 hour
select 1.5D div 2
select 1.5D div 2.5D
select 1.5f div 2.5D
select null div 2.5D
select '3' div 2.5D
select '3' div 2
select interval 1 day div 2
select 2 div interval 1 day
select 1.5 & 2.5
select 1.5D & 2.5D
select 1 & 2.5D
select 'a' & 1
select true & 1
select true & false
select ~1.5
select ~true
select ~'3'
select date'2020-01-01' - 1.5
select date'2020-01-01' + 'a'
select date'2020-01-01' + '1'
select date'2020-01-01' - '2020-01-01'
select date'2020-01-01' + 2L
select date'2020-01-01' * 2
select timestamp'2020-01-01' + 1
select timestamp'2020-01-01' + timestamp'2020-01-01'
select timestamp'2020-01-01' + 'a'
select interval 1 day + 'a'
select interval 1 day + '1 day'
select interval 1 day * interval 1 day
select interval 1 day / interval 1 day
select interval 1 day % 2
select interval 1 day + true
select 1 / interval 1 day
select interval 1 day * 'x'
select interval 1 day < 1
select date'2020-01-01' < 1
select date'2020-01-01' = '2020-01-01'
select greatest(1, '2')
select greatest(1, null, 2.5), greatest('a', null), least(date'2020-01-01', timestamp'2019-01-01')
select greatest(date'2020-01-01', '2019-01-01')
select greatest(true, 1)
select greatest(1)
select greatest(array(1), array('2'))
select coalesce(1, '2'), array(1, '2'), if(true, 1, '2'), case when false then '1' else 2 end, nvl('1', 2)
select 'a' like '\\d'
select 'a' like 'a\\'
select 'a' like '\\%'
select 'a' like 'a/' escape '/'
select 'a' like 'a/b' escape '/'
select 'a' like p from values ('\\d') t(p)
select cast(null as string) like 'a\\b'
select array(1) + 1
select array(1) = 1
select map(1,2) = map(1,2)
select not 1
select 'true' and true
select -'a'
select -true
select +'3'
select abs('3'), abs(null)
select -date'2020-01-01'
select a, count(*) from values (1),(2),(2),(3) t(a) group by a having count(*) > 0 order by count(*) desc, 1 desc limit 1
select a, count(*) c from values (1),(2),(2),(3) t(a) group by a order by 1 desc limit 1
select a, count(*) c from values (1),(2),(2),(3) t(a) group by a having c > 1 order by max(a)
select a, count(*) c from values (1),(2),(2),(3) t(a) group by a order by 3
select a, count(*) c from values (1),(2),(2),(3) t(a) group by a having a > 1 order by a desc, sum(a) limit 1
select a from values (1),(2) t(a) where null
select a from values (1),(2) t(a) having null
select a from values (1),(2) t(a) where cast(null as boolean)
select a from values (1),(2) t(a) where 'true'
select a from values (1),(2) t(a) where 1
select named_struct(), struct()
select * except (s.p) from values (named_struct('p', 1), 2) t(s, b)
select max(a) from values (1),(2) t(a) order by max(a)
select max(a) m from values (1),(2) t(a) having m = 2 order by m
select count(*) from values (1) t(a) order by a
select count(*) from values (1) t(a) having a > 1
select max(a) from values (1) t(a) group by a % 2 having a > 1
select cast('1' as int) = 1, '1' = 1, '1.0' = 1, 1 = '1', 'a' = 1
select '2020-01-01' = date'2020-01-01', date'2020-01-01' > '2019', timestamp'2020-01-01' = '2020-01-01'
select substring('hello', 2), substring('hello', -3, 2), left('abc', 2), right('abc', 2), substr('abc', 0), lpad('a', 3, 'xy'), rpad('a', 3)
select split('a,b,c', ','), split('abc', ''), split('a1b2', '[0-9]'), split_part('a.b.c', '.', 2), split_part('a.b.c', '.', -1)
select trim('  a '), trim(both 'x' from 'xax'), ltrim('x', 'xa'), btrim('xxaxx', 'x'), trim(leading from '  a')
select ascii('a'), chr(97), char(65), base64('abc'), unbase64('YWJj'), hex('abc'), unhex('616263'), md5('a'), crc32('a')
select concat_ws(',', 'a', null, 'b'), concat_ws(',', array('a', null)), format_string('%s %d', 'a', 1), repeat('ab', 2), reverse('abc'), initcap('hello world')
select startswith('abc', 'a'), endswith('abc', 'c'), contains('abc', 'b'), 'abc' ilike 'A%', 'a_c' like 'a\_c', like('abc', 'a%')
select regexp_extract('100-200', '(\\d+)-(\\d+)', 2), regexp_replace('100-200', '(\\d+)', 'num'), regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)', 1)
select date_add('2020-01-01', 1), date_sub(date'2020-01-01', 1), add_months('2020-01-31', 1), months_between('2020-03-31', '2020-02-29'), last_day('2020-02-01'), next_day('2020-01-01', 'MON')
select date_trunc('month', timestamp'2020-05-17 10:11:12'), trunc(date'2020-05-17', 'year'), date_format(timestamp'2020-05-17 10:11:12', 'yyyy/MM/dd HH'), to_date('2020/05/17', 'yyyy/MM/dd'), to_timestamp('2020-05-17 10', 'yyyy-MM-dd HH')
select extract(year from date'2020-05-17'), date_part('dow', date'2020-05-17'), extract(second from timestamp'2020-05-17 10:11:12.345'), dayofweek('2020-05-17'), weekofyear('2020-05-17'), quarter('2020-05-17'), dayofyear('2020-05-17'), weekday('2020-05-17')
select unix_timestamp('2020-01-01 00:00:00'), from_unixtime(0), timestamp_seconds(1), timestamp_millis(1), unix_date(date'1970-01-02'), date_from_unix_date(1), to_unix_timestamp('2020-01-01', 'yyyy-MM-dd')
select make_date(2021, 2, 29)
select cast('abc' as int)
select cast('2020-13-01' as date)
select 1/0
select 1 % 0
select cast(300 as tinyint)
select 2147483647 + 1
select cast(1e10 as int)
select element_at(array(1), 2)
select array(1)[3]
select element_at(map(1,2), 3), map(1,2)[3]
select to_date('x', 'yyyy')
select cast('t' as boolean), cast('yes' as boolean), cast('0' as boolean), cast(1 as boolean)
select cast('maybe' as boolean)
select cast('  12 ' as int), cast('1.5' as decimal(2,1)), cast('1e2' as double), cast('inf' as double), cast('NaN' as float), cast('12.9' as int)
select 128Y
select X'1', x'ab', X'zz'
select timestamp'2020-01-01 00:00:00.123456', timestamp'2020-01-01T00:00:00Z', date'2020-1-1', timestamp_ntz'2020-01-01', date'x'
select null = null, null is null, null <=> null, coalesce(null), nullif(1, 1), nvl2(null, 1, 2), ifnull(null, 1), isnull(null), isnotnull(1), null in (null), 1 not in (2, null)
select count(a), count(*), sum(a), avg(a), min(a), max(a), count(distinct a) from values (null), (1), (null), (2) t(a)
select a, count(*) from values (null), (1), (null) t(a) group by a
select distinct a from values (null), (1), (null) t(a)
select sum(a), avg(a), count(a) from values (cast(null as int)) t(a)
select a from values (null), (1) t(a) order by a desc
select * from values (null), (1), (null) t(a) except select null
select collect_list(a), collect_set(b), array_agg(a), first(a), last(a), any_value(b), max_by(a, b), min_by(a, b), bool_or(a > 1), every(a > 0), count_if(a > 1), approx_count_distinct(a) from values (1, 'x'), (2, 'x') t(a, b)
select a + b from values (1, 2) t(a, b) group by a + b
select a + b + 1 from values (1, 2) t(a, b) group by a + b
select b from values (1, 2) t(a, b) group by a
select a as x, count(*) from values (1, 2) t(a, b) group by x
select 1 + 1, count(*) from values (1, 2) t(a, b) group by 1
select a, sum(b) from values (1, 2) t(a, b) group by 2
select sum(sum(a)) from values (1) t(a)
select count(distinct a, b), count(a, b), sum(distinct a) from values (1, 2), (1, 2), (2, null) t(a, b)
with t as (select 1 a), u as (select a + 1 b from t) select * from u
with t as (select 1 a) select * from (with t as (select 2 a) select * from t)
with t(x, y) as (select 1, 2) select x + y from t
with t as (select 1), t as (select 2) select * from t
select * from (values (1, 2), (3, 4)) as t(a, b) where a > 1
select * from values (1), (2) limit 1
values (1, 'a'), (2, 'b')
select * from values (1, 2), (3)
select stack(2, 1, 2, 3, 4)
select inline(array(struct(1, 'a'), struct(2, 'b')))
select posexplode(array('a', 'b')), 1
select explode(map(1, 'a'))
select a, explode(array(a, a + 1)) as e from values (1), (5) t(a)
with t as (select 1), T as (select 2) select * from t
select a as b, count(*) from values (1) t(a) group by a having b = 1 and a = 1 order by b, a
select struct(a, 1).a x, sum(1) from values (1) t(a) group by struct(a, 1).a having x = 1
select s.p, count(*) from values (named_struct('p', 1)) t(s) group by s.p having s.p = 1 order by s.p
select s.p, count(*) from values (named_struct('p', 1)) t(s) group by s having s.p = 1 order by s.p
select k as k, k as k from values (1),(1) t(k) group by k having k > 0
select k, count(*) as k from values (1),(1) t(k) group by k order by k
select k+1 as z, k+1 as z from values (1),(1) t(k) group by k having z > 0
select k+1 z, k as z from values (1),(1) t(k) group by k order by z+1
select count(distinct k), k as z, any_value(1) as z from values (1),(1) t(k) group by k having z is null order by count(*), 1
select 1 + interval '1-2' year to month
select interval '1' day - interval '1-2' year to month
select interval '1' day + interval '1-2' year to month
select interval '1' day - '1'
select interval '1-2' year to month + '1'
select '1' div interval '1' day
select interval '1' day + 1
select 1 - interval '1' day
select interval '1' day - 1
select timestamp'2020-02-29 12:00:00' + 1
select timestamp'2020-02-29 12:00:00' - 1
select 1 - date'2020-02-29'
select interval '1' day - date'2020-02-29'
select date'2020-02-29' + timestamp'2020-02-29 12:00:00'
select date'2020-02-29' - 1L
select true * interval '1' day
select interval '1' day * interval '1' day
select interval '1' day / date'2020-02-29'
select 1 / interval '1' day
select '2020-02-29' + interval '1' day, interval '1' day + '2020-02-29', '2020-02-29' - interval '1 02:03:04' day to second
select 3Y + 1.5BD, 3S + 1.5BD
select upper(cast(make_interval(1) as string)), abs(make_dt_interval(1)), date'2020-02-29' + make_interval(1)
select 2.50BD < 2, 2.50BD <= 2, 2.50BD > 2, 2.50BD >= 2, 2 < 2.50BD, 2 <= 2.50BD, 2 > 2.50BD, 2 >= 2.50BD
select -2.50BD < 2, -2.50BD <= 2, -2.50BD > 2, -2.50BD >= 2, -2 < -2.50BD, -2 <= -2.50BD, -2 > -2.50BD, -2 >= -2.50BD
select 2.50BD < cast(7 as smallint), 3000000000.5 > cast(7 as tinyint), 2.50BD = 2, 2.50BD <> 2, 2.50BD <=> 2, (1.5BD) < 2, -(1.5BD) < 2
select 9223372036854775808BD < 1, 9223372036854775808BD >= 1, 1 <= -9223372036854775809BD, 1 > -9223372036854775809BD, cast(null as int) < 1e30BD
select 9223372036854775807.5BD < 1, -9223372036854775808.5BD < 1, 9223372036854775807BD < 1
select id < 1.5BD, id + 1 >= 1.5BD, not (id > 1.5BD) from range(3)
select sum(id) > 2.5BD, max(id) < 2.5BD from range(3)
select null 'a'
select int '1'
select upper(`foo` 'a')
select foo 'a' 'b'
select case 'a' when 'a' then 1 end, not 'true', interval '1' day
select 2.50BD ^ 1e3
select 1.5 | '3'
select 'a' & true
select null & 'a'
select 2.5BD ^ 1
select interval '1' day & '1'
select * from values (1),(2) t(a) except select * from values (2),(3) u(a) intersect all select * from values (3) v(a) order by a
select * from values (1),(2) t(a) union all select * from values (2),(3) u(a) intersect select * from values (3) v(a) order by a
select * from values (1),(2) t(a) intersect select * from values (2),(3) u(a) union select * from values (3) v(a) intersect select 3 order by a
select 1 minus select 1 union all select 2 intersect select 2 except select 2
-- ORDER BY, SORT BY, DISTRIBUTE BY, CLUSTER BY; names with a minus
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by a
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by a, b desc
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a sort by a desc
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a order by a
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by a sort by b
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by a distribute by a
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) order by a sort by b
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) order by a cluster by b
select b from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by a
select b from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by a
select b from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a
select a, count(*) c from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a sort by c desc, a
select a, count(*) c from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a distribute by count(*)
select a, count(*) c from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a cluster by count(*)
select a, count(*) c from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a sort by count(*), a
select a, count(*) c from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a having count(*)>1 cluster by count(*)
select a, count(*) c from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a order by count(*), a
select a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) union all select 9 cluster by a
select a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) union all select 9 distribute by zz
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by zz
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by zz
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by zz
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by 1
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by 2
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by 2
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by all
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by all
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by all
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by a desc
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a desc
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by (a, b)
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute a
select distinct a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by a
select distinct a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by b
select distinct a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by b
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by map(a,b)
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by map(a,b)
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by map(a,b)
select * from (select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by a) order by b
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by sum(a)
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by sum(a)
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by a+1
select a cluster from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b)
select a distribute from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b)
select a sort from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b)
select a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) where a>1 distribute by b sort by b
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by 3
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by 3
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) order by 3
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) order by a distribute by a
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by a cluster by a
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by a order by b
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a cluster by a
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) as sort
select * from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) as distribute
select sum(a) from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by 1
select sum(a) s from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by s
select sum(a) s from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by s
select b from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a,b sort by a
select b from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a,b cluster by a
select b from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a,b distribute by a
select b from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by all distribute by a
select count(*) from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by sum(a)
select count(*) from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) cluster by sum(a)
select a sort from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by sort
select * from (values (2),(1)) sort sort by 1
select a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a sort by b cluster by a
select a, count(*) c from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) group by a distribute by a sort by count(*)
select a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) order by map(a, b)
select 1.a
select * from a-b
select * from a.b-c-d
select * from t-1
drop table a-b
select sort from (select a sort from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b)) cluster by sort
select a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) distribute by a having a > 1
select a from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b) sort by a desc nulls first, b
select * except (a-b) from (values (3,'c'),(1,'a'),(2,'b'),(1,'z')) t(a,b)
values (map(null, 1))
select b from values (1/0, 1) t(a, b)
select * from values (1/0) t(a) limit 0
select count(*) from values (1), (cast('x' as int)) t(a)
with t as (values (1/0)) select 1
values (if(false, 1/0, 2)), (coalesce(1, 1/0))
values (try_divide(1, 0)), (1 + 1)
values (current_date() is null, now() is null, current_user() is null)
values (1/0), (array(1))
values (1, rand(3))
values (1/0 + rand())
values (uuid())
values (explode(array(1)))
values (sum(1))
values (raise_error('x'))
-- columns that nobody reads are not computed
select a from (select 1 a, cast(concat('x',id) as int) b from range(2))
select count(*) from (select 1 a, cast(concat('x',id) as int) b from range(2))
select a from (select id a, 1 b from range(1) union all select id, concat('x',id) from range(1))
select count(*) from (select id a, 1 b from range(1) union all select id, concat('x',id) from range(1))
select a from (select id a, 1 b from range(1) union all select id, concat('x',id) from range(1)) where a >= 0 order by a
select a from (select id a, 1 b from range(1) union select id, concat('x',id) from range(1))
select a from (select * from (select id a, 1 b from range(1) union all select id, concat('x',id) from range(1)) order by a)
select max(a) from (select id a, 1 b from range(1) union all select id, concat('x',id) from range(1))
select a from (select id a, 1 b from range(1) union all select id, 'x' from range(1))
select a from (select id a, 1 b from range(1) union all select id, 'x' from range(1) union all select 5, 6)
select a from (select id a, rand() c, 1 b from range(1) union all select id, 2, concat('x',id) from range(1))
select a from (select id a, 1 b from range(1) except select id, concat('x',id) from range(1))
select a from (select distinct a, b from (select id a, 1 b from range(1) union all select id, concat('x',id) from range(1)))
select a from (select a, cast(b as string) c, b from (select id a, 1 b from range(1) union all select id, concat('x',id) from range(1)))
with t as (select id a, cast(concat('x',id) as int) b from range(2)) select a from t
select a from (select id a, cast(concat('x',id) as int) b from range(2) where id < 1)
select a from (select a, b+1 c from (select id a, cast(concat('x',id) as int) b from range(2)))
select a from (select a, b from (select id a, cast(concat('x',id) as int) b from range(2)) where b > 0)
select a from (select id a, raise_error('x') b from range(2))
select a from (select id a, assert_true(id>5) b from range(2))
select a from (select id a, cast(concat('x',rand()) as int) b from range(2))
select a from (select id a, max(cast(concat('x',id) as int)) m from range(2) group by id)
select count(*) from (select id a, max(cast(concat('x',id) as int)) m from range(2) group by id)
select x from (select explode(array(1,2)) x, b from (select cast(concat('x',id) as int) b from range(2)))
select b from (select explode(array(1,2)) x, b, c from (select id b, cast(concat('x',id) as int) c from range(2)))
select x from (select id x, cast(concat('x',id) as int) c from range(2) group by all)
select x from (select id x, count(*) c from range(2) group by id, cast(concat('x',id) as int))
select x from (select id x, cast(concat('x',id) as int) c from range(2) limit 1)
select x from (select id x, cast(concat('x',id) as int) c from range(2) intersect select id, 1 from range(2))
select x from (select id x, cast(concat('x',id) as int) c from range(2) order by c)
select x from (select id x, raise_error('q') c from range(2) union all select 1, null)
values (a)
values (1), (a)
values (a, b)
values (1, a + 1)
values (t.a)
values (`a b`.c.d)
insert into nosuch values (a)
values (nosuch(1))
values (upper())
values (*)
values (1), (2) limit 1
values (:x)
values (default)
values (1, default)
values (transform(array(1), x -> x + 1))
values (named_struct('a', 1).a)
values (array(1)[0], map('a', 1)['a'])
values (1 as a)
values (1 as a, 2 as b), (3, 4)
values (struct(1 as a, 2))
select * from values (1 as a, 2 as b)
select * from values (1), ('5') t(a, b)
select * from values (1, 2), (3) t
select * from values (1), (2) t(a, b)
values (1, 'a'), ('5', 'b')
values ('5', 1), ('a', 'b')
values (date'2020-01-01'), (null), ('2020-01-01')
values (1), (2.5), (3L), (cast(1 as float))
values (1L), (cast(1 as float)), (2.5)
values (cast(1 as float)), (2.5), (1L)
values (16777217), (cast(1 as float))
values (cast('99999999999999999999999999999999999999' as decimal(38,0))), (0.5)
values (array(1)), (array('a'))
values (array(1)), (array(1.5))
values (map(1, 1L)), (map(1L, 'a'))
values (map(1, 1)), (map(1Y, 1L))
values (struct(1)), (struct(2L))
values (struct(1 as a)), (struct(2L as A))
values (struct(1 as a)), (named_struct('b', 2))
values (struct(1 as a)), (null)
values (array()), (array(1)), (array('1'))
values (cast('a' as char(3))), ('abcd')
values (cast('a' as varchar(3))), ('abcd')
values (interval 1 day), (interval '2' hour)
values (interval 1 day), (interval 1 month)
values (date'2020-01-01'), (timestamp'2020-01-01 00:00:00'), (timestamp_ntz'2020-01-01 00:00:00')
values (true), (1)
values (X'41'), ('a')
values (1/0), ('a')
values (1, 1/0), ('a', 2)
values (a), ('a', 1)
values (a), (1/0)
values (1), ('5'), (a)
values (rand()), ('a')
values (sum(1)), ('a')
values (1), (2), (sum(1))
values (explode(array(1))), (1)
values (typeof(now()))
values (cast(null as int)), (null)
values (null), (null)
values (try_cast('a' as int)), (1)
values (id)
select id
select a
select (1 as a)
values 1, 2
values 1 as a, 2
values struct(1, 2)
values ((1, 2))
values (((1, 2)))
values (1, (2, 3))
values (struct(1,2).col1)
values named_struct('a', 1)
values (named_struct('a', 1, 'b', 2)), (1, 2)
values struct(1,2), (3,4)
values ()
values struct(*)
values (1, *)
values (struct(1 as a, a))
values (cast(struct(1) as struct<x:int>))
select * from values (1, 2) as t(a)
select * from values (1, 2) as t(a, b, c)
select * from values (1), (2, 3) as t(a, b)
select * from values (rand()), ('a', 1) as t(a)
select * from values (x), ('a', 1) as t(a)
select * from values (1), (2) as t(a, a)
values (1/0), (sum(1))
values ('a'), (1), (rand())
values (1/0, 1), (2, rand())
values (1/0, 1), (2, array(1))
select `t.a` from values (1) as t(`t.a`)
values (cast('a' as int)), ('b')
values (interval 1 day), (interval '2' hour), (interval '3' minute)
values (interval '2' hour), (interval '3' minute)
select interval 1 day union all select interval '2' hour
select coalesce(interval '1' day, interval '2' hour)
select coalesce(interval '1' hour, interval '2' minute)
select if(true, interval '1' year, interval '2' month)
select array(interval '1' hour, interval '2' second)
select interval '1' hour union all select interval '2' second
select *
select count(*)
select *, 1
select 1 where id = 0
select 1 where 1 = 0
select 1 order by id
select count(id)
select struct(*)
select 1 group by id
select 1 as id, id
select explode(array(1, 2))
select sum(1), count(1)
select 1 limit 0
select distinct 1
select max(id)
values (t.*)
values struct(1, *)
select upper(*)
select struct(1, 2 as b)
select interval 1 day + interval '2' hour
select interval '1' year - interval '2' month
select interval '1' hour = interval '2' minute
select greatest(interval '1' hour, interval '2' minute)
values (1) + 2
values (1), 2 + 3, (4)
values ((1)), (2)
values (1 as a), (2)
values (filter(array(1), x -> true))
values (aggregate(array(1), 0, (a, x) -> a + x))
values (named_struct('a', 1)), (struct(2 as a))
values (1) order by col1
values (from_json('{}', 'a int'))
values (to_json(named_struct('a', 1)))
values (get_json_object('{}', '$.a'))
values (version() is null)
values (upper('a'), concat('a', 'b'), date_format(date'2020-01-01', 'y'))
values (schema_of_json('1'))
values (array_max(array(1, 2)), exists(array(1), x -> true))
values (map_filter(map(1, 2), (k, v) -> true))
values (zip_with(array(1), array(2), (x, y) -> x))
values (forall(array(1), x -> true))
values (element_at(array(1), 2))
values (sequence(1, 3))
values (date_add(date'2020-01-01', 1))
values (randn())
values (count(*))
values (first(1))
values (inline(array(named_struct('a', 1))))
values (max(1) + 1, 1)
values (1, stack(1, 2))
select typeof(a) from values (1Y), (float(0.5)) t(a)
select typeof(a) from values (1Y), ('5') t(a)
select typeof(a) from values (2S), (float(0.5)) t(a)
select typeof(a) from values (2S), ('5') t(a)
select typeof(a) from values (3), (float(0.5)) t(a)
select typeof(a) from values (3), ('5') t(a)
select typeof(a) from values (5000000000L), (float(0.5)) t(a)
select typeof(a) from values (5000000000L), ('5') t(a)
select typeof(a) from values (float(0.5)), (0.25D) t(a)
select typeof(a) from values (float(0.5)), (cast(1.25 as decimal(5,2))) t(a)
select typeof(a) from values (float(0.5)), (cast(7 as decimal(38,0))) t(a)
select typeof(a) from values (float(0.5)), (cast(0.5 as decimal(38,38))) t(a)
select typeof(a) from values (float(0.5)), ('5') t(a)
select typeof(a) from values (float(0.5)), (X'41') t(a)
select typeof(a) from values (float(0.5)), (true) t(a)
select typeof(a) from values (float(0.5)), (date'2020-01-31') t(a)
select typeof(a) from values (float(0.5)), (timestamp'2020-01-31 01:02:03') t(a)
select typeof(a) from values (float(0.5)), (timestamp_ntz'2020-01-31 01:02:03') t(a)
select typeof(a) from values (float(0.5)), (time'01:02:03') t(a)
select typeof(a) from values (float(0.5)), (null) t(a)
select typeof(a) from values (float(0.5)), (interval '1-2' year to month) t(a)
select typeof(a) from values (float(0.5)), (interval '1' year) t(a)
select typeof(a) from values (float(0.5)), (interval '1 02:03' day to minute) t(a)
select typeof(a) from values (float(0.5)), (interval '5' second) t(a)
select typeof(a) from values (float(0.5)), (make_interval(1,2)) t(a)
select typeof(a) from values (float(0.5)), (array(1)) t(a)
select typeof(a) from values (float(0.5)), (array(5000000000L)) t(a)
select typeof(a) from values (float(0.5)), (array('x')) t(a)
select typeof(a) from values (float(0.5)), (array()) t(a)
select typeof(a) from values (float(0.5)), (array(date'2020-01-01')) t(a)
select typeof(a) from values (float(0.5)), (map(1,2)) t(a)
select typeof(a) from values (float(0.5)), (map(1L,2D)) t(a)
select typeof(a) from values (float(0.5)), (map()) t(a)
select typeof(a) from values (float(0.5)), (named_struct('a',1)) t(a)
select typeof(a) from values (float(0.5)), (named_struct('a',1L)) t(a)
select typeof(a) from values (float(0.5)), (named_struct('b',1)) t(a)
select typeof(a) from values (float(0.5)), (named_struct('A',1L)) t(a)
select typeof(a) from values (float(0.5)), (named_struct('a','x')) t(a)
select typeof(a) from values (float(0.5)), (named_struct('a',1,'b',2)) t(a)
select typeof(a) from values (0.25D), ('5') t(a)
select typeof(a) from values (cast(1.25 as decimal(5,2))), (cast(0.5 as decimal(38,38))) t(a)
select typeof(a) from values (cast(1.25 as decimal(5,2))), ('5') t(a)
select typeof(a) from values (cast(7 as decimal(38,0))), ('5') t(a)
select typeof(a) from values (cast(0.5 as decimal(38,38))), ('5') t(a)
select typeof(a) from values ('5'), (X'41') t(a)
select typeof(a) from values ('5'), (true) t(a)
select typeof(a) from values ('5'), (date'2020-01-31') t(a)
select typeof(a) from values ('5'), (timestamp'2020-01-31 01:02:03') t(a)
select typeof(a) from values ('5'), (timestamp_ntz'2020-01-31 01:02:03') t(a)
select typeof(a) from values ('5'), (time'01:02:03') t(a)
select typeof(a) from values ('5'), (null) t(a)
select typeof(a) from values ('5'), (interval '1-2' year to month) t(a)
select typeof(a) from values ('5'), (interval '1' year) t(a)
select typeof(a) from values ('5'), (interval '1 02:03' day to minute) t(a)
select typeof(a) from values ('5'), (interval '5' second) t(a)
select typeof(a) from values ('5'), (make_interval(1,2)) t(a)
select typeof(a) from values ('5'), (array(1)) t(a)
select typeof(a) from values ('5'), (array(5000000000L)) t(a)
select typeof(a) from values ('5'), (array('x')) t(a)
select typeof(a) from values ('5'), (array()) t(a)
select typeof(a) from values ('5'), (array(date'2020-01-01')) t(a)
select typeof(a) from values ('5'), (map(1,2)) t(a)
select typeof(a) from values ('5'), (map(1L,2D)) t(a)
select typeof(a) from values ('5'), (map()) t(a)
select typeof(a) from values ('5'), (named_struct('a',1)) t(a)
select typeof(a) from values ('5'), (named_struct('a',1L)) t(a)
select typeof(a) from values ('5'), (named_struct('b',1)) t(a)
select typeof(a) from values ('5'), (named_struct('A',1L)) t(a)
select typeof(a) from values ('5'), (named_struct('a','x')) t(a)
select typeof(a) from values ('5'), (named_struct('a',1,'b',2)) t(a)
select typeof(a) from values (interval '1-2' year to month), (interval '1' year) t(a)
select typeof(a) from values (interval '1 02:03' day to minute), (interval '5' second) t(a)
select typeof(a) from values (array(1)), (array('x')) t(a)
select typeof(a) from values (array('x')), (array(date'2020-01-01')) t(a)
select typeof(a) from values (map(1,2)), (map(1L,2D)) t(a)
select typeof(a) from values (named_struct('a',1)), (named_struct('A',1L)) t(a)
select typeof(a) from values (named_struct('a',1)), (named_struct('a','x')) t(a)
select 1 + * from values (1) t(a)
select a = * from values (1) t(a)
select not * from values (true) t(a)
select -* from values (1) t(a)
select * is null from values (1) t(a)
select * in (1) from values (1) t(a)
select 1 in (*) from values (1) t(a)
select 1 in (*, 2) from values (1) t(a)
select case * when 1 then 1 end from values (true) t(a)
select array(*)[0] from values (1) t(a)
select * between 1 and 2 from values (1) t(a)
select * like 'a' from values ('a') t(a)
select (*) from values ('a') t(a)
select (*, 1) from values ('a') t(a)
select true and * from values (true) t(a)
select 'a' || * from values ('a') t(a)
select * % 2 from values (1) t(a)
select count(*), sum(*) from values (1) t(a)
select concat(*) from values ('a', 'b') t(a, b)
select concat(t.*, 'c') from values ('a', 'b') t(a, b)
select coalesce(*) from values ('a', 'b') t(a, b)
select if(*) from values (true, 1, 2) t(a, b, c)
select upper(*) from values (1, 2) t(a, b)
select * + 1 from values (1) t(a)
select named_struct('a', *) from values (1) t(a)
select (1, 2)
select (1, 2 as b, a) from values (1) t(a)
select (a, a + 1).a from values (1) t(a)
select ((1, 2), 3)
select (1, 2) = (1, 2)
select (1, 2) in ((1, 2), (3, 4))
select struct(1, 2)
select struct(1, a) from values (1) t(a)
select a from values (1) t(a) group by (a)
select array((1, 2))
select max((a, 1)) from values (1) t(a)
select 1 in (*, 2), (a, b) in ((*), (1, 2)) from values (1, 2) t(a, b)
select (a, (b, 'x' as c)).col2.c from values (1, 2) t(a, b)
select count((a, 1)), first((a, a as b)) from values (1) t(a)
select struct((1, 2), 3)
select (1 as a, 2).a
select `(1, 2)` from values (1) t(a)
select !* from values (true) t(a)
select ~* from values (1) t(a)
select * || 'x' from values ('a') t(a)
select a or * from values (true) t(a)
select * <=> 1 from values (1) t(a)
select * rlike 'a' from values ('a') t(a)
select * not in (1) from values (1) t(a)
select * is not null from values (1) t(a)
select t.* + 1 from values (1) t(a)
select * except (a) + 1 from values (1, 2) t(a, b)
select struct(s.x, s) from values (named_struct('x', 1)) t(s)
select (s.x, s) from values (named_struct('x', 1)) t(s)
select (s.x, 1) from (select named_struct('x', id) s from range(1))
select struct(s.x, 1) from (select named_struct('x', id) s from range(1))
select struct(t.s.x, 1), (t.s.x, t.s, 1) from (select named_struct('x', id) s from range(1)) t
select struct(a.x), (a.x, 1) from (select array(named_struct('x', id)) a from range(1)) t
select struct(s.x.y), (s.x.y, 1) from (select named_struct('x', named_struct('y', 1)) s from range(1)) t
select (s.x, s.x + 1, s) from values (named_struct('x', 1)) t(s)
-- generators outside of the select list, fields that are not there, operands of one type
select a from values (1,2) t(a,b) sort by explode(array(a))
select a from values (1,2) t(a,b) distribute by explode(array(a))
select a from values (1,2) t(a,b) cluster by explode(array(a))
select a from values (1,2) t(a,b) order by explode(array(a))
select a from values (1,2) t(a,b) where explode(array(a)) > 0
select a from values (1,2) t(a,b) group by a having explode(array(a)) > 0
select a from values (1,2) t(a,b) cluster by a, (a, b)
select 1e3 div 1.5
select 1.5 div 1e3
select 1e3 div 2
select 1e3 div 'a'
select 1e3 div '2'
select 1.5f div 1.5
select true div 1.5
select date'2020-01-01' div 1.5
select 2.50BD & 1.5
select 2.50BD & 1.50BD
select 2.50BD & 1
select 1 & 2.5
select 1e3 & 1.5
select 1e3 & 1e2
select 1.5f & 1e2
select '1' & 1.5
select 2.5 | 1.25
select 2.5 ^ 1.25
select true & 1.5
select 'a' & 'b'
select 2.50BD div true
select 2.50BD div 1e3
select array(1)['x']
select array(1)['0']
select array(1)[1.0]
select array(1)[0.0]
select array(1)[null]
select array(1)[true]
select array(1)[date'2020-01-01']
select array(1)[0e0]
select a.x from values (array(1)) t(a)
select a.x.y from values (array(array(1))) t(a)
select array(named_struct('x', 1))['x']
select array(named_struct('x', 1))['y`']
select named_struct('x', 1)['y`z']
select named_struct('x', 1).`y``z`
select named_struct('x', 1).`y.z`
select s.`y.z` from (select named_struct('x.y', 1, 'q', 2) s)
select s.`x``y` from (select named_struct('x.y', 1, 'q`', 2) s)
select s.nope from (select named_struct('x.y', 1, 'q`', 2) s)
select s.X from (select named_struct('x', 1, 'X', 2) s)
select s.`X``` from (select named_struct('x`', 1, 'X`', 2) s)
select a from values (1,2) t(a,b) where nope > 0 and explode(array(a)) > 0
select a from values (1,2) t(a,b) order by b, size(array(explode(array(1))))
