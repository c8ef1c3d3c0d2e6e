-- Grain: one row a local day, supplier (0: none) and range of waiting time.
-- How the completed waits of humans spread; a range holds its upper bound. Counts may be added up
-- over days, suppliers and ranges.
create or replace view v_wait_distribution as
select
    c.local_start as local_day,
    c.start_at,
    c.scope_id as supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    k.from_s,
    k.to_s,
    case k.from_s
        when 0 then c.wait_to_1s
        when 1 then c.wait_to_15s
        when 15 then c.wait_to_30s
        when 30 then c.wait_to_1min
        when 60 then c.wait_to_3min
        when 180 then c.wait_to_6min
        else c.wait_over_6min
    end as n,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_cohort as c
cross join (
    select 0 as from_s, 1 as to_s
    union all
    select 1 as from_s, 15 as to_s
    union all
    select 15 as from_s, 30 as to_s
    union all
    select 30 as from_s, 60 as to_s
    union all
    select 60 as from_s, 180 as to_s
    union all
    select 180 as from_s, 360 as to_s
    union all
    select 360 as from_s, null as to_s
) as k
left join rpt_supplier as s on s.supplier_id = c.scope_id
where c.grain = 'day' and c.scope = 'supplier'
