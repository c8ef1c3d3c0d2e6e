-- Grain: one row an account: a pair of keys at one vendor. Without the keys.
create or replace view dim_account as
select
    id as account_id,
    type collate utf8mb4_unicode_ci as vendor,
    name collate utf8mb4_unicode_ci as account_name,
    region_id collate utf8mb4_unicode_ci as region_id,
    enabled = 1 as is_read
from cloud_user
