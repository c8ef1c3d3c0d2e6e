-- Grain: one row a problem category of a vendor (vendor, category_id).
-- is_active is 0 where the vendor's catalogue no longer shows it.
create or replace view dim_category as
select
    type as vendor,
    id as category_id,
    name collate utf8mb4_unicode_ci as category_name,
    active = 1 as is_active
from cloud_osm_product_type
-- Our names of vendors: capitals. '[' follows 'Z'.
where type >= 'A' and type < '['
