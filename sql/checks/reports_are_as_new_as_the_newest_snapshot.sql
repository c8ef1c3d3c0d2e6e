-- level: warn
-- Within an hour a new snapshot is in the reports.
select
    min(snapshot.snapshot_id) as snapshot_id,
    max(build.snapshot_id) as built_from
from cs_snapshot as snapshot
left join (
    select coalesce(snapshot_id, 0) as snapshot_id
    from rpt_build
    order by build_id desc
    limit 1
) as build
    on true
where snapshot.state = 'complete'
    and snapshot.snapshot_id > coalesce(build.snapshot_id, 0)
    and snapshot.stored_at < :now - interval 1 hour
having count(*) > 0
