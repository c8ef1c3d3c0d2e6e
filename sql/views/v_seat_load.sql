-- Grain: one row a seat (seat_id) at the newest snapshot, deleted ones included.
-- load over 1 is legal: suppliers without queueing ignore max_user. is_full is a proxy of "busy";
-- whether a seat is online is not in the source.
create or replace view v_seat_load as
select
    e.seat_id,
    e.seat_name collate utf8mb4_unicode_ci as seat_name,
    e.nickname collate utf8mb4_unicode_ci as nickname,
    e.supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    e.busi_id,
    l.line_name collate utf8mb4_unicode_ci as line_name,
    e.seat_class,
    e.max_user,
    e.conversations,
    e.conversations / nullif(e.max_user, 0) as seat_load,
    e.conversations >= e.max_user as is_full,
    e.source,
    e.snapshot_id,
    e.snapshot_at,
    e.definition_version
from rpt_seat as e
left join rpt_supplier as s on s.supplier_id = e.supplier_id
left join rpt_line as l on l.busi_id = e.busi_id
