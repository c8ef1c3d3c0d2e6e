-- level: warn
-- In the newest snapshot no row was left out because another has the same key.
select
    counted.table_name,
    counted.snapshot_id,
    counted.duplicates
from cs_snapshot_table as counted
where counted.duplicates > 0
    and counted.snapshot_id = (
        select max(snapshot_id) from cs_snapshot where state = 'complete'
    )
