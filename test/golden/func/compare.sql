=	1=2
=	1=1.0
=	'a'='b'
=	NULL=1
=	CAST('NaN' AS DOUBLE)=CAST('NaN' AS DOUBLE)
=	'1'=1
=	DATE '2024-01-01'=TIMESTAMP '2024-01-01 00:00:00'
=	1.50=1.5
=	true=false
==	1==2
==	1==1.0
==	'a'=='b'
==	NULL==1
==	CAST('NaN' AS DOUBLE)==CAST('NaN' AS DOUBLE)
==	'1'==1
==	DATE '2024-01-01'==TIMESTAMP '2024-01-01 00:00:00'
==	1.50==1.5
==	true==false
<=>	1<=>2
<=>	1<=>1.0
<=>	'a'<=>'b'
<=>	NULL<=>1
<=>	CAST('NaN' AS DOUBLE)<=>CAST('NaN' AS DOUBLE)
<=>	'1'<=>1
<=>	DATE '2024-01-01'<=>TIMESTAMP '2024-01-01 00:00:00'
<=>	1.50<=>1.5
<=>	true<=>false
<	1<2
<	1<1.0
<	'a'<'b'
<	NULL<1
<	CAST('NaN' AS DOUBLE)<CAST('NaN' AS DOUBLE)
<	'1'<1
<	DATE '2024-01-01'<TIMESTAMP '2024-01-01 00:00:00'
<	1.50<1.5
<	true<false
<=	1<=2
<=	1<=1.0
<=	'a'<='b'
<=	NULL<=1
<=	CAST('NaN' AS DOUBLE)<=CAST('NaN' AS DOUBLE)
<=	'1'<=1
<=	DATE '2024-01-01'<=TIMESTAMP '2024-01-01 00:00:00'
<=	1.50<=1.5
<=	true<=false
>	1>2
>	1>1.0
>	'a'>'b'
>	NULL>1
>	CAST('NaN' AS DOUBLE)>CAST('NaN' AS DOUBLE)
>	'1'>1
>	DATE '2024-01-01'>TIMESTAMP '2024-01-01 00:00:00'
>	1.50>1.5
>	true>false
>=	1>=2
>=	1>=1.0
>=	'a'>='b'
>=	NULL>=1
>=	CAST('NaN' AS DOUBLE)>=CAST('NaN' AS DOUBLE)
>=	'1'>=1
>=	DATE '2024-01-01'>=TIMESTAMP '2024-01-01 00:00:00'
>=	1.50>=1.5
>=	true>=false
!=	1!=2
!=	1!=1.0
!=	'a'!='b'
!=	NULL!=1
!=	CAST('NaN' AS DOUBLE)!=CAST('NaN' AS DOUBLE)
!=	'1'!=1
!=	DATE '2024-01-01'!=TIMESTAMP '2024-01-01 00:00:00'
!=	1.50!=1.5
!=	true!=false
<>	1<>2
<>	1<>1.0
<>	'a'<>'b'
<>	NULL<>1
<>	CAST('NaN' AS DOUBLE)<>CAST('NaN' AS DOUBLE)
<>	'1'<>1
<>	DATE '2024-01-01'<>TIMESTAMP '2024-01-01 00:00:00'
<>	1.50<>1.5
<>	true<>false
=	array(1,2)=array(1,2)
=	named_struct('a',1)=named_struct('a',1)
=	map(1,2)=map(1,2)
=	1=true
=	'x'=1
=	'2024-01-01'=DATE '2024-01-01'
=	X'61'=X'61'
=	0.0D=-0.0D
<=>	NULL<=>NULL
equal_null	equal_null(NULL,NULL)
equal_null	equal_null(1,2)
<	array(1,2)<array(1,3)
<	1<CAST('NaN' AS DOUBLE)
<	'a'<'B'
<	named_struct('a',1)<named_struct('a',2)
not	NOT true
not	NOT NULL
not	not(false)
!	!true
isnull	isnull(NULL)
isnull	isnull(1)
isnull	1 IS NULL
isnotnull	isnotnull(NULL)
isnotnull	isnotnull(1)
isnotnull	1 IS NOT NULL
isnan	isnan(CAST('NaN' AS DOUBLE))
isnan	isnan(1.0D)
isnan	isnan(NULL)
isnan	isnan(1)
nanvl	nanvl(CAST('NaN' AS DOUBLE),1.5D)
nanvl	nanvl(2.5D,1D)
in	1 IN (1,2)
in	3 IN (1,2)
in	3 IN (1,NULL)
in	NULL IN (1)
in	'a' IN ('a','b')
in	1 IN ('1','2')
in	1.5 IN (1,1.5)
in	1 NOT IN (2,NULL)
nullif	nullif(1,1)
nullif	nullif(1,2)
nullif	nullif('a','a')
nullif	nullif(1,1.0)
greatest	greatest(1,2,3)
greatest	greatest(1,NULL,2.5)
greatest	greatest('a','b')
greatest	greatest(CAST('NaN' AS DOUBLE),1D)
greatest	greatest(NULL,NULL)
greatest	greatest(1)
least	least(1,2,3)
least	least(3,NULL,2.5)
least	least('a','b')
least	least(DATE '2024-01-01',DATE '2023-01-01')
coalesce	coalesce(NULL,1)
coalesce	coalesce(NULL,NULL)
coalesce	coalesce(1,2.5)
nvl	nvl(NULL,2)
ifnull	ifnull(NULL,'x')
nvl2	nvl2(NULL,1,2)
if	if(1<2,'a','b')
if	if(NULL,1,2)
and	true AND NULL
and	false AND NULL
or	true OR NULL
or	false OR NULL
