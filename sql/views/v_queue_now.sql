-- Grain: one row a scope: all, each supplier and each line where somebody waits.
-- Who waits at the newest snapshot. headline is who waits for up to 30 min: nothing marks a
-- departure, so the others have probably left.
create or replace view v_queue_now as
select
    c.scope,
    c.scope_id,
    case c.scope when 'supplier' then s.supplier_name when 'line' then l.line_name end collate utf8mb4_unicode_ci
        as scope_name,
    c.source,
    c.headline,
    c.waiting,
    c.first_time,
    c.again,
    c.to_1min,
    c.to_5min,
    c.to_30min,
    c.over_30min,
    c.longest_s,
    c.p50_s,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version
from rpt_queue_now as c
left join rpt_supplier as s on c.scope = 'supplier' and s.supplier_id = c.scope_id
left join rpt_line as l on c.scope = 'line' and l.busi_id = c.scope_id
