-- Grain: one row a moment at which a day, week or month begins, a supplier and a line.
-- Purpose: how many seats were not deleted then, for rpt_seat_work; a temporary table.
-- The line is that of the supplier at that moment; before the first snapshot, what that one found.
-- span_begin names the moments.
insert into valid_seat (local_start, supplier_id, busi_id, seats)
with
begun as (
    select distinct local_start, local_start - interval :local_minutes minute as start_at
    from span_begin
),
seat_version as (
    select
        coalesce(supplier_id, 0) as supplier_id,
        case
            when
                valid_from_at <= (
                    select min(snapshot_at) from cs_snapshot where state = 'complete'
                )
                then cast('1000-01-01' as datetime(6))
            else valid_from_at
        end as valid_from_at,
        case
            when closed_by between 1 and :snapshot_id then valid_to_at
            else cast('9999-12-31' as datetime(6))
        end as valid_to_at
    from cs_seat_history
    where snapshot_id <= :snapshot_id and status = 1
),
valid as (
    select begun.local_start, begun.start_at, s.supplier_id, count(*) as seats
    from begun
    inner join seat_version as s
        on s.valid_from_at <= begun.start_at and s.valid_to_at > begun.start_at
    group by begun.local_start, begun.start_at, s.supplier_id
)
select
    valid.local_start,
    valid.supplier_id,
    coalesce(v.busi_id, 0) as busi_id,
    valid.seats
from valid
left join rpt_supplier_version as v
    on
        v.supplier_id = valid.supplier_id
        and v.valid_from_at <= valid.start_at
        and v.valid_to_at > valid.start_at
