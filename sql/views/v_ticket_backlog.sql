-- Grain: one row a sample (each build of the reports) and vendor, account, product and
-- category.
-- Open tickets by age. unanswered counts those that hold no reply yet; NULL where messages of some
-- are not read, which takes OPEN_MESSAGES.
create or replace view v_ticket_backlog as
select
    sampled_at,
    sampled_at = (select max(b.built_at) from rpt_build as b) as is_newest,
    vendor,
    account_id,
    product_id,
    category_id,
    open,
    to_1d,
    to_3d,
    to_7d,
    to_14d,
    to_30d,
    over_30d,
    oldest_at,
    unanswered,
    definition_version
from rpt_ticket_backlog
