-- Grain: one row a day, week or month and scope.
-- Conversations a seat: median and 90th percentile over the seats that had any, mean over all valid
-- ones. Credit goes to the last seat. acknowledging_seats is a proxy of presence.
-- Spans and scopes overlap: choose one grain and one scope, counts are those of that span. For
-- sums use v_conversation.
create or replace view v_seat_work as
select
    c.local_start,
    c.grain,
    c.scope,
    c.scope_id,
    case c.scope when 'supplier' then s.supplier_name when 'line' then l.line_name end collate utf8mb4_unicode_ci
        as scope_name,
    c.start_at,
    c.conversations as conversations_in_span,
    c.active_seats as active_seats_in_span,
    c.p50,
    c.p90,
    c.valid_seats as valid_seats_in_span,
    c.conversations / nullif(c.valid_seats, 0) as mean_over_valid,
    c.acknowledging_seats as acknowledging_seats_in_span,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_seat_work as c
left join rpt_supplier as s on c.scope = 'supplier' and s.supplier_id = c.scope_id
left join rpt_line as l on c.scope = 'line' and l.busi_id = c.scope_id
