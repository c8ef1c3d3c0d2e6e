-- Grain: one row a span of time (of inqueue_time, local) and scope, for one grain and scope.
-- Purpose: how many conversations came, how they ended, how long people waited, how it went.
-- Every number is about the conversations that entered the queue in the span, whenever they
-- ended, so that offered = served + robot + waiting + lost + untimed holds in every row. Counts
-- and sums add up: the finest grain counts the facts, the others add finer rows, those of all of
-- them the lines'.
-- Percentiles do not: cohort_percentile has them, a temporary table that percentiles.py fills.
-- Where a few facts changed, it reads old_fact and then new_fact in the place of rpt_conversation,
-- and takes what it counts from the rows that are there (sign -1) or adds it to them. Seconds are
-- summed as decimals, so that what was added can be taken away without a trace.
-- The waits are of humans, of three kinds: all; queued, those over a second; capped, those at
-- suppliers with queueing on.
-- Handling time runs from the assignment to the last message of either side, idle gaps
-- included, and is an upper bound. First response times are not in the source, so they are not
-- here. A contact is repeated when the same customer came to the same supplier before: looking
-- back only, so that later days do not change earlier ones. waiting means nothing unless
-- has_queue, lost and from_robot nothing unless is_watched.
insert into rpt_cohort (
    grain, scope, local_start, scope_id, start_at, offered, served, robot, waiting, lost, untimed,
    requeued, from_robot, wait_n, wait_sum_s, wait_p50_s, wait_p90_s, wait_in_time, queued_n,
    queued_sum_s, queued_p50_s, queued_p90_s, queued_in_time, capped_n, capped_sum_s,
    capped_p50_s, capped_p90_s, capped_in_time, wait_to_1s, wait_to_15s, wait_to_30s,
    wait_to_1min, wait_to_3min, wait_to_6min, wait_over_6min, archived, unanswered, asked_again, named, repeat_24h, repeat_7d, handling_n,
    handling_sum_s, handling_p50_s, handling_p90_s,
    has_queue, is_watched, service_level_s, snapshot_id, snapshot_at, definition_version,
    provisional, updated_at
)
with
counted as (
    select
        case :grain
            when '15min' then local_slot
            when '30min' then local_slot - interval minute(local_slot) mod 30 minute
            when 'hour' then local_slot - interval minute(local_slot) minute
            when 'day' then cast(local_day as datetime)
            when 'week' then cast(local_day - interval weekday(local_day) day as datetime)
            when 'month' then cast(local_day - interval dayofmonth(local_day) - 1 day as datetime)
        end as local_start,
        case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end
            as scope_id,
        1 as offered,
        outcome = 'served' as served,
        outcome = 'robot' as robot,
        outcome = 'waiting' as waiting,
        outcome = 'lost' as lost,
        outcome = 'untimed' as untimed,
        is_requeued as requeued,
        was_robot as from_robot,
        case when outcome = 'served' then wait_s end as wait_s,
        is_capped,
        is_live = 0 and outcome <> 'lost' as archived,
        status,
        request_count,
        customer_key is not null as named,
        earlier_at >= inqueue_at - interval 24 hour as repeat_24h,
        earlier_at >= inqueue_at - interval 7 day as repeat_7d,
        case when outcome = 'served' then handling_s end as handling_s
    from rpt_conversation
    where :finer = '' and local_day >= :from_day and local_day < :to_day
),
finer as (
    select
        case :grain
            when '15min' then local_start
            when '30min' then local_start - interval minute(local_start) mod 30 minute
            when 'hour' then local_start - interval minute(local_start) minute
            when 'day' then cast(cast(local_start as date) as datetime)
            when 'week'
                then cast(cast(local_start as date) - interval weekday(local_start) day as datetime)
            when 'month'
                then cast(
                    cast(local_start as date) - interval dayofmonth(local_start) - 1 day as datetime
                )
        end as local_start,
        case :scope when 'all' then 0 else scope_id end as scope_id,
        offered, served, robot, waiting, lost, untimed, requeued, from_robot, wait_n, wait_sum_s,
        wait_in_time, queued_n, queued_sum_s, queued_in_time, capped_n, capped_sum_s,
        capped_in_time, wait_to_1s, wait_to_15s, wait_to_30s, wait_to_1min, wait_to_3min,
        wait_to_6min, wait_over_6min, archived, unanswered, asked_again, named, repeat_24h,
        repeat_7d, handling_n, handling_sum_s
    from rpt_cohort
    where
        grain = :finer
        and scope = :finer_scope
        and local_start >= :from_day
        and local_start < :to_day
),
total as (
    select
        local_start,
        scope_id,
        count(*) as offered,
        count(nullif(served, 0)) as served,
        count(nullif(robot, 0)) as robot,
        count(nullif(waiting, 0)) as waiting,
        count(nullif(lost, 0)) as lost,
        count(nullif(untimed, 0)) as untimed,
        count(nullif(requeued, 0)) as requeued,
        count(nullif(from_robot, 0)) as from_robot,
        count(wait_s) as wait_n,
        coalesce(sum(cast(wait_s as decimal(24, 6))), 0) as wait_sum_s,
        count(case when wait_s <= :service_level_s then 1 end) as wait_in_time,
        count(case when wait_s > 1 then 1 end) as queued_n,
        coalesce(sum(case when wait_s > 1 then cast(wait_s as decimal(24, 6)) end), 0)
            as queued_sum_s,
        count(case when wait_s > 1 and wait_s <= :service_level_s then 1 end) as queued_in_time,
        count(case when is_capped = 1 then wait_s end) as capped_n,
        coalesce(sum(case when is_capped = 1 then cast(wait_s as decimal(24, 6)) end), 0)
            as capped_sum_s,
        count(case when is_capped = 1 and wait_s <= :service_level_s then 1 end) as capped_in_time,
        count(case when wait_s <= 1 then 1 end) as wait_to_1s,
        count(case when wait_s > 1 and wait_s <= 15 then 1 end) as wait_to_15s,
        count(case when wait_s > 15 and wait_s <= 30 then 1 end) as wait_to_30s,
        count(case when wait_s > 30 and wait_s <= 60 then 1 end) as wait_to_1min,
        count(case when wait_s > 60 and wait_s <= 180 then 1 end) as wait_to_3min,
        count(case when wait_s > 180 and wait_s <= 360 then 1 end) as wait_to_6min,
        count(case when wait_s > 360 then 1 end) as wait_over_6min,
        count(nullif(archived, 0)) as archived,
        count(case when archived and status = 3 then 1 end) as unanswered,
        count(case when archived and request_count > 1 then 1 end) as asked_again,
        count(nullif(named, 0)) as named,
        count(nullif(repeat_24h, 0)) as repeat_24h,
        count(nullif(repeat_7d, 0)) as repeat_7d,
        count(handling_s) as handling_n,
        coalesce(sum(cast(handling_s as decimal(24, 6))), 0) as handling_sum_s
    from counted
    group by local_start, scope_id
    union all
    select
        local_start,
        scope_id,
        sum(offered) as offered,
        sum(served) as served,
        sum(robot) as robot,
        sum(waiting) as waiting,
        sum(lost) as lost,
        sum(untimed) as untimed,
        sum(requeued) as requeued,
        sum(from_robot) as from_robot,
        sum(wait_n) as wait_n,
        sum(wait_sum_s) as wait_sum_s,
        sum(wait_in_time) as wait_in_time,
        sum(queued_n) as queued_n,
        sum(queued_sum_s) as queued_sum_s,
        sum(queued_in_time) as queued_in_time,
        sum(capped_n) as capped_n,
        sum(capped_sum_s) as capped_sum_s,
        sum(capped_in_time) as capped_in_time,
        sum(wait_to_1s) as wait_to_1s,
        sum(wait_to_15s) as wait_to_15s,
        sum(wait_to_30s) as wait_to_30s,
        sum(wait_to_1min) as wait_to_1min,
        sum(wait_to_3min) as wait_to_3min,
        sum(wait_to_6min) as wait_to_6min,
        sum(wait_over_6min) as wait_over_6min,
        sum(archived) as archived,
        sum(unanswered) as unanswered,
        sum(asked_again) as asked_again,
        sum(named) as named,
        sum(repeat_24h) as repeat_24h,
        sum(repeat_7d) as repeat_7d,
        sum(handling_n) as handling_n,
        sum(handling_sum_s) as handling_sum_s
    from finer
    group by local_start, scope_id
),
dated as (
    select
        total.*,
        local_start - interval :local_minutes minute as start_at,
        case :grain
            when '15min' then local_start + interval 15 minute
            when '30min' then local_start + interval 30 minute
            when 'hour' then local_start + interval 1 hour
            when 'day' then local_start + interval 1 day
            when 'week' then local_start + interval 7 day
            when 'month' then local_start + interval 1 month
        end - interval :local_minutes minute as end_at
    from total
)
select
    :grain as grain,
    :scope as scope,
    t.local_start,
    t.scope_id,
    t.start_at,
    t.offered, t.served, t.robot, t.waiting, t.lost, t.untimed, t.requeued, t.from_robot,
    t.wait_n, t.wait_sum_s, p.wait_p50_s, p.wait_p90_s, t.wait_in_time,
    t.queued_n, t.queued_sum_s, p.queued_p50_s, p.queued_p90_s, t.queued_in_time,
    t.capped_n, t.capped_sum_s, p.capped_p50_s, p.capped_p90_s, t.capped_in_time,
    t.wait_to_1s, t.wait_to_15s, t.wait_to_30s,
    t.wait_to_1min, t.wait_to_3min, t.wait_to_6min, t.wait_over_6min, t.archived, t.unanswered,
    t.asked_again, t.named, t.repeat_24h, t.repeat_7d, t.handling_n, t.handling_sum_s, p.handling_p50_s, p.handling_p90_s,
    :has_queue as has_queue,
    w.from_at is not null as is_watched,
    :service_level_s as service_level_s,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version,
    t.end_at + interval :settled_hours hour >= :snapshot_at as provisional,
    :built_at as updated_at
