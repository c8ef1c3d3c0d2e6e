-- level: fail
-- A vendor's ticket has one row.
select
    type as vendor,
    cloud_id as ticket_id,
    count(*) as copies
from cloud_osm_list
group by type, cloud_id
having count(*) > 1
