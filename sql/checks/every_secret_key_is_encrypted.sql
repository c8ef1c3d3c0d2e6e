-- level: warn
-- No account's secret key stands in the table as plain text, unless another program reads it there.
select id as account_id
from cloud_user
where trim(secret_key_secret) <> ''
    and trim(secret_key_secret) not like 'v1:%'
    and trim(secret_key_secret) not like 'conn:%'
