-- level: fail
-- A run that the ledger calls running has shown a sign of life within ten minutes.
select
    run.run_id,
    run.account_id,
    run.entity
from sync_run as run
left join sync_state as state
    on state.account_id = run.account_id and state.entity = run.entity
where run.outcome = 'running'
    and coalesce(state.heartbeat_at, run.started_at) < :now - interval 10 minute
