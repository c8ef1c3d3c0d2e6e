-- Grain: one row a local day and vendor, account, product and category with open tickets.
-- Purpose: how many tickets were open at the end of each day, by age.
-- From :from_day to :to_day (excluded); the day of the build ends with the build. day_step holds
-- the steps from 0 to each number of days, because servers join ranges slowly. As the states say: a
-- ticket counts with what it was about then. Tickets that the vendor no longer knows are not
-- waiting for anybody from the moment on at which they were missed.
insert into rpt_ticket_backlog_day (
    local_day, vendor, account_id, product_id, category_id, open_at_end, maybe_open_at_end,
    open_to_1d, open_to_3d, open_to_7d, open_to_14d, open_to_30d, open_over_30d, oldest_at
)
with
-- The days at whose end a span was open, cut to those asked for: the first, and how many.
span as (
    select
        s.*,
        greatest(:from_day, cast(from_at + interval :local_hours hour as date)) as first_day,
        datediff(
            least(
                :to_day,
                cast(coalesce(until_at, :built_at) + interval :local_hours hour as date)
            ),
            greatest(:from_day, cast(from_at + interval :local_hours hour as date))
        ) as days
    from rpt_ticket_state as s
    where
        (is_closed is null or is_closed = 0)
        and from_at < :to_at
        and (until_at is null or until_at >= :from_at)
),
waiting as (
    select
        d.local_day,
        s.vendor,
        coalesce(s.account_id, '') as account_id,
        coalesce(s.product_id, '') as product_id,
        coalesce(s.category_id, '') as category_id,
        s.is_closed,
        s.created_at,
        timestampdiff(microsecond, s.created_at, least(d.end_at, :built_at)) / 86400000000
            as age_days
    from span as s
    inner join day_step as n on n.days = s.days
    inner join rpt_day as d on d.local_day = s.first_day + interval n.step day
    where
        d.local_day < :to_day
        and least(d.end_at, :built_at) > s.from_at
        and least(d.end_at, :built_at) <= coalesce(s.until_at, :built_at)
)
select
    local_day,
    vendor,
    account_id,
    product_id,
    category_id,
    count(is_closed) as open_at_end,
    count(*) - count(is_closed) as maybe_open_at_end,
    count(case when age_days <= 1 then is_closed end) as open_to_1d,
    count(case when age_days > 1 and age_days <= 3 then is_closed end) as open_to_3d,
    count(case when age_days > 3 and age_days <= 7 then is_closed end) as open_to_7d,
    count(case when age_days > 7 and age_days <= 14 then is_closed end) as open_to_14d,
    count(case when age_days > 14 and age_days <= 30 then is_closed end) as open_to_30d,
    count(case when age_days > 30 then is_closed end) as open_over_30d,
    min(case when is_closed = 0 then created_at end) as oldest_at
from waiting
group by local_day, vendor, account_id, product_id, category_id
