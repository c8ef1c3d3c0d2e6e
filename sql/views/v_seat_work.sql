-- Grain: one row a day, week or month and scope.
-- Conversations a seat: median and 90th percentile over the seats that had any, mean over all valid
-- ones. Credit goes to the last seat. acknowledging_seats is a proxy of presence.
create or replace view v_seat_work as
select
    grain,
    scope,
    scope_id,
    local_start,
    start_at,
    conversations,
    active_seats,
    p50,
    p90,
    valid_seats,
    conversations / nullif(valid_seats, 0) as mean_over_valid,
    acknowledging_seats,
    snapshot_id,
    snapshot_at,
    definition_version,
    provisional
from rpt_seat_work
