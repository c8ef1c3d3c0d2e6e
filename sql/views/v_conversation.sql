-- Grain: one row a conversation (session_id): archived, live or lost.
-- Every other number about conversations is counted from these. Days are +08:00, moments UTC.
-- local_day is NULL where the source's inqueue_time is no moment that MySQL can count with.
create or replace view v_conversation as
select
    session_id,
    nullif(local_day, cast('9999-12-31' as date)) as local_day,
    local_slot,
    supplier_id,
    busi_id,
    is_capped,
    seat_id,
    outcome,
    is_robot,
    is_requeued,
    was_robot,
    is_live,
    status,
    request_count,
    inqueue_at,
    distributed_at,
    last_ack_at,
    wait_s,
    handling_s,
    earlier_at,
    lost_after_at,
    lost_before_at
from rpt_conversation
