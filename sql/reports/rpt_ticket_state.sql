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
ticket as (
    select
        t.vendor, t.ticket_id, t.is_closed, t.vendor_status, t.product_id, t.category_id,
        t.account_id, t.created_at, t.missing_at, t.last_message_at,
        case when t.is_closed and t.closed_at >= t.created_at then t.closed_at end as closed_at
    from changed_ticket as c
    inner join stg_ticket as t on t.vendor = c.vendor and t.ticket_id = c.ticket_id
),
seen as (
    select
        t.vendor, t.ticket_id, h.is_closed, h.vendor_status, t.created_at, h.seen_at, h.after_at,
        coalesce(h.product_id, t.product_id) as product_id,
        coalesce(h.category_id, t.category_id) as category_id,
        coalesce(h.account_id, t.account_id) as account_id,
        case
            when h.is_closed = 1 and t.closed_at > h.after_at and t.closed_at <= h.seen_at
                then t.closed_at
        end as closed_at
    from ticket as t
    inner join cloud_osm_history as h on h.type = t.vendor and h.cloud_id = t.ticket_id
),
placed as (
    select
        seen.*,
        coalesce(closed_at, seen_at) as from_at,
        row_number() over (partition by vendor, ticket_id order by seen_at) as place,
        is_closed = 0 and coalesce(
            lag(is_closed) over (partition by vendor, ticket_id order by seen_at), 0
        ) = 1 as is_reopened,
        lead(coalesce(closed_at, seen_at)) over (partition by vendor, ticket_id order by seen_at)
            as until_at
    from seen
),
-- What no look saw: before the first one, or all where no run has read the ticket.
unseen as (
    select
        t.vendor, t.ticket_id, t.created_at, t.closed_at,
        coalesce(f.product_id, t.product_id) as product_id,
        coalesce(f.category_id, t.category_id) as category_id,
        coalesce(f.account_id, t.account_id) as account_id,
        f.from_at as until_at,
        -- The end of what was open.
        case
            when coalesce(f.is_closed, t.is_closed) = 0 then f.from_at
            else greatest(t.created_at, coalesce(t.closed_at, t.last_message_at, t.created_at))
        end as open_until_at
    from ticket as t
    left join placed as f on f.vendor = t.vendor and f.ticket_id = t.ticket_id and f.place = 1
    where t.created_at is not null
),
span as (
    select
        vendor, ticket_id, 0 as position, 0 as is_closed, 0 as is_reopened, null as vendor_status, product_id,
        category_id, account_id, created_at, created_at as from_at, null as from_after_at,
        least(coalesce(until_at, open_until_at), coalesce(open_until_at, until_at)) as until_at
    from unseen
    union all
    select
        vendor, ticket_id, 1 as position, case when closed_at is not null then 1 end as is_closed,
        0 as is_reopened, null as vendor_status, product_id, category_id, account_id, created_at,
        open_until_at as from_at, null as from_after_at, until_at
    from unseen
    where open_until_at is not null and coalesce(open_until_at < until_at, until_at is null)
    union all
    select
        vendor, ticket_id, place + 1 as position, is_closed, is_reopened, vendor_status,
        product_id, category_id, account_id, created_at, from_at,
        case when closed_at is null then after_at end as from_after_at, until_at
    from placed
)
select
    s.vendor, s.ticket_id, s.position, s.is_closed, s.is_reopened, s.vendor_status, s.product_id,
    s.category_id, s.account_id, s.created_at, s.from_at, s.from_after_at,
    case
        when s.until_at is null and t.missing_at > s.from_at then t.missing_at else s.until_at
    end as until_at
from span as s
inner join ticket as t on t.vendor = s.vendor and t.ticket_id = s.ticket_id
where s.until_at is null or s.from_at < s.until_at
