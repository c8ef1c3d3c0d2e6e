-- Grain: one row a ticket that is new, gone, young or not what its fact was built from.
-- Purpose: which rows of rpt_ticket to build; a temporary table.
-- Messages are stored together with message_count and synced_at of their ticket.
insert into changed_ticket (vendor, ticket_id, row_hash)
with
ticket as (
    select
        type as vendor,
        cloud_id as ticket_id,
        unhex(left(sha2(concat_ws(
            '|', :definition_version, status, coalesce(vendor_status, '~'),
            coalesce(product_id, '~'), coalesce(product_business_id, '~'), coalesce(custom_id, '~'),
            coalesce(create_time, '~'), coalesce(close_time, '~'), coalesce(last_message_time, '~'),
            coalesce(message_count, '~'), coalesce(missing_since, '~'), coalesce(synced_at, '~'),
            coalesce(resolved, '~')
        ), 256), 32)) as row_hash
    from cloud_osm_list
)
select t.vendor, t.ticket_id, t.row_hash
from ticket as t
left join rpt_ticket as r on r.vendor = t.vendor and r.ticket_id = t.ticket_id
where r.ticket_id is null or r.row_hash <> t.row_hash or r.local_day >= :since
union all
select r.vendor, r.ticket_id, r.row_hash
from rpt_ticket as r
left join cloud_osm_list as t on t.type = r.vendor and t.cloud_id = r.ticket_id
where t.id is null
