-- Grain: one row a pairing of seat and business line; pairs may repeat, and
-- each edit of a seat gives them new ids (v_seat_line tells since when a seat serves a line).
-- The source's table as the newest snapshot found it, columns in the source's names and order.
-- As of any other moment :t (UTC), read the versions instead:
--     select … from cs_busi_seat_mapping_history
--     where valid_from_at <= :t and (valid_to_at is null or valid_to_at > :t)
--         and :t >= (select known_from_at from v_history_limit)
--         and :t <= (select known_until_at from v_history_limit)
create or replace view cs_busi_seat_mapping as
select
    id,
    busi_id,
    seat_id,
    create_time,
    last_update_time,
    status
from cs_busi_seat_mapping_history
where
    -- Published: a later snapshot may be under way, in pieces.
    (select snapshot_id from cs_snapshot where state = 'complete' order by snapshot_id desc limit 1)
    between snapshot_id and case closed_by when 0 then 2147483647 else closed_by - 1 end
