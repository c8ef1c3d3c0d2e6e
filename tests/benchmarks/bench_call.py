"""How much processor time a call takes beside the least that one can: send, sign, decode.

``python -m tests.benchmarks.bench_call [--calls 400] [--rounds 9]``. Ours: a session with Tencent's
own signer and reading of errors, from the payload to the record, on one thread. Bare: a prepared
body, the same signature, `urllib3`, and `msgspec`, which we decode with as well. Both ask in turn,
in this process, for the same pages of tickets, which a server in another gives at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from statistics import median
from typing import Annotated, Any, Final

import msgspec
import typer
import urllib3

from include.models import Account
from include.sandbox.vendors.server import Sandbox
from include.vendors.http import ApiSession
from include.vendors.rate import RateLimit
from include.vendors.registry import load_settings, open_client, utcnow
from include.vendors.request import HttpRequest
from include.vendors.tencent.client import VERSION, classify
from include.vendors.tencent.signature import TencentSigner
from include.vendors.transport import HEADERS
from tests.benchmarks.bench_tickets import NOW, Answers, recording, replaying

AIM: Final = 1.5
ACTION: Final = "GetMCTicketById"
SAID: Final = {
    "Content-Type": "application/json",
    "X-TC-Action": ACTION,
    "X-TC-Version": VERSION,
    "X-TC-Language": "zh-CN",
}


def record(calls: int) -> tuple[Account, Answers]:
    """An account of the sandbox, and its tickets' pages: one with five messages, one behind it."""
    with Sandbox(7, 1, 0) as sandbox:
        sandbox.store.freeze(NOW)
        environment = {**sandbox.environment(), "TENCENT_ENABLED": "1", "CALLS_PER_SECOND": "999"}
        account = sandbox.account("tencent")
        client = open_client(account, load_settings(environment))
        with closing(client), recording() as answers:
            while len(answers) < calls:
                new = sandbox.store.add_ticket("tencent", state="closed", messages=5)
                client.read_ticket(new)
    return account, answers


def processor_of(ask: Callable[[Any], Any], asked: list[Any]) -> float:
    """Milliseconds of processor time a call."""
    begun = time.process_time()
    for one in asked:
        assert ask(one)
    return (time.process_time() - begun) / len(asked) * 1000


def main(
    calls: Annotated[int, typer.Option(min=10, help="A round.")] = 400,
    rounds: Annotated[int, typer.Option(min=5)] = 9,
) -> None:
    """Measure without a database."""
    account, answers = record(calls)
    bodies = [body.encode() for _, body in answers]
    payloads = [json.loads(body) for body in bodies]
    sign = TencentSigner(account, utcnow)
    found: list[tuple[float, float]] = []
    with replaying(answers, 0) as port:
        host = f"127.0.0.1:{port}"
        session = ApiSession(account, f"http://{host}", sign, classify, RateLimit(100_000))
        pool = urllib3.HTTPConnectionPool("127.0.0.1", port)

        def ours(payload: dict[str, Any]) -> Any:
            return session.call(ACTION, "POST", payload=payload, headers=SAID).value

        def bare(body: bytes) -> Any:
            request = HttpRequest("POST", host, "/", "", {**HEADERS, **SAID}, body)
            sign(request)
            answer = pool.urlopen("POST", "/", body=body, headers=request.headers)
            return msgspec.json.decode(answer.data)

        with closing(session), closing(pool):
            for _ in range(rounds + 1):
                found.append((processor_of(ours, payloads), processor_of(bare, bodies)))
    ours_ms, bare_ms = (median(column) for column in zip(*found[1:], strict=True))
    typer.echo(f"{len(bodies)} calls, {rounds} rounds, one thread, processor time")
    typer.echo(f"ours {ours_ms:.3f} ms, bare {bare_ms:.3f} ms: {ours_ms / bare_ms:.2f} (aim {AIM})")


if __name__ == "__main__":
    typer.run(main)
