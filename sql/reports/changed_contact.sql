-- Grain: one row a conversation whose customer came to the same supplier before at another moment
-- than its fact says.
-- Purpose: for repeats; a temporary table, from which the facts are updated. Within 8 days.
-- After the facts, because the one before may be of a day that is not rebuilt.
insert into changed_contact (local_day, row_key, earlier_at)
select r.local_day, r.row_key, r.earlier_at
from (
    select
        local_day,
        row_key,
        earlier_at as known_at,
        nullif(greatest(
            lag(inqueue_at) over (
                partition by customer_key, supplier_id order by inqueue_at, row_key
            ),
            inqueue_at - interval 8 day
        ), inqueue_at - interval 8 day) as earlier_at
    from rpt_conversation as f
    where
        local_day >= :from_day - interval 8 day
        and local_day < :to_day
        and customer_key is not null
        and (
            :is_everything = 1
            or exists (
                select 1 from changed_customer as c
                where c.customer_key = f.customer_key and c.supplier_id = f.supplier_id
            )
        )
) as r
where r.local_day >= :from_day and not r.known_at <=> r.earlier_at
