-- Grain: one row a local day and supplier (0: none) with conversations.
-- Lost (observed): waiting in one snapshot of the live queue, neither live nor archived in the
-- next. Waits that began and ended between two snapshots are missed, and a customer who leaves
-- stays in the queue for up to 24 h: when they left is unknown. period_s is the longest
-- distance between two snapshots of that unbroken run. NULL where the queue was not read all
-- the time. Counts may be added up over days and suppliers.
create or replace view v_lost_wait as
select
    c.local_start as local_day,
    c.start_at,
    c.scope_id as supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    case when c.is_watched = 1 then c.lost end as lost,
    c.served,
    case when c.is_watched = 1 then c.lost / nullif(c.served + c.lost, 0) end as lost_share,
    case when c.is_watched = 1 then w.period_s end as period_s,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_cohort as c
left join rpt_supplier as s on s.supplier_id = c.scope_id
left join rpt_watch as w
    on w.from_at <= c.start_at and (w.ongoing = 1 or w.until_at > c.start_at)
where c.grain = 'day' and c.scope = 'supplier'
