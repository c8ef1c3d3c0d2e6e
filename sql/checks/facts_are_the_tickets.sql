-- level: fail
-- Every ticket that did not change since the day before the newest build has a fact that says so.
with
build as (
    select built_at
    from rpt_build
    order by build_id desc
    limit 1
)
select
    ticket.vendor,
    ticket.ticket_id,
    fact.ticket_id is not null as has_fact
from stg_ticket as ticket
-- A run stamps tickets with the moment it began, and may store them hours later.
inner join build on ticket.synced_at < build.built_at - interval 1 day
left join rpt_ticket as fact
    on fact.vendor = ticket.vendor and fact.ticket_id = ticket.ticket_id
where fact.ticket_id is null
    or fact.is_complete <> ticket.is_complete
union all
select
    fact.vendor,
    fact.ticket_id,
    1 as has_fact
from rpt_ticket as fact
left join stg_ticket as ticket
    on ticket.vendor = fact.vendor and ticket.ticket_id = fact.ticket_id
where ticket.vendor is null
