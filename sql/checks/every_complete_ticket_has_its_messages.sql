-- level: fail
-- A complete ticket holds exactly the messages that were there when it was.
select
    ticket.vendor,
    ticket.ticket_id,
    ticket.message_count as counted,
    coalesce(held.messages, 0) as messages
from stg_ticket as ticket
left join (
    select vendor, ticket_id, count(*) as messages
    from stg_message
    group by vendor, ticket_id
) as held
    on held.vendor = ticket.vendor and held.ticket_id = ticket.ticket_id
where ticket.is_complete
    and ticket.message_count <> coalesce(held.messages, 0)
