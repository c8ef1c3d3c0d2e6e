-- Grain: one row of rpt_seat_work.
-- Purpose: that a span in which nothing changed is final.
update rpt_seat_work
set provisional = 0, snapshot_id = :snapshot_id, snapshot_at = :snapshot_at,
    updated_at = :built_at
where
    provisional = 1
    and case grain
        when 'day' then local_start + interval 1 day
        when 'week' then local_start + interval 7 day
        when 'month' then local_start + interval 1 month
    end - interval :local_minutes minute + interval :settled_hours hour < :snapshot_at
