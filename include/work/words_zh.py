"""The words of a verdict in Chinese: the keys and parameters of ``ENGLISH`` in ``words.py``.

A test compares both. The terms are those of ``sql/dictionary``.
"""

from __future__ import annotations

from typing import Final

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
    "why.stop.paused": "{name} 已停用：自 {since} 起没有运行。",
    "why.stop.paused_never_ran": "{name} 已停用，且从未运行。",
    "why.stop.paused_waiting": "{name} 已停用，却有 {runs}在等待：自 {since} 起没有运行。",
    "why.stop.queued": "{name} 有 {runs}自 {since} 起在队列中等待。",
    "why.stop.full": "{name} 有 {runs}自 {since} 起排在正在进行的运行之后。",
    "why.stop.starved": "{name} 自 {since} 起有任务在等待，却没有任务在运行。",
    "why.stop.no_pool": "{name} 不存在或没有名额，而任务需要它。",
    # what to do about a stop
    "step.stop.silent": "启动它：`airflow {subject}`；它的日志会说明为何终止。",
    "step.stop.not_started": "启动它：`airflow {subject}`。",
    "step.stop.not_imported": "按原因所述修正；全文见 Airflow 的 `Dags`、`Import errors`，或"
    " `airflow dags list-import-errors`。",
    "step.stop.gone": "把 `{subject}.py` 放回 DAG 目录，或更正 `dags_folder`（{detail}）。",
    "step.stop.not_found": "把 `{subject}.py` 放进 DAG 目录，或更正 `dags_folder`（{detail}）。",
    "step.stop.paused": "启用它：Airflow，`Dags`，`{subject}` 旁的开关；或"
    " `airflow dags unpause {subject}`。",
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
    "setting.vendor": "地址（账户的地域、`{vendor}_BASE_URL`），或在 `VENDOR_PROXY` 中设代理",
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
