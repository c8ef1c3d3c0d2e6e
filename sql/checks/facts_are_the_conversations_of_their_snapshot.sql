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
)
select
    'archived, no fact' as what,
    hex(archived.row_key) as row_key
from archived
left join rpt_conversation as fact
    on fact.row_key = archived.row_key and fact.is_live = 0 and fact.outcome <> 'lost'
where fact.row_key is null
union all
select
    'live, no fact' as what,
    hex(live.row_key) as row_key
from live
left join rpt_conversation as fact
    on fact.row_key = live.row_key and fact.outcome <> 'lost'
where fact.row_key is null
union all
select
    'fact, no conversation' as what,
    hex(fact.row_key) as row_key
from rpt_conversation as fact
where fact.outcome <> 'lost'
    and not exists (
        select 1
        from cs_session_mapping_history as history
        inner join build
            on history.snapshot_id <= build.snapshot_id
            and (history.closed_by = 0 or history.closed_by > build.snapshot_id)
        where history.row_key = fact.row_key
    )
    and not exists (
        select 1
        from cs_queue_mapping_history as history
        inner join build
            on history.snapshot_id <= build.snapshot_id
            and (history.closed_by = 0 or history.closed_by > build.snapshot_id)
        where history.row_key = fact.row_key
    )
