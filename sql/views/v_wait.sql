-- Grain: one row a span of time, scope and variant.
-- Completed waits of humans. Variants: all; queued, the waits over a second; capped, those at
-- suppliers with queueing on (ext_flag 1). Numbers are NULL, not 0, where n is 0. Percentiles are
-- nearest rank and counted anew at each grain: never average them.
-- Spans and scopes overlap: choose one grain and one scope, counts are those of that span. For
-- sums use v_service_level.
create or replace view v_wait as
select
    c.local_start,
    c.grain,
    c.scope,
    c.scope_id,
    case c.scope when 'supplier' then s.supplier_name when 'line' then l.line_name end collate utf8mb4_unicode_ci
        as scope_name,
    c.start_at,
    k.variant,
    case k.variant when 'all' then c.wait_n when 'queued' then c.queued_n else c.capped_n end
        as n_in_span,
    case k.variant
        when 'all' then c.wait_sum_s / nullif(c.wait_n, 0)
        when 'queued' then c.queued_sum_s / nullif(c.queued_n, 0)
        else c.capped_sum_s / nullif(c.capped_n, 0)
    end as mean_s,
    case k.variant
        when 'all' then c.wait_p50_s when 'queued' then c.queued_p50_s else c.capped_p50_s
    end as p50_s,
    case k.variant
        when 'all' then c.wait_p90_s when 'queued' then c.queued_p90_s else c.capped_p90_s
    end as p90_s,
    c.service_level_s,
    case k.variant
        when 'all' then c.wait_in_time / nullif(c.wait_n, 0)
        when 'queued' then c.queued_in_time / nullif(c.queued_n, 0)
        else c.capped_in_time / nullif(c.capped_n, 0)
    end as service_level,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_cohort as c
-- A column, not a literal: that would be in the collation of whoever made the view.
cross join json_table(
    '["all", "queued", "capped"]', '$[*]'
    columns (variant varchar(6) character set utf8mb4 collate utf8mb4_bin path '$')
) as k
left join rpt_supplier as s on c.scope = 'supplier' and s.supplier_id = c.scope_id
left join rpt_line as l on c.scope = 'line' and l.busi_id = c.scope_id
