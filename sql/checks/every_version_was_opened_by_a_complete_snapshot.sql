-- level: fail
-- each: history
-- A version begins at the moment of the complete snapshot that opened it, or of one under way.
select
    '{table}' as table_name,
    {row} as row_key,
    version.closed_by,
    version.snapshot_id
from {history} as version
left join cs_snapshot as opening
    on opening.snapshot_id = version.snapshot_id and opening.state in ('complete', 'loading')
where opening.snapshot_id is null
    or opening.snapshot_at <> version.valid_from_at
