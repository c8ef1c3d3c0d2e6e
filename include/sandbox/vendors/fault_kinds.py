"""What can go wrong: a function a fault. To add one, write it and put it into ``FAULTS``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, Final

from include.sandbox.vendors.fault_lines import (
    close_quietly,
    early_end,
    hang,
    reset,
    too_large,
    trickle,
)
from include.sandbox.vendors.traits import traits_of
from include.sandbox.vendors.wire import Json, Reply, Scene, dump
from include.vendors.registry import VENDORS

SWITCHES: Final = {
    "clock_skew": frozenset({"seconds"}),  # the vendor's clock is so far ahead of the real one
    "repeat_refused": frozenset[str](),  # a signature that was seen before is refused
    "any_order": frozenset[str](),  # ticket lists come in another order every time
} | {name: frozenset[str]() for vendor in VENDORS for name in traits_of(vendor).switches}
"""Faults that whoever serves a call looks for by name. They hold for ever unless told."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the names of its own parameters (one may be needed), and the calls it can hit.

    *only* is ``list`` (answers with a list), ``tickets`` (the ticket list), ``detail`` (of a
    ticket), ``rows`` (a list or a detail), or nothing.
    """

    run: Callable[[Scene], Reply]
    parameters: frozenset[str]
    only: str = ""
    needed: str = ""


# refusals


def throttle(scene: Scene) -> Reply:
    """Too many calls: ``hint`` in seconds, the vendor's way or as a ``date``; ``status`` (429)."""
    hint, date = scene.given.get("hint"), scene.given.get("date")
    reply = scene.wire.throttled(scene.call, None if date else hint, scene.given.get("status"))
    if not date:
        return reply
    moment = formatdate(time.time() + float(hint or 0), usegmt=True)
    return replace(reply, headers={**reply.headers, "Retry-After": moment})


def server_error(scene: Scene) -> Reply:
    """``status`` (503) with ``body``: json (the vendor's form), html, empty, or honest."""
    status, body = scene.given.get("status", 503), scene.given.get("body", "json")
    if body == "honest":
        return replace(scene.serve(), status=status)
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
    return scene.wire.refuse(scene.call, *scene.wire.NOT_FOUND)


def redirect(scene: Scene) -> Reply:
    """``status`` (302) to ``location``."""
    location = str(scene.given.get("location", "http://127.0.0.1:9/elsewhere"))
    return Reply(b"", scene.given.get("status", 302), "text/html", {"Location": location})


def _switch(scene: Scene) -> Reply:
    """Nothing by itself: whoever knows the name in ``Call.switches`` acts on it."""
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


def set_field(scene: Scene) -> Reply:
    """In the detail, or in all rows, a (dotted) ``field`` says ``value``; ``drop`` removes it.

    Or it says its own value as another ``kind``: text or number. A list in between means each row.
    """
    where = scene.wire.DETAILS.get(scene.call.action) or _list_path(scene)
    given, (*above, name) = scene.given, str(scene.given["field"]).split(".")

    def change(body: Json) -> None:
        for holder in _holders(_parent(body, (*where, "")), above):
            if given.get("drop"):
                holder.pop(name, None)
            elif "kind" in given:
                holder[name] = {"text": str, "number": int}[given["kind"]](holder[name])
            else:
                holder[name] = given.get("value")

    return _edit(scene, change)


def _holders(found: Json, above: list[str]) -> Iterator[dict[str, Json]]:
    """The objects that *found*, an object or a list of such, holds at *above*; null holds none."""
    for one in found if isinstance(found, list) else [found]:
        if one is not None:
            yield from _holders(one[above[0]], above[1:]) if above else [one]


def extra_fields(scene: Scene) -> Reply:
    """The answer has ``count`` (1) more fields, each so many ``levels`` (1) of lists deep."""
    reply = scene.serve()
    levels = int(scene.given.get("levels", 1))
    value = "[" * levels + "]" * levels
    fields = "".join(f',"extra {i}":{value}' for i in range(int(scene.given.get("count", 1))))
    return replace(reply, body=reply.body.rstrip()[:-1] + fields.encode() + b"}")


def poison_detail(scene: Scene) -> Reply:
    """An object where the detail's ``field`` should be; without ``field`` the detail is null."""

    def change(body: Json) -> None:
        path = scene.wire.DETAILS[scene.call.action]
        if "field" in scene.given:
            _parent(body, (*path, ""))[scene.given["field"]] = {"broken": True}
        else:
            _parent(body, path)[path[-1]] = None

    return _edit(scene, change)


def small_pages(scene: Scene) -> Reply:
    """No page holds more than ``size`` (20) rows, whatever is asked for."""
    params, name = scene.call.params, scene.wire.PAGE_SIZE
    asked, size = params.get(name, 10), int(scene.given.get("size", 20))
    scene.call.params = {**params, name: type(asked)(min(int(asked), size))}
    return scene.serve()


def vanish_while_paging(scene: Scene) -> Reply:
    """After the page was answered, its first ``rows`` (1) tickets are deleted, or they ``hide``."""
    reply = scene.serve()
    path = _list_path(scene)
    leave = scene.store.hide if scene.given.get("hide") else scene.store.delete
    for row in _parent(json.loads(reply.body), path)[path[-1]][: int(scene.given.get("rows", 1))]:
        leave(row[scene.wire.TICKET_ID])
    return reply


def insert_while_paging(scene: Scene) -> Reply:
    """After the page was answered, ``rows`` (3) tickets are created, as new as the newest."""
    reply = scene.serve()
    rows = scene.store.tickets(scene.call.vendor, scene.tenant_index)
    newest = rows[-1].created_at if rows else None
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


_NEEDED: Final = {error_object: "code", set_field: "field"}
FAULTS: Final[Mapping[str, Fault]] = {
    run.__name__: Fault(run, frozenset(parameters.split()), only, _NEEDED.get(run, ""))
    for run, parameters, only in (
        (throttle, "hint date status", ""),
        (server_error, "status body", ""),
        (error_object, "code message status", ""),
        (not_found, "", ""),
        (redirect, "status location", ""),
        (html_200, "", ""),
        (empty_body, "", ""),
        (not_an_object, "value", ""),
        (cut_json, "keep", ""),
        (wrong_charset, "declared bom", ""),
        (early_end, "", ""),
        (reset, "before", ""),
        (hang, "seconds", ""),
        (trickle, "seconds", ""),
        (too_large, "mib packed", ""),
        (close_quietly, "", ""),
        (null_list, "total", "list"),
        (missing_list, "", "list"),
        (empty_list, "", "list"),
        (wrong_total, "total drop", "list"),
        (short_page, "drop", "list"),
        (small_pages, "size", "tickets"),
        (set_field, "field value kind drop", "rows"),
        (extra_fields, "count levels", ""),
        (poison_detail, "field", "detail"),
        (vanish_while_paging, "rows hide", "tickets"),
        (insert_while_paging, "rows", "tickets"),
        (speak_while_reading, "messages close", "detail"),
    )
} | {name: Fault(_switch, parameters) for name, parameters in SWITCHES.items()}
"""Every fault by its function's name, and the switches."""
