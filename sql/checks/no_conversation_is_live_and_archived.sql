-- level: warn
-- No conversation is live and archived at once; where one is, reports take the archive.
select
    archived.id as archived_id,
    live.id as live_id
from cs_queue_mapping_history as live
inner join cs_session_mapping_history as archived
    on archived.row_key = live.row_key and archived.closed_by = 0
where live.closed_by = 0
