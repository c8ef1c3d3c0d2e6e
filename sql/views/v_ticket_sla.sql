-- Grain: one row a vendor ticket and target (metric: first_reply, close) that it has.
-- Whether it was met: is_breached is 1 once due_at has passed without it, and NULL while it is not
-- known, as is a reply to a ticket whose messages are not read. is_met leaves out besides what is
-- not due yet, so that its mean is the share of targets that were met. Targets are those of
-- rpt_sla_target; elapsed_s is in the target's kind of hours.
create or replace view v_ticket_sla as
with
target as (
    select
        s.vendor,
        s.ticket_id,
        s.metric,
        s.target_s,
        s.in_business_hours,
        s.due_at,
        f.account_id,
        f.product_id,
        f.local_day,
        f.is_closed,
        case s.metric when 'first_reply' then f.first_reply_at else f.closed_at end as met_at,
        case s.metric when 'first_reply' then f.staff_messages is not null
            else f.is_closed = 0 or f.closed_at is not null end as is_known,
        case
            when s.metric = 'first_reply' and s.in_business_hours = 1 then f.first_reply_business_s
            when s.metric = 'first_reply' then f.first_reply_s
            when s.in_business_hours = 1 then f.close_business_s
            else f.close_s
        end as elapsed_s,
        f.updated_at
    from rpt_ticket_sla as s
    inner join rpt_ticket as f on f.vendor = s.vendor and f.ticket_id = s.ticket_id
)
select
    vendor,
    ticket_id,
    metric,
    account_id,
    product_id,
    local_day,
    target_s,
    in_business_hours,
    due_at,
    met_at,
    elapsed_s,
    case when is_known = 1 then coalesce(met_at, utc_timestamp(6)) > due_at end as is_breached,
    case
        when is_known = 1 and coalesce(met_at, utc_timestamp(6)) > due_at then 0
        when is_known = 1 and met_at is not null then 1
    end as is_met,
    updated_at
from target
