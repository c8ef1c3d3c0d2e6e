-- level: warn
-- A ticket of status 0 was read by a run of ours, not only marked so by another system.
select
    type as vendor,
    cloud_id as ticket_id
from cloud_osm_list
where status = 0
    and synced_at is null
