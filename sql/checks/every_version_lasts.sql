-- level: fail
-- each: history
-- A version begins before it ends: spans are half-open, from <= t < to.
select
    '{table}' as table_name,
    {row} as row_key,
    version.closed_by
from {history} as version
where version.valid_to_at <= version.valid_from_at
