-- Grain: one row a local day and supplier (0: none) with conversations.
-- The share of waits of at most service_level_s: of the completed ones, and strictly of all who
-- waited for a human, the lost and the still waiting included. The strict one is NULL where losses
-- could not be observed, as are waiting and lost. Counts and wait_sum_s may be added up over days
-- and suppliers; shares may not.
create or replace view v_service_level as
select
    c.local_start as local_day,
    c.start_at,
    c.scope_id as supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    c.service_level_s,
    c.wait_in_time,
    c.wait_n,
    c.wait_sum_s,
    case when c.has_queue = 1 then c.waiting end as waiting,
    case when c.is_watched = 1 then c.lost end as lost,
    c.wait_in_time / nullif(c.wait_n, 0) as service_level,
    case when c.is_watched = 1 and c.has_queue = 1
        then c.wait_in_time / nullif(c.wait_n + c.waiting + c.lost, 0) end as strict_service_level,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_cohort as c
left join rpt_supplier as s on s.supplier_id = c.scope_id
where c.grain = 'day' and c.scope = 'supplier'
