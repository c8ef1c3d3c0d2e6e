-- level: warn
-- Every product that a ticket names is in the catalogue of its vendor, active or not.
select
    ticket.type as vendor,
    ticket.product_id,
    count(*) as tickets
from cloud_osm_list as ticket
left join cloud_osm_product as product
    on product.type = ticket.type and product.id = ticket.product_id
where ticket.product_id is not null
    and product.id is null
group by ticket.type, ticket.product_id
