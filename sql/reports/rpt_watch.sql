-- Grain: one row an unbroken run of complete snapshots that read the live queue (queue_mapping).
-- Purpose: when a wait that was lost could be seen at all; outside it "lost" is NULL, not 0.
-- All rows are built anew each time: they are few.
insert into rpt_watch (from_at, until_at, ongoing, snapshots, period_s)
with
snapshot as (
    select
        s.snapshot_id,
        s.snapshot_at,
        t.snapshot_id is not null as is_watched,
        lag(s.snapshot_at) over (order by s.snapshot_id) as earlier_at,
        row_number() over (order by s.snapshot_id) as position_of_all,
        row_number() over (partition by t.snapshot_id is not null order by s.snapshot_id)
            as position_of_kind
    from cs_snapshot as s
    left join cs_snapshot_table as t
        on t.snapshot_id = s.snapshot_id and t.table_name = 'queue_mapping'
    where s.state = 'complete' and s.snapshot_id <= :snapshot_id
),
run as (
    select
        snapshot_id,
        snapshot_at,
        position_of_all - position_of_kind as run_number,
        case when lag(is_watched) over (order by snapshot_id)
            then timestampdiff(microsecond, earlier_at, snapshot_at) / 1e6 end as period_s,
        is_watched
    from snapshot
)
select
    min(snapshot_at) as from_at,
    max(snapshot_at) as until_at,
    max(snapshot_id) = :snapshot_id as ongoing,
    count(*) as snapshots,
    max(period_s) as period_s
from run
where is_watched
group by run_number
