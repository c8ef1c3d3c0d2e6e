-- Grain: one row a business line (0: none) with valid seats, at the newest snapshot.
-- A seat counts in its primary line only, so that the lines add up to all seats. For every line a
-- seat takes part in, see v_line_load_participating.
create or replace view v_line_load as
select
    busi_id,
    count(*) as seats,
    sum(conversations) as conversations,
    sum(nullif(max_user, 0)) as capacity,
    sum(conversations) / sum(nullif(max_user, 0)) as seat_load,
    count(case when conversations >= max_user then 1 end) as full_seats,
    max(source) as source,
    max(snapshot_id) as snapshot_id,
    max(snapshot_at) as snapshot_at,
    max(definition_version) as definition_version
from rpt_seat
where seat_class <> 'disabled'
group by busi_id
