-- level: fail
-- each: history
-- A version stands under its source key and holds what its hash says: nobody changed it by hand.
select
    '{table}' as table_name,
    {row} as row_key,
    version.closed_by
from {history} as version
where not (version.row_hash <=> {content_hash})
    -- A key that MySQL cannot hold is not there to be compared.
    or (version.unfit is null and not (version.row_key <=> {key_hash}))
