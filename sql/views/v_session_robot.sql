-- Grain: one row a local day (of created_time, +08:00) and supplier (0: none).
-- The older router's table: share of rows with a robot, and inferred hand-overs to a human.
create or replace view v_session_robot as
select
    local_day,
    supplier_id,
    sessions,
    robot,
    robot / nullif(sessions, 0) as robot_share,
    handed_over,
    handed_over / nullif(robot, 0) as handed_over_share,
    snapshot_id,
    snapshot_at,
    definition_version,
    provisional
from rpt_session
