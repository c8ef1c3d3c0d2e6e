-- level: fail
-- In every span offered is served + robot + waiting + lost + untimed; at least, if one is unknown.
select
    grain,
    scope,
    local_start,
    scope_id,
    offered,
    served + robot + coalesce(waiting, 0) + coalesce(lost, 0) + untimed as parts
from rpt_cohort
where offered < served + robot + coalesce(waiting, 0) + coalesce(lost, 0) + untimed
    or offered > served + robot + waiting + lost + untimed
