"""A process that is told to end, also where one exception would not end it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from include import stopping

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = """
import hashlib, os, signal, sys, threading, time
from include import stopping

stopping.GRACE_SECONDS, stopping.AGAIN_SECONDS = 3.0, 1.0

def say(word):
    print(word, flush=True)

def tell():
    os.kill(os.getpid(), signal.{how})

def later():
    threading.Timer(0.3, tell).start()

def forever():
    later()
    while True:
        time.sleep(0.01)

class Final:
    def __del__(self):
        tell()
        time.sleep(0)

with stopping.when_told():
    try:
        {code}
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
"""
CASES = {
    "in Python": ("forever()", ["interrupted"]),
    "in a finalizer, where Python loses the exception": (
        """
        Final()
        while True:
            time.sleep(0.01)
        """,
        ["interrupted"],
    ),
    "in C, where there is none": (
        "later(); hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)",  # minutes
        [],
    ),
    "with a lock that the exception leaves locked": (
        """
        lock = threading.Lock()
        lock.acquire()
        try:
            forever()
        finally:
            say("cleans up")
            lock.acquire()
        """,
        ["cleans up", "interrupted"],
    ),
    "where somebody can cancel what it waits for": (
        """
        with stopping.cancelling(lambda: say("cancelled")):
            try:
                forever()
            finally:
                time.sleep(0.3)
        """,
        ["cancelled", "interrupted"],
    ),
    "twice": (
        """
        try:
            forever()
        finally:
            tell()
            say("cleans up")
        """,
        ["cleans up", "interrupted"],
    ),
    "while it says so in the ledger": (
        """
        try:
            forever()
        finally:
            with stopping.in_peace():
                time.sleep(1.5)
                say("has said so")
        """,
        ["has said so", "interrupted"],
    ),
}


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize(("code", "said"), CASES.values(), ids=CASES)
def test_a_process_that_is_told_to_end_is_gone_when_it_is_told(code, said, how):
    code = textwrap.indent(textwrap.dedent(code).strip(), 8 * " ").strip()
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(how=how, code=code)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.split("\n")[:-1] == said
    assert done.returncode == stopping.EXIT_CODE
    assert time.monotonic() - began < 10


def test_the_last_second_of_grace_comes_before_ten():
    assert stopping.AGAIN_SECONDS < stopping.GRACE_SECONDS < 10


def test_in_a_thread_nothing_is_changed():
    def work() -> None:
        with stopping.when_told():
            done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
