-- Grain: one row a local day, seat, supplier and line with conversations that began on it.
-- Purpose: what rpt_seat_work adds up for each grain and scope; a temporary table.
-- A conversation is credited to its last seat, because a transfer overwrites the one before.
insert into seat_day (local_day, seat_id, supplier_id, busi_id, conversations)
select
    local_day,
    seat_id,
    supplier_id,
    busi_id,
    count(*) as conversations
from rpt_conversation
where
    local_day >= :from_day
    and local_day < :to_day
    and seat_id > 0
    and outcome = 'served'
group by local_day, seat_id, supplier_id, busi_id
