-- Grain: one row a product of a vendor (vendor, product_id).
-- is_active is 0 where the vendor's catalogue no longer shows it.
create or replace view dim_product as
select
    type as vendor,
    id as product_id,
    name collate utf8mb4_unicode_ci as product_name,
    active = 1 as is_active
from cloud_osm_product
-- Our names of vendors: capitals. '[' follows 'Z'.
where type >= 'A' and type < '['
