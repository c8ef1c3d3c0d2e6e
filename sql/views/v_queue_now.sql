-- Grain: one row a scope: all, each supplier and each line where somebody waits.
-- Who waits at the newest snapshot. headline is who waits for up to 30 min: nothing marks a
-- departure, so the others have probably left.
create or replace view v_queue_now as
select
    scope,
    scope_id,
    source,
    headline,
    waiting,
    first_time,
    again,
    to_1min,
    to_5min,
    to_30min,
    over_30min,
    longest_s,
    p50_s,
    snapshot_id,
    snapshot_at,
    definition_version
from rpt_queue_now
