-- level: fail
-- each: history
-- Versions of a row never overlap, and no gap lies between two that the same snapshot parted.
select
    '{table}' as table_name,
    {row} as row_key,
    version.closed_by
from (
    select
        one.row_key,
        one.closed_by,
        one.valid_to_at,
        lead(one.valid_from_at) over next_one as next_from_at,
        lead(one.snapshot_id) over next_one as next_opened_by
    from (
        -- Most rows have one version: nothing to compare.
        select row_key from {history} group by row_key having count(*) > 1
    ) as several
    inner join {history} as one
        on one.row_key = several.row_key
    window next_one as (
        partition by one.row_key order by one.valid_from_at, one.closed_by = 0, one.closed_by
    )
) as version
where version.next_from_at is not null
    and (
        version.valid_to_at is null
        or version.next_from_at < version.valid_to_at
        or (
            version.next_opened_by = version.closed_by
            and version.next_from_at <> version.valid_to_at
        )
    )
