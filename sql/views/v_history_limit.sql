-- Grain: one row.
-- Since when the histories (cs_<table>_history) are whole: from the first snapshot on, or, where
-- HISTORY_DAYS lets old versions go, from known_from_at on. What was "as of" a moment before that is
-- not known: add  and :t >= (select known_from_at from v_history_limit)  to the recipe. NULL: no
-- snapshot yet.
create or replace view v_history_limit as
select greatest(first_one.snapshot_at, coalesce(pruned.watermark_at, first_one.snapshot_at))
    as known_from_at
from (
    select min(snapshot_at) as snapshot_at
    from cs_snapshot
    where state = 'complete'
) as first_one
left join sync_state as pruned
    on pruned.account_id = 'retention' and pruned.entity = 'prune'
