-- Grain: one row a conversation that has changed since the build before, or began at since_at or
-- later.
-- Purpose: which rows of rpt_conversation to build; a temporary table.
-- A conversation that moved to another day stands here once, and leaves nothing in the old one.
insert ignore into changed_conversation (row_key)
select row_key
from cs_session_mapping_history
where
    snapshot_id <= :snapshot_id
    and (snapshot_id > :last_id or closed_by > :last_id or inqueue_time >= :since_at)
union all
select row_key
from cs_queue_mapping_history
where
    snapshot_id <= :snapshot_id
    and (snapshot_id > :last_id or closed_by > :last_id or inqueue_time >= :since_at)
union all
select row_key
from rpt_conversation
where local_day >= :since_day and inqueue_at >= :since_at
