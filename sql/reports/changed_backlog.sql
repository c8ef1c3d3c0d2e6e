-- Grain: one row.
-- Purpose: the first moment at which another number of tickets was open than was told before.
with
span as (
    select 0 as is_new, former_state.* from former_state
    union all
    select
        1 as is_new, s.vendor, s.ticket_id, s.is_closed, s.account_id, s.product_id, s.category_id,
        s.from_at, s.until_at
    from changed_ticket as c
    inner join rpt_ticket_state as s on s.vendor = c.vendor and s.ticket_id = c.ticket_id
),
differing as (
    select
        case
            when sum(is_new) <> sum(1 - is_new) then from_at
            else min(coalesce(until_at, :built_at))
        end as differs_at
    from span
    where is_closed is null or is_closed = 0
    group by vendor, ticket_id, is_closed, account_id, product_id, category_id, from_at
    having sum(is_new) <> sum(1 - is_new)
        or min(coalesce(until_at, '9999-12-31')) <> max(coalesce(until_at, '9999-12-31'))
)
select cast(min(differs_at) + interval :local_minutes minute as date) from differing
