-- Grain: one row a business line (busi_id) that is known or in use; 0: none.
-- The source has no names of them, its code has; NULL for a line that is not known to it.
create or replace view dim_line as
select
    busi_id,
    line_name collate utf8mb4_unicode_ci as line_name,
    line_name_en collate utf8mb4_unicode_ci as line_name_en
from rpt_line
