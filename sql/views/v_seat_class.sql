-- Grain: one row a supplier (0: none) at the newest snapshot.
-- Seats by class; the classes add up to seats. Online seats are not in the source: at least those
-- always assignable, at most those and the presence-dependent ones.
create or replace view v_seat_class as
select
    coalesce(supplier_id, 0) as supplier_id,
    count(*) as seats,
    count(case when seat_class = 'disabled' then 1 end) as disabled,
    count(case when seat_class = 'do_not_disturb' then 1 end) as do_not_disturb,
    count(case when seat_class = 'always_assignable' then 1 end) as always_assignable,
    count(case when seat_class = 'presence_dependent' then 1 end) as presence_dependent,
    count(case when seat_class = 'unknown' then 1 end) as unknown_mode,
    count(case when seat_class = 'always_assignable' then 1 end) as online_at_least,
    count(case when seat_class in ('always_assignable', 'presence_dependent') then 1 end)
        as online_at_most,
    max(snapshot_id) as snapshot_id,
    max(snapshot_at) as snapshot_at,
    max(definition_version) as definition_version
from rpt_seat
group by coalesce(supplier_id, 0)
