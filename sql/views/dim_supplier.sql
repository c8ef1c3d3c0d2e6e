-- Grain: one row a supplier (supplier_id) that a snapshot ever showed, with its newest name.
-- is_active is 0 where it is offline or no longer in the source; busi_id is its primary line now.
create or replace view dim_supplier as
select
    s.supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    s.is_active,
    s.is_capped,
    s.busi_id,
    l.line_name collate utf8mb4_unicode_ci as line_name
from rpt_supplier as s
left join rpt_line as l on l.busi_id = s.busi_id
