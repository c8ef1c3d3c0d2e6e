"""A headless Chromium in front of a real Airflow API server, through Airflow's own login."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from include.sandbox.servers import processes

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
START_SECONDS = 120
USERS = {"admin": "a password of admin", "viewer": "a password of viewer"}


@contextmanager
def api_server(home):
    """``airflow api-server`` with the two users, over the metadata and connections of this process.

    What it gives waits until the server answers, and returns its address.
    """
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps(USERS))
    port = processes.free_port()
    url = f"http://127.0.0.1:{port}"
    its_own = {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{name}" for name in USERS),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of sixty-four bytes or more " * 2,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-m", "airflow", "api-server", "--apps", "core"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    log, record = home / "api-server.log", home / "processes"

    def wait():
        until = time.monotonic() + START_SECONDS
        while True:
            with suppress(requests.ConnectionError):
                if requests.get(f"{url}/api/v2/version", timeout=5).ok:
                    return url
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)

    running = processes.start(command, os.environ | its_own, log, record=record)
    try:
        yield wait
    finally:
        processes.end(running)
        running.poll()  # it was our child


def log_in(browser, url, user):
    """A window that is logged in by Airflow's form."""
    context = browser.new_context()
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(url)
    page.fill('input[name="username"]', user)
    page.fill('input[name="password"]', USERS[user])
    page.click('button[type="submit"]')
    page.wait_for_url(lambda address: "/auth/" not in address)
    return page


def watch(page, url):
    """What a page does that it must not: a list that grows."""
    wrong = []

    def note(kind, text):
        wrong.append(f"{kind}: {text}")

    page.on("dialog", lambda dialog: (note("dialog", dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: note("error", error))
    page.on(
        "console",
        # A status that is no success is what a test asks for, and told by the console as well.
        lambda said: (
            note("console", said.text)
            if said.type == "error" and "the server responded with a status" not in said.text
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((url, f"blob:{url}")) else note("request", request.url)
        ),
    )
    page.on("popup", lambda popup: note("window", popup.url))
    return wrong
