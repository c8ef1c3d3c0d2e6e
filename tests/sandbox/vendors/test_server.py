"""Ports, the control port and the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
import requests

from include.sandbox.vendors.server import Sandbox
from include.vendors.huawei import HuaweiSettings
from include.vendors.registry import is_switched_on


def a_command(*options, **environ):
    return subprocess.Popen(
        [sys.executable, "-m", "include.sandbox", "--tickets", "3", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
    )


def test_the_command_prints_one_line_and_ends_well_when_told_to():
    with a_command("--seed", "9", "--accounts", "2") as process:
        told = json.loads(process.stdout.readline())
        assert list(told) == ["vendors", "control_url"]
        assert {vendor: sorted(said) for vendor, said in told["vendors"].items()} == {
            "alibaba": ["accounts", "base_url"],
            "huawei": ["accounts", "base_url", "iam_url"],
            "tencent": ["accounts", "base_url"],
        }
        assert all(len(said["accounts"]) == 2 for said in told["vendors"].values())
        truth = requests.get(told["control_url"] + "/truth", timeout=10).json()
        assert truth["alibaba"]["accounts"][1]["counts"]["tickets"] == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""


def test_the_command_does_not_start_where_the_sandbox_is_forbidden():
    with a_command(SANDBOX="0") as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert "SANDBOX=0" in err


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with a_command("--port", str(port)) as process:
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert f"port {port} (alibaba) is in use" in err


def free_ports(count):
    """The first of so many free ports in a row."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first = probe.getsockname()[1]
        try:
            for port in range(first, first + count):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first


def test_ports_follow_one_another_from_the_one_given():
    first = free_ports(4)
    with Sandbox(accounts=1, tickets=0, port=first) as sandbox:
        urls = [sandbox.url(name) for name in ("alibaba", "huawei", "tencent", "control")]
    assert urls == [f"http://127.0.0.1:{first + i}" for i in range(4)]


def test_leaving_ends_waiting_answers_and_frees_the_ports(sandbox, ask):
    sandbox.faults.add("hang", vendor="huawei")
    seen = []

    def wait():
        try:
            ask("huawei", "cases", timeout=60)
        except requests.ConnectionError as error:
            seen.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not sandbox.faults.list()[0]["hits"]:
        time.sleep(0.01)
    address = sandbox.url("huawei").removeprefix("http://").split(":")
    started = time.monotonic()
    sandbox.__exit__(None, None, None)
    waiting.join(5)
    assert seen
    assert time.monotonic() - started < 5
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address[0], int(address[1])))


def test_settings_and_environment_point_here(sandbox):
    settings = sandbox.settings(calls_at_once=2)
    assert settings.sandbox
    assert is_switched_on("tencent", settings)
    assert settings.calls_at_once == 2
    assert settings.of(HuaweiSettings).iam_url == sandbox.environment()["HUAWEI_IAM_URL"]
    assert sandbox.account("alibaba").account_id == "alibaba-1"
    assert sandbox.account("alibaba").secret_key not in repr(sandbox.account("alibaba"))


def test_a_connection_serves_many_calls(sandbox):
    with socket.create_connection(sandbox._servers["tencent"].server_address) as line:
        for _ in range(3):
            line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            head, _, body = line.recv(65_536).partition(b"\r\n\r\n")
            assert b"Date: " in head
            assert re.findall(rb"Content-Length: (\d+)", head) == [b"%d" % len(body)]
            assert json.loads(body)["Response"]["Error"]["Code"] == "MissingParameter"


