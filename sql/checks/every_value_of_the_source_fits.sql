-- level: warn
-- each: history
-- No present version holds a value that MySQL cannot: it stands in `unfit`, and NULL in its column.
select
    '{table}' as table_name,
    {row} as row_key
from {history} as version
where version.closed_by = 0
    and version.unfit is not null
