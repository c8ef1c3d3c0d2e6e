"""Faults that can be switched on by name, while the sandbox runs.

A rule is JSON: ``{"name": "throttle", "vendor": "alibaba", "action": "ListTickets", "page": 2}``.
``vendor``, ``account`` (access key or index from 0), ``action``, ``page`` (from 1) and ``ticket``
say which calls it means; all when left out. It begins with the ``attempt``-th of them (default 1)
and holds for ``times`` calls (default 1, null: for ever). Everything else is for the fault itself;
its docstring says what. To add a fault, write a function and put it into ``FAULTS``.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from include.sandbox.store import Store
from include.sandbox.wire import Call, Json, Line, Reply, Wire, dump

WHERE: Final = frozenset({"name", "vendor", "account", "action", "page", "ticket"})
WHEN: Final = frozenset({"attempt", "times"})


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may use: the call, its parameters, and ``serve()``, the honest answer."""

    call: Call
    given: Mapping[str, Json]
    serve: Callable[[], Reply]
    wire: Wire
    store: Store
    tenant_index: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the names of its own parameters, and the calls that can have it.

    *only* is ``list`` (answers with rows), ``tickets`` (the ticket list), ``detail`` or nothing.
    """

    run: Callable[[Scene], Reply]
    parameters: frozenset[str]
    only: str = ""


@dataclass(slots=True)
class Rule:
    """One fault that is on; *seen* calls were meant, *hits* of them hit."""

    spec: Mapping[str, Json]
    seen: int = 0
    hits: int = 0


class Faults:
    """The switchboard."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, name: str, **spec: Json) -> None:
        """Switch a fault on. Raises ValueError for a name or parameter nobody knows."""
        if name not in FAULTS:
            raise ValueError(f"no fault {name!r}; there are: {', '.join(sorted(FAULTS))}")
        unknown = spec.keys() - WHERE - WHEN - FAULTS[name].parameters
        if unknown:
            raise ValueError(f"fault {name} has no parameter {', '.join(sorted(unknown))}")
        times = spec.get("times", 1)
        if times is not None and (not isinstance(times, int) or times < 1):
            raise ValueError("times must be a number from 1, or null for ever")
        with self._lock:
            self._rules.append(Rule({"name": name, **spec}))

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._rules.clear()

    def list(self) -> list[dict[str, Json]]:
        """The rules, each with ``seen`` and ``hits``."""
        with self._lock:
            return [{**rule.spec, "seen": rule.seen, "hits": rule.hits} for rule in self._rules]

    def for_call(
        self, call: Call, account_index: int | None, wire: Wire
    ) -> dict[str, Mapping[str, Json]]:
        """Names and parameters of the faults that hit this call; counts it."""
        if not self._rules:
            return {}
        hit = {}
        with self._lock:
            for rule in self._rules:
                if not _is_meant(rule.spec, call, account_index, wire):
                    continue
                rule.seen += 1
                times = rule.spec.get("times", 1)
                if rule.seen >= rule.spec.get("attempt", 1) and (times is None or rule.hits < times):
                    rule.hits += 1
                    hit[str(rule.spec["name"])] = rule.spec
        return hit


def _is_meant(
    spec: Mapping[str, Json], call: Call, account_index: int | None, wire: Wire
) -> bool:
    ticket, only = spec.get("ticket"), FAULTS[str(spec["name"])].only
    able = {"": {call.action}, "list": wire.LISTS, "tickets": {wire.TICKETS}, "detail": wire.DETAILS}
    return (
        call.action in able[only]
        and spec.get("vendor") in (None, call.vendor)
        and spec.get("account") in (None, call.access_key, account_index)
        and spec.get("action") in (None, call.action)
        and spec.get("page") in (None, call.page)
        and (ticket is None or str(ticket) == call.ticket_id)
    )


def answer(
    call: Call, wire: Wire, store: Store, tenant_index: int, serve: Callable[[], Reply]
) -> Reply:
    """The honest answer, as the call's faults leave it."""
    for name, given in call.switches.items():
        serve = partial(FAULTS[name].run, Scene(call, given, serve, wire, store, tenant_index))
    return serve()


# refusals


def throttle(scene: Scene) -> Reply:
    """Too many calls: ``hint`` in seconds in the vendor's way, or none; ``status`` (e.g. 429)."""
    return scene.wire.throttled(scene.call, scene.given.get("hint"), scene.given.get("status"))


def server_error(scene: Scene) -> Reply:
    """``status`` (503) with ``body``: json (the vendor's form), html, or empty."""
    status, body = scene.given.get("status", 503), scene.given.get("body", "json")
    if body == "json":
        return scene.wire.unavailable(scene.call, status)
    text = f"<html><h1>{status}</h1>nginx</html>" if body == "html" else ""
    return Reply(text.encode(), status, "text/html")


