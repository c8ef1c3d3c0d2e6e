-- Grain: one row a local day (of created_time, local) and supplier.
-- Purpose: what the older router's table says of robots, for sources that use that router.
-- Handed over: the row was transferred (state 5) away from a robot, and the next row of the same
-- customer and shop is a human's and came within 24 h. That is inferred, not recorded. A robot is
-- told by its name too, because a transfer clears the flag. Few rows are transferred: only the rows
-- of their customers (and of some whose names have the same checksum) are put in order.
insert into rpt_session (
    local_day, supplier_id, sessions, robot, handed_over, snapshot_id, snapshot_at,
    definition_version, provisional, updated_at
)
with
routed as (
    select
        cast(created_time + interval :local_minutes minute as date) as local_day,
        user_name,
        shop_name,
        id,
        created_time,
        session_state,
        coalesce(isrobot_seat = 1, 0)
        or right(lower(substring_index(coalesce(seat_name, ''), '@', 1)), 6) = '_robot' as is_robot
    from cs_session_history
    where
        created_time >= :from_at
        and created_time < :to_at + interval 1 day
        -- What cannot be is no time.
        and created_time >= :desk_since_at
        and created_time <= valid_from_at + interval 1 day
        and snapshot_id <= :snapshot_id
        and (closed_by = 0 or closed_by > :snapshot_id)
),
transferred as (
    select distinct crc32(user_name) as customer
    from routed
    where session_state = 5 and is_robot and created_time < :to_at
),
followed as (
    select
        r.local_day,
        r.shop_name,
        r.created_time,
        r.is_robot
        and r.session_state = 5
        and lead(r.is_robot) over later = 0
        and timestampdiff(microsecond, r.created_time, lead(r.created_time) over later)
        <= 86400000000 as is_handed_over
    from routed as r
    inner join transferred as t on t.customer = crc32(r.user_name)
    window later as (partition by r.user_name, r.shop_name order by r.created_time, r.id)
),
counted as (
    select local_day, shop_name, count(*) as sessions, sum(is_robot) as robot, 0 as handed_over
    from routed
    where created_time < :to_at
    group by local_day, shop_name
    union all
    select local_day, shop_name, 0 as sessions, 0 as robot, count(*) as handed_over
    from followed
    where created_time < :to_at and is_handed_over
    group by local_day, shop_name
)
select
    local_day,
    case when shop_name regexp '^shop_[0-9]{1,9}$'
        then cast(substring(shop_name, 6) as signed) else 0 end as supplier_id,
    sum(sessions) as sessions,
    sum(robot) as robot,
    sum(handed_over) as handed_over,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version,
    cast(local_day as datetime) + interval 1 day - interval :local_minutes minute
    + interval :settled_hours hour >= :snapshot_at as provisional,
    :built_at as updated_at
from counted
group by local_day, supplier_id
