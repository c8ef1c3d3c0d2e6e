-- level: fail
-- A day's numbers are those of its conversations, one by one.
with
counted as (
    select
        local_day,
        count(*) as offered,
        count(case when outcome = 'served' then 1 end) as served,
        count(case when outcome = 'robot' then 1 end) as robot,
        count(case when outcome = 'waiting' then 1 end) as waiting,
        count(case when outcome = 'lost' then 1 end) as lost,
        count(case when outcome = 'untimed' then 1 end) as untimed
    from rpt_conversation
    where local_day < '9999-12-31'
    group by local_day
),
told as (
    select cast(local_start as date) as local_day, offered, served, robot, waiting, lost, untimed
    from rpt_cohort
    where grain = 'day' and scope = 'all'
)
select
    counted.local_day,
    counted.offered as conversations,
    told.offered
from counted
left join told on told.local_day = counted.local_day
where not (
    told.offered <=> counted.offered
    and told.served <=> counted.served
    and told.robot <=> counted.robot
    and told.untimed <=> counted.untimed
    and coalesce(told.waiting, counted.waiting) = counted.waiting
    and coalesce(told.lost, counted.lost) = counted.lost
)
union all
select
    told.local_day,
    0 as conversations,
    told.offered
from told
left join counted on counted.local_day = told.local_day
where counted.local_day is null
