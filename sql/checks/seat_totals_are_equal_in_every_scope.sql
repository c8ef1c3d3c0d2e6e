-- level: fail
-- In every span the conversations of seats by supplier, and by line, add up to those of everybody.
with
span as (
    select
        grain,
        local_start,
        sum(case when scope = 'all' then conversations else 0 end) as conversations,
        sum(case when scope = 'supplier' then conversations else 0 end) as by_supplier,
        sum(case when scope = 'line' then conversations else 0 end) as by_line
    from rpt_seat_work
    group by grain, local_start
)
select
    grain,
    local_start,
    conversations,
    by_supplier,
    by_line
from span
where conversations <> by_supplier
    or conversations <> by_line
