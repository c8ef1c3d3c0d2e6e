-- level: fail
-- each: history
-- The present versions are those that the newest complete snapshot counted: number and checksum.
select
    '{table}' as table_name,
    manifest.snapshot_id,
    coalesce(manifest.present, 0) as expected,
    held.present
from (
    select
        count(*) as present,
        -- A cast, because the sum of texts is a double, which rounds.
        coalesce(sum(cast(conv(left(hex(row_hash), 12), 16, 10) as unsigned)), 0) as checksum
    from {history}
    where
        (select snapshot_id from cs_snapshot where state = 'complete' order by snapshot_id desc limit 1)
        between snapshot_id and case closed_by when 0 then 2147483647 else closed_by - 1 end
) as held
left join (
    select counted.snapshot_id, counted.present, counted.checksum
    from cs_snapshot_table as counted
    inner join cs_snapshot as snapshot
        on snapshot.snapshot_id = counted.snapshot_id and snapshot.state = 'complete'
    where counted.table_name = '{table}'
    order by counted.snapshot_id desc
    limit 1
) as manifest
    on true
where held.present <> coalesce(manifest.present, 0)
    or held.checksum <> coalesce(manifest.checksum, 0)
