-- Grain: one row of rpt_cohort that changes, for one grain and one scope.
-- Purpose: whose percentiles to find: where a conversation changed, and all from since_day on; a
-- temporary table.
insert ignore into changed_cell (grain, scope, local_start, scope_id)
select
    :grain as grain,
    :scope as scope,
    case :grain
        when '15min' then local_slot
        when '30min' then local_slot - interval minute(local_slot) mod 30 minute
        when 'hour' then local_slot - interval minute(local_slot) minute
        when 'day' then cast(cast(local_slot as date) as datetime)
        when 'week'
            then cast(cast(local_slot as date) - interval weekday(local_slot) day as datetime)
        when 'month'
            then cast(
                cast(local_slot as date) - interval dayofmonth(local_slot) - 1 day as datetime
            )
    end as local_start,
    case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end as scope_id
from changed_slot
union all
select grain, scope, local_start, scope_id
from rpt_cohort
where grain = :grain and scope = :scope and local_start >= :since_day
