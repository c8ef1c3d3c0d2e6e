-- Grain: one row of rpt_cohort with waits, for one grain and one scope.
-- Purpose: the percentiles of waits, ranked over the facts at each grain; a temporary table.
-- They are nearest rank: the value in place ceil(p * n). The waits are ranked once: those over a
-- second are the last of all, those at suppliers with queueing on are counted as they come.
-- Not an UPDATE at once, because that would lock every fact it reads.
insert into cohort_percentile (
    local_start, scope_id, wait_p50_s, wait_p90_s, queued_p50_s, queued_p90_s, capped_p50_s,
    capped_p90_s
)
with
wait as (
    select
        case :grain
            when '15min' then local_slot
            when '30min' then local_slot - interval minute(local_slot) mod 30 minute
            when 'hour' then local_slot - interval minute(local_slot) minute
            when 'day' then cast(local_day as datetime)
            when 'week' then cast(local_day - interval weekday(local_day) day as datetime)
            when 'month'
                then cast(local_day - interval dayofmonth(local_day) - 1 day as datetime)
        end as local_start,
        case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end
            as scope_id,
        wait_s,
        is_capped
    from rpt_conversation
    where
        local_day >= :from_day
        and local_day < :to_day
        and outcome = 'served'
        and wait_s is not null
),
ranked as (
    select
        wait.*,
        row_number() over waits as place,
        sum(is_capped) over (waits rows unbounded preceding) as capped_place
    from wait
    window waits as (partition by local_start, scope_id order by wait_s)
),
wanted as (
    select
        local_start,
        scope_id,
        ceil(0.5 * wait_n) as p50_place,
        ceil(0.9 * wait_n) as p90_place,
        case when queued_n > 0 then wait_n - queued_n + ceil(0.5 * queued_n) end
            as queued_p50_place,
        case when queued_n > 0 then wait_n - queued_n + ceil(0.9 * queued_n) end
            as queued_p90_place,
        ceil(0.5 * capped_n) as capped_p50_place,
        ceil(0.9 * capped_n) as capped_p90_place
    from rpt_cohort
    where
        grain = :grain
        and scope = :scope
        and local_start >= :from_day
        and local_start < :to_day
        and wait_n > 0
),
picked as (
    select
        r.local_start,
        r.scope_id,
        r.wait_s,
        r.place = w.p50_place as is_p50,
        r.place = w.p90_place as is_p90,
        r.place = w.queued_p50_place as is_queued_p50,
        r.place = w.queued_p90_place as is_queued_p90,
        r.is_capped = 1 and r.capped_place = w.capped_p50_place as is_capped_p50,
        r.is_capped = 1 and r.capped_place = w.capped_p90_place as is_capped_p90
    from ranked as r
    inner join wanted as w on w.local_start = r.local_start and w.scope_id = r.scope_id
    where
        r.place in (w.p50_place, w.p90_place, w.queued_p50_place, w.queued_p90_place)
        or (r.is_capped = 1 and r.capped_place in (w.capped_p50_place, w.capped_p90_place))
)
select
    local_start,
    scope_id,
    max(case when is_p50 then wait_s end) as wait_p50_s,
    max(case when is_p90 then wait_s end) as wait_p90_s,
    max(case when is_queued_p50 then wait_s end) as queued_p50_s,
    max(case when is_queued_p90 then wait_s end) as queued_p90_s,
    max(case when is_capped_p50 then wait_s end) as capped_p50_s,
    max(case when is_capped_p90 then wait_s end) as capped_p90_s
from picked
group by local_start, scope_id
