-- level: warn
-- An enabled account reads the ticket, or it is complete: nobody hears of this one's closing.
select
    ticket.vendor,
    ticket.ticket_id,
    ticket.account_id
from stg_ticket as ticket
left join cloud_user as account on account.id = ticket.account_id and account.enabled = 1
where not ticket.is_complete
    and account.id is null
