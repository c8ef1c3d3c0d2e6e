-- Grain: one row a quarter of an hour and business line (0: none) with conversations.
-- What v_volume tells, by the quarter of an hour and line: the supplier's primary line when the
-- conversation entered the queue. Counts may be added up over time and lines.
create or replace view v_volume_quarter as
select
    c.local_start,
    c.start_at,
    c.scope_id as busi_id,
    l.line_name collate utf8mb4_unicode_ci as line_name,
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
left join rpt_line as l on l.busi_id = c.scope_id
where c.grain = '15min' and c.scope = 'line'
