-- Grain: one row of rpt_cohort, for one grain and one scope.
-- Purpose: what a later snapshot says of a span in which nothing changed: that it is final, or
-- whether the live queue was read all the time. Only rows that were not final can change so.
-- months and minutes are the length of the span.
update rpt_cohort as t
left join rpt_watch as w ignore index (primary)
    on
        w.from_at <= t.start_at
        and (
            w.ongoing = 1
            or w.until_at >= t.local_start + interval :months month + interval :minutes minute
            - interval :local_minutes minute
        )
set
    t.has_queue = :has_queue,
    t.is_watched = w.from_at is not null,
    t.snapshot_id = :snapshot_id,
    t.snapshot_at = :snapshot_at,
    t.updated_at = :built_at,
    t.provisional = t.local_start + interval :months month + interval :minutes minute
        - interval :local_minutes minute + interval :settled_hours hour >= :snapshot_at
where
    t.grain = :grain
    and t.scope = :scope
    and t.local_start >= :young_day
    and t.provisional = 1
    and (
        t.has_queue <> :has_queue
        or t.is_watched <> (w.from_at is not null)
        or t.local_start + interval :months month + interval :minutes minute
        - interval :local_minutes minute + interval :settled_hours hour < :snapshot_at
    )
