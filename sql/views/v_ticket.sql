-- Grain: one row a vendor ticket (vendor, ticket_id).
-- Every other number about tickets is counted from these. Local times come first; columns in _at
-- without local_ are UTC. closed_at is what the vendor says, else the look that first showed it
-- closed; NULL where no look had shown it open: closed_local_day of such a ticket is not known
-- either, and close_s is known for those closed with a result. What needs messages (replies, waits,
-- touches) is NULL until they are read: for open tickets that takes OPEN_MESSAGES. Business time is
-- that of BUSINESS_HOURS on the working days of dim_day. title is masked like the messages of
-- v_message; NULL before the first build that masked it. severity is the vendor's word (Alibaba,
-- Huawei); satisfaction the customer's rating, 1 to 5 (Huawei; the mean of what was rated), NULL where
-- nobody rated it, or the vendor does not tell. Who asked is not shown.
create or replace view v_ticket as
select
    f.vendor,
    f.ticket_id,
    f.title collate utf8mb4_unicode_ci as title,
    f.local_created_at,
    f.local_first_reply_at,
    f.local_last_message_at,
    f.local_closed_at,
    f.local_day,
    f.account_id,
    f.account_name collate utf8mb4_unicode_ci as account_name,
    f.region_id collate utf8mb4_unicode_ci as region_id,
    f.product_id,
    f.product_name collate utf8mb4_unicode_ci as product_name,
    f.category_id,
    f.category_name collate utf8mb4_unicode_ci as category_name,
    f.source_id,
    f.source_name collate utf8mb4_unicode_ci as source_name,
    f.vendor_status collate utf8mb4_unicode_ci as vendor_status,
    f.status_zh collate utf8mb4_unicode_ci as status_zh,
    f.status_en collate utf8mb4_unicode_ci as status_en,
    f.severity collate utf8mb4_unicode_ci as severity,
    f.is_closed,
    f.is_complete,
    f.is_resolved,
    f.is_missing,
    f.created_at,
    f.first_reply_at,
    f.last_message_at,
    f.closed_at,
    f.first_closed_at,
    f.reopens,
    f.staff_messages,
    f.customer_messages,
    f.reply_turns,
    f.staff_people,
    f.handoffs,
    f.satisfaction,
    f.staff_messages = 1 as is_one_touch,
    f.staff_messages = 2 as is_two_touch,
    f.staff_messages > 2 as is_multi_touch,
    f.first_reply_s,
    f.first_reply_business_s,
    f.reply_wait_s,
    f.reply_wait_business_s,
    (f.reply_wait_s - f.first_reply_s) / nullif(f.reply_turns - 1, 0) as next_reply_mean_s,
    f.requester_wait_s,
    f.requester_wait_business_s,
    f.agent_wait_s,
    f.close_s,
    f.close_business_s,
    case when f.reopens = 0 then f.close_s else timestampdiff(microsecond, f.created_at, f.first_closed_at) / 1e6 end
        as first_close_s,
    case when f.is_closed = 0 then timestampdiff(second, f.created_at, utc_timestamp(6)) end as age_s,
    case when f.is_closed = 0 then timestampdiff(
        second, coalesce(f.last_message_at, f.created_at), utc_timestamp(6)
    ) end as quiet_s,
    f.waits_for,
    f.waits_since_at,
    case when f.waits_for is not null then timestampdiff(
        second, f.waits_since_at, utc_timestamp(6)
    ) end as waits_s,
    y.watermark_at as synced_until_at,
    f.updated_at
from rpt_ticket as f
-- Grouped, servers join it by its hash, or not at all where nobody asks for it.
left join (
    select account_id, max(watermark_at) as watermark_at
    from sync_state
    where entity = 'tickets'
    group by account_id
) as y on y.account_id = f.account_id
