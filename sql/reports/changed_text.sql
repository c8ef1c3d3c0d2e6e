-- Grain: one row a title (message_id empty) or message that is new, changed, gone, or was masked
-- otherwise.
-- Purpose: which rows of rpt_text to replace; a temporary table, numbered so that it is worked off
-- in order. Of all texts where is_whole, else of tickets that a run of ours changed from
-- changed_from_at on; messages are stored together with their ticket.
insert into changed_text (vendor, ticket_id, message_id, bytes)
select k.vendor, k.ticket_id, '', coalesce(length(k.title), 0)
from stg_ticket as k
left join rpt_text as t
    on t.vendor = k.vendor and t.ticket_id = k.ticket_id and t.message_id = ''
where (:is_whole = 1 or k.synced_at >= :changed_from_at or k.synced_at is null)
    and (t.vendor is null or not t.synced_at <=> k.synced_at or t.redaction_version <> :version)
union all
select m.vendor, m.ticket_id, m.message_id, coalesce(length(m.content), 0)
from stg_message as m
left join stg_ticket as k on k.vendor = m.vendor and k.ticket_id = m.ticket_id
left join rpt_text as t
    on t.vendor = m.vendor and t.ticket_id = m.ticket_id and t.message_id = m.message_id
where m.message_id <> ''
    and (:is_whole = 1 or k.synced_at >= :changed_from_at)
    and (t.vendor is null or not t.synced_at <=> m.synced_at or t.redaction_version <> :version)
union all
select t.vendor, t.ticket_id, t.message_id, 0
from rpt_text as t
left join stg_ticket as k
    on t.message_id = '' and k.vendor = t.vendor and k.ticket_id = t.ticket_id
left join stg_message as m
    on m.vendor = t.vendor and m.ticket_id = t.ticket_id and m.message_id = t.message_id
where :is_whole = 1 and k.vendor is null and m.vendor is null
