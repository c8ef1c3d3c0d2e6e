"""Faults that can be switched on by name, while the sandbox runs.

A rule is JSON: ``{"name": "throttle", "vendor": "alibaba", "action": "ListTickets", "page": 2}``.
``vendor``, ``account`` (access key or index from 0), ``action``, ``page`` (from 1) and ``ticket``
say which calls it means; all when left out. It begins with the ``attempt``-th of them (default 1)
and holds for ``times`` calls (default 1, null: for ever). Everything else is for the fault itself;
the docstring of its function says what (``fault_kinds.py``, ``fault_lines.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from include.sandbox.vendors.fault_kinds import FAULTS, SWITCHES
from include.sandbox.vendors.store import Store
from include.sandbox.vendors.wire import Call, Json, Reply, Scene, Wire
from include.vendors.registry import VENDORS

WHERE: Final = frozenset({"name", "vendor", "account", "action", "page", "ticket"})
WHEN: Final = frozenset({"attempt", "times"})


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
        fault = FAULTS[name]
        unknown = spec.keys() - WHERE - WHEN - fault.parameters
        if unknown:
            raise ValueError(f"fault {name} has no parameter {', '.join(sorted(unknown))}")
        if fault.needed and fault.needed not in spec:
            raise ValueError(f"fault {name} needs the parameter {fault.needed}")
        if spec.get("vendor") not in (None, *VENDORS):
            raise ValueError(f"vendor must be one of {', '.join(VENDORS)}")
        spec.setdefault("times", None if name in SWITCHES else 1)
        for when in ("times", "attempt"):
            number = spec.get(when)
            if number is not None and (not isinstance(number, int) or number < 1):
                raise ValueError(f"{when} must be a number from 1")
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
                name, times = str(rule.spec["name"]), rule.spec["times"]
                is_due = rule.seen >= (rule.spec.get("attempt") or 1)
                if name not in hit and is_due and (times is None or rule.hits < times):
                    rule.hits += 1
                    hit[name] = rule.spec
        return hit


def _is_meant(spec: Mapping[str, Json], call: Call, account_index: int | None, wire: Wire) -> bool:
    ticket, only = spec.get("ticket"), FAULTS[str(spec["name"])].only
    able: dict[str, Collection[str]] = {
        "": (call.action,),
        "list": wire.LISTS,
        "tickets": (wire.TICKETS,),
        "detail": wire.DETAILS,
        "rows": (*wire.LISTS, *wire.DETAILS),
    }
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
