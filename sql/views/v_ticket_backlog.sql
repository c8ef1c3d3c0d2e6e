-- Grain: one row a local day and vendor, account, product and category with tickets open at its
-- end.
-- How many tickets were open at the end of each day, by age; today ends with the newest build. Add up
-- over anything but days. A ticket counts with the product, category and account that it had then;
-- maybe_open_at_end are those that closed at a moment nobody saw and may have been open still. For
-- days without any row, join from dim_day.
create or replace view v_ticket_backlog as
select
    b.local_day,
    b.local_day = n.newest_day as is_newest,
    b.vendor,
    b.account_id,
    a.name collate utf8mb4_unicode_ci as account_name,
    b.product_id,
    p.name collate utf8mb4_unicode_ci as product_name,
    b.category_id,
    c.name collate utf8mb4_unicode_ci as category_name,
    b.open_at_end,
    b.maybe_open_at_end,
    b.open_to_1d,
    b.open_to_3d,
    b.open_to_7d,
    b.open_to_14d,
    b.open_to_30d,
    b.open_over_30d,
    b.oldest_at,
    y.watermark_at as synced_until_at,
    b.updated_at
from rpt_ticket_backlog_day as b
-- Not in the list of columns: then a server would make all rows before it filters any.
cross join (select max(local_day) as newest_day from rpt_ticket_backlog_day) as n
left join cloud_osm_product as p on p.type = b.vendor and p.id = b.product_id
left join cloud_osm_product_type as c on c.type = b.vendor and c.id = b.category_id
left join cloud_user as a on a.id = b.account_id
-- Grouped, servers join it by its hash, or not at all where nobody asks for it.
left join (
    select account_id, max(watermark_at) as watermark_at
    from sync_state
    where entity = 'tickets'
    group by account_id
) as y on y.account_id = b.account_id
