-- Grain: one row a seat at the newest snapshot, deleted ones included.
-- load over 1 is legal: suppliers without queueing ignore max_user. is_full is a proxy of "busy";
-- whether a seat is online is not in the source.
create or replace view v_seat_load as
select
    seat_id,
    supplier_id,
    busi_id,
    seat_class,
    max_user,
    conversations,
    conversations / nullif(max_user, 0) as seat_load,
    conversations >= max_user as is_full,
    source,
    snapshot_id,
    snapshot_at,
    definition_version
from rpt_seat
