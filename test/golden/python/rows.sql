SELECT id, s, d, CAST(id AS BOOLEAN) AS bo, CAST(7 AS TINYINT) AS by, CAST(-300 AS SHORT) AS sh, CAST(id AS BIGINT) * 4000000000 AS lo,
 CAST(d AS FLOAT) AS fl, CAST('NaN' AS DOUBLE) AS na, CAST('-Infinity' AS DOUBLE) AS inf, CAST(12.50 AS DECIMAL(10,2)) AS de, CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10)) AS db,
 CAST('0.0000000001' AS DECIMAL(38,10)) AS tiny, CAST(s AS BINARY) AS bi, DATE'2026-02-03' AS da, DATE'0001-01-01' AS d1, TIMESTAMP'2026-02-03 04:05:06.789012' AS ts, TIMESTAMP'1969-12-31 23:59:59.5' AS t0,
 TIMESTAMP_NTZ'2026-02-03 04:05:06.789012' AS tn, INTERVAL '1 02:03:04.5' DAY TO SECOND AS dt,
 array(1, NULL, 3) AS ai, array(array('x'), array()) AS aa, map('k', 1, 'l', NULL) AS m, named_struct('a', 1, 'b', named_struct('c', s, 'e', DATE'2026-01-01')) AS st,
 array(named_struct('x', 1, 't', TIMESTAMP'2026-02-03 04:05:06')) AS ast, map(1, named_struct('y', CAST(1.5 AS DECIMAL(3,1)))) AS ms, NULL AS nu, map(named_struct('q', 1), array(DATE'2026-01-02')) AS mk FROM v