def error_object(scene: Scene) -> Reply:
    """A refusal with the vendor's ``code``, ``message`` and HTTP ``status`` (200)."""
    given = scene.given
    return scene.wire.refuse(
        scene.call, given.get("status", 200), str(given["code"]), given.get("message", "refused")
    )


def not_found(scene: Scene) -> Reply:
    """The vendor does not know the ``ticket``."""
    return scene.wire.not_found(scene.call)


def redirect(scene: Scene) -> Reply:
    """``status`` (302) to ``location``."""
    location = str(scene.given.get("location", "http://127.0.0.1:9/elsewhere"))
    return Reply(b"", scene.given.get("status", 302), "text/html", {"Location": location})


def repeat_refused(scene: Scene) -> Reply:
    """A switch that the server reads: a signature seen before is refused."""
    return scene.serve()


def clock_skew(scene: Scene) -> Reply:
    """A switch that the server reads: the vendor's clock is ``seconds`` ahead of ours."""
    return scene.serve()


# broken answers


def html_200(scene: Scene) -> Reply:
    """A login page with status 200."""
    return Reply("<!doctype html><title>登录</title>".encode(), 200, "text/html; charset=utf-8")


def empty_body(scene: Scene) -> Reply:
    """Nothing, with status 200."""
    return replace(scene.serve(), body=b"")


def not_an_object(scene: Scene) -> Reply:
    """A JSON ``value`` ([]) where an object is agreed."""
    return replace(scene.serve(), body=dump(scene.given.get("value", [])))


def cut_json(scene: Scene) -> Reply:
    """The JSON without its end (``keep`` of it: 0.5), the announced length fits."""
    reply = scene.serve()
    return replace(reply, body=reply.body[: int(len(reply.body) * scene.given.get("keep", 0.5))])


def wrong_charset(scene: Scene) -> Reply:
    """The body in GBK, said so in the header when ``declared``; with ``bom`` UTF-8 and a mark."""
    reply = scene.serve()
    if scene.given.get("bom"):
        return replace(reply, body=b"\xef\xbb\xbf" + reply.body)
    body = reply.body.decode().encode("gb18030")
    kind = "application/json;charset=gb18030" if scene.given.get("declared") else reply.content_type
    return replace(reply, body=body, content_type=kind)


# on the line


