-- Grain: one row a business line with valid seats, at the newest snapshot.
-- A seat counts in every line it takes part in, once each: do not add the lines up.
create or replace view v_line_load_participating as
select
    l.busi_id,
    max(n.line_name) collate utf8mb4_unicode_ci as line_name,
    count(*) as seats,
    sum(s.conversations) as conversations,
    sum(nullif(s.max_user, 0)) as capacity,
    sum(s.conversations) / sum(nullif(s.max_user, 0)) as seat_load,
    count(case when s.conversations >= s.max_user then 1 end) as full_seats,
    max(s.source) as source,
    max(s.snapshot_id) as snapshot_id,
    max(s.snapshot_at) as snapshot_at,
    max(s.definition_version) as definition_version
from (
    select distinct seat_id, busi_id
    from cs_busi_seat_mapping
    where status = 1 and busi_id is not null
) as l
inner join rpt_seat as s on s.seat_id = l.seat_id
left join rpt_line as n on n.busi_id = l.busi_id
where s.seat_class <> 'disabled'
group by l.busi_id
