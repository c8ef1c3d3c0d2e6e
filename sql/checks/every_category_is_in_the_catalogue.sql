-- level: warn
-- Every problem category that a ticket names is in the catalogue of its vendor, active or not.
select
    ticket.vendor,
    ticket.category_id,
    count(*) as tickets
from stg_ticket as ticket
left join cloud_osm_product_type as category
    on category.type = ticket.vendor and category.id = ticket.category_id
where ticket.category_id is not null
    and category.id is null
group by ticket.vendor, ticket.category_id
