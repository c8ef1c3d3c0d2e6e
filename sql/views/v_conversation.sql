-- Grain: one row a conversation with a usable time (session_id): archived, live or lost.
-- Every other number about conversations is counted from these. Local times come first; columns in
-- _at without local_ are UTC. A time that cannot be is NULL, and nothing is measured from it; whose
-- inqueue_time cannot be is in v_conversation_undated, in no other view. Names are those of now.
create or replace view v_conversation as
select
    f.session_id,
    f.local_inqueue_at,
    f.local_distributed_at,
    f.local_last_ack_at,
    f.local_day,
    f.local_slot,
    f.supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    f.busi_id,
    l.line_name collate utf8mb4_unicode_ci as line_name,
    f.is_capped,
    f.seat_id,
    e.seat_name collate utf8mb4_unicode_ci as seat_name,
    e.nickname collate utf8mb4_unicode_ci as nickname,
    f.outcome,
    f.is_robot,
    f.is_requeued,
    f.was_robot,
    f.is_live,
    f.status,
    f.request_count,
    f.inqueue_at,
    f.distributed_at,
    f.last_ack_at,
    f.wait_s,
    f.handling_s,
    f.earlier_at,
    f.lost_after_at,
    f.lost_before_at,
    f.updated_at
from rpt_conversation as f
left join rpt_supplier as s on s.supplier_id = f.supplier_id
left join rpt_line as l on l.busi_id = f.busi_id
left join rpt_seat as e on e.seat_id = f.seat_id
where f.local_day < '9999-12-31'
