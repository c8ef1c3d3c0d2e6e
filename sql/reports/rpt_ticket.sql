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
        l.id,
        c.row_hash,
        count(case when d.type = '1' then 1 end) as staff_messages,
        count(case when d.type = '0' then 1 end) as customer_messages,
        min(case when d.type = '1' and d.create_time between 0 and 253370764799999
            then d.create_time end) as first_reply
    from changed_ticket as c
    inner join cloud_osm_list as l on l.type = c.vendor and l.cloud_id = c.ticket_id
    left join cloud_osm_detail as d on d.vendor = l.type and d.case_id = l.cloud_id
    group by l.id, c.row_hash
),
ticket as (
    select
        l.type as vendor,
        l.cloud_id as ticket_id,
        l.custom_id,
        l.product_id,
        l.product_business_id,
        l.vendor_status,
        l.status = 0 or l.close_time is not null as is_closed,
        l.resolved,
        l.status = 0 as is_complete,
        l.status = 0 or l.message_count is not null as is_read,
        l.missing_since is not null as is_missing,
        case when l.create_time between 0 and 253370764799999 then l.create_time end as created,
        case when l.close_time between 0 and 253370764799999 then l.close_time end as closed,
        case when l.last_message_time between 0 and 253370764799999 then l.last_message_time end
            as last_message,
        m.staff_messages,
        m.customer_messages,
        m.first_reply,
        m.row_hash
    from message as m
    inner join cloud_osm_list as l on l.id = m.id
),
dated as (
    select
        t.*,
        cast('1970-01-01' as datetime(6)) + interval t.created * 1000 microsecond as created_at,
        cast('1970-01-01' as datetime(6)) + interval t.closed * 1000 microsecond as closed_at,
        cast('1970-01-01' as datetime(6)) + interval t.last_message * 1000 microsecond
            as last_message_at
    from ticket as t
)
select
    d.vendor,
    d.ticket_id,
    d.custom_id as account_id,
    d.product_id,
    d.product_business_id as category_id,
    d.vendor_status,
    d.is_closed,
    d.is_complete,
    case when d.is_closed then d.resolved end as is_resolved,
    d.is_missing,
    d.created_at,
    case when d.is_closed then d.closed_at end as closed_at,
    d.last_message_at,
    cast('1970-01-01' as datetime(6)) + interval d.first_reply * 1000 microsecond
        as first_reply_at,
    case when d.is_read then d.staff_messages end as staff_messages,
    case when d.is_read then d.customer_messages end as customer_messages,
    case when d.is_complete and d.first_reply >= d.created
        then (d.first_reply - d.created) / 1e3 end as first_reply_s,
    case when d.is_closed and d.resolved and d.closed >= d.created
        then (d.closed - d.created) / 1e3 end as close_s,
    cast(d.created_at + interval 8 hour as date) as local_day,
    d.row_hash
from dated as d
