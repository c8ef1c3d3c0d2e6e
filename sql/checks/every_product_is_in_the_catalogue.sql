-- level: warn
-- Every product that a ticket names is in the catalogue of its vendor, active or not.
select
    ticket.vendor,
    ticket.product_id,
    count(*) as tickets
from stg_ticket as ticket
left join cloud_osm_product as product
    on product.type = ticket.vendor and product.id = ticket.product_id
where ticket.product_id is not null
    and product.id is null
group by ticket.vendor, ticket.product_id
