-- Grain: one row a conversation without a usable time (session_id): in no span and no chart.
-- The source's inqueue_time is missing, no moment that a table can hold, before DESK_SINCE, or more
-- than a day after the row was read. inqueue_at is what it says, UTC: never put it on an axis.
create or replace view v_conversation_undated as
select
    f.session_id,
    f.supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    f.busi_id,
    l.line_name collate utf8mb4_unicode_ci as line_name,
    f.seat_id,
    e.seat_name collate utf8mb4_unicode_ci as seat_name,
    e.nickname collate utf8mb4_unicode_ci as nickname,
    f.outcome,
    f.is_live,
    f.status,
    f.inqueue_at,
    f.updated_at
from rpt_conversation as f
left join rpt_supplier as s on s.supplier_id = f.supplier_id
left join rpt_line as l on l.busi_id = f.busi_id
left join rpt_seat as e on e.seat_id = f.seat_id
where f.local_day = '9999-12-31'
