-- Grain: one row a span of time and scope.
-- The share of waits of at most service_level_s: of the completed ones, and strictly of all who
-- waited for a human, the lost and the still waiting included. The strict one is NULL where losses
-- could not be observed.
create or replace view v_service_level as
select
    grain,
    scope,
    scope_id,
    local_start,
    start_at,
    service_level_s,
    wait_in_time,
    wait_n,
    wait_in_time / nullif(wait_n, 0) as service_level,
    case when is_watched = 1 and has_queue = 1
        then wait_in_time / nullif(wait_n + waiting + lost, 0) end as strict_service_level,
    snapshot_id,
    snapshot_at,
    definition_version,
    provisional
from rpt_cohort
