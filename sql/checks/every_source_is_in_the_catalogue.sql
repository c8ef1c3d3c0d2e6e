-- level: warn
-- Every ticket source that a ticket names is in the catalogue of its vendor, active or not.
select
    ticket.vendor,
    ticket.source_id,
    count(*) as tickets
from stg_ticket as ticket
left join cloud_osm_source as source
    on source.type = ticket.vendor and source.id = ticket.source_id
where ticket.source_id is not null
    and source.id is null
group by ticket.vendor, ticket.source_id
