-- Grain: one row a stored message of a vendor ticket (vendor, ticket_id, message_id).
-- Texts as of the newest build, personal data and keys masked as REDACT_TEXTS says: [mobile],
-- [email] and so on stand where they were. masked counts them. The original is in
-- cloud_osm_detail, for those who have a right to that table. Who wrote it is not shown.
create or replace view v_message as
select
    t.vendor,
    t.ticket_id,
    t.message_id,
    m.from_customer,
    m.created_at,
    t.content collate utf8mb4_unicode_ci as content,
    t.masked,
    f.account_id,
    coalesce(t.updated_at, t.synced_at) as updated_at
from rpt_text as t
inner join stg_message as m
    on m.vendor = t.vendor and m.ticket_id = t.ticket_id and m.message_id = t.message_id
left join rpt_ticket as f on f.vendor = t.vendor and f.ticket_id = t.ticket_id
