"""A process that is told to end, also where one exception would not end it."""

from __future__ import annotations

import ast
import signal
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


END = """
import os, signal, sys
from include import __main__
from include.cli.console import verb
from include.stopping import SIGNALS

signal.signal(signal.SIGINT, signal.SIG_DFL)  # as where that module is the program
sys.argv = ["include", "quick"]
step, told_at = 0, 1

def trace(frame, event, argument):
    global step
    step += 1
    if step == told_at:
        os.write(2, b"told:")
        os.kill(os.getpid(), SIGNALS[step % 2])
    return trace

@__main__.app.command()
@verb
def quick():
    "Count the steps of all that comes after it."
    frame = sys._getframe(1)
    while frame:
        frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)

def run():
    read, write = os.pipe()
    if not (child := os.fork()):
        os.dup2(write, 2)
        __main__.main()
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text

ends = [run()]
while ends[-1][1]:
    told_at += 9
    ends.append(run())
print(repr(ends))
"""


def test_a_signal_at_any_step_of_a_command_s_end_shows_no_traceback():
    done = subprocess.run(
        [sys.executable, "-c", END], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *told, untold = ast.literal_eval(done.stdout)
    assert untold == (0, "")
    assert len(told) > 30
    assert {code for code, _ in told} <= {0, stopping.EXIT_CODE, -signal.SIGINT, -signal.SIGTERM}
    words = {line for _, text in told for line in text.removeprefix("told:").splitlines()}
    assert words <= {"stopped; what was stored stays, the next run goes on from there"}


BEGINNING = """
import os, runpy, signal, sys

class Importing:
    def find_spec(name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Importing)
runpy.run_module("include", run_name="__main__")
"""


def test_nor_does_ctrl_c_while_a_command_is_imported():
    done = subprocess.run([sys.executable, "-c", BEGINNING], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


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
