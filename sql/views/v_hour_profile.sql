-- Grain: one row a weekday (1 Monday) and hour of the day (local).
-- What an ordinary week looks like: means over the final days of the last 8 weeks, holidays
-- left out. A day without a conversation is not known to have existed and does not count.
create or replace view v_hour_profile as
with
day as (
    select cast(c.local_start as date) as local_day, weekday(c.local_start) + 1 as weekday
    from rpt_cohort as c
    where
        c.grain = 'day'
        and c.scope = 'all'
        and c.provisional = 0
        and c.local_start >= (
            select max(n.local_start) - interval 55 day
            from rpt_cohort as n
            where n.grain = 'day' and n.scope = 'all' and n.provisional = 0
        )
        and not exists (
            select 1 from rpt_holiday as h where h.local_day = cast(c.local_start as date)
        )
),
days as (
    select weekday, count(*) as days from day group by weekday
),
hours as (
    select
        d.weekday,
        hour(c.local_start) as hour,
        sum(c.offered) as offered,
        sum(c.served) as served,
        sum(c.robot) as robot
    from day as d
    inner join rpt_cohort as c
        on
            c.grain = 'hour'
            and c.scope = 'all'
            and c.local_start >= d.local_day
            and c.local_start < d.local_day + interval 1 day
    group by d.weekday, hour(c.local_start)
)
select
    h.weekday,
    h.hour,
    d.days,
    h.offered / d.days as mean_offered,
    h.served / d.days as mean_served,
    h.robot / d.days as mean_robot
from hours as h
inner join days as d on d.weekday = h.weekday
