-- Grain: one row a seat at the newest snapshot, deleted ones included.
-- Purpose: what each seat is and how many conversations it holds now.
-- A conversation counts while it is live, assigned, and not released (status 1 to 4). Where the
-- source has no queue_mapping, the older router's own rule stands in: rows of session in state 4,
-- same name and shop; their end is not recorded, so only those of the last 24 h.
insert into rpt_seat (
    seat_id, supplier_id, busi_id, seat_class, max_user, conversations, source, snapshot_id,
    snapshot_at, definition_version, seat_name, nickname
)
with
seat as (
    select
        id as seat_id,
        supplier_id,
        lower(qunar_name) as name,
        web_name,
        nickname,
        status,
        service_status,
        max_user,
        bind_wx
    from cs_seat_history
    where snapshot_id <= :snapshot_id and (closed_by = 0 or closed_by > :snapshot_id)
),
line as (
    select
        seat_id,
        busi_id,
        row_number() over (partition by seat_id order by id) as choice
    from cs_busi_seat_mapping_history
    where
        snapshot_id <= :snapshot_id
        and (closed_by = 0 or closed_by > :snapshot_id)
        and status = 1
        and seat_id is not null
        and busi_id is not null
),
live as (
    select seat_id, count(*) as conversations
    from rpt_conversation
    where
        :has_queue = 1
        and is_live = 1
        and outcome <> 'waiting'
        and status between 1 and 4
        and seat_id > 0
    group by seat_id
),
session as (
    select
        lower(substring_index(seat_name, '@', 1)) as name,
        shop_name,
        count(session_id) as conversations
    from cs_session_history
    where
        :has_queue = 0
        and session_state = 4
        and update_time > :snapshot_at - interval 24 hour
        and update_time <= valid_from_at + interval 1 day
        and snapshot_id <= :snapshot_id
        and (closed_by = 0 or closed_by > :snapshot_id)
    group by lower(substring_index(seat_name, '@', 1)), shop_name
)
select
    seat.seat_id,
    seat.supplier_id,
    coalesce(line.busi_id, 0) as busi_id,
    case
        when coalesce(seat.status, 0) <> 1 then 'disabled'
        when seat.service_status = 1 then 'do_not_disturb'
        when seat.service_status = 4 or seat.bind_wx = 1 then 'always_assignable'
        when seat.service_status = 0 then 'presence_dependent'
        else 'unknown'
    end as seat_class,
    coalesce(seat.max_user, 10) as max_user,
    coalesce(live.conversations, session.conversations, 0) as conversations,
    case when :has_queue = 1 then 'queue_mapping' else 'session' end as source,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version,
    seat.web_name as seat_name,
    seat.nickname
from seat
left join line on line.seat_id = seat.seat_id and line.choice = 1
left join live on live.seat_id = seat.seat_id
left join session
    on session.name = seat.name and session.shop_name = concat('shop_', seat.supplier_id)
