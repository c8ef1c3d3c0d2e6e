-- Grain: one row a thing that is judged: the tickets of an account, the catalogue of a vendor's site,
-- the snapshot, the reports, the checks, a check that found rows, what keeps Airflow from running.
-- As it was at evaluated_at; is_stale: nobody has evaluated for 15 minutes, so that it may be
-- otherwise by now. reason, who and next_step are those of the page and of `status`. Local times are
-- known from the first build of the reports on.
create or replace view v_sync_status as
select
    s.subject,
    s.entity,
    s.account_id,
    a.name collate utf8mb4_unicode_ci as account_name,
    s.vendor,
    s.name collate utf8mb4_unicode_ci as name,
    replace(s.state, '_', ' ') as state,
    s.severity,
    timestampadd(minute, z.ahead_min, s.since_at) as local_since_at,
    timestampadd(minute, z.ahead_min, s.evaluated_at) as local_evaluated_at,
    s.since_at,
    s.times,
    s.reason collate utf8mb4_unicode_ci as reason,
    s.who collate utf8mb4_unicode_ci as who,
    s.next_step collate utf8mb4_unicode_ci as next_step,
    s.cause,
    s.error_class,
    s.request_id,
    s.evaluated_at,
    s.evaluated_at < utc_timestamp(6) - interval 15 minute as is_stale
from sync_status as s
left join cloud_user as a on a.id = s.account_id
left join (
    select timestampdiff(minute, start_at, local_day) as ahead_min from rpt_day limit 1
) as z on true
