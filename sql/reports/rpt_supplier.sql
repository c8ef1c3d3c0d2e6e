-- Grain: one row a supplier that a snapshot ever showed.
-- Purpose: names. The newest version of each counts, also of those that the source no longer has.
insert into rpt_supplier (supplier_id, supplier_name, is_active, is_capped, busi_id)
select
    s.row_key as supplier_id,
    s.name as supplier_name,
    coalesce(s.status, 0) = 1 and (s.closed_by = 0 or s.closed_by > :snapshot_id) as is_active,
    coalesce(s.ext_flag, 0) = 1 as is_capped,
    coalesce(v.busi_id, 0) as busi_id
from cs_supplier_history as s
left join rpt_supplier_version as v
    on v.supplier_id = s.row_key and v.valid_to_at = cast('9999-12-31' as datetime(6))
where
    s.snapshot_id <= :snapshot_id
    and not exists (
        select 1 from cs_supplier_history as later
        where
            later.row_key = s.row_key
            and later.snapshot_id > s.snapshot_id
            and later.snapshot_id <= :snapshot_id
    )
