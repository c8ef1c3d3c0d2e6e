-- level: fail
-- In every span the numbers of all suppliers, and of all lines, add up to those of everybody.
with
scope_total as (
    select
        grain,
        local_start,
        scope,
        -- All in one text: sums that differ in one number differ in it.
        concat_ws(
            ' ', sum(offered), sum(served), sum(robot), sum(waiting), sum(lost), sum(untimed),
            sum(requeued), sum(from_robot), sum(wait_n), sum(wait_in_time), sum(queued_n),
            sum(queued_in_time), sum(capped_n), sum(capped_in_time), sum(archived),
            sum(unanswered), sum(asked_again), sum(named), sum(repeat_24h), sum(repeat_7d),
            sum(handling_n)
        ) as numbers,
        sum(offered) as offered
    from rpt_cohort
    group by grain, local_start, scope
),
span as (
    select
        grain,
        local_start,
        max(case when scope = 'all' then numbers end) as everybody,
        max(case when scope = 'supplier' then numbers end) as suppliers,
        max(case when scope = 'line' then numbers end) as busi_lines,
        max(case when scope = 'all' then offered end) as offered,
        max(case when scope = 'supplier' then offered end) as offered_by_supplier,
        max(case when scope = 'line' then offered end) as offered_by_line
    from scope_total
    group by grain, local_start
)
select
    grain,
    local_start,
    offered,
    offered_by_supplier,
    offered_by_line
from span
where not (everybody <=> busi_lines)
    -- The finest spans are not told by supplier.
    or (grain not in ('15min', '30min') and not (everybody <=> suppliers))
