-- level: fail
-- A day's numbers are those of its tickets, one by one.
with
counted as (
    select local_day, count(*) as tickets, sum(is_closed) as closed, sum(is_complete) as complete
    from rpt_ticket
    where local_day is not null
    group by local_day
),
told as (
    select cast(local_start as date) as local_day, tickets, closed, complete
    from rpt_ticket_cohort
    where grain = 'day' and scope = 'all'
)
select
    counted.local_day,
    counted.tickets as counted,
    told.tickets
from counted
left join told on told.local_day = counted.local_day
where not (
    told.tickets <=> counted.tickets
    and told.closed <=> counted.closed
    and told.complete <=> counted.complete
)
union all
select
    told.local_day,
    0 as counted,
    told.tickets
from told
left join counted on counted.local_day = told.local_day
where counted.local_day is null
