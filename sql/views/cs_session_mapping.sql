-- Grain: one row a finished conversation (session_id).
-- The source's table as the newest snapshot found it, columns in the source's names and order.
-- As of any other moment :t (UTC), read the versions instead:
--     select … from cs_session_mapping_history
--     where valid_from_at <= :t and (valid_to_at is null or valid_to_at > :t)
--         and :t >= (select known_from_at from v_history_limit)
--         and :t <= (select known_until_at from v_history_limit)
create or replace view cs_session_mapping as
select
    id,
    customer_name,
    shop_id,
    product_id,
    session_id,
    seat_id,
    status,
    request_count,
    distributed_time,
    inqueue_time,
    last_ack_time,
    seat_name,
    group_id
from cs_session_mapping_history
where
    -- Published: a later snapshot may be under way, in pieces.
    (select snapshot_id from cs_snapshot where state = 'complete' order by snapshot_id desc limit 1)
    between snapshot_id and case closed_by when 0 then 2147483647 else closed_by - 1 end
