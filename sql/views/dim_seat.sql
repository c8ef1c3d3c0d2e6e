-- Grain: one row a seat (seat_id) at the newest snapshot, deleted ones included.
-- seat_name is what customers see; is_active is 0 where the seat is deleted.
create or replace view dim_seat as
select
    e.seat_id,
    e.seat_name collate utf8mb4_unicode_ci as seat_name,
    e.nickname collate utf8mb4_unicode_ci as nickname,
    e.seat_class <> 'disabled' as is_active,
    e.seat_class,
    e.max_user,
    e.supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    e.busi_id,
    l.line_name collate utf8mb4_unicode_ci as line_name
from rpt_seat as e
left join rpt_supplier as s on s.supplier_id = e.supplier_id
left join rpt_line as l on l.busi_id = e.busi_id
