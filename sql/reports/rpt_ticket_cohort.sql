-- Grain: one row a day, week or month (of creation, local) and scope, for one of each.
-- Purpose: how many tickets were opened, and how fast those were answered and closed.
-- Products, categories and accounts are a vendor's own, so vendor is a part of the scope. Replies
-- are counted over complete tickets (closed, all messages stored); the time to close over resolved
-- ones. Percentiles are nearest rank.
insert into rpt_ticket_cohort (
    grain, scope, local_start, vendor, scope_id, start_at, tickets, open, closed, resolved,
    complete, staff_messages, customer_messages, no_reply, one_touch, first_reply_n,
    first_reply_mean_s, first_reply_p50_s, first_reply_p90_s, close_n, close_mean_s, close_p50_s,
    close_p90_s, built_at, definition_version, provisional
)
with
ticket as (
    select
        case :grain
            when 'day' then cast(local_day as datetime)
            when 'week' then cast(local_day - interval weekday(local_day) day as datetime)
            when 'month' then cast(local_day - interval dayofmonth(local_day) - 1 day as datetime)
        end as local_start,
        case :scope when 'all' then '' else vendor end as vendor,
        case :scope
            when 'product' then coalesce(product_id, '')
            when 'category' then coalesce(category_id, '')
            when 'account' then coalesce(account_id, '')
            else ''
        end as scope_id,
        is_closed,
        is_resolved,
        is_complete,
        staff_messages,
        customer_messages,
        first_reply_s,
        close_s
    from rpt_ticket
    where local_day >= :from_day and local_day < :to_day
),
ranked as (
    select
        1 as kind,
        local_start,
        vendor,
        scope_id,
        first_reply_s as seconds,
        cume_dist() over (partition by local_start, vendor, scope_id order by first_reply_s)
            as share
    from ticket
    where first_reply_s is not null
    union all
    select
        2 as kind,
        local_start,
        vendor,
        scope_id,
        close_s as seconds,
        cume_dist() over (partition by local_start, vendor, scope_id order by close_s) as share
    from ticket
    where close_s is not null
),
percentile as (
    select
        local_start,
        vendor,
        scope_id,
        min(case when kind = 1 and share >= 0.5 then seconds end) as first_reply_p50_s,
        min(case when kind = 1 and share >= 0.9 then seconds end) as first_reply_p90_s,
        min(case when kind = 2 and share >= 0.5 then seconds end) as close_p50_s,
        min(case when kind = 2 and share >= 0.9 then seconds end) as close_p90_s
    from ranked
    group by local_start, vendor, scope_id
),
total as (
    select
        local_start,
        vendor,
        scope_id,
        count(*) as tickets,
        sum(is_closed) as closed,
        coalesce(sum(is_resolved), 0) as resolved,
        sum(is_complete) as complete,
        coalesce(sum(case when is_complete = 1 then staff_messages end), 0) as staff_messages,
        coalesce(sum(case when is_complete = 1 then customer_messages end), 0)
            as customer_messages,
        count(case when is_complete = 1 and staff_messages = 0 then 1 end) as no_reply,
        count(case when is_complete = 1 and staff_messages = 1 then 1 end) as one_touch,
        count(first_reply_s) as first_reply_n,
        avg(first_reply_s) as first_reply_mean_s,
        count(close_s) as close_n,
        avg(close_s) as close_mean_s
    from ticket
    group by local_start, vendor, scope_id
)
select
    :grain as grain,
    :scope as scope,
    t.local_start,
    t.vendor,
    t.scope_id,
    t.local_start - interval :local_minutes minute as start_at,
    t.tickets,
    t.tickets - t.closed as open,
    t.closed,
    t.resolved,
    t.complete,
    t.staff_messages,
    t.customer_messages,
    t.no_reply,
    t.one_touch,
    t.first_reply_n,
    t.first_reply_mean_s,
    p.first_reply_p50_s,
    p.first_reply_p90_s,
    t.close_n,
    t.close_mean_s,
    p.close_p50_s,
    p.close_p90_s,
    :built_at as built_at,
    :definition_version as definition_version,
    t.tickets > t.closed
    or case :grain
        when 'day' then t.local_start + interval 1 day
        when 'week' then t.local_start + interval 7 day
        when 'month' then t.local_start + interval 1 month
    end - interval :local_minutes minute + interval :settled_hours hour >= :built_at as provisional
from total as t
left join percentile as p
    on p.local_start = t.local_start and p.vendor = t.vendor and p.scope_id = t.scope_id
