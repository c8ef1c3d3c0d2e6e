-- Grain: one row a table, a view, or a column of one.
-- What each means, in Chinese and English, its unit and zone, and where it comes from. Position 0 is
-- the table or view itself; is_key marks the columns that tell its rows apart. A tool that asks
-- databases for comments finds the same words at the tables; views have none there.
create or replace view v_dictionary as
select
    relation,
    position,
    kind,
    column_name,
    is_key,
    name_zh collate utf8mb4_unicode_ci as name_zh,
    name_en collate utf8mb4_unicode_ci as name_en,
    meaning_zh collate utf8mb4_unicode_ci as meaning_zh,
    meaning_en collate utf8mb4_unicode_ci as meaning_en,
    unit collate utf8mb4_unicode_ci as unit,
    zone,
    origin collate utf8mb4_unicode_ci as origin
from rpt_dictionary
