-- Grain: one row a scope, for one scope; the scope "all" always has its row.
-- Purpose: who waits at the newest snapshot.
-- Counts who entered the queue or spoke within 24 h. Nothing marks the departure of a customer, and
-- a waiting row shows no sign of life: so the headline is who waits for up to 30 min.
-- Where the source has no queue_mapping, rows of session in state 3 stand in for it; whether they
-- wait for the first time is then unknown.
insert into rpt_queue_now (
    scope, scope_id, source, waiting, first_time, again, to_1min, to_5min, to_30min, over_30min,
    headline, longest_s, p50_s, snapshot_id, snapshot_at, definition_version
)
with
live as (
    select
        supplier_id,
        busi_id,
        coalesce(seat_id <> 0, 0) as is_again,
        timestampdiff(microsecond, inqueue_at, :snapshot_at) / 1e6 as age_s
    from rpt_conversation
    where
        :has_queue = 1
        and is_live = 1
        and outcome = 'waiting'
        and local_day < '9999-12-31'
        and greatest(inqueue_at, coalesce(last_ack_at, inqueue_at))
        > :snapshot_at - interval 24 hour
),
session as (
    select
        case when shop_name regexp '^shop_[0-9]{1,9}$'
            then cast(substring(shop_name, 6) as signed) else 0 end as supplier_id,
        timestampdiff(microsecond, update_time, :snapshot_at) / 1e6 as age_s
    from cs_session_history
    where
        :has_queue = 0
        and session_state = 3
        and update_time > :snapshot_at - interval 24 hour
        and update_time <= valid_from_at + interval 1 day
        and snapshot_id <= :snapshot_id
        and (closed_by = 0 or closed_by > :snapshot_id)
),
waiting as (
    select supplier_id, busi_id, is_again, age_s from live
    union all
    select s.supplier_id, coalesce(v.busi_id, 0) as busi_id, null as is_again, s.age_s
    from session as s
    left join rpt_supplier_version as v
        on
            v.supplier_id = s.supplier_id
            and v.valid_from_at <= :snapshot_at
            and v.valid_to_at > :snapshot_at
),
scoped as (
    select
        case :scope when 'supplier' then supplier_id when 'line' then busi_id else 0 end
            as scope_id,
        is_again,
        age_s,
        age_s <= 1800 as is_headline
    from waiting
),
ranked as (
    select
        scope_id,
        age_s,
        cume_dist() over (partition by scope_id order by age_s) as share
    from scoped
    where is_headline
),
percentile as (
    select scope_id, min(age_s) as p50_s from ranked where share >= 0.5 group by scope_id
),
total as (
    select
        scope_id,
        count(*) as waiting,
        sum(is_again) as again,
        count(case when age_s <= 60 then 1 end) as upto_1min,
        count(case when age_s <= 300 then 1 end) as upto_5min,
        count(case when is_headline then 1 end) as headline,
        max(case when is_headline then age_s end) as longest_s
    from scoped
    group by scope_id
),
scope as (
    select scope_id from total
    union
    select 0 as scope_id where :scope = 'all'
)
select
    :scope as scope,
    s.scope_id,
    case when :has_queue = 1 then 'queue_mapping' else 'session' end as source,
    coalesce(t.waiting, 0) as waiting,
    case when :has_queue = 1 then coalesce(t.waiting - t.again, 0) end as first_time,
    case when :has_queue = 1 then coalesce(t.again, 0) end as again,
    coalesce(t.upto_1min, 0) as to_1min,
    coalesce(t.upto_5min - t.upto_1min, 0) as to_5min,
    coalesce(t.headline - t.upto_5min, 0) as to_30min,
    coalesce(t.waiting - t.headline, 0) as over_30min,
    coalesce(t.headline, 0) as headline,
    t.longest_s,
    p.p50_s,
    :snapshot_id as snapshot_id,
    :snapshot_at as snapshot_at,
    :definition_version as definition_version
from scope as s
left join total as t on t.scope_id = s.scope_id
left join percentile as p on p.scope_id = s.scope_id
