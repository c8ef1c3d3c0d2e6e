-- Grain: one row a span of time and scope.
-- How many conversations entered the queue in the span, and how they ended, whenever they did:
-- offered = served + robot + waiting + lost + untimed. requeued is a part of the others.
-- waiting, lost and from_robot are NULL where the live queue was not read.
create or replace view v_volume as
select
    grain,
    scope,
    scope_id,
    local_start,
    start_at,
    offered,
    served,
    robot,
    case when has_queue = 1 then waiting end as waiting,
    case when is_watched = 1 then lost end as lost,
    untimed,
    requeued,
    case when is_watched = 1 then from_robot end as from_robot,
    robot / nullif(offered, 0) as robot_share,
    snapshot_id,
    snapshot_at,
    definition_version,
    provisional
from rpt_cohort
