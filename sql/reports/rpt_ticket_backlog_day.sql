-- Grain: one row a local day and vendor, account, product and category with open tickets.
-- Purpose: how many tickets were open at the end of each day, by age.
-- From :from_day to :to_day (excluded); the day of the build ends with the build. day_step holds
-- the steps from 0 to each number of days, because servers join ranges slowly. As the states say: a
-- ticket counts with what it was about then. Tickets that the vendor no longer knows are not
-- waiting for anybody from the moment on at which they were missed.
insert into rpt_ticket_backlog_day (
    local_day, vendor, account_id, product_id, category_id, open_at_end, maybe_open_at_end,
    open_to_1d, open_to_3d, open_to_7d, open_to_14d, open_to_30d, open_over_30d, oldest_at,
    updated_at
)
with
-- Whatever the driver writes for them, servers compare what has a type.
asked as (
    select
        cast(:from_day as date) as from_day,
        cast(:to_day as date) as to_day,
        cast(:built_at as datetime(6)) as built_at
),
-- The days at whose end a span was open, cut to those asked for: the first, and how many.
span as (
    select
        s.*,
        a.to_day,
        a.built_at,
        greatest(a.from_day, cast(s.from_at + interval :local_minutes minute as date)) as first_day,
        datediff(
            least(
                a.to_day,
                cast(coalesce(s.until_at, a.built_at) + interval :local_minutes minute as date)
            ),
            greatest(a.from_day, cast(s.from_at + interval :local_minutes minute as date))
        ) as days
    from rpt_ticket_state as s
    cross join asked as a
    where
        (s.is_closed is null or s.is_closed = 0)
        and s.from_at < :to_at
        and (s.until_at is null or s.until_at >= :from_at)
),
ended as (
    select
        d.local_day,
        least(d.end_at, s.built_at) as at,
        s.*
    from span as s
    inner join day_step as n on n.days = s.days
    inner join rpt_day as d on d.local_day = s.first_day + interval n.step day
    where d.local_day < s.to_day
),
waiting as (
    select
        local_day,
        vendor,
        coalesce(account_id, '') as account_id,
        coalesce(product_id, '') as product_id,
        coalesce(category_id, '') as category_id,
        is_closed,
        created_at,
        timestampdiff(microsecond, created_at, at) / 86400000000 as age_days
    from ended
    where at > from_at and at <= coalesce(until_at, built_at)
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
    min(case when is_closed = 0 then created_at end) as oldest_at,
    :built_at as updated_at
from waiting
group by local_day, vendor, account_id, product_id, category_id
