-- level: warn
-- Once there are snapshots of the customer-service source, the newest is at most two hours old.
select
    snapshot_id,
    timestampdiff(minute, snapshot_at, :now) as minutes_old
from cs_snapshot
where state = 'complete'
    and snapshot_id = (select max(snapshot_id) from cs_snapshot where state = 'complete')
    and snapshot_at < :now - interval 2 hour
