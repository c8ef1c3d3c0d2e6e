-- level: fail
-- each: history
-- A version that is not present ends at the moment of the complete snapshot that closed it, or of
-- one under way.
select
    '{table}' as table_name,
    {row} as row_key,
    version.closed_by
from {history} as version
left join cs_snapshot as closing
    on closing.snapshot_id = version.closed_by and closing.state in ('complete', 'loading')
where version.closed_by <> 0
    and (closing.snapshot_id is null or closing.snapshot_at <> version.valid_to_at)
