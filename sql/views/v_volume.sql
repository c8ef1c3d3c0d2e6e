-- Grain: one row a local day and supplier (0: none) with conversations.
-- How many conversations entered the queue on the day, and how they ended, whenever they did:
-- offered = served + robot + waiting + lost + untimed. requeued is a part of the others. Counts may
-- be added up over days and suppliers. waiting, lost and from_robot are NULL where the live queue
-- was not read. For days without any row, join from dim_day.
create or replace view v_volume as
select
    c.local_start as local_day,
    c.start_at,
    c.scope_id as supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    c.offered,
    c.served,
    c.robot,
    case when c.has_queue = 1 then c.waiting end as waiting,
    case when c.is_watched = 1 then c.lost end as lost,
    c.untimed,
    c.requeued,
    case when c.is_watched = 1 then c.from_robot end as from_robot,
    c.robot / nullif(c.offered, 0) as robot_share,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_cohort as c
left join rpt_supplier as s on s.supplier_id = c.scope_id
where c.grain = 'day' and c.scope = 'supplier'
