-- Grain: one row a ticket that is new, gone, of since or later, or not what its fact was built from.
-- Purpose: which rows of rpt_ticket to build; a temporary table. Of all tickets where is_whole, else
-- of those that a run of ours changed from changed_from_at on, or that none has read.
-- Messages are stored together with message_count and synced_at of their ticket, a look in
-- cloud_osm_history as well. rules stands for the calendar and the targets.
insert into changed_ticket (vendor, ticket_id, row_hash)
with
ticket as (
    select
        vendor,
        ticket_id,
        unhex(left(sha2(concat_ws(
            '|', :definition_version, :rules, is_complete, is_closed, is_read, is_missing,
            coalesce(vendor_status, '~'), coalesce(product_id, '~'), coalesce(category_id, '~'),
            coalesce(source_id, '~'), coalesce(account_id, '~'), coalesce(created_at, '~'),
            coalesce(closed_at, '~'), coalesce(last_message_at, '~'), coalesce(message_count, '~'),
            coalesce(synced_at, '~'), coalesce(resolved, '~'), coalesce(product_name, '~'),
            coalesce(category_name, '~'), coalesce(source_name, '~'), coalesce(account_name, '~'),
            coalesce(region_id, '~'), coalesce(severity, '~'), coalesce(satisfaction, '~')
        ), 256), 32)) as row_hash
    from stg_ticket_named
    where :is_whole = 1 or synced_at >= :changed_from_at or synced_at is null
)
select t.vendor, t.ticket_id, t.row_hash
from ticket as t
left join rpt_ticket as r on r.vendor = t.vendor and r.ticket_id = t.ticket_id
where r.ticket_id is null or r.row_hash <> t.row_hash or r.local_day >= :since
union all
select r.vendor, r.ticket_id, r.row_hash
from rpt_ticket as r
left join stg_ticket as t on t.vendor = r.vendor and t.ticket_id = r.ticket_id
where :is_whole = 1 and t.vendor is null
