-- level: fail
-- A ticket of status 0 that we have read holds exactly the messages that were there when it was.
select
    ticket.type as vendor,
    ticket.cloud_id as ticket_id,
    ticket.message_count as counted,
    coalesce(held.messages, 0) as messages
from cloud_osm_list as ticket
left join (
    select vendor, case_id, count(*) as messages
    from cloud_osm_detail
    group by vendor, case_id
) as held
    on held.vendor = ticket.type and held.case_id = ticket.cloud_id
where ticket.status = 0
    and ticket.synced_at is not null
    and (
        ticket.message_count <> coalesce(held.messages, 0)
        -- What the vendor no longer knows was perhaps never read: nobody can make up for that.
        or (ticket.message_count is null and ticket.missing_since is null)
    )
