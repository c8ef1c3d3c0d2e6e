-- Grain: one row a seat, business line and unbroken span of time in which it served that line.
-- Edits of a seat delete its rows and insert them anew, with new ids: an edit without a change
-- shows nothing here. until_at is NULL while it lasts. As observed by snapshots, UTC. Both windows
-- need the same order, hence the key: rows that were made twice have equal times.
create or replace view v_seat_line as
with
served as (
    select
        row_key,
        seat_id,
        busi_id,
        valid_from_at,
        coalesce(valid_to_at, cast('9999-12-31' as datetime(6))) as valid_to_at
    from cs_busi_seat_mapping_history
    where status = 1 and seat_id is not null and busi_id is not null
),
reached as (
    select
        served.*,
        max(valid_to_at) over (
            partition by seat_id, busi_id
            order by valid_from_at, valid_to_at, row_key
            rows between unbounded preceding and 1 preceding
        ) as reached_at
    from served
),
numbered as (
    select
        reached.*,
        sum(case when reached_at >= valid_from_at then 0 else 1 end) over (
            partition by seat_id, busi_id
            order by valid_from_at, valid_to_at, row_key
            rows unbounded preceding
        ) as span_number
    from reached
)
select
    seat_id,
    busi_id,
    min(valid_from_at) as since_at,
    nullif(max(valid_to_at), cast('9999-12-31' as datetime(6))) as until_at
from numbered
group by seat_id, busi_id, span_number
