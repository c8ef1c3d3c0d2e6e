-- level: fail
-- Facts are the conversations present at the snapshot they were built from, and those lost by then.
with
build as (
    select snapshot_id
    from rpt_build
    order by build_id desc
    limit 1
),
archived as (
    select history.row_key
    from cs_session_mapping_history as history
    inner join build
        on history.snapshot_id <= build.snapshot_id
        and (history.closed_by = 0 or history.closed_by > build.snapshot_id)
),
live as (
    select history.row_key
    from cs_queue_mapping_history as history
    inner join build
        on history.snapshot_id <= build.snapshot_id
        and (history.closed_by = 0 or history.closed_by > build.snapshot_id)
    where not exists (
        select 1
        from cs_session_mapping_history as later
        where later.row_key = history.row_key
            and later.snapshot_id <= build.snapshot_id
            and (later.closed_by = 0 or later.closed_by > build.snapshot_id)
    )
),
-- Range by range: a million look-ups in each direction take ten times as long.
counted as (
    select
        left(hex(row_key), 3) as first_digits,
        0 as is_live,
        count(*) as conversations,
        0 as facts,
        sum(cast(conv(substr(hex(row_key), 4, 8), 16, 10) as signed)) as key_sum
    from archived
    group by left(hex(row_key), 3)
    union all
    select
        left(hex(row_key), 3) as first_digits,
        1 as is_live,
        count(*) as conversations,
        0 as facts,
        sum(cast(conv(substr(hex(row_key), 4, 8), 16, 10) as signed)) as key_sum
    from live
    group by left(hex(row_key), 3)
    union all
    select
        left(hex(row_key), 3) as first_digits,
        is_live,
        0 as conversations,
        count(*) as facts,
        -sum(cast(conv(substr(hex(row_key), 4, 8), 16, 10) as signed)) as key_sum
    from rpt_conversation
    where outcome <> 'lost'
    group by left(hex(row_key), 3), is_live
)
select
    first_digits as row_keys_that_begin_with,
    is_live,
    sum(conversations) as conversations,
    sum(facts) as facts
from counted
group by first_digits, is_live
having sum(conversations) <> sum(facts)
    or sum(key_sum) <> 0
