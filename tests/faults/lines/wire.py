"""Faults of the vendors' wire (W)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

from include.errors import (
    AuthError,
    ContractError,
    PartialError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    VendorError,
)
from include.vendors.alibaba import client as alibaba
from include.vendors.huawei import client as huawei
from include.vendors.tencent import client as tencent
from tests.faults.kit.scene import FULL
from tests.faults.kit.switches import (
    answers_lost,
    attempts,
    first_reading_stops_at,
    in_little_memory,
    limited,
    nothing_is_open,
    only_reads,
    redirected,
    says,
    signed_anew,
    slept,
    two_spans_stay_passed,
    unreachable,
)
from tests.faults.kit.table import (
    Fault,
    Kind,
    On,
    each_another,
    one_after_another,
    switched,
)

HINTS: Final[tuple[Kind, ...]] = (
    ("throttle", {"hint": 20, "times": 1}),
    ("throttle", {"hint": 40, "times": 1, "date": True, "status": 429}),
    ("throttle", {"hint": 110, "times": 1}),
)
SERVER_ERRORS: Final[tuple[Kind, ...]] = tuple(
    ("server_error", {"status": status, "body": body})
    for status, body in product((500, 502, 503, 504), ("json", "html", "empty"))
)
NO_OBJECT: Final[tuple[Kind, ...]] = (
    ("html_200", {}),
    ("empty_body", {}),
    ("not_an_object", {"value": []}),
    ("not_an_object", {"value": 3}),
    ("not_an_object", {"value": "text"}),
)
BROKEN_LISTS: Final[tuple[Kind, ...]] = (
    ("missing_list", {}),
    ("null_list", {}),
    ("null_list", {"total": 5}),
)
ONE_LIST: Final = ("alibaba", "tencent")
"""Whose open tickets are one list, not one a status."""
UNSERVED: Final[tuple[Kind, ...]] = (
    ("server_error", {"status": 503, "body": "honest"}),
    *SERVER_ERRORS[1::5],
    *SERVER_ERRORS,
)
CHARSETS: Final[tuple[Kind, ...]] = (
    ("wrong_charset", {"declared": True}),
    ("wrong_charset", {"bom": True}),
)
CLOCKS: Final[tuple[Kind, ...]] = (
    ("clock_skew", {"seconds": 7200}),
    ("clock_skew", {"seconds": -7200}),
)
CUTS: Final[tuple[Kind, ...]] = (("cut_json", {"keep": 0.5}), ("cut_json", {"keep": 0.999999}))


def codes() -> list[Fault]:
    """Every code of the vendors' error tables, and one that nobody has listed."""
    tables = {"alibaba": alibaba.ERRORS, "huawei": huawei.ERRORS, "tencent": tencent.ERRORS}
    kinds: dict[type[VendorError], dict[str, list[str]]] = {}
    for vendor, table in tables.items():
        kinds.setdefault(RejectedError, {})[vendor] = ["Invented.ByUs"]
        for code, kind in table.items():
            kinds.setdefault(kind, {}).setdefault(vendor, []).append(code)
    lines = []
    for kind, by_vendor in kinds.items():
        number = 5 if kind in (RateLimitError, UnavailableError) else 1
        if not FULL and kind in (RateLimitError, AuthError):  # W2 and K1 are the same
            continue
        for i in range(max(map(len, by_vendor.values())) if FULL else 1):
            given = {vendor: of[i % len(of)] for vendor, of in by_vendor.items()}
            faults = [("error_object", {"code": code}) for code in given.values()]
            lines.append(
                Fault(
                    "W10",
                    f"error under 200 {kind.__name__} {i + 1}",
                    each_another("list", *faults, vendors=list(given)),
                    kind,
                    also=attempts(number),
                    at=tuple(given),
                )
            )
    return lines


def in_turn(
    turns: int,
    id_: str,
    name: str,
    on: Callable[[int], On],
    error: type[Exception] | None = None,
    **more: Any,
) -> Iterator[Fault]:
    """A line in which every vendor is hit another way; all *turns* of it when FULL."""
    for turn in range(turns if FULL else 1):
        yield Fault(id_, f"{name} {turn + 1}" if FULL else name, on(turn), error, **more)


def when_full(*lines: Fault) -> tuple[Fault, ...]:
    """Lines that only the exhaustive form has."""
    return lines if FULL else ()


def both(name: str, times: int = 3) -> On:
    """The first lists and details."""
    return switched(*((name, {"action": action, "times": times}) for action in ("list", "detail")))


THROTTLED: Final = (
    *in_turn(
        3,
        "W1",
        "a wait is asked for",
        lambda turn: each_another("list", *HINTS, turn=turn),
        passing=True,
        also=slept(20, 40, 110),
        is_joint=True,
    ),
    Fault(
        "W1",
        "a longer wait is asked for than we wait",
        each_another("list", ("throttle", {"hint": 9999})),
        RateLimitError,
        also=says(r"asks for a rest of 9999 s", 1),
    ),
    Fault("W2", "throttled four times", switched(("throttle", {"times": 4})), passing=True),
    Fault(
        "W2",
        "throttled for ever",
        each_another("list", ("throttle", {})),
        RateLimitError,
        also=attempts(5),
    ),
    Fault(
        "W2",
        "spans already passed stay passed",
        first_reading_stops_at(4),
        RateLimitError,
        also=two_spans_stay_passed,
        at=("alibaba", "tencent"),
        is_joint=True,
    ),
)

