-- Grain: one row a span of a ticket that is built anew.
-- Purpose: how it stood before, so that only the days are rebuilt on which that matters; a
-- temporary table.
insert into former_state
select
    s.vendor, s.ticket_id, s.is_closed, s.account_id, s.product_id, s.category_id, s.from_at,
    s.until_at
from changed_ticket as c
inner join rpt_ticket_state as s on s.vendor = c.vendor and s.ticket_id = c.ticket_id
