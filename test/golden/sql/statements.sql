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
select rand() is not null r, count(*) c from values (2,1) t(a,b) group by all
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
