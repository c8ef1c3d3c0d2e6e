-- Grain: one row of rpt_cohort with handling times, for one grain and one scope.
-- Purpose: the percentiles of handling time, ranked over the facts; a temporary table.
-- They are nearest rank: the value in place ceil(p * n). By day, week and month only.
insert into cohort_percentile (local_start, scope_id, handling_p50_s, handling_p90_s)
with
handling as (
    select
        case :grain
            when 'day' then cast(local_day as datetime)
            when 'week' then cast(local_day - interval weekday(local_day) day as datetime)
            when 'month'
                then cast(local_day - interval dayofmonth(local_day) - 1 day as datetime)
        end as local_start,
        case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end
            as scope_id,
        handling_s
    from rpt_conversation
    where
        local_day >= :from_day
        and local_day < :to_day
        and outcome = 'served'
        and handling_s is not null
),
ranked as (
    select
        handling.*,
        row_number() over (partition by local_start, scope_id order by handling_s) as place
    from handling
),
wanted as (
    select
        local_start,
        scope_id,
        ceil(0.5 * handling_n) as p50_place,
        ceil(0.9 * handling_n) as p90_place
    from rpt_cohort
    where
        grain = :grain
        and scope = :scope
        and local_start >= :from_day
        and local_start < :to_day
        and handling_n > 0
),
picked as (
    select
        r.local_start,
        r.scope_id,
        max(case when r.place = w.p50_place then r.handling_s end) as handling_p50_s,
        max(case when r.place = w.p90_place then r.handling_s end) as handling_p90_s
    from ranked as r
    inner join wanted as w on w.local_start = r.local_start and w.scope_id = r.scope_id
    where r.place in (w.p50_place, w.p90_place)
    group by r.local_start, r.scope_id
)
select local_start, scope_id, handling_p50_s, handling_p90_s
from picked
on duplicate key update
    handling_p50_s = picked.handling_p50_s,
    handling_p90_s = picked.handling_p90_s
