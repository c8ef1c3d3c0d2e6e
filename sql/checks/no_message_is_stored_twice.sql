-- level: fail
-- A message of a ticket has one row.
select
    vendor,
    case_id,
    message_id,
    count(*) as copies
from cloud_osm_detail
group by vendor, case_id, message_id
having count(*) > 1
