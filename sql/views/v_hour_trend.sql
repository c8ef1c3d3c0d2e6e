-- Grain: one row an hour with conversations.
-- An hour beside the same hour a week before and the median of that hour over the 7 days
-- before; NULL where the data does not reach back so far, 0 where an hour had no conversation.
-- Holidays are flagged where rpt_holiday names them.
create or replace view v_hour_trend as
with
hour_cohort as (
    select local_start, start_at, offered, snapshot_id, snapshot_at, definition_version, provisional
    from rpt_cohort
    where grain = 'hour' and scope = 'all'
),
first_hour as (
    select min(local_start) as local_start from rpt_cohort where grain = 'hour' and scope = 'all'
),
back as (
    select 1 as days
    union all
    select 2 as days
    union all
    select 3 as days
    union all
    select 4 as days
    union all
    select 5 as days
    union all
    select 6 as days
    union all
    select 7 as days
),
before_it as (
    select
        h.local_start,
        b.days,
        coalesce(e.offered, 0) as offered,
        row_number() over (partition by h.local_start order by coalesce(e.offered, 0)) as place
    from hour_cohort as h
    inner join first_hour as f on h.local_start >= f.local_start + interval 7 day
    cross join back as b
    left join rpt_cohort as e
        on
            e.grain = 'hour'
            and e.scope = 'all'
            and e.scope_id = 0
            and e.local_start = h.local_start - interval b.days day
),
compared as (
    select
        local_start,
        max(case when days = 7 then offered end) as offered_last_week,
        max(case when place = 4 then offered end) as median_7d
    from before_it
    group by local_start
)
select
    h.local_start,
    h.start_at,
    h.offered,
    c.offered_last_week,
    c.median_7d,
    d.name collate utf8mb4_unicode_ci as holiday,
    h.snapshot_id,
    h.snapshot_at,
    h.definition_version,
    h.provisional
from hour_cohort as h
left join compared as c on c.local_start = h.local_start
left join rpt_holiday as d on d.local_day = cast(h.local_start as date)
