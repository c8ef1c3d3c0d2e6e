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
    x.seat_id,
    max(e.seat_name) collate utf8mb4_unicode_ci as seat_name,
    max(e.nickname) collate utf8mb4_unicode_ci as nickname,
    max(e.supplier_id) as supplier_id,
    x.busi_id,
    max(l.line_name) collate utf8mb4_unicode_ci as line_name,
    min(x.valid_from_at) as since_at,
    nullif(max(x.valid_to_at), cast('9999-12-31' as datetime(6))) as until_at
from numbered as x
left join rpt_seat as e on e.seat_id = x.seat_id
left join rpt_line as l on l.busi_id = x.busi_id
group by x.seat_id, x.busi_id, x.span_number
