-- Grain: one row a day, week or month of creation (local) and scope.
-- Spans and scopes overlap: choose one grain and one scope, counts are those of that span. For
-- sums count over v_ticket. Scopes: all, vendor, and a vendor's product, category, account (scope_id; empty: unknown).
-- Replies are counted over complete tickets, the time to close over resolved ones of which it is
-- known (close_n of resolved). Numbers are NULL, not 0, where their n is 0. provisional while one of the
-- tickets is open.
create or replace view v_ticket_cohort as
select
    c.grain,
    c.scope,
    c.vendor,
    c.scope_id,
    case c.scope when 'product' then p.name when 'category' then t.name when 'account' then a.name
    end collate utf8mb4_unicode_ci as scope_name,
    c.local_start,
    c.start_at,
    c.tickets as tickets_in_span,
    c.open as open_in_span,
    c.closed as closed_in_span,
    c.resolved as resolved_in_span,
    c.complete as complete_in_span,
    c.staff_messages as staff_messages_in_span,
    c.customer_messages as customer_messages_in_span,
    c.staff_messages / nullif(c.complete, 0) as staff_messages_a_ticket,
    c.customer_messages / nullif(c.complete, 0) as customer_messages_a_ticket,
    c.no_reply as no_reply_in_span,
    c.one_touch as one_touch_in_span,
    c.first_reply_n as first_reply_n_in_span,
    c.first_reply_mean_s,
    c.first_reply_p50_s,
    c.first_reply_p90_s,
    c.close_n as close_n_in_span,
    c.close_mean_s,
    c.close_p50_s,
    c.close_p90_s,
    c.built_at,
    c.definition_version,
    c.provisional,
    c.built_at as updated_at
from rpt_ticket_cohort as c
left join cloud_osm_product as p
    on c.scope = 'product' and p.type = c.vendor and p.id = c.scope_id
left join cloud_osm_product_type as t
    on c.scope = 'category' and t.type = c.vendor and t.id = c.scope_id
left join cloud_user as a on c.scope = 'account' and a.id = c.scope_id
