-- level: warn
-- Every seat belongs to a supplier that is there.
select
    seat.id as seat_id,
    seat.supplier_id
from cs_seat_history as seat
left join cs_supplier_history as supplier
    on supplier.row_key = seat.supplier_id and supplier.closed_by = 0
where seat.closed_by = 0
    and supplier.row_key is null
