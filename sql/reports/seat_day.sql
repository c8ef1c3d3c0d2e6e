-- Grain: one row a local day.
-- Purpose: what rpt_seat_work is counted from, in seats.py; no table.
-- Six fields a seat, supplier and line: the day, counted from the year 0; 0 for conversations that
-- began on it, 1 for last messages on it; seat, supplier, line; how many conversations. A
-- conversation is credited to its last seat, because a transfer overwrites the one before. Last
-- messages are those of conversations that began at most a week before.
select
    count(*) as items,
    group_concat(concat_ws(
        ',',
        to_days(local_day),
        is_last,
        seat_id,
        supplier_id,
        busi_id,
        conversations,
        ''
    ) separator '') as fields
from (
    select local_day, 0 as is_last, seat_id, supplier_id, busi_id, count(*) as conversations
    from rpt_conversation
    where
        local_day >= :from_day
        and local_day < :to_day
        and seat_id > 0
        and outcome = 'served'
    group by local_day, seat_id, supplier_id, busi_id
    union all
    select
        cast(last_ack_at + interval :local_minutes minute as date) as local_day,
        1 as is_last,
        seat_id,
        supplier_id,
        busi_id,
        count(*) as conversations
    from rpt_conversation
    where
        local_day >= :from_day - interval 8 day
        and local_day < :to_day
        and seat_id > 0
        and outcome = 'served'
        and last_ack_at >= :from_at
        and last_ack_at < :to_at
        and timestampdiff(microsecond, inqueue_at, last_ack_at) between 0 and 604799999999
    group by cast(last_ack_at + interval :local_minutes minute as date), seat_id, supplier_id, busi_id
) as seat
group by local_day
