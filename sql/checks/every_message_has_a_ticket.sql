-- level: fail
-- Every message belongs to a ticket of the same vendor.
select
    message.vendor,
    message.case_id,
    count(*) as messages
from cloud_osm_detail as message
left join cloud_osm_list as ticket
    on ticket.type = message.vendor and ticket.cloud_id = message.case_id
where ticket.id is null
    and message.vendor is not null
group by message.vendor, message.case_id
