-- Grain: one row a business line (0: none) with valid seats, at the newest snapshot.
-- A seat counts in its primary line only, so that the lines add up to all seats. For every line a
-- seat takes part in, see v_line_load_participating.
create or replace view v_line_load as
select
    e.busi_id,
    max(l.line_name) collate utf8mb4_unicode_ci as line_name,
    count(*) as seats,
    sum(e.conversations) as conversations,
    sum(nullif(e.max_user, 0)) as capacity,
    sum(e.conversations) / sum(nullif(e.max_user, 0)) as seat_load,
    count(case when e.conversations >= e.max_user then 1 end) as full_seats,
    max(e.source) as source,
    max(e.snapshot_id) as snapshot_id,
    max(e.snapshot_at) as snapshot_at,
    max(e.definition_version) as definition_version
from rpt_seat as e
left join rpt_line as l on l.busi_id = e.busi_id
where e.seat_class <> 'disabled'
group by e.busi_id
