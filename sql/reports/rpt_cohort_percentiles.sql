-- Grain: one row of rpt_cohort with waits or handling times, for one grain and one scope.
-- Purpose: fill in the percentiles that cohort_waits and cohort_handling found.
update rpt_cohort as c
inner join cohort_percentile as p on p.local_start = c.local_start and p.scope_id = c.scope_id
set
    c.wait_p50_s = p.wait_p50_s,
    c.wait_p90_s = p.wait_p90_s,
    c.queued_p50_s = p.queued_p50_s,
    c.queued_p90_s = p.queued_p90_s,
    c.capped_p50_s = p.capped_p50_s,
    c.capped_p90_s = p.capped_p90_s,
    c.handling_p50_s = p.handling_p50_s,
    c.handling_p90_s = p.handling_p90_s
where c.grain = :grain and c.scope = :scope
