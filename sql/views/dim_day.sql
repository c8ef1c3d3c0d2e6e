-- Grain: one row a local day, from the year 2000 to the end of the next one.
-- Join from it so that days without anything show. Working days are Monday to Friday but for what
-- rpt_holiday says; is_workday 1 with a holiday's name: a weekend day on which people work.
create or replace view dim_day as
select
    local_day,
    year,
    quarter,
    month,
    week_start,
    month_start,
    weekday,
    is_workday,
    holiday collate utf8mb4_unicode_ci as holiday,
    start_at,
    end_at,
    closes_s - opens_s as business_s
from rpt_day