def early_end(scene: Scene) -> Reply:
    """No announced length, and the connection ends after half of the body."""

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.bytes(length=-1, close=True)
        line.send(whole[: len(whole) - len(reply.body) // 2])
        line.end()

    return replace(scene.serve(), deliver=deliver)


def reset(scene: Scene) -> Reply:
    """A reset in the middle of the body; with ``before`` before the first byte."""

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.bytes()
        if not scene.given.get("before"):
            line.send(whole[: len(whole) - len(reply.body) // 2])
        line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.end()

    return replace(scene.serve(), deliver=deliver)


def hang(scene: Scene) -> Reply:
    """No answer for ``seconds`` (3600), then the honest one."""

    def deliver(reply: Reply, line: Line) -> None:
        line.wait(scene.given.get("seconds", 3600))
        line.send(reply.bytes())

    return replace(scene.serve(), deliver=deliver)


def trickle(scene: Scene) -> Reply:
    """The head, then a byte every ``seconds`` (1)."""

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.bytes()
        head = len(whole) - len(reply.body)
        line.send(whole[:head])
        for i in range(head, len(whole)):
            line.wait(scene.given.get("seconds", 1))
            line.send(whole[i : i + 1])

    return replace(scene.serve(), deliver=deliver)


def too_large(scene: Scene) -> Reply:
    """``mib`` (64) of blanks before the JSON."""
    size = int(scene.given.get("mib", 64)) << 20

    def deliver(reply: Reply, line: Line) -> None:
        whole = reply.bytes(length=size + len(reply.body))
        head = len(whole) - len(reply.body)
        line.send(whole[:head])
        blanks = b" " * (64 << 10)
        for _ in range(size // len(blanks)):
            line.send(blanks)
        line.send(reply.body)

    return replace(scene.serve(), deliver=deliver)


def close_quietly(scene: Scene) -> Reply:
    """A good answer on a connection that is then closed without having said so."""

    def deliver(reply: Reply, line: Line) -> None:
        line.send(reply.bytes())
        line.end()

    return replace(scene.serve(), deliver=deliver)


# what the answer says


def _edit(scene: Scene, change: Callable[[Json], None]) -> Reply:
    reply = scene.serve()
    body = json.loads(reply.body)
    change(body)
    return replace(reply, body=dump(body))


def _parent(body: Json, path: tuple[str, ...]) -> Any:
    for name in path[:-1]:
        body = body[name]
    return body


def _list_path(scene: Scene) -> tuple[str, ...]:
    return scene.wire.LISTS[scene.call.action][0]


def null_list(scene: Scene) -> Reply:
    """The list is null; ``total`` replaces the stated total when given."""

    def change(body: Json) -> None:
        path = _list_path(scene)
        _parent(body, path)[path[-1]] = None
        if "total" in scene.given:
            _set_total(scene, body, scene.given["total"])

    return _edit(scene, change)


def missing_list(scene: Scene) -> Reply:
    """The list is not there at all."""

    def change(body: Json) -> None:
        path = _list_path(scene)
        del _parent(body, path)[path[-1]]

    return _edit(scene, change)


def empty_list(scene: Scene) -> Reply:
    """An outage that answers: nothing there, total 0."""

    def change(body: Json) -> None:
        path = _list_path(scene)
        _parent(body, path)[path[-1]] = []
        _set_total(scene, body, 0)

    return _edit(scene, change)


def wrong_total(scene: Scene) -> Reply:
    """The stated total is ``total`` (10000), whatever that is; without it when ``drop``."""

    def change(body: Json) -> None:
        path = scene.wire.LISTS[scene.call.action][1]
        if scene.given.get("drop") and path:
            del _parent(body, path)[path[-1]]
        else:
            _set_total(scene, body, scene.given.get("total", 10_000))

    return _edit(scene, change)


def _set_total(scene: Scene, body: Json, total: Json) -> None:
    path = scene.wire.LISTS[scene.call.action][1]
    if path:
        _parent(body, path)[path[-1]] = total


def short_page(scene: Scene) -> Reply:
    """A page without its last ``drop`` (10) rows."""

    def change(body: Json) -> None:
        path = _list_path(scene)
        rows = _parent(body, path)[path[-1]]
        del rows[max(0, len(rows) - int(scene.given.get("drop", 10))) :]

    return _edit(scene, change)


def poison_detail(scene: Scene) -> Reply:
    """The detail of a ticket has a text where its ``field`` should be; null without a field."""

    def change(body: Json) -> None:
        path = scene.wire.DETAILS[scene.call.action]
        if "field" in scene.given:
            _parent(body, (*path, ""))[scene.given["field"]] = {"broken": True}
        else:
            _parent(body, path)[path[-1]] = None

    return _edit(scene, change)


def vanish_while_paging(scene: Scene) -> Reply:
    """After the page was answered, its first ``rows`` (1) tickets are deleted."""
    reply = scene.serve()
    path = _list_path(scene)
    for row in _parent(json.loads(reply.body), path)[path[-1]][: int(scene.given.get("rows", 1))]:
        scene.store.delete(row.get("TicketId") or row.get("incident_id"))
    return reply


def insert_while_paging(scene: Scene) -> Reply:
    """After the page was answered, ``rows`` (3) tickets are created, as new as the newest."""
    reply = scene.serve()
    newest = scene.store.tickets(scene.call.vendor, scene.tenant_index)[-1].created_at
    for _ in range(int(scene.given.get("rows", 3))):
        scene.store.add_ticket(scene.call.vendor, scene.tenant_index, created_at=newest)
    return reply


def speak_while_reading(scene: Scene) -> Reply:
    """After the answer, the ``ticket`` gets ``messages`` (1) more; then closes when ``close``."""
    reply = scene.serve()
    ticket_id = str(scene.call.ticket_id)
    for _ in range(int(scene.given.get("messages", 1))):
        scene.store.add_message(ticket_id)
    if scene.given.get("close"):
        scene.store.close(ticket_id)
    return reply


FAULTS: Final[Mapping[str, Fault]] = {
    run.__name__: Fault(run, frozenset(parameters.split()), only)
    for run, parameters, only in (
        (throttle, "hint status", ""),
        (server_error, "status body", ""),
        (error_object, "code message status", ""),
        (not_found, "", ""),
        (redirect, "status location", ""),
        (repeat_refused, "", ""),
        (clock_skew, "seconds", ""),
        (html_200, "", ""),
        (empty_body, "", ""),
        (not_an_object, "value", ""),
        (cut_json, "keep", ""),
        (wrong_charset, "declared bom", ""),
        (early_end, "", ""),
        (reset, "before", ""),
        (hang, "seconds", ""),
        (trickle, "seconds", ""),
        (too_large, "mib", ""),
        (close_quietly, "", ""),
        (null_list, "total", "list"),
        (missing_list, "", "list"),
        (empty_list, "", "list"),
        (wrong_total, "total drop", "list"),
        (short_page, "drop", "list"),
        (poison_detail, "field", "detail"),
        (vanish_while_paging, "rows", "tickets"),
        (insert_while_paging, "rows", "tickets"),
        (speak_while_reading, "messages close", "detail"),
    )
}
"""Every fault by its function's name."""
