-- Grain: one row a vendor ticket (vendor, ticket_id).
-- Every other number about tickets is counted from these. closed_at is what the vendor says, else
-- the look that first showed it closed; NULL where no look had shown it open. first_reply_s is known for complete tickets only, because messages
-- are read when a ticket is closed; close_s for those closed with a result.
-- title is masked like the messages of v_message; NULL before the first build that masked it.
create or replace view v_ticket as
select
    f.vendor,
    f.ticket_id,
    f.account_id,
    f.product_id,
    f.category_id,
    f.vendor_status collate utf8mb4_unicode_ci as vendor_status,
    f.is_closed,
    f.is_complete,
    f.is_resolved,
    f.is_missing,
    f.created_at,
    f.closed_at,
    f.last_message_at,
    f.first_reply_at,
    f.staff_messages,
    f.customer_messages,
    f.first_reply_s,
    f.close_s,
    f.local_day,
    t.content collate utf8mb4_unicode_ci as title
from rpt_ticket as f
left join rpt_text as t
    on t.vendor = f.vendor and t.ticket_id = f.ticket_id and t.message_id = ''
