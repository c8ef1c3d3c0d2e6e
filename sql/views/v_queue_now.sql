-- Grain: one row a scope: all, each supplier and each line where somebody waits.
-- Who waits at the newest snapshot. headline_in_scope is who waits for up to 30 min: nothing marks a
-- departure, so the others have probably left. Scopes overlap: choose one, counts are those of it.
create or replace view v_queue_now as
select
    c.scope,
    c.scope_id,
    case c.scope when 'supplier' then s.supplier_name when 'line' then l.line_name end collate utf8mb4_unicode_ci
        as scope_name,
    c.source,
    c.headline as headline_in_scope,
    c.waiting as waiting_in_scope,
    c.first_time as first_time_in_scope,
    c.again as again_in_scope,
    c.to_1min as to_1min_in_scope,
    c.to_5min as to_5min_in_scope,
    c.to_30min as to_30min_in_scope,
    c.over_30min as over_30min_in_scope,
    c.longest_s,
    c.p50_s,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version
from rpt_queue_now as c
left join rpt_supplier as s on c.scope = 'supplier' and s.supplier_id = c.scope_id
left join rpt_line as l on c.scope = 'line' and l.busi_id = c.scope_id
