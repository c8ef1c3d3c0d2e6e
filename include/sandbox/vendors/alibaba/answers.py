"""What Alibaba's five reading operations answer, from the store; spec.md, section 6."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from include.sandbox.vendors.alibaba import TRAITS
from include.sandbox.vendors.cases import Case, Talk, Tenant
from include.sandbox.vendors.store import Store
from include.sandbox.vendors.wire import (
    Call,
    Json,
    RefusedError,
    newest_first,
    page_of,
    the_case,
)

_STATUS: Final = {
    "waiting": ("1", "assigned", "待受理"),
    "working": ("2", "dealing", "处理中"),
    "feedback": ("3", "wait_feedback", "待您反馈"),
    "reopened": ("4", "feedback", "已反馈"),
    "solved": ("5", "wait_confirm", "待您确认"),
    "closed": ("6", "confirmed", "已完成"),
    "cancelled": ("6", "confirmed", "已完成"),
    "invalid": ("6", "confirmed", "已完成"),
    "unknown": ("99", "unheard_of", "新状态"),
}
_NUMBERS: Final = {name: number for number, name, _ in _STATUS.values()}


def _list_tickets(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    number, size = _positive(call, "PageNumber"), _positive(call, "PageSize")
    if size > 100:
        raise RefusedError(400, "illegal.param", "PageSize must not exceed 100.")
    rows = store.tickets(
        "alibaba", tenant.index, _moment(call, "StartDate"), _moment(call, "EndDate")
    )
    statuses = {_status_number(call, text) for text in _many(call, "StatusList")}
    ids = {part for text in _many(call, "TicketIdList") for part in text.split(",") if part}
    ids |= {call.params["TicketId"]} if call.params.get("TicketId") else set()
    if statuses:
        rows = [case for case in rows if _STATUS[case.state][0] in statuses]
    if ids:
        rows = [case for case in rows if case.ticket_id in ids]
    if call.params.get("Keyword"):
        rows = [case for case in rows if call.params["Keyword"] in case.description]
    rows = newest_first(call, rows)
    return {
        "AccessDeniedDetail": "",
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": len(rows),
        "Data": [
            {"TicketId": case.ticket_id, "Title": case.title, "Status": _status(case)}
            for case in page_of(rows, number, size)
        ],
    }


def _get_ticket(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    case = _case(call, tenant, store)
    return {
        "AccessDeniedDetail": "",
        "Data": {
            "TicketId": case.ticket_id,
            "Title": case.title,
            "Description": case.description,
            "CreateTime": _millis(case.created_at),
            "CreatorId": tenant.owner_id,
            "CreatorName": f"customer-{tenant.index + 1}",
            "CategoryId": case.category_id or "",
            "Status": _status(case),
            "Severity": {"Value": "12"[case.urgent], "Label": TRAITS.severities[case.urgent]},
        },
    }


def _list_notes(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    case = _case(call, tenant, store)
    notes = [_note(talk) for talk in case.talks]
    # An empty conversation is a list at one time and null at another.
    empty: list[Json] | None = None if ord(case.ticket_id[-1]) % 2 else []
    return {"AccessDeniedDetail": "", "Data": notes or empty}


def _note(talk: Talk) -> dict[str, Json]:
    schema = json.dumps({"card": talk.content}, ensure_ascii=False) if talk.card else None
    note = {
        "DialogId": talk.number,
        "CreateTime": _millis(talk.created_at),
        "Type": 1 if talk.card else 2,
        "Status": 6 if talk.number % 2 else 2,
        "Tip": "null" if talk.number % 3 else None,
        "Dialog": {"Content": "" if talk.card else talk.content, "Schema": schema or "null"},
        "User": {"Role": 3, "Name": "客户"}
        if talk.from_customer
        else {"Role": 2, "Name": "工单小二"},
    }
    return note if talk.number % 2 else note | {"Attachments": []}


def _list_products(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    shelf, chinese = store.shelves["alibaba"], _is_chinese(call)
    wanted = call.params.get("Name", "")
    data = []
    for group_id, names in shelf.groups.items():
        products = [
            {
                "ProductId": int(goods.product_id),
                "ProductName": goods.name if chinese else goods.english,
            }
            for goods in shelf.products.values()
            if group_id in goods.groups and wanted in (goods.name if chinese else goods.english)
        ]
        data.append(
            {
                "DirectoryId": int(group_id),
                "DirectoryName": names[0 if chinese else 1],
                "ProductList": products,
            }
        )
    return {"Data": data}


def _list_categories(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    shelf, chinese = store.shelves["alibaba"], _is_chinese(call)
    product_id = str(_positive(call, "ProductId"))
    goods = shelf.products.get(product_id)
    wanted = call.params.get("Name", "")
    problems = [shelf.problems[id_] for id_ in goods.categories] if goods else []
    return {
        "Code": 200,
        "Data": [
            {"CategoryId": int(one.category_id), "CategoryName": name}
            for one in problems
            if wanted in (name := one.name if chinese else one.english)
        ],
    }


OPERATIONS: Final[Mapping[str, Callable[[Call, Tenant, Store], dict[str, Json]]]] = {
    "ListTickets": _list_tickets,
    "GetTicket": _get_ticket,
    "ListTicketNotes": _list_notes,
    "ListProducts": _list_products,
    "ListCategories": _list_categories,
}


def _case(call: Call, tenant: Tenant, store: Store) -> Case:
    if not call.ticket_id:
        raise RefusedError(400, "MissingTicketId", "TicketId is mandatory for this action.")
    return the_case(call, tenant, store)


def _positive(call: Call, name: str) -> int:
    text = call.params.get(name)
    if text is None:
        raise RefusedError(400, f"Missing{name}", f"{name} is mandatory for this action.")
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        code = "illegal.param" if call.action == "ListTickets" else "param.illegal"
        raise RefusedError(400, code, f"{name} must be a positive number.")
    return int(text)


def _moment(call: Call, name: str) -> datetime | None:
    text = call.params.get(name)
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise RefusedError(400, "illegal.param", f"{name} must be milliseconds.") from None


def _many(call: Call, name: str) -> list[str]:
    """A repeated parameter: ``Name``, or ``Name.1``, ``Name.2`` and so on."""
    numbered = re.compile(rf"{name}(\.\d+)?")
    return [value for key, value in call.params.items() if numbered.fullmatch(key) and value]


def _status_number(call: Call, text: str) -> str:
    number = _NUMBERS.get(text.replace("-", "_"), text)
    if number not in _NUMBERS.values():
        raise RefusedError(400, "illegal.param", f"status {text} is not valid.")
    return number


def _status(case: Case) -> dict[str, str]:
    number, _, label = _STATUS[case.state]
    return {"Value": number, "Label": label}


def _is_chinese(call: Call) -> bool:
    return call.params.get("Language") in (None, "", "zh")


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
