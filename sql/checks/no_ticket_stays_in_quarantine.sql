-- level: warn
-- A ticket that failed by itself leaves quarantine within a day.
select
    account_id,
    item_id as ticket_id,
    error_class,
    attempts
from sync_quarantine
where first_at < :now - interval 1 day
