-- level: fail
-- A vendor's ticket has one row.
select
    vendor,
    ticket_id,
    count(*) as copies
from stg_ticket
group by vendor, ticket_id
having count(*) > 1
