-- Grain: one row a local day, seat, supplier and line with the last message of a conversation.
-- Purpose: what rpt_seat_work counts for each grain and scope; a temporary table.
-- Only conversations that began at most a week before.
insert into acknowledging_day (local_day, seat_id, supplier_id, busi_id)
select distinct
    cast(last_ack_at + interval :local_hours hour as date) as local_day,
    seat_id,
    supplier_id,
    busi_id
from rpt_conversation
where
    local_day >= :from_day - interval 8 day
    and local_day < :to_day
    and seat_id > 0
    and outcome = 'served'
    and last_ack_at >= :from_at
    and last_ack_at < :to_at
    and timestampdiff(microsecond, inqueue_at, last_ack_at) between 0 and 604799999999
