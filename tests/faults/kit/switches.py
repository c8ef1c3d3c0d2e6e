"""What a line of the wire or of accounts switches on, and what it then asserts."""

from __future__ import annotations

import re
import socket
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from include.vendors import http
from include.vendors.registry import VENDORS
from tests.faults.kit.scene import Ended, Scene
from tests.faults.kit.table import Also, On, each_another
from tests.vendors.wire import Wire, answer

Outcome = Mapping[str, Ended]

READS: Final = {
    *("ListTickets", "GetTicket", "ListTicketNotes", "ListProducts", "ListCategories"),
    *("ListCases", "ShowCaseDetail", "ListCaseOperateLogs"),
    *("ListCaseCategories", "ListProblemTypes"),
    *("GetDomains", "KeystoneListAuthDomains"),
    *("GetMCTicketList", "GetMCTicketById", "GetMCCategoryList", "GetMCCategoryListById"),
}
"""Every action that is documented as reading and that we use."""


# what is particular


def hit(ended: Outcome) -> dict[str, Ended]:
    """How it ended for the first account of each vendor."""
    return {name.removesuffix("-1"): one for name, one in ended.items() if name.endswith("-1")}


def attempts(number: int) -> Also:
    """The failing list was asked for so often; Huawei is first asked for the account's id."""

    def also(scene: Scene, ended: Outcome) -> None:
        calls = {vendor: one.counts.calls for vendor, one in hit(ended).items() if one.error}
        assert calls == {vendor: number + (vendor == "huawei") for vendor in calls}

    return also


def says(pattern: str, number: int | None = None) -> Also:
    """Error and ledger say why, and the failing call was made so often."""

    def also(scene: Scene, ended: Outcome) -> None:
        told = dict(
            scene.look("select account_id, error_text from sync_run order by started_at, run_id")
        )
        for vendor, one in hit(ended).items():
            if one.error:
                assert re.search(pattern, str(one.error)), one.error
                assert re.search(pattern, told[f"{vendor}-1"]), told
        if number is not None:
            attempts(number)(scene, ended)

    return also


def slept(*seconds: float) -> Also:
    """Somebody waited so long, for each of *seconds*; a date is told in whole ones."""

    def also(scene: Scene, ended: Outcome) -> None:
        for wanted in seconds:
            assert any(wanted - 1 <= one <= wanted for one in scene.slept), (wanted, scene.slept)

    return also


# what is switched on


def first_reading_stops_at(attempt: int) -> On:
    """A first reading, of many spans, is throttled for ever from the *attempt*-th list on."""

    def on(scene: Scene) -> None:
        scene.execute("delete from sync_state where account_id in ('alibaba-1', 'tencent-1')")
        vendors = ("alibaba", "tencent")
        scene.faults("throttle", "list", vendors, attempt=attempt, times=None)

    return on


def two_spans_stay_passed(scene: Scene, ended: Outcome) -> None:
    """The list of open tickets and two spans were read: 30 days each, or 90."""
    marks = scene.look(
        "select account_id, datediff(watermark_at, '2026-01-01') from sync_state"
        " where entity = 'tickets' and account_id in ('alibaba-1', 'tencent-1') order by 1"
    )
    assert marks == [("alibaba-1", 60), ("tencent-1", 180)]


def unreachable(turn: int) -> On:
    """The first accounts meet a closed port, an unknown host, and a reset before the answer."""

    @contextmanager
    def on(scene: Scene) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        hosts = [f"http://127.0.0.1:{port}", "http://no-such-host.invalid", ""]
        for i, vendor in enumerate(VENDORS):
            if host := hosts[(i + turn) % 3]:
                scene.own[f"{vendor}-1"] = {f"{vendor}_base_url": host}
        scene.faults("reset", "list", before=True, times=None)
        yield
        scene.own.clear()

    return on


def limited(on: On, **limits: Any) -> On:
    """*on*, under limits that a test can wait for."""

    @contextmanager
    def limit(scene: Scene) -> Iterator[None]:
        with patch.multiple(http, **limits):
            on(scene)
            yield

    return limit


def redirected(*statuses: int, turn: int) -> On:
    """To a second port, which must not be asked anything."""

    @contextmanager
    def on(scene: Scene) -> Iterator[None]:
        with Wire(answer()) as elsewhere:
            kinds = [("redirect", {"status": s, "location": elsewhere.url}) for s in statuses]
            each_another("list", *kinds, turn=turn)(scene)
            yield
            assert elsewhere.connections == 0

    return on


def signed_anew(scene: Scene) -> None:
    """No nonce may come twice anyway; here no signature may.

    Those of the other vendors hold whole seconds only, and the waits of this run take none.
    """
    scene.faults("repeat_refused", vendors=["alibaba"])
    scene.faults("server_error", "detail", ["alibaba"], times=4)
    scene.faults("reset", "list", ["alibaba"], before=True, times=4)


def answers_lost(scene: Scene) -> None:
    """Every request arrives and is served; the connection dies before the answer."""
    for action in ("list", "detail"):
        scene.faults("reset", action, before=True, times=4)


def only_reads(scene: Scene, ended: Outcome) -> None:
    asked = {seen.action for seen in scene.sandbox.calls}
    assert asked <= READS, asked - READS


def nothing_is_open(scene: Scene) -> None:
    """The first accounts hold closed tickets only; the vendors say so with null and 0."""
    complete = {row[0] for row in scene.look("select cloud_id from cloud_osm_list where status=0")}
    for vendor in VENDORS:
        for case in scene.store.tickets(vendor, 0):
            if case.ticket_id in complete:  # reopened: closed again, it would not be looked at
                scene.store.delete(case.ticket_id)
            elif not case.is_closed:
                scene.store.close(case.ticket_id)
    scene.faults("null_list", "list", ["alibaba", "tencent"], total=0, times=2)
    scene.faults("null_list", "list", ["huawei"], total=0, times=10)


def in_little_memory(on: On) -> On:
    """*on*, and the run takes little memory."""

    @contextmanager
    def watch(scene: Scene) -> Iterator[None]:
        on(scene)
        tracemalloc.start()
        try:
            yield
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 150 << 20, f"{peak >> 20} MiB"

    return watch
