-- level: warn
-- each: history
-- Where old versions were let go, none is left: a prune that was stopped goes on with the next.
select
    '{table}' as table_name,
    count(*) as versions
from {history} as version
inner join sync_state as pruned
    on pruned.account_id = 'retention' and pruned.entity = 'prune'
    and version.valid_to_at <= pruned.watermark_at
-- What the newest build of the reports has not seen waits for it.
where version.closed_by <= (
    select coalesce(max(build.snapshot_id), 2147483647)
    from rpt_build as build
)
having count(*) > 0