def test_the_control_port_changes_state(control):
    made = control(
        "POST",
        "/tickets",
        {"vendor": "huawei", "account": 0, "title": "新", "created_at": "2026-07-05T00:00:00Z"},
    )
    path = f"/tickets/{made['id']}"
    number = control("POST", f"{path}/messages", {"text": "hi", "from_customer": False})["id"]
    control("POST", f"{path}/messages/{number}", {"text": "hello"})
    assert control("POST", f"{path}/close?vendor=huawei")["state"] == "closed"
    account = control("GET", "/truth")["huawei"]["accounts"][0]
    assert made["id"] in account["tickets"]["closed"]
    assert account["messages"][made["id"]] == 3
    assert control("POST", f"{path}/rating", {"ratings": [5, 4]}) == {"id": made["id"]}
    assert control("POST", f"{path}/reopen")["state"] == "reopened"
    assert control("POST", f"{path}/state", {"state": "unknown"})["state"] == "unknown"
    assert [one["text"] for one in control("GET", path)["messages"]][-1] == "hello"
    control("DELETE", path)
    assert made["id"] not in control("GET", "/truth")["huawei"]["accounts"][0]["messages"]


def test_a_key_that_was_changed_there_is_the_one_that_counts(control, sandbox):
    made = control("POST", "/keys", {"vendor": "huawei", "account": 0, "secret_key": "another"})
    assert made == {"access_key": sandbox.account("huawei").access_key}
    assert sandbox.account("huawei").secret_key == "another"
    control("POST", "/keys", {"vendor": "huawei"}, status=400)


def test_the_control_port_keeps_what_it_is_told_as_an_alert(control):
    told = {"type": "warning", "title": "late", "message": "since noon", "version": "1.0"}
    control("POST", "/alerts", told)
    (kept,) = control("GET", "/alerts")
    assert told | kept == {**told, "at": kept["at"]}


def test_the_control_port_sets_the_clock(control, sandbox):
    control("POST", "/clock", {"now": "2030-01-01T00:00:00Z"})
    said = control("POST", "/clock", {"advance_seconds": 3600})["now"]
    assert said.startswith("2030-01-01T01:00:0")
    assert sandbox.store.now().year == 2030
    assert datetime.now(UTC).year != 2030


def test_the_control_port_shows_the_calls(control, ask, sandbox):
    ask("huawei", "cases", {"limit": 5, "offset": 5})
    assert control("GET", "/calls") == [
        {
            "vendor": "huawei",
            "account": sandbox.account("huawei").access_key,
            "action": "ListCases",
            "page": 2,
            "ticket": None,
            "status": 200,
        }
    ]
    control("DELETE", "/calls")
    assert sandbox.calls == []


def test_the_control_port_switches_faults(control, ask):
    control("POST", "/faults", {"name": "html_200", "vendor": "huawei"})
    assert ask("huawei", "cases").text.startswith("<")
    said = [{"name": "html_200", "vendor": "huawei", "times": 1, "seen": 1, "hits": 1}]
    assert control("GET", "/faults") == said
    assert control("DELETE", "/faults") == control("GET", "/faults") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("POST", "/tickets/nope/close", None, 404, "nope"),
        ("POST", "/tickets", {"vendor": "aws"}, 400, "alibaba"),
        ("POST", "/tickets", {"vendor": "huawei", "account": 9}, 404, "9"),
        ("POST", "/tickets", {"vendor": "huawei", "colour": "red"}, 400, "colour"),
        ("POST", "/clock", {"now": "tomorrow"}, 400, "tomorrow"),
        ("POST", "/faults", {"name": "meteor"}, 400, "throttle"),
        ("POST", "/faults", {"name": "throttle", "volume": 11}, 400, "volume"),
        ("POST", "/faults", {"name": "throttle", "times": 0}, 400, "times"),
        ("POST", "/faults", {"name": "throttle", "attempt": "2"}, 400, "attempt"),
        ("POST", "/faults", {"name": "throttle", "vendor": "HUAWEI"}, 400, "huawei"),
        ("POST", "/faults", {"name": "error_object"}, 400, "code"),
        ("GET", "/weather", None, 404, "/truth"),
    ],
)
def test_the_control_port_says_what_is_wrong(control, method, path, body, status, named):
    assert named in control(method, path, body, status=status)["error"]