UNAVAILABLE: Final = (
    *in_turn(
        3,
        "W4",
        "four server errors",
        lambda turn: one_after_another("list", *SERVER_ERRORS, turn=4 * turn),
        passing=True,
    ),
    *in_turn(
        15,
        "W4",
        "server errors for ever",
        lambda turn: each_another("list", *UNSERVED, turn=turn),
        UnavailableError,
        also=attempts(5),
    ),
    Fault(
        "W5",
        "reset before the answer",
        switched(*(("reset", {"action": one, "before": True}) for one in ("list", "detail"))),
        passing=True,
    ),
    *in_turn(3, "W5", "cannot be reached", unreachable, UnavailableError, also=attempts(5)),
    Fault("W6", "reset in mid-body", both("reset"), passing=True),
    *when_full(
        Fault(
            "W6",
            "reset in mid-body for ever",
            each_another("list", ("reset", {})),
            UnavailableError,
            also=attempts(5),
        )
    ),
    Fault("W7", "ends early", both("early_end"), passing=True),
    Fault(
        "W7",
        "ends early for ever",
        each_another("list", ("early_end", {})),
        UnavailableError,
        also=attempts(5),
    ),
)

BROKEN: Final = (
    Fault("W8", "cut", one_after_another("list", *CUTS), passing=True),
    *in_turn(
        2,
        "W8",
        "cut for ever",
        lambda turn: each_another("list", *CUTS, turn=turn),
        ContractError,
        also=says("cut or damaged JSON", 5),
    ),
    *when_full(
        Fault(
            "W8",
            "every detail cut",
            each_another("detail", *CUTS),
            PartialError,
            also=says("cut or damaged JSON|charset"),
        )
    ),
    Fault("W9", "no object", one_after_another("list", *NO_OBJECT), passing=True),
    *in_turn(
        5,
        "W9",
        "no object for ever",
        lambda turn: each_another("list", *NO_OBJECT, turn=turn),
        ContractError,
        also=says(r"\(text/html; charset=utf-8\): <!doctype html><title>|: empty|not an object", 5),
    ),
    *codes(),
    *in_turn(
        3,
        "W11",
        "no list",
        lambda turn: each_another("list", *BROKEN_LISTS, turn=turn),
        ContractError,
        also=says("is missing"),
    ),
    Fault("W11", "no list where none is stated, rightly", nothing_is_open),
    Fault(
        "W11",
        "nothing is open, wrongly",
        each_another("list", ("null_list", {"total": 0}), vendors=ONE_LIST, times=1),
        passing=True,
        at=ONE_LIST,
    ),
)

SLOW: Final = (
    Fault(
        "W12",
        "the answer never starts",
        limited(switched(("hang", {"action": "list"})), READ_SECONDS=0.5),
        passing=True,
    ),
    *when_full(
        Fault(
            "W12",
            "no answer ever starts",
            limited(each_another("list", ("hang", {})), READ_SECONDS=0.4, CALL_SECONDS=1.0),
            UnavailableError,
            also=says("no complete answer within 1 s", 3),
        )
    ),
    Fault(
        "W13",
        "a byte now and then",
        limited(each_another("list", ("trickle", {"seconds": 0.05})), CALL_SECONDS=1.5),
        UnavailableError,
        also=says("no complete answer within 1.5 s", 1),
    ),
    *in_turn(
        2,
        "W14",
        "too large, or expanding",
        lambda turn: in_little_memory(
            each_another("list", ("too_large", {}), ("too_large", {"packed": True}), turn=turn)
        ),
        ContractError,
        also=says("larger than 32 MiB", 1),
    ),
)

STRANGE: Final = (
    *in_turn(
        2,
        "W15",
        "GBK as declared, or a byte order mark",
        lambda turn: each_another("", *CHARSETS, turn=turn),
    ),
    Fault(
        "W15",
        "GBK undeclared",
        each_another("detail", ("wrong_charset", {})),
        PartialError,
        also=says("not in its stated charset"),
    ),
    Fault("W16", "hangs up after every answer", each_another("", ("close_quietly", {}))),
    *in_turn(
        2,
        "W17",
        "redirected",
        lambda turn: redirected(302, 307, turn=turn),
        ContractError,
        also=says("redirect", 1),
    ),
    *in_turn(
        2,
        "W18",
        "two hours off",
        lambda turn: each_another("", *CLOCKS, turn=turn),
        AuthError,
        also=says(r"clock is (7199|7200|7201) s (behind|ahead of) the vendor's", 1),
    ),
    Fault("W19", "tried again, signed anew", signed_anew, passing=True, at=("alibaba",)),
    Fault("W20", "the answer is lost", answers_lost, passing=True, also=only_reads),
)

WIRE: Final = (*THROTTLED, *UNAVAILABLE, *BROKEN, *SLOW, *STRANGE)
