"""### 把滞后、失败、恢复通知到各渠道 | What became late, failed or recovered, told

每五分钟一次：像“同步状况”页面一样判定全部对象，把判定存入 `sync_status`，
并把与上次通知相比的变化告知 `ALERT_URLS` 的每个渠道。
某个渠道无法通知，或目标库无法连接时，运行变红。

它在 Airflow 内运行，而任务不能询问 Airflow 的数据库：
调度器停止、DAG 被关闭、任务池被删除，会使它停下或看不到；它也从不说 Airflow 正常。
为此另有 `python -m include watch`，由 cron 或 systemd 在 Airflow 之外运行；
两者共用记录，同一件事不会通知两次。只用后者的，可以让这个 DAG 保持关闭。

---

Every five minutes: judges everything as the page *Sync health* does, keeps the verdicts in
`sync_status`, and tells each channel of `ALERT_URLS` what changed since it was last told. The run
is red when a channel could not be told, or the warehouse is away.

It runs inside Airflow, and a task may not ask Airflow's database: a dead scheduler, a DAG that is
switched off or a pool that is gone end it or stay unseen, and it never says that Airflow is well.
For that there is `python -m include watch`, run by cron or systemd outside Airflow, with which it
shares its notes, so that nothing is told twice. Who runs that may leave this DAG switched off.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import task

from include.runtime import shape
from include.runtime.watch import tell_changes

DESCRIPTION = (
    "每五分钟判定全部对象，把变化通知到各渠道。"
    "Judges everything every five minutes, and tells the channels what changed."
)


@shape.house_dag(
    "*/5 * * * *",
    "checks",
    {},
    __doc__,
    DESCRIPTION,
    longest=timedelta(minutes=10),
    defaults=shape.NEXT_RUN_RETRIES,
)
def watch_health() -> None:
    # One task: it needs no watcher beside it, and a green run is green.
    @task(execution_timeout=timedelta(minutes=9))
    def tell() -> dict[str, int]:
        return tell_changes()

    tell()


watch_health()
