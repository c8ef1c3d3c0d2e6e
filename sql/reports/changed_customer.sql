-- Grain: one row a customer and supplier of a changed conversation.
-- Purpose: whose repeats to look for again; a temporary table. Run before the facts are replaced
-- and after it.
insert ignore into changed_customer (customer_key, supplier_id)
select f.customer_key, f.supplier_id
from changed_conversation as c
inner join rpt_conversation as f on f.row_key = c.row_key
where f.customer_key is not null
