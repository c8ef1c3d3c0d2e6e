-- Grain: one row a vendor ticket (vendor, ticket_id).
-- Every other number about tickets is counted from these. closed_at is when we first saw it
-- closed, an upper bound. first_reply_s is known for complete tickets only, because messages
-- are read when a ticket is closed; close_s for those closed with a result.
create or replace view v_ticket as
select
    vendor,
    ticket_id,
    account_id,
    product_id,
    category_id,
    vendor_status,
    is_closed,
    is_complete,
    is_resolved,
    is_missing,
    created_at,
    closed_at,
    last_message_at,
    first_reply_at,
    staff_messages,
    customer_messages,
    first_reply_s,
    close_s,
    local_day
from rpt_ticket
