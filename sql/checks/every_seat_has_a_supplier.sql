-- level: warn
-- Every seat belongs to a supplier that is there.
select
    seat.id as seat_id,
    seat.supplier_id
from cs_seat as seat
left join cs_supplier_history as supplier
    on supplier.row_key = seat.supplier_id
    and (select snapshot_id from cs_snapshot where state = 'complete' order by snapshot_id desc limit 1)
    between supplier.snapshot_id
    and case supplier.closed_by when 0 then 2147483647 else supplier.closed_by - 1 end
where supplier.row_key is null
