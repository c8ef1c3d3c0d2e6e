-- Grain: one row a business line that is known or in use.
-- Purpose: names. The source has none, its code has: BusinessEnum. A line that is in use and not
-- known to it has no name.
insert into rpt_line (busi_id, line_name, line_name_en)
with
known as (
    select 0 as busi_id, '无' as line_name, 'none' as line_name_en
    union all
    select 1 as busi_id, '度假' as line_name, 'holidays' as line_name_en
    union all
    select 2 as busi_id, '机票' as line_name, 'flights' as line_name_en
    union all
    select 3 as busi_id, '酒店' as line_name, 'hotels' as line_name_en
    union all
    select 4 as busi_id, '当地人' as line_name, 'local guides' as line_name_en
    union all
    select 5 as busi_id, '门票' as line_name, 'tickets' as line_name_en
    union all
    select 6 as busi_id, '用车' as line_name, 'cars' as line_name_en
    union all
    select 7 as busi_id, '机票加酒店' as line_name, 'flight and hotel' as line_name_en
    union all
    select 8 as busi_id, '场馆' as line_name, 'venues' as line_name_en
    union all
    select 11 as busi_id, '汽车票' as line_name, 'buses' as line_name_en
    union all
    select 101 as busi_id, '度假（101）' as line_name, 'holidays (101)' as line_name_en
    union all
    select 102 as busi_id, '度假（102）' as line_name, 'holidays (102)' as line_name_en
    union all
    select 103 as busi_id, '度假（103）' as line_name, 'holidays (103)' as line_name_en
    union all
    select 301 as busi_id, '酒店点评' as line_name, 'hotel reviews' as line_name_en
    union all
    select 901 as busi_id, '国际火车票' as line_name, 'international trains' as line_name_en
    union all
    select 902 as busi_id, '签证' as line_name, 'visas' as line_name_en
    union all
    select 1000 as busi_id, 'QChat 首页' as line_name, 'QChat home' as line_name_en
    union all
    select 1101 as busi_id, '包车' as line_name, 'charter buses' as line_name_en
    union all
    select 1201 as busi_id, '民宿' as line_name, 'B&B' as line_name_en
    union all
    select 2000 as busi_id, 'QTalk' as line_name, 'QTalk' as line_name_en
),
used as (
    select busi_id from known
    union
    select busi_id from rpt_supplier_version
    union
    select busi_id from cs_busi_seat_mapping_history
    where snapshot_id <= :snapshot_id and status = 1 and busi_id is not null
)
select used.busi_id, known.line_name, known.line_name_en
from used
left join known on known.busi_id = used.busi_id
