-- level: warn
-- Every problem category that a ticket names is in the catalogue of its vendor, active or not.
select
    ticket.type as vendor,
    ticket.product_business_id as category_id,
    count(*) as tickets
from cloud_osm_list as ticket
left join cloud_osm_product_type as category
    on category.type = ticket.type and category.id = ticket.product_business_id
where ticket.product_business_id is not null
    and category.id is null
group by ticket.type, ticket.product_business_id
