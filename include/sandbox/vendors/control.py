"""The control port: what there is, what changes, what goes wrong. JSON in, JSON out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import parse_qs

from include.sandbox.vendors.faults import Faults
from include.sandbox.vendors.store import Store, UnknownTicketError
from include.sandbox.vendors.wire import Json, Reply, Request, Seen, dump
from include.values import SHANGHAI, parse_moment

Given: TypeAlias = dict[str, Any]


class Controlled(Protocol):
    """What is controlled: the vendors' data, the faults, and the calls that came."""

    store: Store
    faults: Faults
    calls: list[Seen]
    alerts: list[Given]

    def change_key(self, vendor: str, index: int, secret_key: str) -> None:
        """Another secret is accepted from now on."""
        ...

    def describe(self) -> dict[str, Any]:
        """Addresses and keys."""
        ...


Route: TypeAlias = Callable[[Controlled, Sequence[str], Given], Json]


def answer(sandbox: Controlled, request: Request) -> Reply:
    """Serve one request; 400 and 404 say in ``error`` what was wrong."""
    try:
        given = _given(request)
        for method, path, route in _ROUTES:
            found = re.fullmatch(path, request.path)
            if found and method == request.method:
                return Reply(dump(route(sandbox, found.groups(), given)))
        known = ", ".join(f"{method} {path}" for method, path, _ in _ROUTES)
        return _error(404, f"no {request.method} {request.path}; there are: {known}")
    except UnknownTicketError as error:
        return _error(404, str(error))
    except (ValueError, TypeError, KeyError) as error:
        return _error(400, f"{type(error).__name__}: {error}")


def _given(request: Request) -> Given:
    """The JSON object of the body and the parameters of the query."""
    given = json.loads(request.body or b"{}")
    if not isinstance(given, dict):
        raise TypeError("the body must be a JSON object")
    return given | {name: values[-1] for name, values in parse_qs(request.query).items()}


def _error(status: int, text: str) -> Reply:
    return Reply(dump({"error": text}), status)


def _index(sandbox: Controlled, vendor: str, account: Json) -> int:
    """An account's index, told by itself or by the access key."""
    tenants = sandbox.store.tenants.get(vendor)
    if tenants is None:
        raise ValueError(f"vendor must be one of {', '.join(sandbox.store.tenants)}")
    for tenant in tenants:
        if account in (tenant.index, tenant.access_key, str(tenant.index)):
            return tenant.index
    raise UnknownTicketError(f"no account {account} of {vendor}")


def _add_ticket(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    vendor, account = str(given.pop("vendor", "")), given.pop("account", 0)
    if given.get("created_at"):
        given["created_at"] = parse_moment(given["created_at"], SHANGHAI)
    return {"id": sandbox.store.add_ticket(vendor, _index(sandbox, vendor, account), **given)}


def _find(sandbox: Controlled, path: Sequence[str], given: Given) -> str:
    return sandbox.store.ticket(path[0], given.pop("vendor", None)).ticket_id


def _add_message(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    ticket_id = _find(sandbox, path, given)
    return {"id": sandbox.store.add_message(ticket_id, **given)}


def _edit_message(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    ticket_id = _find(sandbox, path, given)
    sandbox.store.edit_message(ticket_id, int(path[1]), str(given["text"]))
    return {"id": int(path[1])}


def _show(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    case = sandbox.store.ticket(_find(sandbox, path, given))
    talks = [{"id": talk.number, "text": talk.content} for talk in case.talks]
    return {"id": case.ticket_id, "vendor": case.vendor, "state": case.state, "messages": talks}


def _close(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    sandbox.store.close(_find(sandbox, path, given))
    return _show(sandbox, path, given)


def _reopen(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    sandbox.store.reopen(_find(sandbox, path, given))
    return _show(sandbox, path, given)


def _state(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    sandbox.store.set_state(_find(sandbox, path, given), str(given["state"]))
    return _show(sandbox, path, given)


def _rate(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    ticket_id, judgement = _find(sandbox, path, given), str(given.get("judgement", ""))
    sandbox.store.rate(ticket_id, *given["ratings"], judgement=judgement)
    return {"id": ticket_id}


def _delete(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    sandbox.store.delete(_find(sandbox, path, given))
    return {"id": path[0]}


def _clock(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    if given.get("now"):
        sandbox.store.set_clock(parse_moment(given["now"], SHANGHAI))
    if given.get("advance_seconds"):
        sandbox.store.advance(timedelta(seconds=float(given["advance_seconds"])))
    return {"now": sandbox.store.now().isoformat()}


def _add_fault(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    sandbox.faults.add(**given)
    return sandbox.faults.list()


def _clear_faults(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    sandbox.faults.clear()
    return []


def _calls(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    return [
        {
            "vendor": seen.vendor,
            "account": seen.access_key,
            "action": seen.action,
            "page": seen.page,
            "ticket": seen.ticket_id,
            "status": seen.status,
        }
        for seen in list(sandbox.calls)
    ]


def _forget_calls(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    sandbox.calls.clear()
    return []


def _change_key(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    vendor = str(given.get("vendor", ""))
    index = _index(sandbox, vendor, given.get("account", 0))
    sandbox.change_key(vendor, index, str(given["secret_key"]))
    return {"access_key": sandbox.store.tenants[vendor][index].access_key}


def _receive_alert(sandbox: Controlled, path: Sequence[str], given: Given) -> Json:
    said = {name: given[name] for name in ("type", "title", "message")}
    sandbox.alerts.append({"at": datetime.now(UTC).isoformat(timespec="seconds"), **said})
    return {}


_ROUTES: Final[Sequence[tuple[str, str, Route]]] = (
    ("GET", "/", lambda sandbox, path, given: sandbox.describe()),
    ("GET", "/truth", lambda sandbox, path, given: sandbox.store.truth()),
    ("GET", "/faults", lambda sandbox, path, given: sandbox.faults.list()),
    ("POST", "/faults", _add_fault),
    ("DELETE", "/faults", _clear_faults),
    ("GET", "/calls", _calls),
    ("DELETE", "/calls", _forget_calls),
    ("GET", "/clock", _clock),
    ("POST", "/clock", _clock),
    ("POST", "/keys", _change_key),
    ("GET", "/alerts", lambda sandbox, path, given: list(sandbox.alerts)),
    ("POST", "/alerts", _receive_alert),
    ("POST", "/tickets", _add_ticket),
    ("GET", "/tickets/([^/]+)", _show),
    ("DELETE", "/tickets/([^/]+)", _delete),
    ("POST", "/tickets/([^/]+)/messages", _add_message),
    ("POST", r"/tickets/([^/]+)/messages/(\d+)", _edit_message),
    ("POST", "/tickets/([^/]+)/rating", _rate),
    ("POST", "/tickets/([^/]+)/close", _close),
    ("POST", "/tickets/([^/]+)/reopen", _reopen),
    ("POST", "/tickets/([^/]+)/state", _state),
)
