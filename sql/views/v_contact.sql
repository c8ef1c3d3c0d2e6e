-- Grain: one row a span of time and scope.
-- How conversations went: unanswered (archived, the customer spoke last), asked again (entered
-- the queue more than once), repeated (the same customer came to the same supplier before), and
-- handling time, which includes idle gaps and is an upper bound; its percentiles are NULL below
-- a day. First response times are not in the source.
create or replace view v_contact as
select
    grain,
    scope,
    scope_id,
    local_start,
    start_at,
    archived,
    unanswered,
    unanswered / nullif(archived, 0) as unanswered_share,
    asked_again,
    asked_again / nullif(archived, 0) as asked_again_share,
    named,
    repeat_24h,
    repeat_24h / nullif(named, 0) as repeat_24h_share,
    repeat_7d,
    repeat_7d / nullif(named, 0) as repeat_7d_share,
    handling_n,
    handling_sum_s / nullif(handling_n, 0) as handling_mean_s,
    handling_p50_s,
    handling_p90_s,
    snapshot_id,
    snapshot_at,
    definition_version,
    provisional
from rpt_cohort
