-- level: fail
-- No watermark lies ahead of its last run: what is created until then would never be read. The next
-- run refuses it, and goes back to what is proven.
select
    account_id,
    entity
from sync_state
-- A run moves it to the server's clock at most, and shows a sign of life in the same statement.
where watermark_at > least(coalesce(heartbeat_at, utc_timestamp(6)), utc_timestamp(6))
