-- level: warn
-- No conversation is live and archived at once; where one is, reports take the archive.
with
newest as (
    select max(snapshot_id) as snapshot_id from cs_snapshot where state = 'complete'
)
select
    archived.id as archived_id,
    live.id as live_id
from newest
inner join cs_queue_mapping_history as live
    on live.snapshot_id <= newest.snapshot_id
    and (live.closed_by = 0 or live.closed_by > newest.snapshot_id)
inner join cs_session_mapping_history as archived
    on archived.row_key = live.row_key
    and archived.snapshot_id <= newest.snapshot_id
    and (archived.closed_by = 0 or archived.closed_by > newest.snapshot_id)
