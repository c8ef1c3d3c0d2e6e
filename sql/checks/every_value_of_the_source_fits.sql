-- level: warn
-- each: history
-- No present version holds a value that MySQL cannot: it stands in `unfit`, and NULL in its column.
select
    '{table}' as table_name,
    {row} as row_key
from {history} as version
where (select snapshot_id from cs_snapshot where state = 'complete' order by snapshot_id desc limit 1)
    between version.snapshot_id
    and case version.closed_by when 0 then 2147483647 else version.closed_by - 1 end
    and version.unfit is not null
