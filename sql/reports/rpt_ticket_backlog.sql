-- Grain: one row a vendor, account, product and category with open tickets, for one sample.
-- Purpose: the backlog by age, sampled at every build.
-- Open: created by then and not closed at the vendor. Tickets that the vendor no longer knows are
-- not waiting for anybody and are left out.
insert into rpt_ticket_backlog (
    sampled_at, vendor, account_id, product_id, category_id, open, to_1d, to_3d, to_7d, to_14d,
    to_30d, over_30d, oldest_at, unanswered, definition_version
)
with
waiting as (
    select
        vendor,
        coalesce(account_id, '') as account_id,
        coalesce(product_id, '') as product_id,
        coalesce(category_id, '') as category_id,
        created_at,
        staff_messages,
        timestampdiff(microsecond, created_at, :built_at) / 86400000000 as age_days
    from rpt_ticket
    where is_closed = 0 and is_missing = 0 and created_at <= :built_at
)
select
    :built_at as sampled_at,
    vendor,
    account_id,
    product_id,
    category_id,
    count(*) as open,
    count(case when age_days <= 1 then 1 end) as to_1d,
    count(case when age_days > 1 and age_days <= 3 then 1 end) as to_3d,
    count(case when age_days > 3 and age_days <= 7 then 1 end) as to_7d,
    count(case when age_days > 7 and age_days <= 14 then 1 end) as to_14d,
    count(case when age_days > 14 and age_days <= 30 then 1 end) as to_30d,
    count(case when age_days > 30 then 1 end) as over_30d,
    min(created_at) as oldest_at,
    case when count(staff_messages) = count(*)
        then count(case when staff_messages = 0 then 1 end) end as unanswered,
    :definition_version as definition_version
from waiting
group by vendor, account_id, product_id, category_id
