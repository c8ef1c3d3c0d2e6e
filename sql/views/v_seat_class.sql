-- Grain: one row a supplier (0: none) at the newest snapshot.
-- Seats by class; the classes add up to seats. Online seats are not in the source: at least those
-- always assignable, at most those and the presence-dependent ones.
create or replace view v_seat_class as
select
    coalesce(e.supplier_id, 0) as supplier_id,
    max(s.supplier_name) collate utf8mb4_unicode_ci as supplier_name,
    count(*) as seats,
    count(case when e.seat_class = 'disabled' then 1 end) as disabled,
    count(case when e.seat_class = 'do_not_disturb' then 1 end) as do_not_disturb,
    count(case when e.seat_class = 'always_assignable' then 1 end) as always_assignable,
    count(case when e.seat_class = 'presence_dependent' then 1 end) as presence_dependent,
    count(case when e.seat_class = 'unknown' then 1 end) as unknown_mode,
    count(case when e.seat_class = 'always_assignable' then 1 end) as online_at_least,
    count(case when e.seat_class in ('always_assignable', 'presence_dependent') then 1 end)
        as online_at_most,
    max(e.snapshot_id) as snapshot_id,
    max(e.snapshot_at) as snapshot_at,
    max(e.definition_version) as definition_version
from rpt_seat as e
left join rpt_supplier as s on s.supplier_id = e.supplier_id
group by coalesce(e.supplier_id, 0)
