-- Grain: one row a quarter of an hour, supplier and line in which a changed conversation began.
-- Purpose: which rows of rpt_cohort to rebuild; a temporary table. Run before the facts are
-- replaced and after it.
insert ignore into changed_slot (local_slot, supplier_id, busi_id)
select f.local_slot, f.supplier_id, f.busi_id
from changed_conversation as c
inner join rpt_conversation as f on f.row_key = c.row_key
where f.local_slot is not null
