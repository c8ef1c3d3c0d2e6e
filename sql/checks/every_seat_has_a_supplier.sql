-- level: warn
-- Every seat belongs to a supplier that is there.
with
newest as (
    select max(snapshot_id) as snapshot_id from cs_snapshot where state = 'complete'
)
select
    seat.id as seat_id,
    seat.supplier_id
from newest
inner join cs_seat_history as seat
    on seat.snapshot_id <= newest.snapshot_id
    and (seat.closed_by = 0 or seat.closed_by > newest.snapshot_id)
left join cs_supplier_history as supplier
    on supplier.row_key = seat.supplier_id
    and supplier.snapshot_id <= newest.snapshot_id
    and (supplier.closed_by = 0 or supplier.closed_by > newest.snapshot_id)
where supplier.row_key is null
