-- Grain: one row a span of time in which a ticket had one state, product, category and account.
-- The history of a ticket, from its creation on without gaps. A look shows a state, not when it
-- began: it did so after from_after_at and by from_at (NULL: from_at is exact). is_closed is NULL for
-- a span in which the ticket closed at an unknown moment; vendor_status is NULL before the first
-- look. until_at is NULL while it lasts. What was open at a moment :t (UTC):
--     select … from v_ticket_state
--     where is_closed = 0 and from_at <= :t and (until_at is null or until_at > :t)
create or replace view v_ticket_state as
select
    s.vendor,
    s.ticket_id,
    s.position,
    s.is_closed,
    s.is_reopened,
    s.vendor_status collate utf8mb4_unicode_ci as vendor_status,
    coalesce(n.name_zh, s.vendor_status) collate utf8mb4_unicode_ci as status_zh,
    coalesce(n.name_en, s.vendor_status) collate utf8mb4_unicode_ci as status_en,
    s.account_id,
    s.product_id,
    s.category_id,
    s.created_at,
    s.from_after_at,
    s.from_at,
    s.until_at,
    timestampdiff(microsecond, s.from_at, coalesce(s.until_at, utc_timestamp(6))) / 1e6 as state_s,
    f.updated_at
from rpt_ticket_state as s
inner join rpt_ticket as f on f.vendor = s.vendor and f.ticket_id = s.ticket_id
left join rpt_status as n on n.vendor = s.vendor and n.vendor_status = s.vendor_status collate utf8mb4_bin
