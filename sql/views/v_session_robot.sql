-- Grain: one row a local day (of created_time, local) and supplier (0: none).
-- The older router's table: share of rows with a robot, and inferred hand-overs to a human.
create or replace view v_session_robot as
select
    r.local_day,
    r.supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    r.sessions,
    r.robot,
    r.robot / nullif(r.sessions, 0) as robot_share,
    r.handed_over,
    r.handed_over / nullif(r.robot, 0) as handed_over_share,
    r.snapshot_id,
    r.snapshot_at,
    r.definition_version,
    r.provisional,
    r.updated_at
from rpt_session as r
left join rpt_supplier as s on s.supplier_id = r.supplier_id
