-- Grain: one row a local day (of created_time, +08:00) and supplier.
-- Purpose: what the older router's table says of robots, for sources that use that router.
-- Handed over: the row was transferred (state 5) away from a robot, and the next row of the same
-- customer and shop is a human's and came within 24 h. That is inferred, not recorded. A robot is
-- told by its name too, because a transfer clears the flag.
insert into rpt_session (
    local_day, supplier_id, sessions, robot, handed_over, snapshot_id, snapshot_at,
    definition_version, provisional
)
with
routed as (
    select
        cast(created_time + interval :local_hours hour as date) as local_day,
        case when shop_name regexp '^shop_[0-9]{1,9}$'
            then cast(substring(shop_name, 6) as signed) else 0 end as supplier_id,
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
        and snapshot_id <= :snapshot_id
        and (closed_by = 0 or closed_by > :snapshot_id)
),
followed as (
    select
        local_day,
        supplier_id,
        is_robot,
        user_name is not null
        and is_robot
        and session_state = 5
        and lead(is_robot) over later = 0
        and timestampdiff(microsecond, created_time, lead(created_time) over later) <= 86400000000
            as is_handed_over
    from routed
    window later as (partition by user_name, shop_name order by created_time, id)
)
select
    local_day,
    supplier_id,
    count(*) as sessions,
    sum(is_robot) as robot,
    coalesce(sum(is_handed_over), 0) as handed_over,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version,
    cast(local_day as datetime) + interval 1 day - interval :local_hours hour
    + interval :settled_hours hour >= :snapshot_at as provisional
from followed
where local_day < :to_day
group by local_day, supplier_id
