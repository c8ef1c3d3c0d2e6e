-- Grain: one row a day, week or month and scope.
-- Handling times of humans, from the assignment to the last message, idle gaps included: an upper
-- bound. Numbers are NULL, not 0, where there is none. Percentiles are nearest rank and counted
-- anew at each grain: never average them.
-- Spans and scopes overlap: choose one grain and one scope, counts are those of that span. For
-- sums use v_contact.
create or replace view v_handling as
select
    c.local_start,
    c.grain,
    c.scope,
    c.scope_id,
    case c.scope when 'supplier' then s.supplier_name when 'line' then l.line_name end collate utf8mb4_unicode_ci
        as scope_name,
    c.start_at,
    c.handling_n as handling_n_in_span,
    c.handling_sum_s / nullif(c.handling_n, 0) as handling_mean_s,
    c.handling_p50_s,
    c.handling_p90_s,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_cohort as c
left join rpt_supplier as s on c.scope = 'supplier' and s.supplier_id = c.scope_id
left join rpt_line as l on c.scope = 'line' and l.busi_id = c.scope_id
where c.grain in ('day', 'week', 'month')
