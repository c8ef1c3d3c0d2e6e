-- Grain: one row a changed conversation: its fact.
-- Purpose: what the aggregates lose; a temporary table. Run before they are replaced.
insert into old_fact
select f.*
from changed_conversation as c
inner join rpt_conversation as f on f.row_key = c.row_key
