"""How long a full sync of one account takes beside the least that a person would write.

``python -m tests.benchmarks.bench_tickets [--tickets 2000] [--latency 5] [--rounds 5]``. By hand:
the same calls by `requests`, signed, lists one after the other and then sixteen threads, and the
same rows by multi-row INSERTs of a thousand. Bare: the same calls by `urllib3`, unsigned, nothing
stored. dlt, where ``PEER_DLT`` names a Python that has it: sixteen at once while it still lists,
unsigned, merged by primary keys. Each is a process of its own, and its processor time is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer

from include.sandbox.vendors.server import Sandbox
from include.vendors.answers import HttpAnswer
from include.vendors.request import HttpRequest
from include.vendors.transport import Transport
from tests.benchmarks import peers
from tests.benchmarks.ground import ground

NOW: Final = datetime(2026, 7, 2, tzinfo=UTC)
ROOT: Final = Path(__file__).resolve().parents[2]
Answers = dict[tuple[str, str], str]
CONTESTANTS: Final = ("ours", "hand", "bare")


@contextmanager
def recording() -> Iterator[Answers]:
    """What Tencent answers to each action and body meanwhile."""
    answers: Answers = {}
    send = Transport.send

    def noted(self: Transport, request: HttpRequest, *args: Any, **options: Any) -> HttpAnswer:
        answer = send(self, request, *args, **options)
        answers[request.headers["X-TC-Action"], request.body.decode()] = answer.body.decode()
        return answer

    Transport.send = noted  # type: ignore[method-assign]
    try:
        yield answers
    finally:
        Transport.send = send  # type: ignore[method-assign]


def record(url: str, tickets: int, messages: int) -> tuple[dict[str, Any], Answers]:
    """Sync a sandbox account once: what a child needs to know, and all answers."""
    from tests.benchmarks.one_sync import sync

    with Sandbox(7, 1, 0) as sandbox:
        sandbox.store.freeze(NOW)
        for number in range(tickets):
            moment = NOW - timedelta(hours=1, minutes=10 * number % 40_000)
            sandbox.store.add_ticket(
                "tencent", created_at=moment, state="closed", messages=messages
            )
        environment = {
            **sandbox.environment(),
            "SYNC_SINCE": "2026-06-01T00:00:00+00:00",
            "CALLS_PER_SECOND": "999",
            "CALLS_AT_ONCE": "16",
            "SANDBOX": "1",
            "TENCENT_ENABLED": "1",
        }
        account = asdict(sandbox.account("tencent"))
        with recording() as answers:
            told = sync(url, json.dumps(account), json.dumps(environment), NOW.isoformat())
    assert told["ended"].startswith(f"{tickets} tickets"), told
    return {"account": account, "environment": environment, "now": NOW.isoformat()}, answers


@contextmanager
def replaying(answers: Answers, latency: float) -> Iterator[int]:
    """The port of a server that gives *answers* after *latency* ms."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(json.dumps([[*call, answer] for call, answer in answers.items()]).encode())
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.replay", file.name, str(latency)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            try:
                yield int(server.stdout.readline())
            finally:
                server.kill()


def run(contestant: str, given: dict[str, Any]) -> dict[str, Any]:
    if contestant == "dlt":
        return peers.dlt(given | {"job": "tickets"})
    command = [sys.executable, "-m", "tests.benchmarks.one_ticket_run", contestant]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(given), text=True, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(
    tickets: Annotated[int, typer.Option(min=1)] = 2_000,
    messages: Annotated[int, typer.Option(min=1, help="A ticket.")] = 5,
    latency: Annotated[float, typer.Option(help="Milliseconds a call.")] = 5.0,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Measure on WAREHOUSE_URL's server, or on a private one."""
    contestants = (*CONTESTANTS, *(["dlt"] if "PEER_DLT" in os.environ else []))
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
    with ground() as there, tempfile.TemporaryDirectory() as folder:
        typer.echo(there.describe())
        url = there.new_warehouse("recorded")
        given, answers = record(url, tickets, messages)
        there.drop(url)
        calls = Path(folder) / "calls"
        lists = [call for call in answers if call[0] == "GetMCTicketList"]
        details = [call for call in answers if call[0] == "GetMCTicketById"]
        calls.write_text(json.dumps([lists, details]))
        with replaying(answers, latency) as port:
            given["environment"]["TENCENT_BASE_URL"] = f"http://127.0.0.1:{port}"
            given |= {"port": port, "calls": str(calls)}
            for number in range(rounds):
                turn = number % len(contestants)
                for contestant in contestants[turn:] + contestants[:turn]:
                    url = there.new_warehouse(f"{contestant}_{number}")
                    found[contestant].append(run(contestant, given | {"url": url}))
                    there.drop(url)
    typer.echo(f"{tickets} tickets, {tickets * messages} messages, {latency:g} ms, {rounds} rounds")
    for name in contestants:
        wall, cpu = (median(one[of] for one in found[name]) for of in ("seconds", "processor"))
        typer.echo(
            f"{name:6}{wall:8.2f} s  processor {cpu:6.2f} s"
            f"  {cpu / len(details) * 1000:.2f} ms a call"
        )
    for of in ("seconds", "processor"):
        ours, *others = (median(one[of] for one in found[name]) for name in contestants)
        typer.echo(
            f"{of:10} ours : "
            + ", ".join(
                f"{name} {ours / other:.2f}"
                for name, other in zip(contestants[1:], others, strict=True)
            )
        )


if __name__ == "__main__":
    typer.run(main)
