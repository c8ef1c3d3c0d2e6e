-- Grain: one row a vendor ticket (vendor, ticket_id).
-- Purpose: the facts that every other number about tickets is counted from.
-- changed_ticket names those to build; their old rows are gone already.
-- The moment of closing is not recorded by any vendor: closed_at is when we first saw it closed, an
-- upper bound; a reopened ticket has none until it closes again. Withdrawn, invalid, cancelled and
-- deleted tickets are closed without a result and have no close_s. Messages are read when a ticket
-- is closed, so first_reply_s is that of complete tickets only.
insert into rpt_ticket (
    vendor, ticket_id, account_id, product_id, category_id, vendor_status, is_closed, is_complete,
    is_resolved, is_missing, created_at, closed_at, last_message_at, first_reply_at, staff_messages,
    customer_messages, first_reply_s, close_s, local_day, row_hash
)
with
message as (
    select
        c.vendor,
        c.ticket_id,
        c.row_hash,
        count(case when m.from_customer = 0 then 1 end) as staff_messages,
        count(case when m.from_customer = 1 then 1 end) as customer_messages,
        min(case when m.from_customer = 0 then m.created_at end) as first_reply_at
    from changed_ticket as c
    left join stg_message as m on m.vendor = c.vendor and m.ticket_id = c.ticket_id
    group by c.vendor, c.ticket_id, c.row_hash
),
ticket as (
    select
        t.*,
        m.staff_messages,
        m.customer_messages,
        m.first_reply_at,
        m.row_hash
    from message as m
    inner join stg_ticket as t on t.vendor = m.vendor and t.ticket_id = m.ticket_id
)
select
    vendor,
    ticket_id,
    account_id,
    product_id,
    category_id,
    vendor_status,
    is_closed,
    is_complete,
    case when is_closed then resolved end as is_resolved,
    is_missing,
    created_at,
    case when is_closed then closed_at end as closed_at,
    last_message_at,
    first_reply_at,
    case when is_read then staff_messages end as staff_messages,
    case when is_read then customer_messages end as customer_messages,
    case when is_complete and first_reply_at >= created_at
        then timestampdiff(microsecond, created_at, first_reply_at) / 1e6 end as first_reply_s,
    case when is_closed and resolved and closed_at >= created_at
        then timestampdiff(microsecond, created_at, closed_at) / 1e6 end as close_s,
    cast(created_at + interval :local_hours hour as date) as local_day,
    row_hash
from ticket
