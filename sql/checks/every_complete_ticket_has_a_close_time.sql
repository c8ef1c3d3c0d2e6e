-- level: fail
-- A ticket of status 0 that we have read says when it was first seen closed.
select
    type as vendor,
    cloud_id as ticket_id
from cloud_osm_list
where status = 0
    and close_time is null
    and synced_at is not null
    and missing_since is null
