-- level: fail
-- In every span tickets by vendor, product, category and account add up to all tickets.
with
scope_total as (
    select
        grain,
        local_start,
        scope,
        -- All in one text: sums that differ in one number differ in it.
        concat_ws(
            ' ', sum(tickets), sum(open), sum(closed), sum(resolved), sum(complete),
            sum(staff_messages), sum(customer_messages), sum(no_reply), sum(one_touch),
            sum(first_reply_n), sum(close_n)
        ) as numbers,
        sum(tickets) as tickets
    from rpt_ticket_cohort
    group by grain, local_start, scope
),
span as (
    select
        grain,
        local_start,
        max(case when scope = 'all' then numbers end) as everything,
        max(case when scope = 'all' then tickets end) as tickets
    from scope_total
    group by grain, local_start
),
scope_name as (
    select 'vendor' as scope
    union all
    select 'product'
    union all
    select 'category'
    union all
    select 'account'
)
select
    span.grain,
    span.local_start,
    scope_name.scope,
    span.tickets,
    scope_total.tickets as tickets_by_scope
from span
cross join scope_name
left join scope_total
    on scope_total.grain = span.grain
    and scope_total.local_start = span.local_start
    and scope_total.scope = scope_name.scope
where not (span.everything <=> scope_total.numbers)
