-- Grain: one row a conversation that a human served, with a wait or a handling time.
-- Purpose: what the percentiles of rpt_cohort are ranked from, in percentiles.py; no table.
-- The quarters of an hour are counted from the year 0.
select
    to_seconds(local_slot) div 900 as quarter,
    supplier_id,
    busi_id,
    is_capped,
    wait_s,
    handling_s
from rpt_conversation
where
    local_day >= :from_day
    and local_day < :to_day
    and outcome = 'served'
    and (wait_s is not null or handling_s is not null)
