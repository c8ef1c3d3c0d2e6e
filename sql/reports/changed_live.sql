-- Grain: one row a changed conversation that the live queue has ever shown.
-- Purpose: a second name for a part of changed_conversation; MySQL opens a temporary table only
-- once a statement.
insert into changed_live (row_key)
select c.row_key
from changed_conversation as c
where exists (
    select 1 from cs_queue_mapping_history as q
    where q.row_key = c.row_key and q.snapshot_id <= :snapshot_id
)
