-- Grain: one row a title (message_id empty) or message that is new, changed, gone, or was masked
-- otherwise.
-- Purpose: which rows of rpt_text to replace; a temporary table, numbered so that it is worked off
-- in order.
insert into changed_text (vendor, ticket_id, message_id, bytes)
select l.type, l.cloud_id, '', coalesce(length(l.name), 0)
from cloud_osm_list as l
left join rpt_text as t
    on t.vendor = l.type and t.ticket_id = l.cloud_id and t.message_id = ''
where t.vendor is null or not t.synced_at <=> l.synced_at or t.redaction_version <> :version
union all
select d.vendor, d.case_id, d.message_id, coalesce(length(d.content), 0)
from cloud_osm_detail as d
left join rpt_text as t
    on t.vendor = d.vendor and t.ticket_id = d.case_id and t.message_id = d.message_id
where d.message_id <> ''
    and (t.vendor is null or not t.synced_at <=> d.synced_at or t.redaction_version <> :version)
union all
select t.vendor, t.ticket_id, t.message_id, 0
from rpt_text as t
left join cloud_osm_list as l
    on t.message_id = '' and l.type = t.vendor and l.cloud_id = t.ticket_id
left join cloud_osm_detail as d
    on d.vendor = t.vendor and d.case_id = t.ticket_id and d.message_id = t.message_id
where l.id is null and d.id is null