from dated as t
left join cohort_percentile as p
    on
        p.grain = :grain
        and p.scope = :scope
        and p.local_start = t.local_start
        and p.scope_id = t.scope_id
left join rpt_watch as w ignore index (primary)
    on w.from_at <= t.start_at and (w.ongoing = 1 or w.until_at >= t.end_at)
on duplicate key update
    offered = rpt_cohort.offered + :sign * t.offered,
    served = rpt_cohort.served + :sign * t.served,
    robot = rpt_cohort.robot + :sign * t.robot,
    waiting = rpt_cohort.waiting + :sign * t.waiting,
    lost = rpt_cohort.lost + :sign * t.lost,
    untimed = rpt_cohort.untimed + :sign * t.untimed,
    requeued = rpt_cohort.requeued + :sign * t.requeued,
    from_robot = rpt_cohort.from_robot + :sign * t.from_robot,
    wait_n = rpt_cohort.wait_n + :sign * t.wait_n,
    wait_sum_s = rpt_cohort.wait_sum_s + :sign * t.wait_sum_s,
    wait_p50_s = p.wait_p50_s,
    wait_p90_s = p.wait_p90_s,
    wait_in_time = rpt_cohort.wait_in_time + :sign * t.wait_in_time,
    queued_n = rpt_cohort.queued_n + :sign * t.queued_n,
    queued_sum_s = rpt_cohort.queued_sum_s + :sign * t.queued_sum_s,
    queued_p50_s = p.queued_p50_s,
    queued_p90_s = p.queued_p90_s,
    queued_in_time = rpt_cohort.queued_in_time + :sign * t.queued_in_time,
    capped_n = rpt_cohort.capped_n + :sign * t.capped_n,
    capped_sum_s = rpt_cohort.capped_sum_s + :sign * t.capped_sum_s,
    capped_p50_s = p.capped_p50_s,
    capped_p90_s = p.capped_p90_s,
    capped_in_time = rpt_cohort.capped_in_time + :sign * t.capped_in_time,
    wait_to_1s = rpt_cohort.wait_to_1s + :sign * t.wait_to_1s,
    wait_to_15s = rpt_cohort.wait_to_15s + :sign * t.wait_to_15s,
    wait_to_30s = rpt_cohort.wait_to_30s + :sign * t.wait_to_30s,
    wait_to_1min = rpt_cohort.wait_to_1min + :sign * t.wait_to_1min,
    wait_to_3min = rpt_cohort.wait_to_3min + :sign * t.wait_to_3min,
    wait_to_6min = rpt_cohort.wait_to_6min + :sign * t.wait_to_6min,
    wait_over_6min = rpt_cohort.wait_over_6min + :sign * t.wait_over_6min,
    archived = rpt_cohort.archived + :sign * t.archived,
    unanswered = rpt_cohort.unanswered + :sign * t.unanswered,
    asked_again = rpt_cohort.asked_again + :sign * t.asked_again,
    named = rpt_cohort.named + :sign * t.named,
    repeat_24h = rpt_cohort.repeat_24h + :sign * t.repeat_24h,
    repeat_7d = rpt_cohort.repeat_7d + :sign * t.repeat_7d,
    handling_n = rpt_cohort.handling_n + :sign * t.handling_n,
    handling_sum_s = rpt_cohort.handling_sum_s + :sign * t.handling_sum_s,
    handling_p50_s = p.handling_p50_s,
    handling_p90_s = p.handling_p90_s,
    has_queue = :has_queue,
    is_watched = w.from_at is not null,
    snapshot_id = :snapshot_id,
    snapshot_at = :snapshot_at,
    provisional = t.end_at + interval :settled_hours hour >= :snapshot_at,
    updated_at = :built_at
