"""What alerts say: titles, lines, the daily digest; both languages."""

from __future__ import annotations

from typing import Final

ENGLISH: Final = {
    # messages
    "alert.title": "{severity}: {name}: {state}{since}",
    "alert.title_many": "{severity}: {count} × {state}{since}: {names}",
    "alert.since": " since {since}",
    "alert.error": "ERROR",
    "alert.warn": "WARNING",
    "alert.ok": "OK",
    "alert.recovered": "OK: {names}: recovered",
    "alert.recovered_many": "OK: {count} recovered: {names}",
    "alert.recovered_since": "{name}: recovered; it was in trouble since {since}.",
    "alert.recovered_line": "{name}: recovered.",
    "alert.ended": "Over: {names}",
    "alert.ended_many": "Over: {count}: {names}",
    "alert.ended_line": "{name}: no longer in trouble: it was done again, a person left it out, or"
    " it lies too far back.",
    "alert.missed": "Was in trouble: {names}",
    "alert.missed_many": "Were in trouble: {count}: {names}",
    "alert.missed_line": "{name}: recovered; it was in trouble since {since}, and this channel"
    " could not be told.",
    "alert.more": "{severity}: {count} more: {names}",
    "alert.step": "{who}: {step}",
    "alert.halts": "Because of it {count} have no next run: {names}.",
    "alert.all": "All {count}: {names}.",
    "alert.others": " and {count} more",
    "alert.link": "Sync health: {url}",
    "alert.cut": "… ({count} more characters)",
    "alert.test": "Test: alerts of this synchronizer arrive here",
    "alert.test_body": "Sent by `python -m include watch --test`. Nobody has to do anything.",
    # the daily digest
    "digest.title": "Digest: {headline}",
    "digest.trouble": "{severity}: {name}: {state}{since}. {reason}",
    "digest.fresh": "{count} fresh.",
    "digest.day": "In the last 24 hours: {runs}, {failed} failed; {tickets} and {messages} stored,"
    " {rows} of customer service read.",
    "digest.blind": "Airflow was not asked: what it does not start is not in here.",
    "one.message": "1 message",
    "many.message": "{count} messages",
    # why nothing could be evaluated
    "name.warehouse": "the warehouse",
    "name.watch": "the evaluation by `watch`",
    "name.metadata": "Airflow's database",
    "why.away": "Nothing can be evaluated, and no run can store anything: {error}",
    "why.watch": "Nothing can be evaluated: {error}",
    "why.metadata": "Whether runs start cannot be seen: {error}",
    "step.metadata": "Try it where `watch` runs, with its environment: `airflow db check`.",
}
CHINESE: Final = {
    # messages
    "alert.title": "【{severity}】{name}：{state}{since}",
    "alert.title_many": "【{severity}】{count} 项{state}{since}：{names}",
    "alert.since": "，自 {since}",
    "alert.error": "错误",
    "alert.warn": "警告",
    "alert.ok": "正常",
    "alert.recovered": "【恢复】{names}",
    "alert.recovered_many": "【恢复】{count} 项：{names}",
    "alert.recovered_since": "{name}：已恢复；自 {since} 起有问题。",
    "alert.recovered_line": "{name}：已恢复。",
    "alert.ended": "【结束】{names}",
    "alert.ended_many": "【结束】{count} 项：{names}",
    "alert.ended_line": "{name}：不再有问题：已重新执行，或被人停用，或时间已久。",
    "alert.missed": "【曾有问题】{names}",
    "alert.missed_many": "【曾有问题】{count} 项：{names}",
    "alert.missed_line": "{name}：已恢复；自 {since} 起有问题，当时无法通知此渠道。",
    "alert.more": "【{severity}】还有 {count} 项：{names}",
    "alert.step": "{who}：{step}",
    "alert.halts": "因此有 {count} 项不会再运行：{names}。",
    "alert.all": "共 {count} 项：{names}。",
    "alert.others": " 等，另有 {count} 项",
    "alert.link": "同步状况：{url}",
    "alert.cut": "…（另有 {count} 字）",
    "alert.test": "测试：同步告警会送到这里",
    "alert.test_body": "由 `python -m include watch --test` 发出，无需处理。",
    # the daily digest
    "digest.title": "每日摘要：{headline}",
    "digest.trouble": "【{severity}】{name}：{state}{since}。{reason}",
    "digest.fresh": "{count} 项正常。",
    "digest.day": "过去 24 小时：{runs}，其中 {failed} 次失败；存入{tickets}、{messages}；"
    "读取客服数据{rows}。",
    "digest.blind": "未询问 Airflow：它没有启动的，这里看不到。",
    "one.message": "1 条留言",
    "many.message": "{count} 条留言",
    # why nothing could be evaluated
    "name.warehouse": "目标库",
    "name.watch": "`watch` 的判定",
    "name.metadata": "Airflow 的数据库",
    "why.away": "无法判定，运行也无法存储：{error}",
    "why.watch": "无法判定：{error}",
    "why.metadata": "看不到运行是否启动：{error}",
    "step.metadata": "在 `watch` 所在机器、以其环境试一试：`airflow db check`。",
}
