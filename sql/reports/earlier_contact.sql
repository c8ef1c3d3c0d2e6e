-- Grain: one row a conversation.
-- Purpose: when the same customer came to the same supplier before, within 8 days; for repeats.
-- After the facts, because the one before may be of a day that is not rebuilt.
update rpt_conversation as f
inner join (
    select
        local_day,
        row_key,
        lag(inqueue_at) over (
            partition by customer_key, supplier_id order by inqueue_at, row_key
        ) as earlier_at
    from rpt_conversation
    where
        local_day >= :from_day - interval 8 day
        and local_day < :to_day
        and customer_key is not null
) as r on r.local_day = f.local_day and r.row_key = f.row_key
set f.earlier_at = r.earlier_at
where r.local_day >= :from_day and not f.earlier_at <=> r.earlier_at
