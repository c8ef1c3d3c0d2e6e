-- Grain: one row a day, week or month (of inqueue_time, local) and scope.
-- Purpose: conversations a seat, and how many seats there were to hold them.
-- span_begin names the spans, valid_seat and seat_cell (seats.py) hold what is counted in them,
-- temporary tables. A seat counts as valid if it was not deleted when the span began; its scope is
-- that of its supplier at that moment. Whether a seat was online is not in the source:
-- acknowledging_seats, the seats whose last message of a conversation lies in the span, is a
-- proxy, and sees conversations that began at most a week before. The percentiles are over active
-- seats, nearest rank. Only spans in which a conversation began have rows.
insert into rpt_seat_work (
    grain, scope, local_start, scope_id, start_at, conversations, active_seats, p50, p90,
    acknowledging_seats, valid_seats, snapshot_id, snapshot_at, definition_version, provisional,
    updated_at
)
with
scope as (
    select 'all' as scope
    union all
    select 'supplier' as scope
    union all
    select 'line' as scope
),
cell as (
    select
        grain,
        scope,
        local_start,
        scope_id,
        conversations,
        active_seats,
        p50,
        p90,
        acknowledging_seats,
        0 as valid_seats
    from seat_cell
    union all
    select
        span.grain,
        scope.scope,
        span.local_start,
        case scope.scope when 'supplier' then v.supplier_id when 'line' then v.busi_id else 0 end
            as scope_id,
        0 as conversations,
        0 as active_seats,
        null as p50,
        null as p90,
        0 as acknowledging_seats,
        sum(v.seats) as valid_seats
    from span_begin as span
    inner join valid_seat as v on v.local_start = span.local_start
    cross join scope
    group by span.grain, scope.scope, span.local_start, scope_id
)
select
    grain,
    scope,
    local_start,
    scope_id,
    local_start - interval :local_minutes minute as start_at,
    sum(conversations) as conversations,
    sum(active_seats) as active_seats,
    max(p50) as p50,
    max(p90) as p90,
    sum(acknowledging_seats) as acknowledging_seats,
    sum(valid_seats) as valid_seats,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version,
    case grain
        when 'day' then local_start + interval 1 day
        when 'week' then local_start + interval 7 day
        when 'month' then local_start + interval 1 month
    end - interval :local_minutes minute + interval :settled_hours hour >= :snapshot_at as provisional,
    :built_at as updated_at
from cell
group by grain, scope, local_start, scope_id
