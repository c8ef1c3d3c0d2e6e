-- Grain: one row a way in which tickets reach a vendor (vendor, source_id).
-- is_active is 0 where the vendor's catalogue no longer shows it.
create or replace view dim_source as
select
    type as vendor,
    id as source_id,
    name collate utf8mb4_unicode_ci as source_name,
    active = 1 as is_active
from cloud_osm_source
-- Our names of vendors: capitals. '[' follows 'Z'.
where type >= 'A' and type < '['
