-- Grain: one row a day, week or month (of inqueue_time, +08:00) and scope, for one of each.
-- Purpose: conversations a seat, and how many seats there were to hold them.
-- seat_day, acknowledging_day and valid_seat hold what is added up, temporary tables. A seat
-- counts as valid if it was not deleted when the span began; its scope is that of its supplier at
-- that moment. Whether a seat was online is not in the source: acknowledging_seats, the seats
-- whose last message of a conversation lies in the span, is a proxy, and sees conversations that
-- began at most a week before. The percentiles are over active seats, nearest rank. Only spans in
-- which a conversation began have rows.
insert into rpt_seat_work (
    grain, scope, local_start, scope_id, start_at, conversations, active_seats, p50, p90,
    acknowledging_seats, valid_seats, snapshot_id, snapshot_at, definition_version, provisional
)
with
work as (
    select
        case :grain
            when 'day' then cast(local_day as datetime)
            when 'week' then cast(local_day - interval weekday(local_day) day as datetime)
            when 'month' then cast(local_day - interval dayofmonth(local_day) - 1 day as datetime)
        end as local_start,
        case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end
            as scope_id,
        seat_id,
        sum(conversations) as conversations
    from seat_day
    where local_day >= :from_day and local_day < :to_day
    group by local_start, scope_id, seat_id
),
ranked as (
    select
        local_start,
        scope_id,
        conversations,
        cume_dist() over (partition by local_start, scope_id order by conversations) as share
    from work
),
active as (
    select
        local_start,
        scope_id,
        sum(conversations) as conversations,
        count(*) as active_seats,
        min(case when share >= 0.5 then conversations end) as p50,
        min(case when share >= 0.9 then conversations end) as p90
    from ranked
    group by local_start, scope_id
),
acknowledging as (
    select
        case :grain
            when 'day' then cast(local_day as datetime)
            when 'week' then cast(local_day - interval weekday(local_day) day as datetime)
            when 'month' then cast(local_day - interval dayofmonth(local_day) - 1 day as datetime)
        end as local_start,
        case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end
            as scope_id,
        count(distinct seat_id) as seats
    from acknowledging_day
    where local_day >= :from_day and local_day < :to_day
    group by local_start, scope_id
),
valid as (
    select
        local_start,
        case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end
            as scope_id,
        sum(seats) as seats
    from valid_seat
    where local_start >= :from_day and local_start < :to_day
    group by local_start, scope_id
),
started as (
    select distinct
        case :grain
            when 'day' then cast(local_day as datetime)
            when 'week' then cast(local_day - interval weekday(local_day) day as datetime)
            when 'month' then cast(local_day - interval dayofmonth(local_day) - 1 day as datetime)
        end as local_start
    from (
        select distinct local_day
        from rpt_conversation
        where local_day >= :from_day and local_day < :to_day
    ) as day
),
cell as (
    select
        local_start,
        scope_id,
        conversations,
        active_seats,
        p50,
        p90,
        0 as acknowledging_seats,
        0 as valid_seats
    from active
    union all
    select local_start, scope_id, 0, 0, null, null, seats, 0 from acknowledging
    union all
    select local_start, scope_id, 0, 0, null, null, 0, seats from valid
)
select
    :grain as grain,
    :scope as scope,
    s.local_start,
    c.scope_id,
    s.local_start - interval :local_hours hour as start_at,
    sum(c.conversations) as conversations,
    sum(c.active_seats) as active_seats,
    max(c.p50) as p50,
    max(c.p90) as p90,
    sum(c.acknowledging_seats) as acknowledging_seats,
    sum(c.valid_seats) as valid_seats,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version,
    case :grain
        when 'day' then s.local_start + interval 1 day
        when 'week' then s.local_start + interval 7 day
        when 'month' then s.local_start + interval 1 month
    end - interval :local_hours hour + interval :settled_hours hour >= :snapshot_at as provisional
from started as s
inner join cell as c on c.local_start = s.local_start
group by s.local_start, c.scope_id
