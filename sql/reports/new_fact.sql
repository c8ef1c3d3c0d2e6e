-- Grain: one row a changed conversation: its fact.
-- Purpose: what the aggregates gain; a temporary table. Run after that.
insert into new_fact
select f.*
from changed_conversation as c
inner join rpt_conversation as f on f.row_key = c.row_key
