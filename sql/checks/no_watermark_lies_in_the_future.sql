-- level: fail
-- No watermark lies ahead of now: what is created until then would never be read.
select
    account_id,
    entity
from sync_state
-- Ten minutes of grace, because clocks differ.
where watermark_at > :now + interval 10 minute
