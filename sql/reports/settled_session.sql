-- Grain: one row of rpt_session.
-- Purpose: that a day in which nothing changed is final.
update rpt_session
set provisional = 0, snapshot_id = :snapshot_id, snapshot_at = :snapshot_at,
    updated_at = :built_at
where
    provisional = 1
    and cast(local_day as datetime) + interval 1 day - interval :local_minutes minute
    + interval :settled_hours hour < :snapshot_at
