-- Grain: one row a supplier (0: none) with valid seats, at the newest snapshot.
-- Conversations its valid seats hold, against what they may hold.
create or replace view v_supplier_load as
select
    coalesce(e.supplier_id, 0) as supplier_id,
    max(s.supplier_name) collate utf8mb4_unicode_ci as supplier_name,
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
left join rpt_supplier as s on s.supplier_id = e.supplier_id
where e.seat_class <> 'disabled'
group by coalesce(e.supplier_id, 0)
