-- Grain: one row a conversation (session_id), as of one snapshot.
-- Purpose: the facts that every other number about conversations is counted from.
-- changed_conversation names those to build, changed_live the ones of them that the live queue
-- ever showed; their old rows are gone already. In pieces of the keys, because servers hold what
-- comes from both tables in memory, or on disk; first into made_fact, which has the same columns
-- and is copied in the order of days. An archived row wins over a live one of the
-- same session_id. Lost: it was waiting in one snapshot of the live queue, and the next one
-- that read the queue found it neither there nor archived. In order of precedence: waiting,
-- lost, robot, untimed (nobody's seat_id, so no time either), served. Days and quarters of an
-- hour are local. A moment that cannot be, before the desk was there (desk_since) or more than a
-- day after its row was read, is none: such an inqueue_time has no day (the table says 9999-12-31)
-- and nothing is measured from it. Nor is a wait or handling time of more than 24 hours one: the
-- queue keeps nobody longer.
insert into rpt_conversation (
    local_day, row_key, session_id, customer_key, supplier_id, busi_id, is_capped, seat_id, outcome,
    is_robot, is_requeued, was_robot, is_live, status, request_count, inqueue_at, distributed_at,
    last_ack_at, wait_s, handling_s, lost_after_at, lost_before_at, local_slot, local_inqueue_at,
    local_distributed_at, local_last_ack_at, updated_at
)
with
found as (
    select
        a.row_key, a.session_id, a.customer_name, a.shop_id, a.seat_id, a.seat_name, a.status,
        a.request_count, a.inqueue_time, a.distributed_time, a.last_ack_time,
        a.valid_from_at + interval 1 day as latest_at, 0 as is_live, 0 as lost_by
    from changed_conversation as c
    inner join cs_session_mapping_history as a on a.row_key = c.row_key
    where
        c.row_key >= :from_key
        and c.row_key < :to_key
        and a.snapshot_id <= :snapshot_id
        and (a.closed_by = 0 or a.closed_by > :snapshot_id)
    union all
    select
        q.row_key, q.session_id, q.customer_name, q.shop_id, q.seat_id, q.seat_name, q.status,
        q.request_count, q.inqueue_time, q.distributed_time, q.last_ack_time,
        q.valid_from_at + interval 1 day as latest_at, 1 as is_live,
        case when q.closed_by between 1 and :snapshot_id then q.closed_by else 0 end as lost_by
    from changed_live as c
    inner join cs_queue_mapping_history as q on q.row_key = c.row_key
    where
        c.row_key >= :from_key
        and c.row_key < :to_key
        and q.snapshot_id <= :snapshot_id
        and not exists (
            select 1 from cs_queue_mapping_history as later
            where
                later.row_key = q.row_key
                and later.snapshot_id > q.snapshot_id
                and later.snapshot_id <= :snapshot_id
        )
        and not exists (
            select 1 from cs_session_mapping_history as a
            where
                a.row_key = q.row_key
                and a.snapshot_id <= :snapshot_id
                and (a.closed_by = 0 or a.closed_by > :snapshot_id)
        )
),
plain as (
    select
        row_key,
        session_id,
        nullif(lower(substring_index(substring_index(customer_name, '@', 1), '/', 1)), '')
            as customer,
        coalesce(shop_id, 0) as supplier_id,
        coalesce(seat_id, 0) as seat_id,
        coalesce(seat_id, 0) = -1
        or right(lower(substring_index(coalesce(seat_name, ''), '@', 1)), 6) = '_robot' as is_robot,
        coalesce(seat_name, '') = '' as is_nameless,
        status,
        request_count,
        inqueue_time as inqueue_at,
        case
            when
                coalesce(seat_id, 0) <> 0
                and distributed_time >= :desk_since_at
                and distributed_time <= latest_at
                then distributed_time
        end as distributed_at,
        case when last_ack_time >= :desk_since_at and last_ack_time <= latest_at then last_ack_time
        end as last_ack_at,
        is_live,
        lost_by,
        case when inqueue_time >= :desk_since_at and inqueue_time <= latest_at
            then inqueue_time + interval :local_minutes minute end as local_at
    from found
),
timed as (
    select
        plain.*,
        coalesce(local_at is not null and distributed_at < inqueue_at, 0) as is_requeued,
        is_live = 1
        and (
            (seat_id = 0 and is_nameless)
            or (
                seat_id <> 0
                and coalesce(local_at is not null and distributed_at < inqueue_at, 0)
            )
        ) as is_waiting
    from plain
)
select
    coalesce(cast(t.local_at as date), '9999-12-31') as local_day,
    t.row_key,
    t.session_id,
    unhex(left(sha2(t.customer, 256), 32)) as customer_key,
    t.supplier_id,
    coalesce(v.busi_id, 0) as busi_id,
    coalesce(v.is_capped, 0) as is_capped,
    t.seat_id,
    case
        when t.lost_by > 0 then 'lost'
        when t.is_waiting then 'waiting'
        when t.is_robot then 'robot'
        when t.seat_id = 0 then 'untimed'
        else 'served'
    end as outcome,
    t.is_robot,
    t.is_requeued,
    case when w.from_at is not null then exists (
        select 1 from cs_queue_mapping_history as earlier
        where
            earlier.row_key = t.row_key
            and earlier.snapshot_id <= :snapshot_id
            and earlier.seat_id = -1
            and t.seat_id > 0
    ) end as was_robot,
    t.is_live = 1 and t.lost_by = 0 as is_live,
    t.status,
    t.request_count,
    t.inqueue_at,
    t.distributed_at,
    t.last_ack_at,
    case
        when
            t.local_at is not null
            and timestampdiff(microsecond, t.inqueue_at, t.distributed_at)
            between 0 and 86400000000
            then timestampdiff(microsecond, t.inqueue_at, t.distributed_at) / 1e6
    end as wait_s,
    case when timestampdiff(microsecond, t.distributed_at, t.last_ack_at) between 0 and 86400000000
        then timestampdiff(microsecond, t.distributed_at, t.last_ack_at) / 1e6 end
        as handling_s,
    case when t.lost_by > 0 then (
        select max(s.snapshot_at) from cs_snapshot as s
        where s.state = 'complete' and s.snapshot_id < t.lost_by
    ) end as lost_after_at,
    case when t.lost_by > 0 then (
        select s.snapshot_at from cs_snapshot as s where s.snapshot_id = t.lost_by
    ) end as lost_before_at,
    cast(t.local_at as date)
    + interval (hour(t.local_at) * 60 + minute(t.local_at) div 15 * 15) minute as local_slot,
    t.local_at as local_inqueue_at,
    t.distributed_at + interval :local_minutes minute as local_distributed_at,
    t.last_ack_at + interval :local_minutes minute as local_last_ack_at,
    :built_at as updated_at
from timed as t
left join rpt_supplier_version as v
    on
        v.supplier_id = t.supplier_id
        and v.valid_from_at <= t.inqueue_at
        and v.valid_to_at > t.inqueue_at
left join rpt_watch as w ignore index (primary)
    on w.from_at <= t.inqueue_at and (w.ongoing = 1 or w.until_at >= t.inqueue_at)
where
    t.lost_by = 0
    or (
        t.is_waiting
        and exists (
            select 1 from cs_snapshot_table as seen
            where seen.snapshot_id = t.lost_by and seen.table_name = 'queue_mapping'
        )
    )
