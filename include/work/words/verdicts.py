"""The words of verdicts, in both languages.

A reason is a sentence; a next step is one too, and names a command, a setting or a place in
Airflow's UI in backticks. The terms are those of ``sql/dictionary``.
"""

from __future__ import annotations

from typing import Final

ENGLISH: Final = {
    # states and how severe they are
    "state.broken": "broken",
    "state.late": "late",
    "state.refused": "refused",
    "state.offended": "offended",
    "state.failing": "failing",
    "state.silent": "silent",
    "state.never_ran": "never ran",
    "state.waiting": "waiting",
    "state.switched_off": "switched off",
    "state.quarantined": "quarantined",
    "state.running": "running",
    "state.fresh": "fresh",
    "severity.error": "error",
    "severity.warn": "warn",
    "severity.ok": "ok",
    # who acts
    "who.nobody": "nobody",
    "who.operator": "the operator",
    "who.account_owner": "the account owner",
    "who.data_owner": "the data owner",
    "who.developers": "the developers of this tool",
    # what a verdict is about
    "name.tickets": "{name} tickets",
    "name.catalog": "{name} catalogue",
    "name.snapshot": "customer-service snapshot",
    "name.build": "reports",
    "name.run": "SQL checks",
    "name.check": "check {name}",
    "name.other": "{name} {entity}",
    "name.ticket": "{name} ticket {ticket}",
    "name.scheduler": "the scheduler",
    "name.dag-processor": "the DAG processor",
    "name.pool": "the pool {name}",
    # how many, and how long
    "one.run": "1 run",
    "many.run": "{count} runs",
    "one.ticket": "1 ticket",
    "many.ticket": "{count} tickets",
    "one.row": "1 row",
    "many.row": "{count} rows",
    "span.d": "{count} d",
    "span.h": "{count} h",
    "span.min": "{count} min",
    "span.under": "under 1 min",
    "span.beginning": "the beginning",
    # why data is as it is
    "why.failed": "{error}",
    "why.failed_late": "{error} The data is of {ago} ago.",
    "why.late": "No run has failed, and still the data is of {ago} ago.",
    "why.catching_up": "Runs are catching up; the data is of {ago} ago.",
    "why.no_mark": "No run has read it from beginning to end.",
    "why.ahead": "The watermark lies ahead of every run.",
    "why.never": "No run has taken it yet.",
    "why.begun": "No run of it was completed yet.",
    "why.first": "Its first run is under way.",
    "why.silent": "Its run has shown no sign of life since {since}.",
    "why.refused": "The newest snapshot was refused: {rows} of {tables} had vanished. What was"
    " published before stays.",
    "why.offended": "{rows} against: {sentence}",
    "why.quarantined": "{tickets} in quarantine; of the oldest, {ticket}: {error}",
    "why.account_off": "The account is switched off.",
    "why.vendor_off": "{vendor} is not read: it is switched off.",
    "why.experimental_off": "{vendor} is not read: its API is experimental and switched off.",
    "why.removed": "The account is no longer there; its tickets stay.",
    "why.site_off": "No account that is read leads to this site any more.",
    # what stops runs
    "why.stop.silent": "{name} gives no sign of life since {since}.",
    "why.stop.not_started": "{name} was never started.",
    "why.stop.not_imported": "{name} cannot be imported since {since}: {detail}",
    "why.stop.gone": "{name} is no longer found by Airflow since {since}.",
    "why.stop.not_found": "{name} was never found by Airflow.",
    "why.stop.paused": "{name} is switched off: no run since {since}.",
    "why.stop.paused_never_ran": "{name} is switched off, and never ran.",
    "why.stop.paused_waiting": "{name} is switched off while it has {runs} waiting: no run since"
    " {since}.",
    "why.stop.queued": "{name} has {runs} in the queue since {since}.",
    "why.stop.full": "{name} has {runs} in the queue since {since}, behind those that are active.",
    "why.stop.starved": "{name} has tasks that wait, and none that runs, since {since}.",
    "why.stop.no_pool": "{name} does not exist, or has no slot, and tasks want it.",
    # what to do about a stop
    "step.stop.silent": "Start it: `airflow {subject}`; its log says why it ended.",
    "step.stop.not_started": "Start it: `airflow {subject}`.",
    "step.stop.not_imported": "Mend what the reason names; Airflow, `Dags`, `Import errors`, or"
    " `airflow dags list-import-errors`, has all of it.",
    "step.stop.gone": "Put `{subject}.py` back into the folder of DAGs, or correct `dags_folder`"
    " ({detail}).",
    "step.stop.not_found": "Put `{subject}.py` into the folder of DAGs, or correct `dags_folder`"
    " ({detail}).",
    "step.stop.paused": "Switch it on: Airflow, `Dags`, the switch beside `{subject}`; or `airflow"
    " dags unpause {subject}`.",
    "step.stop.queued": "Look into the log of `airflow scheduler`: it says why it starts no run.",
    "step.stop.full": "Wait, or end one of the runs: Airflow, `Dags`, `{subject}`, `Runs`.",
    "step.stop.starved": "Look for a worker and a free place: `parallelism`, and the slots under"
    " Airflow, `Admin`, `Pools`.",
    "step.stop.no_pool": "Add it, or slots: Airflow, `Admin`, `Pools`, or `airflow pools set"
    " {subject} 128 ours`.",
    # what to do about data
    "step.late": "Look at the runs of `{dag}` in Airflow; without Airflow start one: `{command}`.",
    "step.wait": "Wait: the next run of `{dag}` goes on from there.",
    "step.never": "Wait for the next run of `{dag}`, or start one: `{command}`.",
    "step.refused": "Look at the source; if it is right: `python -m include snapshot"
    " --accept-vanished {rows}`, or trigger `snapshot_customer_service` with it; a later snapshot"
    " that shows no more gone confirms it, too.",
    "step.offended": "Look at some of them: `python -m include verify`; then accept or correct"
    " them.",
    "step.account_off": "To read it again, run `python -m include accounts enable` with its id.",
    "step.vendor_off": "To read it, set `{variable}=1` in the environment of Airflow.",
    "step.removed": "To read it again, run `python -m include accounts add` with its id; to be told"
    " of it no more, `accounts remove`.",
    "step.again": "Run it again as before; `python -m include status` tells it for two days.",
    # what to do about an error, by its class
    "step.ConfigError": "Correct the setting, key or right that the reason names, then run"
    " `python -m include check`.",
    "step.AlreadyRunningError": "Wait: another run does the work; `python -m include status` shows"
    " it.",
    "step.CheckError": "Look at what the reason names, `python -m include verify` shows examples;"
    " then accept or correct it.",
    "step.PartialError": "Wait: every run tries them again; `python -m include status` lists them.",
    "step.OutOfTimeError": "Wait: the next run goes on from there; or run `python -m include"
    " sync`.",
    "step.AuthError": "Look at key, permissions and clock in the vendor's console; a new key goes"
    " in with `python -m include accounts add`, and `python -m include check` tries it.",
    "step.NotFoundError": "Wait: the next run of `sync_tickets` notes that the vendor no longer"
    " shows it.",
    "step.RejectedError": "Send {maintainer} the reason, its request id and the log of the run (in"
    " a terminal: `--debug` before the verb): the code or the vendor's API changed.",
    "step.Exception": "Send {maintainer} the log of the run (in a terminal: `--debug` before the"
    " verb): it is an error in the code.",
    "step.RateLimitError": "Wait: the next run tries again; if it stays so, lower"
    " `CALLS_PER_SECOND`.",
    "step.UnavailableError": "Wait: the next run tries again; `python -m include check` tries it"
    " now.",
    "step.in_vain.RateLimitError": "Trying again has not helped: lower `CALLS_PER_SECOND`, or find"
    " who else calls with the account's key.",
    "step.in_vain.UnavailableError": "Trying again has not helped: run `python -m include check` on"
    " the machine that runs it, then ask whoever keeps the other side.",
    # how to test the way to a host
    "step.way.name": "Test the name on the machine that runs it: `getent hosts {host}`; then mend"
    " its DNS, or {setting}.",
    "step.way.port": "Test the way on the machine that runs it: `curl -v telnet://{host}:{port}`;"
    " then mend the firewall, or {setting}.",
    "step.way.proxy": "Test the proxy on the machine that runs it: `curl -v -x http://{proxy}"
    " https://{host}/`; then mend it, or `VENDOR_PROXY`.",
    "step.way.wait": "Wait: every run tries again. To know sooner: {step}",
    "setting.vendor": "the address (the region of the account, `{vendor}_BASE_URL`), or name a"
    " proxy in `VENDOR_PROXY`",
    "setting.source": "`SOURCE_URL`",
    "setting.warehouse": "`WAREHOUSE_URL`",
    # all together
    "sum.none": "Nothing is read yet",
    "sum.off": "Every account is switched off",
    "sum.fresh": "All is fresh: nothing failed, nothing is late",
    "sum.first": "Nothing failed and nothing is late; {count} of {all} wait for a first run",
    "sum.unknown": "Nothing failed and nothing is late, as far as the tables tell",
    "sum.trouble": "{count} of {all} need a look",
    "sum.trouble_one": "1 of {all} needs a look",
    "sum.count": "{count} {state}",
    "sum.and": ", ",
    "sum.brief": "{severity}: {counts}",
    "sum.brief_worst": "{severity}: {counts}: {name} {state}{span}: {reason} {who}: {step}",
    "sum.span": " for {span}",
    "sum.none_brief": "nothing is read",
    "sum.not_asked": " (Airflow was not asked)",
}

