-- Grain: one row an account, or a thing of its own, and what is read of it (entity).
-- Until when the tables are current: until_at, the moment up to which all is read (reports: what
-- they are built from; those that lack nothing are current now, but no longer than for a week after
-- their build). is_late: behind by more than its limit for a warning (LATE_AFTER); so is what was
-- never read. error_text is the reason in words while the newest run that ended did not succeed;
-- error_class says who must act. Local times are known from the first build of the reports on.
create or replace view v_freshness as
with
state as (
    select
        s.account_id,
        s.entity,
        s.watermark_at,
        (
            select max(r.started_at) from sync_run as r
            where r.account_id = s.account_id and r.entity = s.entity and r.outcome = 'done'
        ) as done_from_at,
        (
            select max(r.ended_at) from sync_run as r
            where r.account_id = s.account_id and r.entity = s.entity and r.outcome = 'done'
        ) as last_success_at,
        (
            select r.run_id from sync_run as r
            where
                r.account_id = s.account_id
                and r.entity = s.entity
                and r.outcome not in ('running', 'stopped')
            order by r.started_at desc
            limit 1
        ) as run_id
    from sync_state as s
    where s.entity in ('tickets', 'catalog', 'snapshot', 'build')
),
current as (
    select
        state.*,
        case
            when entity <> 'build' then watermark_at
            when done_from_at is not null then least(
                coalesce(
                    (
                        select min(r.ended_at) from sync_run as r
                        where
                            r.started_at > state.done_from_at
                            and r.entity in ('tickets', 'snapshot')
                            and r.written > 0
                    ),
                    utc_timestamp(6)
                ),
                last_success_at + interval 7 day
            )
        end as until_at
    from state
)
select
    c.account_id,
    a.name collate utf8mb4_unicode_ci as account_name,
    r.vendor,
    c.entity,
    timestampadd(minute, z.ahead_min, c.until_at) as local_until_at,
    timestampadd(minute, z.ahead_min, c.last_success_at) as local_last_success_at,
    c.until_at,
    c.last_success_at,
    timestampdiff(second, c.until_at, utc_timestamp(6)) as lag_s,
    coalesce(
        timestampdiff(second, c.until_at, utc_timestamp(6)) > case c.entity {late_seconds} end, 1
    ) as is_late,
    case when r.outcome <> 'done' then r.outcome end as failed_as,
    case when r.outcome <> 'done' then r.error_class end as error_class,
    case when r.outcome <> 'done' then r.error_text end collate utf8mb4_unicode_ci as error_text
from current as c
left join sync_run as r on r.run_id = c.run_id
left join cloud_user as a on a.id = c.account_id
left join (
    select timestampdiff(minute, start_at, local_day) as ahead_min from rpt_day limit 1
) as z on true
