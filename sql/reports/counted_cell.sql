-- Grain: one row of rpt_cohort to rebuild whose counts are those of facts, for one grain and scope.
-- Purpose: a second name for a part of changed_cell; MySQL opens a temporary table only once a
-- statement.
insert into counted_cell (grain, scope, local_start, scope_id)
select grain, scope, local_start, scope_id
from changed_cell
where grain = :grain and scope = :scope
