"""Processes of our own: ended whole, with nobody else's touched."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from include.sandbox.servers import processes

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
open(sys.argv[1], "a").write("x")
time.sleep(60)
"""


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[psutil.Popen]:
    process = processes.start(
        ["sleep", "60"], os.environ, tmp_path / "log", record=tmp_path / "record"
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_a_process_in_a_session_of_its_own_ends_when_asked(sleeper):
    assert os.getpgid(sleeper.pid) == sleeper.pid != os.getpgrp()
    processes.end(sleeper)
    assert not processes.is_alive(sleeper)
    sleeper.wait()


def test_who_does_not_listen_is_killed_and_so_are_children_that_left_the_group(tmp_path):
    ready = tmp_path / "ready"
    command = [sys.executable, "-c", STUBBORN, str(ready)]
    process = processes.start(command, os.environ, tmp_path / "log", record=tmp_path / "record")
    while not ready.exists() or len(ready.read_text()) < 2:
        time.sleep(0.02)
    (child,) = process.children()
    processes.end(process, seconds=0.2)
    assert not processes.is_alive(process)
    assert not processes.is_alive(child)
    process.wait()


def test_what_a_killed_run_left_behind_is_ended_by_the_next(sleeper, tmp_path):
    assert processes.end_recorded(tmp_path / "record") == 1
    assert not processes.is_alive(sleeper)
    assert processes.end_recorded(tmp_path / "record") == 0


def test_a_number_that_another_process_has_by_now_is_left_alone(sleeper, tmp_path):
    record = tmp_path / "record"
    record.write_text(f"{sleeper.pid} {sleeper.create_time() - 1000}\n")
    assert processes.end_recorded(record) == 0
    assert processes.is_alive(sleeper)


def test_a_process_of_our_own_group_ends_without_ending_us():
    with subprocess.Popen(["sleep", "60"]) as process:
        processes.end(psutil.Process(process.pid))
    assert process.returncode == -15


def test_a_port_that_is_taken_is_replaced_by_a_free_one():
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert processes.free_port(taken) != taken
    assert processes.free_port(taken) == taken


def test_a_private_file_is_private_from_the_start_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)
    processes.write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
