-- level: fail
-- Quarters of an hour, half hours and hours add up to their day, for everybody, supplier and line.
with
spans as (
    select
        scope,
        scope_id,
        cast(local_start as date) as local_day,
        grain,
        sum(offered) as offered,
        sum(served) as served,
        sum(robot) as robot,
        sum(untimed) as untimed,
        sum(requeued) as requeued,
        sum(wait_n) as wait_n
    from rpt_cohort
    where grain in ('15min', '30min', 'hour', 'day')
    group by scope, scope_id, cast(local_start as date), grain
)
select
    finer.grain,
    finer.scope,
    finer.scope_id,
    finer.local_day,
    whole.offered,
    finer.offered as offered_in_parts
from spans as finer
left join spans as whole
    on whole.scope = finer.scope
    and whole.scope_id = finer.scope_id
    and whole.local_day = finer.local_day
    and whole.grain = 'day'
where finer.grain <> 'day'
    and not (
        whole.offered <=> finer.offered
        and whole.served <=> finer.served
        and whole.robot <=> finer.robot
        and whole.untimed <=> finer.untimed
        and whole.requeued <=> finer.requeued
        and whole.wait_n <=> finer.wait_n
    )
union all
-- A day without any hour joins nothing above.
select
    'hour' as grain,
    whole.scope,
    whole.scope_id,
    whole.local_day,
    whole.offered,
    0 as offered_in_parts
from spans as whole
left join spans as finer
    on finer.scope = whole.scope
    and finer.scope_id = whole.scope_id
    and finer.local_day = whole.local_day
    and finer.grain = 'hour'
where whole.grain = 'day'
    and finer.offered is null
