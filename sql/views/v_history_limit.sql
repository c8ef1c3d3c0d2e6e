-- Grain: one row.
-- Since when the histories (cs_<table>_history) are whole: from the first snapshot on, or, where
-- HISTORY_DAYS lets old versions go, from known_from_at on; and until when, which is the moment of
-- the newest complete snapshot. What was "as of" any other moment is not known, and a snapshot that
-- is under way may have put its first pieces there: so the recipe has both limits. NULL: no snapshot
-- yet.
create or replace view v_history_limit as
select
    greatest(snapshots.first_at, coalesce(pruned.watermark_at, snapshots.first_at))
        as known_from_at,
    snapshots.newest_at as known_until_at
from (
    select
        min(snapshot_at) as first_at,
        max(snapshot_at) as newest_at
    from cs_snapshot
    where state = 'complete'
) as snapshots
left join sync_state as pruned
    on pruned.account_id = 'retention' and pruned.entity = 'prune'
