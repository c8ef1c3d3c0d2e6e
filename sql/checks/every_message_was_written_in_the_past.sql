-- level: fail
-- A message was written after 1970 (before: seconds taken for milliseconds) and before now.
select
    vendor,
    case_id,
    message_id,
    create_time
from cloud_osm_detail
where create_time < 31536000000
    -- Ten minutes of grace, because clocks differ.
    or create_time > (timestampdiff(second, '1970-01-01', :now) + 600) * 1000
