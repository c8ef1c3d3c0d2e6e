-- level: warn
-- A ticket of status 0 was read closed, with its messages, by a run of ours: the next run reads it.
select
    type as vendor,
    cloud_id as ticket_id
from cloud_osm_list
where status = 0
    and complete = 0
    and missing_since is null
