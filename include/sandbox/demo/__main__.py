"""``make demo``: databases, sandbox, Airflow and the first runs, on this machine alone.

Everything stands below ``.local/demo``; a second start finds and uses it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import psutil
import sqlalchemy as sa
import typer

from include.errors import AlreadyRunningError, ConfigError, SyncError
from include.sandbox.demo import airflow, runs, source
from include.sandbox.demo.airflow import DemoError, Metadata
from include.sandbox.servers import databases, processes
from include.sandbox.vendors.seed import BEGIN
from include.vendors.registry import VENDORS, load_settings, setting_names

ROOT: Final = Path(__file__).resolve().parents[3]
BASE: Final = ROOT / ".local" / "demo"
ACCOUNT_PREFIX: Final = "demo-"


def say(text: str) -> None:
    """One line of progress, with the seconds since the start."""
    seconds = time.time() - psutil.Process().create_time()
    typer.echo(f"[{seconds:5.1f} s] {text}")


def main(
    once: Annotated[
        bool, typer.Option("--once", help="End after the comparison: 1 when counts differ.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the database and Airflow of earlier demos.")
    ] = False,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of each vendor.")] = 2,
    tickets: Annotated[int, typer.Option(min=1, help="Tickets of each account.")] = 400,
    port: Annotated[int, typer.Option(help="Port of Airflow's UI, if it is free.")] = 8080,
    metadata: Annotated[
        Metadata,
        typer.Option(help="Airflow's own database: a file, or beside the customer service."),
    ] = Metadata.SQLITE,
    workers: Annotated[
        int,
        typer.Option(min=0, help="Celery workers, with Airflow's database on PostgreSQL; 0: none."),
    ] = 0,
    base: Annotated[Path, typer.Option(help="Where everything is kept.")] = BASE,
) -> None:
    """Run the whole system on this machine against made-up vendors, until Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    base = base.resolve()
    kept = Metadata.POSTGRESQL if workers else metadata
    try:
        with _alone(base), _stopping() as stack:
            differs = _run(
                base, stack, accounts, tickets, port, kept, workers, fresh=fresh, once=once
            )
    except KeyboardInterrupt:
        raise typer.Exit(0 if not once else 130) from None
    except SyncError as error:
        typer.echo(f"error: {error}", err=True)
        code = {ConfigError: 2, AlreadyRunningError: 5}.get(type(error), 1)
        raise typer.Exit(code) from None
    raise typer.Exit(int(differs))


