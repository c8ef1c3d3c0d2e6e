-- level: fail
-- each: history
-- As many versions begin and end with a complete snapshot as it counted.
select
    '{table}' as table_name,
    counted.snapshot_id,
    counted.opened,
    coalesce(begun.versions, 0) as begun,
    counted.closed,
    coalesce(ended.versions, 0) as ended
from cs_snapshot_table as counted
inner join cs_snapshot as snapshot
    on snapshot.snapshot_id = counted.snapshot_id and snapshot.state = 'complete'
left join (
    select snapshot_id, count(*) as versions
    from {history}
    group by snapshot_id
) as begun
    on begun.snapshot_id = counted.snapshot_id
left join (
    select closed_by, count(*) as versions
    from {history}
    where closed_by <> 0
    group by closed_by
) as ended
    on ended.closed_by = counted.snapshot_id
where counted.table_name = '{table}'
    and (
        counted.opened <> coalesce(begun.versions, 0)
        or counted.closed <> coalesce(ended.versions, 0)
    )
    -- Of older ones retention has let versions go.
    and not exists (
        select 1
        from sync_state as pruned
        where pruned.account_id = 'retention' and pruned.entity = 'prune'
            and pruned.watermark_at >= snapshot.snapshot_at
    )
