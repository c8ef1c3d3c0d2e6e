-- Grain: one row a local hour in which a conversation began that a human served.
-- Purpose: what the percentiles of rpt_cohort are ranked from, in percentiles.py; no table.
-- Six fields a conversation: the quarter of an hour, counted from the year 0, supplier, line,
-- is_capped, wait and handling time, -1 where there is none. A row a conversation would take the
-- driver three times as long to read. The number of items, and the comma behind each field,
-- tell whether the server cut the list.
select
    count(*) as items,
    group_concat(concat_ws(
        ',',
        to_seconds(local_slot) div 900,
        supplier_id,
        busi_id,
        is_capped,
        coalesce(wait_s, -1),
        coalesce(handling_s, -1),
        ''
    ) separator '') as fields
from rpt_conversation
where
    local_day >= :from_day
    and local_day < :to_day
    and outcome = 'served'
    and (wait_s is not null or handling_s is not null)
group by local_day, hour(local_slot)
