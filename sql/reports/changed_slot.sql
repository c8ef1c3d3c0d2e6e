-- Grain: one row a quarter of an hour, supplier and line in which a changed conversation began.
-- Purpose: which rows of rpt_cohort change; a temporary table. For the old facts, and the new ones.
insert ignore into changed_slot (local_slot, supplier_id, busi_id)
select local_slot, supplier_id, busi_id
from old_fact
where local_slot is not null
union
select local_slot, supplier_id, busi_id
from new_fact
where local_slot is not null
