"""What each chart of ``examples/superset`` should show, in SQL that a person would write.

By the name of the chart's file; columns have the names that Superset gives them. What changes by
the minute (how far behind, waited so far) is left out. ``:today`` is the local day. The statements
read tables, or another view than the chart, wherever there is one.
"""

from __future__ import annotations

from typing import Final

YEAR: Final = ":today - interval 12 month"
QUARTER: Final = ":today - interval 3 month"
MONDAY: Final = "date({0}) - interval weekday({0}) day"
WEEKDAY: Final = (
    "elt({} + 1, '1 周一 Mon', '2 周二 Tue', '3 周三 Wed', '4 周四 Thu', '5 周五 Fri',"
    " '6 周六 Sat', '7 周日 Sun')"
)
SPANS: Final = f"rpt_cohort where grain = 'day' and scope = 'all' and local_start >= {QUARTER}"
WEEKS: Final = (
    "rpt_cohort where grain = 'week' and provisional = 0 and scope = 'all'"
    f" and local_start >= {QUARTER} and local_start <= snapshot_at + interval 8 hour"
)
MET: Final = "case when is_breached = 1 then 0 when met_at is not null then 1 end"
SUPPLIER: Final = "concat(coalesce(s.supplier_name, '？'), ' #', {})"

NUMBERS: Final = {
    "tickets_open": "select count(*) as open_at_end from rpt_ticket"
    " where is_closed = 0 and is_missing = 0",
    "tickets_waiting": "select count(*) as waiting_for_vendor from rpt_ticket"
    " where waits_for = 'vendor'",
    "tickets_first_reply": "select round(avg(first_reply_s) / 60) * 60000 as first_reply_mean_ms"
    f" from rpt_ticket where local_created_at >= {YEAR}",
    "tickets_sla": "select sum(is_breached = 0 and met_at is not null)"
    " / sum(is_breached = 1 or met_at is not null) as met_share"
    f" from v_ticket_sla where local_day >= {YEAR}",
    "tickets_new_by_week": f"select {MONDAY.format('local_created_at')} as local_created_at,"
    " nullif(sum(vendor = 'ALIBABA'), 0) as ALIBABA, nullif(sum(vendor = 'HUAWEI'), 0) as HUAWEI,"
    " nullif(sum(vendor = 'TENCENT'), 0) as TENCENT from rpt_ticket"
    f" where local_created_at >= {YEAR} group by 1",
    "tickets_backlog": "select local_day, sum(open_to_1d) as open_to_1d, sum(open_to_3d) as"
    " open_to_3d, sum(open_to_7d) as open_to_7d, sum(open_to_14d) as open_to_14d, sum(open_to_30d)"
    " as open_to_30d, sum(open_over_30d) as open_over_30d from rpt_ticket_backlog_day"
    f" where local_day >= {YEAR} group by 1",
    "tickets_reply_percentiles": "select local_start, first_reply_p50_s / 3600 as"
    " first_reply_p50_h, first_reply_p90_s / 3600 as first_reply_p90_h from rpt_ticket_cohort"
    f" where grain = 'month' and scope = 'all' and local_start >= {YEAR}",
    "tickets_sla_by_month": "select date(date_format(local_day, '%Y-%m-01')) as local_day,"
    f" avg(case when metric = 'close' then {MET} end) as `关单 | close`,"
    f" avg(case when metric = 'first_reply' then {MET} end) as `首次响应 | first reply`"
    f" from v_ticket_sla where local_day >= {YEAR} group by 1",
    "tickets_by_product": "select product_name, count(*) as tickets from rpt_ticket"
    f" where local_created_at >= {YEAR} group by 1 order by 2 desc limit 10",
    "tickets_by_category": "select category_name, count(*) as tickets from rpt_ticket"
    f" where local_created_at >= {YEAR} group by 1",
    "tickets_touches": "select vendor, sum(staff_messages = 1) as one_touch, sum(staff_messages ="
    " 2) as two_touch, sum(staff_messages > 2) as multi_touch from rpt_ticket"
    f" where is_complete = 1 and local_created_at >= {YEAR} group by 1",
    "tickets_when": "select lpad(hour(local_created_at), 2, '0') as created_hour,"
    f" {WEEKDAY.format('weekday(local_created_at)')} as created_weekday, count(*) as tickets"
    f" from rpt_ticket where local_created_at >= {YEAR} group by 1, 2",
    "tickets_longest": "select ticket_id, vendor from rpt_ticket where waits_for = 'vendor'"
    " order by waits_since_at limit 200",
    "cs_waiting": "select headline as waiting_now from rpt_queue_now where scope = 'all'",
    "cs_offered": f"select sum(offered) as conversations from {SPANS}",
    "cs_service_level": f"select sum(wait_in_time) / sum(wait_n) as in_time_share from {SPANS}",
    "cs_unanswered": f"select sum(unanswered) / sum(archived) as share_unanswered from {SPANS}",
    "cs_volume": "select local_start as local_day, served as by_humans, robot as by_robots,"
    " if(has_queue, waiting, null) as still_waiting,"
    f" if(is_watched, lost, null) as lost_waiting, untimed as without_time from {SPANS}",
    "cs_suppliers": f"select {SUPPLIER.format('r.scope_id')} as supplier, sum(r.offered) as"
    " conversations from rpt_cohort as r left join rpt_supplier as s on s.supplier_id = r.scope_id"
    f" where r.grain = 'day' and r.scope = 'supplier' and r.local_start >= {QUARTER}"
    " group by r.scope_id, s.supplier_name order by 2 desc limit 10",
    "cs_service_level_by_day": "select local_start as local_day, wait_in_time / nullif(wait_n, 0)"
    f" as in_time_share from {SPANS}",
    "cs_waits": "select local_start, queued_p50_s as median_s, queued_p90_s as ninetieth_s"
    f" from {WEEKS}",
    "cs_wait_distribution": " union all ".join(
        f"select '{label}' as range_label, sum(wait_{column}) as waits from {SPANS}"
        for label, column in (
            ("2. 1–15 s", "to_15s"),
            ("3. 15–30 s", "to_30s"),
            ("4. 30–60 s", "to_1min"),
            ("5. 1–3 min", "to_3min"),
            ("6. 3–6 min", "to_6min"),
            ("7. > 6 min", "over_6min"),
        )
    ),
    "cs_week": f"select lpad(hour, 2, '0') as hour_label, {WEEKDAY.format('weekday - 1')} as"
    " weekday_label, mean_offered as conversations from v_hour_profile",
    "cs_handling": "select local_start, handling_p50_s / 60 as median_min, handling_p90_s /"
    f" 60 as p90_min from {WEEKS}",
    "cs_quality": f"select {MONDAY.format('local_start')} as local_day, sum(repeat_24h) /"
    " sum(named) as share_again_24h, sum(repeat_7d) / sum(named) as share_again_7d,"
    " sum(asked_again) / sum(archived) as share_asked_again"
    f" from {SPANS} and provisional = 0 group by 1",
    "cs_seats": "select local_start, p50 as median_seat, p90 as ninetieth_seat from rpt_seat_work"
    f" where grain = 'day' and scope = 'all' and local_start >= {QUARTER}",
    "cs_load": f"select {SUPPLIER.format('coalesce(r.supplier_id, 0)')} as supplier, count(*) as"
    " valid_seats, sum(r.conversations) as holding, sum(nullif(r.max_user, 0)) as may_hold,"
    " sum(r.conversations) / sum(nullif(r.max_user, 0)) as load_share from rpt_seat as r"
    " left join rpt_supplier as s on s.supplier_id = coalesce(r.supplier_id, 0)"
    " where r.seat_class <> 'disabled' group by coalesce(r.supplier_id, 0), s.supplier_name",
    "sync_late": "select 0 as late",
    "sync_failing": "select 0 as failing",
    "sync_tickets_lag": "",
    "sync_snapshot_age": "",
    "sync_freshness": "select account_id as account_label, elt(field(entity, 'tickets', 'catalog',"
    " 'snapshot', 'build'), '工单 | tickets', '产品目录 | catalogue', '客服快照 | snapshot',"
    " '报表 | reports') as entity_label, '✓ 及时 | current' as state_label"
    " from sync_state where entity in ('tickets', 'catalog', 'snapshot', 'build')",
    "sync_lag": "select id as account_label from cloud_user",
    "sync_tickets_by_vendor": "select vendor, sum(is_closed = 0 and is_missing = 0)"
    " as open_tickets, sum(is_complete) as complete_tickets,"
    " sum(is_closed > is_complete) as closed_not_complete from rpt_ticket group by 1",
    "sync_snapshots": "select date(moment) as snapshot_local,"
    " avg(if(full_because is not null, took, null)) as `全量 | full`,"
    " avg(if(full_because is null, took, null)) as `增量 | changes` from (select full_because,"
    " snapshot_at + interval 8 hour as moment, timestampdiff(microsecond, snapshot_at, stored_at)"
    " / 1e6 as took from cs_snapshot) as s group by 1",
    "sync_snapshots_newest": "select snapshot_id, state from cs_snapshot",
}
