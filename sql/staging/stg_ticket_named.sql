-- Grain: one row a vendor ticket (vendor, ticket_id).
-- stg_ticket with the names of what it is about: the catalogue's, else the vendor's words.
create or replace view stg_ticket_named as
select
    t.*,
    coalesce(p.name, t.product_said) as product_name,
    coalesce(c.name, t.category_said) as category_name,
    coalesce(s.name, t.source_said) as source_name,
    a.name as account_name,
    a.region_id
from stg_ticket as t
left join cloud_osm_product as p on p.type = t.vendor and p.id = t.product_id
left join cloud_osm_product_type as c on c.type = t.vendor and c.id = t.category_id
left join cloud_osm_source as s on s.type = t.vendor and s.id = t.source_id
left join cloud_user as a on a.id = t.account_id
