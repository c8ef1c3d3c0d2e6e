"""A Superset of our own: its keys, its metadata in SQLite, its process on loopback."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psutil
import requests

from include.errors import ConfigError
from include.sandbox.servers import processes
from include.sandbox.servers.private import ROOT, Say

VENV: Final = ROOT / ".local" / "superset" / "venv"
"""Where ``make superset`` installs what ``requirements-superset.txt`` locks."""
USER: Final = "admin"
START_SECONDS: Final = 180


def prepare(home: Path, say: Say) -> dict[str, str]:
    """Lay out *home* (keys, metadata, the user: kept when there); the environment it needs.

    Raises ConfigError when Superset is not installed or one of its commands fails.
    """
    if not (VENV / "bin" / "superset").exists():
        raise ConfigError(f"no Superset in {VENV}: `make superset` installs it")
    home.mkdir(parents=True, exist_ok=True)
    for name in ("secret.key", "password"):
        if not (home / name).exists():
            processes.write_private(home / name, secrets.token_urlsafe(32))
    environ = {
        **{name: text for name, text in os.environ.items() if not name.startswith("SUPERSET_")},
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(Path(__file__).with_name("superset_config.py")),
        "SUPERSET_SECRET_KEY": (home / "secret.key").read_text(),
        "TZ": "Asia/Shanghai",  # "today" of a filter is the day that reports mean
        "SCARF_ANALYTICS": "false",  # it would tell its makers of every page
        "FLASK_APP": "superset.app:create_app()",
    }
    wanted = hashlib.sha256((ROOT / "requirements-superset.txt").read_bytes()).hexdigest()
    done = home / "prepared"
    if not done.exists() or done.read_text() != wanted:
        say("Superset: metadata and user, a minute")
        login = ["--username", USER, "--password", password(home), "--email", "admin@localhost"]
        for command in (
            ["db", "upgrade"],
            ["fab", "create-admin", *login, "--firstname", "Demo", "--lastname", "Admin"],
            ["init"],
        ):
            _superset(environ, home / "prepare.log", *command)
        done.write_text(wanted)
    return environ


def password(home: Path) -> str:
    """What the user of the UI logs in with."""
    return (home / "password").read_text()


def start(home: Path, environ: Mapping[str, str], port: int) -> psutil.Popen:
    """Run Superset and wait until it answers. Raises ConfigError when it ends or stays silent."""
    log = home / "superset.log"
    # SQLite has one writer: one process, whose threads wait for the warehouse side by side.
    command = [str(VENV / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    command += ["--worker-class", "gthread", "--threads", "8", "--timeout", "300"]
    process = processes.start(
        [*command, "superset.app:create_app()"], environ, log, record=home / "processes"
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ConfigError(f"Superset does not start: see {log}")
        if _answers(f"http://127.0.0.1:{port}/health"):
            return process
        time.sleep(0.5)
    processes.end(process)
    raise ConfigError(f"Superset did not answer for {START_SECONDS} seconds: see {log}")


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _superset(environ: Mapping[str, str], log: Path, *arguments: str) -> None:
    with log.open("ab") as file:
        done = subprocess.run(
            [VENV / "bin" / "superset", *arguments],
            check=False,
            env=dict(environ),
            stdout=file,
            stderr=file,
        )
    if done.returncode:
        raise ConfigError(f"superset {' '.join(arguments[:2])} failed: see {log}")