CHINESE: Final = {
    # states and how severe they are
    "state.broken": "无法运行",
    "state.late": "滞后",
    "state.refused": "快照被拒",
    "state.offended": "检查未通过",
    "state.failing": "失败",
    "state.silent": "无响应",
    "state.never_ran": "从未运行",
    "state.waiting": "等待中",
    "state.switched_off": "已停用",
    "state.quarantined": "隔离中",
    "state.running": "首次运行中",
    "state.fresh": "正常",
    "severity.error": "错误",
    "severity.warn": "警告",
    "severity.ok": "正常",
    # who acts
    "who.nobody": "无需处理",
    "who.operator": "运维人员",
    "who.account_owner": "账户负责人",
    "who.data_owner": "数据负责人",
    "who.developers": "本工具的开发人员",
    # what a verdict is about
    "name.tickets": "{name} 的工单",
    "name.catalog": "{name} 的产品目录",
    "name.snapshot": "客服快照",
    "name.build": "报表",
    "name.run": "SQL 检查",
    "name.check": "检查项 {name}",
    "name.other": "{name} {entity}",
    "name.ticket": "{name} 的工单 {ticket}",
    "name.scheduler": "调度器",
    "name.dag-processor": "DAG 处理器",
    "name.pool": "任务池 {name}",
    # how many, and how long
    "one.run": "1 次运行",
    "many.run": "{count} 次运行",
    "one.ticket": "1 张工单",
    "many.ticket": "{count} 张工单",
    "one.row": "1 行",
    "many.row": "{count} 行",
    "span.d": "{count} 天",
    "span.h": "{count} 小时",
    "span.min": "{count} 分钟",
    "span.under": "不到 1 分钟",
    "span.beginning": "一开始",
    # why data is as it is
    "why.failed": "{error}",
    "why.failed_late": "{error} 当前数据停留在 {ago}前。",
    "why.late": "没有运行失败，但数据仍停留在 {ago}前。",
    "why.catching_up": "正在追赶；数据停留在 {ago}前。",
    "why.no_mark": "还没有一次运行把它从头到尾读完。",
    "why.ahead": "水位线晚于所有运行的时间，不可信。",
    "why.never": "还没有运行处理过它。",
    "why.begun": "还没有一次运行完成。",
    "why.first": "首次运行正在进行。",
    "why.silent": "它的运行自 {since} 起没有任何活动迹象。",
    "why.refused": "最新的快照被拒绝：{tables} 共有 {rows}消失。此前已发布的数据保持不变。",
    "why.offended": "{rows}不符合：{sentence}",
    "why.quarantined": "{tickets}被隔离；其中最早的是 {ticket}：{error}",
    "why.account_off": "该账户已停用。",
    "why.vendor_off": "不读取 {vendor}：已停用。",
    "why.experimental_off": "不读取 {vendor}：它的接口属实验性质，默认停用。",
    "why.removed": "该账户已不存在；它的工单保留。",
    "why.site_off": "已没有在读取的账户通向这个站点。",
    # what stops runs
    "why.stop.silent": "{name}自 {since} 起没有心跳。",
    "why.stop.not_started": "{name}从未启动。",
    "why.stop.not_imported": "{name} 自 {since} 起无法导入：{detail}",
    "why.stop.gone": "Airflow 自 {since} 起找不到 {name}。",
    "why.stop.not_found": "Airflow 从未找到 {name}。",
    "why.stop.paused": "{name} 已关闭：自 {since} 起没有运行。",
    "why.stop.paused_never_ran": "{name} 已关闭，且从未运行。",
    "why.stop.paused_waiting": "{name} 已关闭，却有 {runs}在等待：自 {since} 起没有运行。",
    "why.stop.queued": "{name} 有 {runs}自 {since} 起在队列中等待。",
    "why.stop.full": "{name} 有 {runs}自 {since} 起排在正在进行的运行之后。",
    "why.stop.starved": "{name} 自 {since} 起有任务在等待，却没有任务在运行。",
    "why.stop.no_pool": "{name} 不存在或没有名额，而任务需要它。",
    # what to do about a stop
    "step.stop.silent": "启动它：`airflow {subject}`；它的日志会说明为何终止。",
    "step.stop.not_started": "启动它：`airflow {subject}`。",
    "step.stop.not_imported": "按原因所述修正；全文见 Airflow 的 `Dags`、`Import errors`，或"
    " `airflow dags list-import-errors`。",
    "step.stop.gone": "把 `{subject}.py` 放回 DAG 目录，或修正 `dags_folder`（{detail}）。",
    "step.stop.not_found": "把 `{subject}.py` 放进 DAG 目录，或修正 `dags_folder`（{detail}）。",
    "step.stop.paused": "打开它：Airflow，`Dags`，`{subject}` 旁的开关；"
    "或 `airflow dags unpause {subject}`。",
    "step.stop.queued": "查看 `airflow scheduler` 的日志：那里写着为何没有启动运行。",
    "step.stop.full": "等待，或结束其中一次运行：Airflow，`Dags`，`{subject}`，`Runs`。",
    "step.stop.starved": "检查是否有 worker 和空位：`parallelism`，以及 Airflow 的 `Admin`、`Pools`"
    " 中的名额。",
    "step.stop.no_pool": "建立它或增加名额：Airflow，`Admin`，`Pools`，或"
    " `airflow pools set {subject} 128 ours`。",
    # what to do about data
    "step.late": "在 Airflow 中查看 `{dag}` 的运行；没有 Airflow 时手动启动一次：`{command}`。",
    "step.wait": "等待：`{dag}` 的下一次运行会接着处理。",
    "step.never": "等待 `{dag}` 的下一次运行，或手动启动一次：`{command}`。",
    "step.refused": "先核对源库；若属实：`python -m include snapshot --accept-vanished {rows}`，"
    "或带此参数触发 `snapshot_customer_service`；之后的快照若没有更多消失，也会自行确认。",
    "step.offended": "抽查几行：`python -m include verify`；然后接受或更正。",
    "step.account_off": "要恢复读取，用它的 id 运行 `python -m include accounts enable`。",
    "step.vendor_off": "要读取它，在 Airflow 的环境中设置 `{variable}=1`。",
    "step.removed": "要恢复读取，用它的 id 运行 `python -m include accounts add`；不想再看到它："
    "`accounts remove`。",
    "step.again": "照原样再运行一次；`python -m include status` 会提示它两天。",
    # what to do about an error, by its class
    "step.ConfigError": "更正原因所指的设置、密钥或权限，然后运行 `python -m include check`。",
    "step.AlreadyRunningError": "等待：另一次运行正在处理；`python -m include status` 会显示它。",
    "step.CheckError": "查看原因所指的内容，`python -m include verify` 会给出例子；"
    "然后接受或更正。",
    "step.PartialError": "等待：每次运行都会重试；`python -m include status` 列出它们。",
    "step.OutOfTimeError": "等待：下一次运行会接着处理；或运行 `python -m include sync`。",
    "step.AuthError": "在厂商控制台检查密钥、权限和时钟；新密钥用 `python -m include accounts add`"
    " 录入，再用 `python -m include check` 验证。",
    "step.NotFoundError": "等待：`sync_tickets` 的下一次运行会记下厂商已查无此单。",
    "step.RejectedError": "把原因、其中的请求 ID 和运行日志发给{maintainer}（在终端：命令前加"
    " `--debug`）：代码或厂商接口有变化。",
    "step.Exception": "把运行日志发给{maintainer}（在终端：命令前加 `--debug`）：这是代码的错误。",
    "step.RateLimitError": "等待：下一次运行会重试；若一直如此，调低 `CALLS_PER_SECOND`。",
    "step.UnavailableError": "等待：下一次运行会重试；`python -m include check` 可立即再试。",
    "step.in_vain.RateLimitError": "重试没有用：调低 `CALLS_PER_SECOND`，或查出还有谁在用该账户的"
    "密钥调用。",
    "step.in_vain.UnavailableError": "重试没有用：在运行它的机器上执行 `python -m include check`，"
    "然后联系对端的维护者。",
    # how to test the way to a host
    "step.way.name": "在运行它的机器上测试域名：`getent hosts {host}`；然后修正 DNS 或{setting}。",
    "step.way.port": "在运行它的机器上测试网络：`curl -v telnet://{host}:{port}`；然后修正防火墙或"
    "{setting}。",
    "step.way.proxy": "在运行它的机器上测试代理：`curl -v -x http://{proxy} https://{host}/`；"
    "然后修正代理或 `VENDOR_PROXY`。",
    "step.way.wait": "等待：每次运行都会重试。想尽早确认：{step}",
    "setting.vendor": "地址（账户的地域、`{vendor}_BASE_URL`），或在 `VENDOR_PROXY` 中指定代理",
    "setting.source": " `SOURCE_URL`",
    "setting.warehouse": " `WAREHOUSE_URL`",
    # all together
    "sum.none": "尚未读取任何数据",
    "sum.off": "所有账户均已停用",
    "sum.fresh": "一切正常：没有失败，没有滞后",
    "sum.first": "没有失败，没有滞后；{all} 项中有 {count} 项等待首次运行",
    "sum.unknown": "就数据表所见，没有失败，没有滞后",
    "sum.trouble": "{all} 项中有 {count} 项需要处理",
    "sum.trouble_one": "{all} 项中有 1 项需要处理",
    "sum.count": "{count} 项{state}",
    "sum.and": "，",
    "sum.brief": "{severity}：{counts}",
    "sum.brief_worst": "{severity}：{counts}：{name}{state}{span}：{reason} {who}：{step}",
    "sum.span": "，已 {span}",
    "sum.none_brief": "尚未读取任何数据",
    "sum.not_asked": "（未询问 Airflow）",
}
