-- Grain: one row a span of time (of inqueue_time, +08:00) and scope, for one grain and one scope.
-- Purpose: how many conversations came, how they ended, how long people waited, how it went.
-- Every number is about the conversations that entered the queue in the span, whenever they ended,
-- so that offered = served + robot + waiting + lost + untimed holds in every row. Percentiles are
-- nearest rank, ceil(p * n), and counted from the facts at every grain: they do not add up.
-- The waits are of humans, in three kinds: all, those over a second, those at suppliers with
-- queueing on. The smallest wait that a share p of all does not exceed is the nearest-rank one.
-- waiting is NULL when the live queue is not read, lost and from_robot where it was not read all
-- the time (rpt_watch); offered counts the losses that were seen by chance all the same.
-- Handling time runs from the assignment to the last message of either side, idle gaps included,
-- and is an upper bound. First response times are not in the source, so they are not here. A
-- contact is repeated when the same customer came to the same supplier before: looking back only,
-- so that later days do not change earlier ones.
insert into rpt_cohort (
    grain, scope, local_start, scope_id, start_at, offered, served, robot, waiting, lost, untimed,
    requeued, from_robot,
    wait_n, wait_mean_s, wait_p50_s, wait_p90_s, wait_in_time,
    queued_n, queued_mean_s, queued_p50_s, queued_p90_s, queued_in_time,
    capped_n, capped_mean_s, capped_p50_s, capped_p90_s, capped_in_time,
    wait_to_1s, wait_to_15s, wait_to_30s, wait_to_1min, wait_to_3min, wait_to_6min, wait_over_6min,
    archived, unanswered, asked_again, named, repeat_24h, repeat_7d,
    handling_n, handling_mean_s, handling_p50_s, handling_p90_s,
    service_level_s, snapshot_id, snapshot_at, definition_version, provisional
)
with
conversation as (
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
        outcome,
        is_requeued,
        was_robot,
        case when outcome = 'served' then wait_s end as wait_s,
        case when outcome = 'served' then handling_s end as handling_s,
        is_capped,
        case when is_live = 0 and outcome <> 'lost' then 1 else 0 end as is_archived,
        status,
        request_count,
        customer_key is not null as is_named,
        earlier_at >= inqueue_at - interval 24 hour as is_repeat_24h,
        earlier_at >= inqueue_at - interval 7 day as is_repeat_7d
    from rpt_conversation
    where local_day >= :from_day and local_day < :to_day
),
duration as (
    select 1 as kind, local_start, scope_id, wait_s as seconds
    from conversation
    where wait_s is not null
    union all
    select 2 as kind, local_start, scope_id, wait_s from conversation where wait_s > 1
    union all
    select 3 as kind, local_start, scope_id, wait_s
    from conversation
    where wait_s is not null and is_capped = 1
    union all
    select 4 as kind, local_start, scope_id, handling_s
    from conversation
    where handling_s is not null
),
ranked as (
    select
        kind,
        local_start,
        scope_id,
        seconds,
        cume_dist() over (partition by kind, local_start, scope_id order by seconds) as share
    from duration
),
percentile as (
    select
        local_start,
        scope_id,
        min(case when kind = 1 then seconds end) as wait_p50_s,
        min(case when kind = 1 and share >= 0.9 then seconds end) as wait_p90_s,
        min(case when kind = 2 then seconds end) as queued_p50_s,
        min(case when kind = 2 and share >= 0.9 then seconds end) as queued_p90_s,
        min(case when kind = 3 then seconds end) as capped_p50_s,
        min(case when kind = 3 and share >= 0.9 then seconds end) as capped_p90_s,
        min(case when kind = 4 then seconds end) as handling_p50_s,
        min(case when kind = 4 and share >= 0.9 then seconds end) as handling_p90_s
    from ranked
    where share >= 0.5
    group by local_start, scope_id
),
total as (
    select
        local_start,
        scope_id,
        count(*) as offered,
        count(case when outcome = 'served' then 1 end) as served,
        count(case when outcome = 'robot' then 1 end) as robot,
        count(case when outcome = 'waiting' then 1 end) as waiting,
        count(case when outcome = 'lost' then 1 end) as lost,
        count(case when outcome = 'untimed' then 1 end) as untimed,
        sum(is_requeued) as requeued,
        coalesce(sum(was_robot), 0) as from_robot,
        count(wait_s) as wait_n,
        avg(wait_s) as wait_mean_s,
        count(case when wait_s <= :service_level_s then 1 end) as wait_in_time,
        count(case when wait_s > 1 then 1 end) as queued_n,
        avg(case when wait_s > 1 then wait_s end) as queued_mean_s,
        count(case when wait_s > 1 and wait_s <= :service_level_s then 1 end) as queued_in_time,
        count(case when is_capped = 1 then wait_s end) as capped_n,
        avg(case when is_capped = 1 then wait_s end) as capped_mean_s,
        count(case when is_capped = 1 and wait_s <= :service_level_s then 1 end) as capped_in_time,
        count(case when wait_s <= 15 then 1 end) as upto_15s,
        count(case when wait_s <= 30 then 1 end) as upto_30s,
        count(case when wait_s <= 60 then 1 end) as upto_1min,
        count(case when wait_s <= 180 then 1 end) as upto_3min,
        count(case when wait_s <= 360 then 1 end) as upto_6min,
        sum(is_archived) as archived,
        count(case when is_archived = 1 and status = 3 then 1 end) as unanswered,
        count(case when is_archived = 1 and request_count > 1 then 1 end) as asked_again,
        sum(is_named) as named,
        count(case when is_repeat_24h then 1 end) as repeat_24h,
        count(case when is_repeat_7d then 1 end) as repeat_7d,
        count(handling_s) as handling_n,
        avg(handling_s) as handling_mean_s
    from conversation
    group by local_start, scope_id
),
span as (
    select
        local_start,
        local_start - interval 8 hour as start_at,
        case :grain
            when '15min' then local_start + interval 15 minute
            when '30min' then local_start + interval 30 minute
            when 'hour' then local_start + interval 1 hour
            when 'day' then local_start + interval 1 day
            when 'week' then local_start + interval 7 day
            when 'month' then local_start + interval 1 month
        end - interval 8 hour as end_at
    from total
    group by local_start
),
watched as (
    select s.local_start, s.start_at, s.end_at, w.from_at is not null as is_watched
    from span as s
    left join rpt_watch as w
        on w.from_at <= s.start_at and (w.ongoing = 1 or w.until_at >= s.end_at)
)
select
    :grain as grain,
    :scope as scope,
    t.local_start,
    t.scope_id,
    w.start_at,
    t.offered,
    t.served,
    t.robot,
    case when :has_queue = 1 then t.waiting end as waiting,
    case when w.is_watched then t.lost end as lost,
    t.untimed,
    t.requeued,
    case when w.is_watched then t.from_robot end as from_robot,
    t.wait_n, t.wait_mean_s, p.wait_p50_s, p.wait_p90_s, t.wait_in_time,
    t.queued_n, t.queued_mean_s, p.queued_p50_s, p.queued_p90_s, t.queued_in_time,
    t.capped_n, t.capped_mean_s, p.capped_p50_s, p.capped_p90_s, t.capped_in_time,
    t.wait_n - t.queued_n as wait_to_1s,
    t.upto_15s - (t.wait_n - t.queued_n) as wait_to_15s,
    t.upto_30s - t.upto_15s as wait_to_30s,
    t.upto_1min - t.upto_30s as wait_to_1min,
    t.upto_3min - t.upto_1min as wait_to_3min,
    t.upto_6min - t.upto_3min as wait_to_6min,
    t.wait_n - t.upto_6min as wait_over_6min,
    t.archived, t.unanswered, t.asked_again, t.named, t.repeat_24h, t.repeat_7d,
    t.handling_n, t.handling_mean_s, p.handling_p50_s, p.handling_p90_s,
    :service_level_s as service_level_s,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version,
    w.end_at + interval 48 hour >= :snapshot_at as provisional
from total as t
inner join watched as w on w.local_start = t.local_start
left join percentile as p on p.local_start = t.local_start and p.scope_id = t.scope_id
