-- Grain: one row a local hour and supplier (0: none) with conversations.
-- What v_volume tells, by the hour. Counts may be added up over hours and suppliers.
create or replace view v_volume_hour as
select
    c.local_start,
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
where c.grain = 'hour' and c.scope = 'supplier'
