-- level: warn
-- Every ticket source that a ticket names is in the catalogue of its vendor, active or not.
select
    ticket.type as vendor,
    ticket.osm_id as source_id,
    count(*) as tickets
from cloud_osm_list as ticket
left join cloud_osm_source as source
    on source.type = ticket.type and source.id = ticket.osm_id
where ticket.osm_id is not null
    and source.id is null
group by ticket.type, ticket.osm_id
