-- Grain: one row a local day and supplier (0: none) with conversations.
-- How conversations went: unanswered (archived, the customer spoke last), asked again (entered
-- the queue more than once), repeated (the same customer came to the same supplier before), and
-- handling time, which includes idle gaps and is an upper bound; v_handling has its percentiles.
-- First response times are not in the source. Counts and handling_sum_s may be added up over days
-- and suppliers; shares and means may not.
create or replace view v_contact as
select
    c.local_start as local_day,
    c.start_at,
    c.scope_id as supplier_id,
    s.supplier_name collate utf8mb4_unicode_ci as supplier_name,
    c.archived,
    c.unanswered,
    c.unanswered / nullif(c.archived, 0) as unanswered_share,
    c.asked_again,
    c.asked_again / nullif(c.archived, 0) as asked_again_share,
    c.named,
    c.repeat_24h,
    c.repeat_24h / nullif(c.named, 0) as repeat_24h_share,
    c.repeat_7d,
    c.repeat_7d / nullif(c.named, 0) as repeat_7d_share,
    c.handling_n,
    c.handling_sum_s,
    c.handling_sum_s / nullif(c.handling_n, 0) as handling_mean_s,
    c.snapshot_id,
    c.snapshot_at,
    c.definition_version,
    c.provisional,
    c.updated_at
from rpt_cohort as c
left join rpt_supplier as s on s.supplier_id = c.scope_id
where c.grain = 'day' and c.scope = 'supplier'
