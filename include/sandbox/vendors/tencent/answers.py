"""What Tencent's reading actions answer, from the store; spec.md, section 5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

from include.sandbox.vendors.cases import Case, Tenant
from include.sandbox.vendors.store import Store
from include.sandbox.vendors.wire import (
    Call,
    Json,
    RefusedError,
    newest_first,
    page_of,
    the_case,
)

BEIJING: Final = timezone(timedelta(hours=8))
_STATUS: Final = {
    "waiting": (0, "待处理"),
    "working": (1, "处理中"),
    "solved": (2, "待确认"),
    "closed": (3, "已完成"),
    "reopened": (6, "重新打开"),
    "feedback": (7, "待补充"),
    "cancelled": (10, "已撤销"),
    "invalid": (11, "已删除"),
    "unknown": (99, "新状态"),
}


def _list_tickets(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    given = call.params
    number, size = given.get("Page", 1), given.get("PageSize", 20)
    field, order = given.get("OrderField", "CreateTime"), given.get("Order", 1)
    _check(call, "Page", number >= 1)
    _check(call, "PageSize", 1 <= size <= 100)
    _check(call, "OrderField", field in ("CreateTime", "UpdateTime"))
    _check(call, "Order", order in (0, 1))
    every = store.tickets("tencent", tenant.index)
    rows = store.tickets(
        "tencent", tenant.index, _moment(call, "StartTime"), _moment(call, "EndTime")
    )
    if "StatusIdList" in given:
        rows = [case for case in rows if _STATUS[case.state][0] in given["StatusIdList"]]
    if given.get("Search"):
        rows = [case for case in rows if given["Search"] in f"{case.title}\n{case.description}"]
    for one in given.get("Filters", []):
        rows = [case for case in rows if _passes(call, one, case, store)]
    if field == "UpdateTime":
        rows = sorted(rows, key=lambda case: (case.updated_at, case.ticket_id))
    if order == 1 or "any_order" in call.switches:
        rows = newest_first(call, rows)
    return {
        "Data": [_row(call, case, store) for case in page_of(rows, number, size)],
        "Total": len(rows),
        "ToBeAddCount": sum(case.state == "feedback" for case in every),
        "ToConfirmCount": sum(case.state == "solved" for case in every),
    }


def _passes(call: Call, one: Json, case: Case, store: Store) -> bool:
    name, values = one.get("Name"), one.get("Values")
    _check(call, "Filters", isinstance(values, list))
    if name == "TicketId":
        return case.ticket_id in values
    _check(call, "Filters", name in ("Product", "Question"))
    text = case.title if name == "Question" else _product(case, store)
    return any(value in text for value in values)


def _row(call: Call, case: Case, store: Store) -> dict[str, Json]:
    number, name = _STATUS[case.state]
    row = {
        "TicketId": case.ticket_id,
        "Question": case.title,
        "StatusId": number,
        "CreateTime": _local(case.created_at),
        "Product": _product(case, store),
    }
    if "tencent_rich" in call.switches:
        row |= {"StatusName": name, "UpdateTime": _local(case.updated_at)}
    return row


def _get_ticket(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    given, sort = call.params, call.params.get("Sort", "desc")
    number, size = given.get("Page", 1), given.get("PageSize", "20")
    _check(call, "Sort", sort in ("asc", "desc"))
    _check(call, "Page", number >= 1)
    _check(call, "PageSize", size.isascii() and size.isdigit() and 1 <= int(size) <= 100)
    case = the_case(call, tenant, store)
    talks = sorted(case.talks, key=lambda talk: (talk.created_at, talk.number))
    talks = talks if sort == "asc" else talks[::-1]
    rich = "tencent_rich" in call.switches
    comments: list[dict[str, Json]] = [
        {
            "Content": talk.content,
            "Role": "customer" if talk.from_customer else "support",
            "CreateTime": _local(talk.created_at),
        }
        | ({"CommentId": talk.number} if rich else {})
        for talk in (page_of(talks, number, int(size)) if given.get("IsPage") else talks)
    ]
    # A conversation of nothing is a list at one time and null at another.
    empty: list[Json] | None = None if int(case.ticket_id) % 2 else []
    return (
        _row(call, case, store)
        | {
            "Content": case.description,
            "UpdateTime": _local(case.updated_at),
            "LevelId": int(case.category_id or 0),
            "Comments": comments or (empty if not talks else []),
        }
        | ({"CloseTime": _local(case.closed_at) if case.closed_at else ""} if rich else {})
    )


def _list_products(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    shelf = store.shelves["tencent"]
    return {
        "Categories": [
            {
                "Id": int(group_id),
                "Cell": {"Name": names[0]},
                "Children": [
                    {
                        "Id": int(goods.product_id),
                        "Cell": {"Name": goods.name, "Visible": int(goods.visible)},
                    }
                    for goods in shelf.products.values()
                    if group_id in goods.groups
                ],
            }
            for group_id, names in shelf.groups.items()
        ]
    }


def _list_categories(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    shelf, level2 = store.shelves["tencent"], call.params["Level2Id"]
    _check(call, "Level2Id", level2 > 0)
    goods = shelf.products.get(str(level2))
    if goods is None:
        raise RefusedError(200, "ResourceNotFound", "the category does not exist")
    problems = (shelf.problems[id_] for id_ in goods.categories)
    return {
        "Level1Name": shelf.groups[goods.groups[0]][0],
        "Level2Name": goods.name,
        "Categories": [
            {"Id": int(one.category_id), "Cell": {"Name": one.name}} for one in problems
        ],
    }


OPERATIONS: Final[Mapping[str, Callable[[Call, Tenant, Store], dict[str, Json]]]] = {
    "GetMCTicketList": _list_tickets,
    "GetMCTicketById": _get_ticket,
    "GetMCCategoryList": _list_products,
    "GetMCCategoryListById": _list_categories,
}


def _product(case: Case, store: Store) -> str:
    goods = store.shelves["tencent"].products.get(case.product_id or "")
    return goods.name if goods else ""


def _moment(call: Call, name: str) -> datetime | None:
    text = call.params.get(name)
    if not text:
        return None
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=BEIJING)
        except ValueError:
            continue
        whole_day = form == "%Y-%m-%d" and name == "EndTime"
        return moment + timedelta(days=1, seconds=-1) if whole_day else moment
    raise RefusedError(200, "InvalidParameterValue", f"`{name}` is not a time")


def _check(call: Call, name: str, good: bool) -> None:
    if not good:
        raise RefusedError(200, "InvalidParameterValue", f"the value of `{name}` is not valid")


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
