-- Grain: one row a stored message of a vendor ticket (vendor, ticket_id, message_id).
-- Texts as of the newest build, personal data and keys masked as REDACT_TEXTS says: [mobile],
-- [email] and so on stand where they were. masked counts them. The original is in
-- cloud_osm_detail, for those who have a right to that table. Who wrote it is not shown.
create or replace view v_message as
select
    t.vendor,
    t.ticket_id,
    t.message_id,
    case d.type when '0' then 1 when '1' then 0 end as from_customer,
    case when d.create_time between 0 and 253370764799999
        then cast('1970-01-01' as datetime(6)) + interval d.create_time * 1000 microsecond
    end as created_at,
    t.content,
    t.masked
from rpt_text as t
inner join cloud_osm_detail as d
    on d.vendor = t.vendor and d.case_id = t.ticket_id and d.message_id = t.message_id
