-- level: warn
-- Rows of another program name a vendor that we know, in any form: a run brings the others over.
select
    'cloud_osm_list' as table_name,
    ticket.id
from cloud_osm_list as ticket
left join stg_ticket as known
    on known.vendor = ticket.type and known.ticket_id = ticket.cloud_id
where known.vendor is null
union all
select
    'cloud_osm_detail' as table_name,
    id
from cloud_osm_detail
where coalesce(vendor, '') = ''