def _run(
    base: Path,
    stack: ExitStack,
    accounts: int,
    tickets: int,
    wanted: int,
    metadata: Metadata,
    workers: int,
    *,
    fresh: bool,
    once: bool,
) -> bool:
    home, logs, record = base / "airflow", base / "logs", base / "processes"
    if left := processes.end_recorded(record):
        say(f"ended {left} processes that an earlier demo had left behind")
    if fresh:
        databases.stop(base / "warehouse", forget=True)
        databases.stop_source(base / "source", forget=True)
        shutil.rmtree(home, ignore_errors=True)
    logs.mkdir(exist_ok=True)
    port = processes.free_port(wanted)
    if port != wanted:
        say(f"port {wanted} is taken: Airflow uses {port}")
    stack.callback(databases.stop_source, base / "source")
    own_url = ""
    if metadata is Metadata.POSTGRESQL:
        own_url = databases.create_database(databases.start_source(base / "source", say), "airflow")
    broker = _start_broker(base, stack) if workers else ""
    own = airflow.prepare(home, port, own_url, broker)
    environ = _clean_environment() | own

    with ThreadPoolExecutor(2) as beside:
        airflow_ready = beside.submit(airflow.migrate, dict(environ), logs / "db-migrate.log")
        source_ready = beside.submit(source.start, base / "source", say)
        url = _open_database(base, stack, fresh=fresh)
        sandbox, described = _start_sandbox(environ, stack, logs, record, accounts, tickets)
        own |= _application(base, url, described)
        environ |= own
        _include(environ, "migrate")
        say("warehouse: schema up to date")
        _add_accounts(environ, described)
        say(f"accounts: {accounts * len(VENDORS)} stored, their keys encrypted")
        source_url = source_ready.result()
        source.refuse_other_snapshots(url, source_url)
        own |= source.environment(source_url)
        environ |= own
        _write_environment(base / "environment", own)
        airflow_ready.result()
        say(f"Airflow: metadata database up to date, on {metadata.value}")

    started_at = airflow.utcnow()
    running = airflow.start(environ, logs, record, workers)
    stack.callback(airflow.stop, running)

    def alive() -> None:
        for name, process in (*running.items(), ("sandbox", sandbox)):
            if process.poll() is not None:
                raise DemoError(f"{name} has ended: see {logs / name}.log")

    api = airflow.Api(environ["AIRFLOW__API__BASE_URL"], airflow.password(home))
    airflow.wait_until("Airflow", lambda: ", ".join(api.unhealthy()), alive, say)
    say(f"Airflow: healthy at {api.url}")
    api.log_in()
    airflow.wait_until(
        "DAGs",
        lambda: ", ".join(dag for dag in runs.DAGS if not api.is_parsed(dag, started_at)),
        alive,
        say,
    )
    taken = runs.run(api, url, source_url, alive, say)
    differs = runs.compare(url, described["control_url"], taken)
    typer.echo(f"\nAirflow UI   {api.url}   user {airflow.USER}, password {airflow.password(home)}")
    typer.echo(f"Sync health  {api.url}/plugin/sync_health")
    typer.echo(f"Alerts       {environ['SANDBOX_URL']}/alerts")
    typer.echo(f"Sandbox      {environ['SANDBOX_URL']}/truth")
    typer.echo(f"Logs         {logs}, {home / 'logs'}")
    if not once:
        typer.echo(f"Commands     . {base / 'environment'}   then: python -m include status")
        for dag_id in runs.LATER:
            api.switch_on(dag_id)
        typer.echo("\nWhat to try: docs/tour.md. Ctrl-C stops all of it; the data stay.")
        while True:
            alive()
            time.sleep(1)
    return differs


def _start_broker(base: Path, stack: ExitStack) -> str:
    """The Redis that the workers get their tasks from. Raises ConfigError without Celery."""
    if find_spec("celery") is None:
        raise ConfigError("--workers needs what requirements-celery.txt locks: make celery")
    broker = databases.start_broker(base / "broker", say)
    stack.callback(databases.stop_broker, base / "broker")
    say(f"broker: {databases.version(broker)}, private, port {sa.make_url(broker).port}")
    return broker


def _open_database(base: Path, stack: ExitStack, *, fresh: bool) -> str:
    """The database of WAREHOUSE_URL if it holds nothing but a demo, else a private one."""
    if url := load_settings().warehouse_url.get_secret_value():
        say(f"database: {databases.version(url)}, as WAREHOUSE_URL says")
        if fresh:
            raise ConfigError(
                "--fresh does not empty the database of WAREHOUSE_URL: unset it, or do so yourself"
            )
        _refuse_real_data(url)
        return url
    server = databases.start(base / "warehouse", say)
    stack.callback(databases.stop, base / "warehouse")
    say(f"database: {databases.version(server)}, private, port {sa.make_url(server).port}")
    return databases.create_database(server, databases.DATABASE)


