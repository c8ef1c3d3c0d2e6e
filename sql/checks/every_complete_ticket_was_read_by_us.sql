-- level: warn
-- A ticket of status 0 was read by a run of ours, not only marked so by another system.
select
    vendor,
    ticket_id
from stg_ticket
where is_complete
    and synced_at is null
