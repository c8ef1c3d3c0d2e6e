-- Grain: one row a span in which a ticket had one state, product, category and account.
-- Purpose: what was open at any moment, how long a state lasted, who was opened again.
-- changed_ticket names the tickets; their old rows are gone already. A look shows a state, not
-- when it began: a span begins with the look that showed it first (from_at), and not before the
-- look before (from_after_at); where the vendor says when a ticket closed, that is exact. Before
-- the first look a ticket was open from its creation on; one that no look showed open was so up to
-- its newest message at least, then is_closed is NULL: closed at an unknown moment of that span.
-- The last span of a ticket that the vendor no longer knows ends when it was missed.
insert into rpt_ticket_state (
    vendor, ticket_id, position, is_closed, is_reopened, vendor_status, product_id, category_id, account_id,
    created_at, from_at, from_after_at, until_at
)
with
seen as (
    select
        t.vendor, t.ticket_id, t.is_closed as is_closed_now, t.created_at, t.missing_at,
        t.last_message_at, h.is_closed, h.vendor_status, h.seen_at, h.after_at,
        coalesce(h.product_id, t.product_id) as product_id,
        coalesce(h.category_id, t.category_id) as category_id,
        coalesce(h.account_id, t.account_id) as account_id,
        case when t.is_closed and t.closed_at >= t.created_at then t.closed_at end as closed_at
    from changed_ticket as c
    inner join stg_ticket as t on t.vendor = c.vendor and t.ticket_id = c.ticket_id
    left join cloud_osm_history as h on h.type = c.vendor and h.cloud_id = c.ticket_id
),
begun as (
    select
        seen.*,
        case
            when is_closed = 1 and closed_at > after_at and closed_at <= seen_at then closed_at
            else seen_at
        end as from_at
    from seen
),
placed as (
    select
        begun.*,
        row_number() over (partition by vendor, ticket_id order by seen_at) as place,
        is_closed = 0 and coalesce(
            lag(is_closed) over (partition by vendor, ticket_id order by seen_at), 0
        ) = 1 as is_reopened,
        lead(from_at) over (partition by vendor, ticket_id order by seen_at) as until_at,
        -- Before the first look it was open up to here.
        case
            when coalesce(is_closed, is_closed_now) = 0 then coalesce(from_at, '9999-12-31')
            else greatest(created_at, coalesce(closed_at, last_message_at, created_at))
        end as open_until_at
    from begun
),
-- Part 2 is what a look showed; 0 and 1 are what none saw: before the first, or all.
span as (
    select
        p.vendor,
        p.ticket_id,
        case k.part when 2 then p.place + 1 else k.part end as position,
        case k.part
            when 0 then 0
            when 1 then case when p.closed_at is not null then 1 end
            else p.is_closed
        end as is_closed,
        case when k.part = 2 then p.is_reopened else 0 end as is_reopened,
        case when k.part = 2 then p.vendor_status end as vendor_status,
        p.product_id,
        p.category_id,
        p.account_id,
        p.created_at,
        p.missing_at,
        case k.part when 0 then p.created_at when 1 then p.open_until_at else p.from_at end
            as from_at,
        case when k.part = 2 and p.from_at = p.seen_at then p.after_at end as from_after_at,
        case k.part
            when 0 then nullif(
                least(p.open_until_at, coalesce(p.from_at, '9999-12-31')), '9999-12-31'
            )
            when 1 then p.from_at
            else p.until_at
        end as until_at
    from placed as p
    cross join (select 0 as part union all select 1 as part union all select 2 as part) as k
    where case k.part when 2 then p.seen_at else p.created_at end is not null
        and (k.part = 2 or p.place = 1)
)
select
    vendor, ticket_id, position, is_closed, is_reopened, vendor_status, product_id, category_id,
    account_id, created_at, from_at, from_after_at,
    case when until_at is null and missing_at > from_at then missing_at else until_at end
        as until_at
from span
where from_at < coalesce(until_at, '9999-12-31')
