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
    ticket.type as vendor,
    ticket.cloud_id as ticket_id,
    fact.ticket_id is not null as has_fact
from cloud_osm_list as ticket
-- A run stamps tickets with the moment it began, and may store them hours later.
inner join build on ticket.synced_at < build.built_at - interval 1 day
left join rpt_ticket as fact
    on fact.vendor = ticket.type and fact.ticket_id = ticket.cloud_id
where fact.ticket_id is null
    or fact.is_complete <> (ticket.status = 0)
union all
select
    fact.vendor,
    fact.ticket_id,
    1 as has_fact
from rpt_ticket as fact
left join cloud_osm_list as ticket
    on ticket.type = fact.vendor and ticket.cloud_id = fact.ticket_id
where ticket.id is null
