"""Odd values that a real PostgreSQL may hold: planted in a small share of the sample's rows.

Values are texts as PostgreSQL reads them; None is NULL. A row is odd in one way only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from include.errors import ConfigError

Oddness = Literal["none", "some", "every"]
"""Whether to plant values that break things: each at least once, or only those that find room."""
SHARE: Final = 0.005
"""So many of a table's rows are odd. Where each value has to be, a small table has more of them."""
TIMES: Final = (
    "infinity",
    "-infinity",
    "10000-01-01 00:00:00+00",
    "294276-12-31 23:59:59.999999+00",
    "4713-01-01 00:00:00+00 BC",
    "0044-03-15 12:00:00.5+00 BC",
    "0001-01-01 00:00:00+00",
    "9999-12-31 23:59:59.999999+00",
    "2025-12-31 23:59:59.999999+00",
    "2026-01-01 00:00:00.000001+00",
    "1970-01-01 00:00:00+00",
    "1969-12-31 23:59:59.999999+00",
    "1988-07-01 12:00:00+09",  # Shanghai had summer time then
    "2038-01-19 03:14:08+00",
)
TEXTS: Final = (
    "",
    " ",
    "tab\there",
    "line\nfeed",
    "carriage\rreturn",
    "both\r\n",
    "back\\slash\\",
    r"\N",
    r"\.",
    "NULL",
    'it\'s "quoted" `so`, and; so',
    "%s %(name)s :name {} ${x}",
    "=1+1",
    "+1+1",
    "@SUM(A1)",
    "-1",
    "\ufeffmark",
    "\u202eright to left\u202c",
    "👨‍👩‍👧‍👦",
    "𠮷野家",
    "bell\x07 escape\x1b delete\x7f",
    "ends with a space ",
)
KEYS: Final = (
    "key-é",
    "KEY-É",
    "key-e",
    "key-e ",
    "key-e\u0301",
    "key-e\u200b",
    "ｋｅｙ－ｅ",
    "key-\\N\t\n",
    "😀" * 50,
    "😁" * 50,
)
BIG_PRODUCT: Final = "产品" * 17_000
BIG_WELCOME: Final = "欢迎" * 11_667
AMBIGUOUS: Final = (("11", "1"), ("1", "11"))
"""Two ids in lines' own systems and the line: one text when they are put together."""


@dataclass(frozen=True, slots=True)
class Odd:
    """Values of one row, *least* rows where each has to be there; of one alone unless *often*."""

    table: str
    values: dict[str, str | None]
    least: int = 1
    often: bool = True


def _times(table: str, column: str) -> list[Odd]:
    return [Odd(table, {column: value}) for value in TIMES]


def _values(table: str, column: str, *values: str | None) -> list[Odd]:
    return [Odd(table, {column: value}) for value in values]


def _nulls(table: str, columns: str) -> Odd:
    return Odd(table, dict.fromkeys(columns.split()))


def _full(table: str, **lengths: int) -> Odd:
    """Texts as long as the column allows, four bytes a character."""
    return Odd(table, {column: "𠮷" * length for column, length in lengths.items()}, often=False)


_LINE: Final = {
    "supplier_id": "1",
    "busi_id": "1",
    "busi_supplier_id": "8001",
    "bsuid_and_type": "80011",
    "create_time": "2025-06-01 00:00:00+00",
    "last_update_time": "2025-06-01 00:00:00+00",
    "supplier_operator": "li.na",
    "operator_webname": "李娜",
    "status": "1",
}

