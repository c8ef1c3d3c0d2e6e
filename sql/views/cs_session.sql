-- Grain: one row a routing decision of the older router: customer, shop and seat.
-- The source's table as the newest snapshot found it, columns in the source's names and order.
-- As of any other moment :t (UTC), read the versions instead:
--     select … from cs_session_history
--     where valid_from_at <= :t and (valid_to_at is null or valid_to_at > :t)
--         and :t >= (select known_from_at from v_history_limit)
--         and :t <= (select known_until_at from v_history_limit)
create or replace view cs_session as
select
    id,
    session_id,
    user_name,
    seat_name,
    shop_name,
    product_id,
    session_state,
    isrobot_seat,
    created_time,
    update_time
from cs_session_history
where
    -- Published: a later snapshot may be under way, in pieces.
    (select snapshot_id from cs_snapshot where state = 'complete' order by snapshot_id desc limit 1)
    between snapshot_id and case closed_by when 0 then 2147483647 else closed_by - 1 end
