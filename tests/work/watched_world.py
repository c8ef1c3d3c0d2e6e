"""A warehouse and an Airflow of which a script breaks one thing after the other."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from include.errors import ConfigError, SyncError
from include.secrets import KeyRing, new_key
from include.settings import Settings, read_settings
from include.warehouse.bookkeeping.tables import (
    sync_check,
    sync_quarantine,
    sync_run,
    sync_state,
)
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import add_account
from include.warehouse.tickets.tables import cloud_user
from include.work.alerts.channels import read_channels
from include.work.alerts.watch import watch
from include.work.alerts.watch_itself import tell_itself
from include.work.place import Workplace
from include.work.verdicts.judgement import judge_metadata
from tests import airflow_at_work as airflow
from tests.builders import an_account

KEYS = new_key("k1")
NOWHERE = "mysql+pymysql://u:p@127.0.0.1:1/away"
ACCOUNTS = ("a1", "a2", "a3", "a4", "a5", "a6", "a7")
OTHERS = (
    ("HUAWEI", "catalog"),
    ("customer_service", "snapshot"),
    ("reports", "build"),
    ("checks", "run"),
)
MINUTE = timedelta(minutes=1)


@dataclass
class World:
    """What the evaluators find. *broken*: runs by account and entity, as a fault leaves them."""

    warehouse: Warehouse
    channels: str
    file: Path
    began_at: datetime
    broken: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    digest_at: str = "never"
    is_away: bool = False
    is_metadata_away: bool = False

    def __post_init__(self) -> None:
        ring = KeyRing.parse(KEYS)
        for name in ACCOUNTS:
            keys = {"access_key": f"access-of-{name}", "secret_key": f"secret-of-{name}"}
            account = an_account("huawei", account_id=name, **keys)
            add_account(self.warehouse, ring, account, now=self.began_at)
        self.read_settings()

    def read_settings(self) -> None:
        given = {"SECRET_KEYS": KEYS, "SANDBOX": "1", "ALERT_URLS": self.channels}
        given |= {"ALERT_DIGEST_AT": self.digest_at, "LATE_AFTER": "build=900d,checks=900d"}
        self.settings = read_settings(Settings, given)

    def place(self) -> Workplace:
        warehouse = Warehouse.open(NOWHERE) if self.is_away else self.warehouse
        return Workplace.of(self.settings, warehouse, lambda _name: "", None)

    def opened(self) -> list[Any]:
        """The channels, opened anew as each process does, without Apprise's pause between mails."""
        opened = read_channels(self.channels)
        for channel in opened:
            channel.plugin.request_rate_per_sec = 0
        return opened

    def evaluate_outside(self, now: datetime) -> None:
        """As `watch` does."""
        also, stops = [], None
        try:
            stops = self._find_stops(now)
        except ConfigError as away:
            also = [judge_metadata(str(away), self.settings)]
        failed: Exception | None = None
        try:
            watch(self.place(), self.opened(), stops, now=now, also=also)
        except SyncError as caught:
            failed = caught
        tell_itself(failed, self.opened(), self.settings, path=self.file, now=now)

    def _find_stops(self, now: datetime) -> list[Any]:
        from include.runtime.stops import find_stops

        with ExitStack() as stack:
            if self.is_metadata_away:
                patch = stack.enter_context(pytest.MonkeyPatch.context())
                airflow.look_elsewhere(patch, self.file.parent)
            return find_stops(now=now)

    def evaluate_inside(self, now: datetime) -> None:
        """As the DAG does; it is red when the warehouse is away, and not there without Airflow."""
        if self.silent & {"SchedulerJob"} or self.is_metadata_away:
            return
        try:
            watch(self.place(), self.opened(), None, now=now)
        except SyncError:
            assert self.is_away

    def live(self, now: datetime) -> None:
        """Runs are done and services beat as of *now*, but for what is broken."""
        from airflow.jobs.job import Job

        states: list[dict[str, Any]] = []
        runs: list[dict[str, Any]] = []
        for account_id, entity in {
            **dict.fromkeys((name, "tickets") for name in ACCOUNTS),
            **dict.fromkeys(OTHERS),
            **dict.fromkeys(self.broken),
        }:
            fault = self.broken.get((account_id, entity), {})
            key = {"account_id": account_id, "entity": entity}
            good_at = min(now, fault.get("failed_at", now), fault.get("stale_at", now)) - MINUTE
            is_by_hand = entity == "backfill"
            state: dict[str, Any] = {"heartbeat_at": fault.get("heartbeat_at", now), "token": 1}
            state["watermark_at"] = None if is_by_hand else fault.get("stale_at", now - MINUTE)
            states.append({**key, **state})
            common = {**key, "vendor": "HUAWEI", "error_class": None, "error_text": None}
            done = {"outcome": "done", "started_at": good_at - MINUTE, "ended_at": good_at}
            if not is_by_hand:
                runs.append({**common, **done})
            if "error_class" in fault:
                failed_at = fault["failed_at"]
                told = {name: fault[name] for name in ("error_class", "error_text", "outcome")}
                runs.append(
                    {**common, **told, "started_at": failed_at - MINUTE / 2, "ended_at": failed_at}
                )
            elif "heartbeat_at" in fault:
                began = {"started_at": fault["heartbeat_at"], "ended_at": None}
                runs.append({**common, **began, "outcome": "running"})
        for number, row in enumerate(runs):
            row["run_id"] = f"r{number}"

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(sync_run))
            connection.execute(sa.delete(sync_state))
            connection.execute(sa.insert(sync_state), states)
            connection.execute(sa.insert(sync_run), runs)

        self.warehouse.transact(write)
        beating = [name for name in ("SchedulerJob", "DagProcessorJob") if name not in self.silent]
        with airflow.session() as session:
            session.execute(
                sa.update(Job).where(Job.job_type.in_(beating)).values(latest_heartbeat=now)
            )

    # the faults

    def fail(self, key: tuple[str, str], error: str, now: datetime, text: str = "") -> None:
        outcome = "partial" if error == "PartialError" else "failed"
        self.broken[key] = {
            "error_class": error,
            "error_text": text or "it did not answer",
            "outcome": outcome,
            "failed_at": now,
        }

    def mend(self, *keys: tuple[str, str]) -> None:
        for key in keys:
            del self.broken[key]

    def offend(self, name: str, level: str, now: datetime) -> None:
        row: dict[str, Any] = {
            "sentence": "No row is odd",
            "offences": 3,
            "sample": "[]",
            "checked_at": now,
        }
        row |= {"name": name, "level": level, "failing_since_at": now}
        self.warehouse.transact(lambda c: c.execute(sa.insert(sync_check).values(row)))

    def forget_checks(self) -> None:
        self.warehouse.transact(lambda c: c.execute(sa.delete(sync_check)))

    def quarantine(self, account_id: str, now: datetime) -> None:
        row: dict[str, Any] = {
            "account_id": account_id,
            "item_id": "T1",
            "error_class": "ContractError",
        }
        row |= {"error_text": "field x is missing", "attempts": 1, "first_at": now, "last_at": now}
        self.warehouse.transact(lambda c: c.execute(sa.insert(sync_quarantine).values(row)))
        self.fail((account_id, "tickets"), "PartialError", now, "1 ticket waits")

    def let_out(self, account_id: str) -> None:
        self.warehouse.transact(lambda c: c.execute(sa.delete(sync_quarantine)))
        self.mend((account_id, "tickets"))

    def spoil_key(self, account_id: str) -> Any:
        column = cloud_user.c.secret_key_secret

        def spoil(connection: sa.Connection, value: str) -> str:
            where = cloud_user.c.id == account_id
            before = connection.scalar(sa.select(column).where(where))
            connection.execute(sa.update(cloud_user).where(where).values({column: value}))
            return str(before)

        before = self.warehouse.transact(lambda c: spoil(c, "v1:k9:AAAA"))
        return lambda: self.warehouse.transact(lambda c: spoil(c, before))

    def fall_silent(self, job_type: str, now: datetime) -> None:
        from airflow.jobs.job import Job

        self.silent.add(job_type)
        with airflow.session() as session:
            beat = now - 2 * MINUTE
            session.execute(
                sa.update(Job).where(Job.job_type == job_type).values(latest_heartbeat=beat)
            )

    def set_dag(self, dag_id: str, **values: Any) -> None:
        from airflow.models.dag import DagModel

        with airflow.session() as session:
            session.execute(sa.update(DagModel).where(DagModel.dag_id == dag_id).values(values))

    def set_pool(self, slots: int) -> None:
        from airflow.models.pool import Pool

        with airflow.session() as session:
            session.execute(sa.delete(Pool))
            if slots:
                pool = Pool(pool=Pool.DEFAULT_POOL_NAME, slots=slots, include_deferred=False)
                session.add(pool)

    def break_file(self, name: str, now: datetime) -> None:
        from airflow.models.errors import ParseImportError

        with airflow.session() as session:
            session.add(ParseImportError(filename=name, stacktrace="no module", timestamp=now))

    def mend_files(self) -> None:
        from airflow.models.errors import ParseImportError

        with airflow.session() as session:
            session.execute(sa.delete(ParseImportError))

    def start_run(self, dag_id: str, state: str, since: datetime, task: str = "") -> None:
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance

        run_id = airflow.trigger(dag_id, 0, state)
        with airflow.session() as session:
            run = sa.update(DagRun).where(DagRun.run_id == run_id)
            session.execute(run.values(queued_at=since, start_date=since))
            tasks = sa.update(TaskInstance).where(TaskInstance.run_id == run_id)
            session.execute(tasks.values(state=task or None, scheduled_dttm=since))

    def end_runs(self) -> None:
        from airflow.models.dagrun import DagRun

        with airflow.session() as session:
            session.execute(sa.delete(DagRun))
