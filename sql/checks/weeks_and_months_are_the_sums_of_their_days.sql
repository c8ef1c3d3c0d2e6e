-- level: fail
-- Days add up to their week and to their month, for everybody, supplier and line.
with
day as (
    select
        scope,
        scope_id,
        cast(local_start as date) as local_day,
        offered,
        served,
        robot,
        untimed,
        requeued,
        wait_n
    from rpt_cohort
    where grain = 'day'
),
expected as (
    select
        'week' as grain, scope, scope_id, local_day - interval weekday(local_day) day as local_day,
        offered, served, robot, untimed, requeued, wait_n
    from day
    union all
    select
        'month' as grain, scope, scope_id,
        local_day - interval dayofmonth(local_day) - 1 day as local_day,
        offered, served, robot, untimed, requeued, wait_n
    from day
    union all
    -- What is told, taken off: nothing must be left.
    select
        grain, scope, scope_id, cast(local_start as date) as local_day,
        -offered, -served, -robot, -untimed, -requeued, -wait_n
    from rpt_cohort
    where grain in ('week', 'month')
)
select
    grain,
    scope,
    scope_id,
    local_day,
    sum(offered) as offered_too_few
from expected
group by grain, scope, scope_id, local_day
having sum(offered) <> 0
    or sum(served) <> 0
    or sum(robot) <> 0
    or sum(untimed) <> 0
    or sum(requeued) <> 0
    or sum(wait_n) <> 0
