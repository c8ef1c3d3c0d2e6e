-- Grain: one row a vendor ticket and target (rpt_sla_target) that it has.
-- Purpose: until when it must be replied to and closed. Of several targets the most particular
-- holds: that of its product before that of its vendor before that of all.
-- A target in business hours is due where rpt_day has added up as many seconds: on the last of the
-- days that begin with fewer, which is a working one, for the days off before it begin with as many.
insert into rpt_ticket_sla (vendor, ticket_id, metric, target_s, in_business_hours, due_at)
with
target as (
    select
        k.vendor,
        k.product_id,
        g.metric,
        g.minutes * 60 as target_s,
        g.in_business_hours,
        row_number() over (
            partition by k.vendor, k.product_id, g.metric order by g.product_id desc, g.vendor desc
        ) as place
    from (select distinct vendor, coalesce(product_id, '') as product_id from rpt_ticket) as k
    inner join rpt_sla_target as g
        on g.vendor in ('', k.vendor) and g.product_id in ('', k.product_id)
),
aimed as (
    select
        t.vendor,
        t.ticket_id,
        g.metric,
        g.target_s,
        g.in_business_hours,
        t.created_at,
        g.target_s + d.business_before_s + least(
            greatest(timestampdiff(microsecond, d.start_at, t.created_at) / 1e6, d.opens_s),
            d.closes_s
        ) - d.opens_s as due_s
    from changed_ticket as c
    inner join rpt_ticket as t on t.vendor = c.vendor and t.ticket_id = c.ticket_id
    inner join target as g
        on g.place = 1 and g.vendor = t.vendor and g.product_id = coalesce(t.product_id, '')
    inner join rpt_day as d on d.local_day = t.local_day
)
select
    a.vendor,
    a.ticket_id,
    a.metric,
    a.target_s,
    a.in_business_hours,
    case
        when a.in_business_hours = 0 then a.created_at + interval a.target_s second
        else (
            select
                d.start_at + interval (d.opens_s + a.due_s - d.business_before_s) * 1000000
                    microsecond
            from rpt_day as d
            where d.business_before_s < a.due_s
            order by d.business_before_s desc, d.local_day desc
            limit 1
        )
    end as due_at
from aimed as a