ODD: Final = (
    # seat
    _nulls(
        "seat",
        "qunar_name web_name nickname face_link supplier_id priority old_supplier_id old_id"
        " service_status status max_user bind_wx host",
    ),
    _full("seat", qunar_name=40, web_name=40, nickname=50, face_link=150, host=20),
    *_values("seat", "supplier_id", None, "2147483647", "-1"),
    *_values("seat", "max_user", None, "0", "-1", "32767"),
    *_values("seat", "priority", None, "NaN", "Infinity", "-Infinity", "-0.0", "1e308", "5e-324"),
    Odd("seat", {"priority": "1.5"}, least=2),
    Odd("seat", {"priority": "0.1"}),
    *_values("seat", "service_status", "2", "99"),
    *_values("seat", "qunar_name", "Wang.Li", "WANG.LI"),
    *_values("seat", "web_name", *TEXTS),
    *_values("seat", "last_update_time", *TIMES),
    # supplier
    _nulls(
        "supplier",
        "name old_id logo_url welcomes status ext_flag assign_strategy no_service_welcomes",
    ),
    _full("supplier", name=100, logo_url=255, welcomes=512),
    Odd("supplier", {"no_service_welcomes": BIG_WELCOME}, often=False),
    *_values("supplier", "assign_strategy", "-1", "99"),
    *_values("supplier", "welcomes", *TEXTS),
    *_times("supplier", "create_time"),
    # lines of suppliers and seats
    _nulls(
        "busi_supplier_mapping",
        "supplier_id busi_id busi_supplier_id bsuid_and_type supplier_operator operator_webname"
        " status",
    ),
    _full(
        "busi_supplier_mapping",
        busi_supplier_id=50,
        bsuid_and_type=55,
        supplier_operator=50,
        operator_webname=50,
    ),
    Odd("busi_supplier_mapping", dict(_LINE), least=2),
    *(
        Odd(
            "busi_supplier_mapping",
            {"busi_supplier_id": own, "busi_id": line, "bsuid_and_type": own + line},
        )
        for own, line in AMBIGUOUS
    ),
    *_values("busi_supplier_mapping", "supplier_id", "2147483647"),
    *_times("busi_supplier_mapping", "last_update_time"),
    _nulls("busi_seat_mapping", "busi_id seat_id status"),
    *_values("busi_seat_mapping", "seat_id", "2147483647", "0"),
    *_times("busi_seat_mapping", "create_time"),
    # session
    _nulls("session", "user_name seat_name shop_name product_id session_state isrobot_seat"),
    _full("session", session_id=255, user_name=255, seat_name=255, shop_name=255),
    Odd("session", {"product_id": BIG_PRODUCT}, often=False),
    Odd("session", {"session_id": "1767225600000"}, least=2),
    *_values("session", "session_state", "8", "-1"),
    *_values("session", "user_name", "", "cust", "CUST@Qtalk.OpenResty.org", "cust@host/phone"),
    *_values("session", "product_id", *TEXTS),
    *_times("session", "created_time"),
    *_times("session", "update_time"),
    # session_mapping
    _full("session_mapping", customer_name=150, product_id=150, seat_name=150),
    *(Odd("session_mapping", {"session_id": key}, often=False) for key in KEYS),
    Odd("session_mapping", {"distributed_time": "1970-01-01 00:00:00+00"}),
    Odd(
        "session_mapping",
        {"seat_id": "0", "seat_name": "", "distributed_time": "1970-01-01 00:00:00+00"},
    ),
    Odd(
        "session_mapping",
        {
            "distributed_time": "2025-12-20 03:00:00+00",
            "inqueue_time": "2025-12-20 04:00:00.000001+00",
            "last_ack_time": "2025-12-20 04:00:00.000001+00",
        },
    ),
    *_values("session_mapping", "seat_id", "0", "-1", "2147483647"),
    *_values("session_mapping", "status", "0", "9"),
    *_values("session_mapping", "group_id", None, "3"),
    *_values("session_mapping", "customer_name", "", "cust", "CUST@Qtalk.OpenResty.org"),
    *_values("session_mapping", "customer_name", "cust@qtalk.openresty.org/phone"),
    *_values("session_mapping", "product_id", *TEXTS),
    *_times("session_mapping", "inqueue_time"),
    *_times("session_mapping", "distributed_time"),
    *_times("session_mapping", "last_ack_time"),
)


def plant(
    rng: np.random.Generator, table: str, rows: int, oddness: Oddness = "every"
) -> dict[str, dict[int, str | None]]:
    """By column and row: what stands there instead. Raises ConfigError where rows are too few."""
    todo = [odd for odd in ODD if odd.table == table]
    many = round(SHARE * rows)
    if oddness == "none" or not todo:
        return {}
    if oddness == "some":
        order = rng.permutation(len(todo)).tolist()
        again = [number for number in order if todo[number].often]
        drawn = (order + again * (many // len(again) + 1))[:many]
        counts = [drawn.count(number) for number in range(len(todo))]
    else:
        counts = [max(odd.least, odd.often * (many // len(todo))) for odd in todo]
    if sum(counts) > rows:
        raise ConfigError(f"{table}: {sum(counts)} odd values do not fit into {rows} rows")
    places = iter(rng.permutation(rows).tolist())
    changes: dict[str, dict[int, str | None]] = {}
    for odd, count in zip(todo, counts, strict=True):
        for _, row in zip(range(count), places, strict=False):
            for column, value in odd.values.items():
                changes.setdefault(column, {})[row] = value
    return changes
