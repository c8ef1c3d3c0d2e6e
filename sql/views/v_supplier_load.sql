-- Grain: one row a supplier (0: none) with valid seats, at the newest snapshot.
-- Conversations its valid seats hold, against what they may hold.
create or replace view v_supplier_load as
select
    coalesce(supplier_id, 0) as supplier_id,
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
group by coalesce(supplier_id, 0)
