-- Grain: one row a vendor ticket (vendor, ticket_id).
-- The user's columns of cloud_osm_list in our words, milliseconds since 1970 as moments in UTC. A
-- moment outside the years that MySQL can count in is NULL. Rows of another program that no run has
-- brought over are left out; until a run reads a ticket, the other program's word counts for closed.
-- For builds and checks, not for reports.
create or replace view stg_ticket as
select
    type as vendor,
    cloud_id as ticket_id,
    coalesce(account_id, custom_id) as account_id,
    product_id,
    product_business_id as category_id,
    osm_id as source_id,
    name as title,
    vendor_status,
    resolved,
    close_time_max is not null or (synced_at is null and status <=> 0) as is_closed,
    complete = 1 as is_complete,
    message_count is not null as is_read,
    missing_since is not null as is_missing,
    message_count,
    case when create_time between 0 and {last_millisecond}
        then cast('1970-01-01' as datetime(6)) + interval create_time * 1000 microsecond
    end as created_at,
    case when close_time between 0 and {last_millisecond}
        then cast('1970-01-01' as datetime(6)) + interval close_time * 1000 microsecond
    end as closed_at,
    case when last_message_time between 0 and {last_millisecond}
        then cast('1970-01-01' as datetime(6)) + interval last_message_time * 1000 microsecond
    end as last_message_at,
    case when missing_since between 0 and {last_millisecond}
        then cast('1970-01-01' as datetime(6)) + interval missing_since * 1000 microsecond
    end as missing_at,
    product_name as product_said,
    category_name as category_said,
    source_name as source_said,
    severity,
    satisfaction,
    synced_at
from cloud_osm_list
-- Our names of vendors: capitals. '[' follows 'Z'.
where type >= 'A' and type < '[' and type = upper(type)