def _refuse_real_data(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        there = sa.inspect(connection).get_table_names()
        for table, column in (("cloud_user", "id"), ("cloud_osm_list", "custom_id")):
            if table not in there:
                continue
            condition = f"{column} is null or {column} not like '{ACCOUNT_PREFIX}%%'"
            count = connection.exec_driver_sql(
                f"select count(*) from {table} where {condition}"  # noqa: S608 - names of ours
            ).scalar_one()
            if count:
                raise ConfigError(
                    f"WAREHOUSE_URL names a database with {count} rows in {table} that are not a"
                    " demo's, which would mix them with made-up tickets: unset WAREHOUSE_URL, or"
                    " name an empty database"
                )


def _start_sandbox(
    environ: Mapping[str, str],
    stack: ExitStack,
    logs: Path,
    record: Path,
    accounts: int,
    tickets: int,
) -> tuple[psutil.Popen, Any]:
    command = [sys.executable, "-m", "include.sandbox", "--seed", "7"]
    command += ["--accounts", str(accounts), "--tickets", str(tickets)]
    log = logs / "sandbox.log"
    process = processes.start(command, environ, log, record=record, piped=True)
    stack.callback(processes.end, process)
    line = process.stdout.readline()
    if not line:
        raise DemoError(f"the sandbox does not start: see {log}")
    say(f"sandbox: {len(VENDORS)} vendors, {accounts} accounts each, {tickets} tickets an account")
    return process, json.loads(line)


def _clean_environment() -> dict[str, str]:
    """The shell's environment without what belongs to another installation."""
    ours = setting_names() - {"WAREHOUSE_CA"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("AIRFLOW_")
    }


def _application(base: Path, url: str, described: Any) -> dict[str, str]:
    """Where the sandbox and the warehouse are, and the key of the accounts' secrets."""
    keys = base / "secret.keys"
    if not keys.exists():
        made = ("accounts", "new-key", "--id", "demo", "--output", str(keys))
        _include(_clean_environment(), *made)
    at = sa.make_url(url)
    addresses = {
        f"{vendor}_{name}".upper(): address
        for vendor, told in described["vendors"].items()
        for name, address in told.items()
        if name.endswith("_url")
    }
    connection = {
        "conn_type": "mysql",
        "host": at.host,
        "port": at.port,
        "login": at.username,
        "password": at.password,
        "schema": at.database,
    }
    return {
        "WAREHOUSE_URL": url,
        "AIRFLOW_CONN_WAREHOUSE": json.dumps(connection),
        "SECRET_KEYS": f"file:{keys}",
        **addresses,
        "SYNC_SINCE": BEGIN.isoformat(),
        "OPEN_MESSAGES": "1",  # so that the tables hold all that the sandbox holds
        "CALLS_PER_SECOND": "200",
        "ALERT_URLS": described["control_url"].replace("http:", "json:") + "/alerts",
        "ALERT_AFTER_MINUTES": "0",
        "SANDBOX_URL": described["control_url"],
    }


def _write_environment(path: Path, own: Mapping[str, str]) -> None:
    """For a shell beside the demo: what it sets, and its Python as the first one."""
    folder = Path(sys.executable).parent
    lines = [f"export {name}={shlex.quote(text)}\n" for name, text in sorted(own.items())]
    lines.append(f"export PATH={shlex.quote(str(folder))}:$PATH\n")
    processes.write_private(path, "".join(lines))


def _include(environ: Mapping[str, str], *arguments: str, given: str = "") -> str:
    """Run the command line; its output. Raises DemoError with its own words."""
    done = subprocess.run(
        [sys.executable, "-m", "include", *arguments],
        check=False,
        env=dict(environ),
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise DemoError(f"python -m include {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def _add_accounts(environ: Mapping[str, str], described: Any) -> None:
    """Into ``cloud_user``, three at a time: each is a process of its own."""

    def add(vendor: str, number: int, key: Mapping[str, str]) -> None:
        account_id = f"{ACCOUNT_PREFIX}{vendor}-{number}"
        options = ["--vendor", vendor, "--access-key", key["access_key"]]
        _include(environ, "accounts", "add", account_id, *options, given=key["secret_key"])

    with ThreadPoolExecutor(len(VENDORS)) as pool:
        for done in [
            pool.submit(add, vendor, number, key)
            for vendor in VENDORS
            for number, key in enumerate(described["vendors"][vendor]["accounts"], 1)
        ]:
            done.result()


@contextmanager
def _alone(base: Path) -> Iterator[None]:
    """One demo a folder at a time; the lock ends with the process, however it ends."""
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(
                f"another demo runs in {base}: stop it, or choose another --base"
            ) from None
        yield


@contextmanager
def _stopping() -> Iterator[ExitStack]:
    """Whatever happens, stop what was started, newest first, without being interrupted again."""
    with ExitStack() as stack:
        try:
            yield stack
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            say("stopping")
            stack.close()
            say("stopped")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)
