-- Grain: one row a stored message of a vendor ticket (vendor, ticket_id, message_id).
-- The user's columns of cloud_osm_detail in our words, milliseconds since 1970 as a moment in UTC;
-- from_customer is NULL where the direction is unknown. Rows that
-- no run has brought over are left out. For builds and checks, not for reports.
create or replace view stg_message as
select
    vendor,
    case_id as ticket_id,
    message_id,
    case type when '0' then 1 when '1' then 0 end as from_customer,
    case when create_time between 0 and {last_millisecond}
        then cast('1970-01-01' as datetime(6)) + interval create_time * 1000 microsecond
    end as created_at,
    coalesce(replier, replier_name) as author,
    content,
    synced_at
from cloud_osm_detail
-- Our names of vendors: capitals. '[' follows 'Z'.
where vendor >= 'A' and vendor < '[' and vendor = upper(vendor)
