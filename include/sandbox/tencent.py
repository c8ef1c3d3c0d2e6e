"""Tencent's ticket API over the store; include/vendors/specs/tencent.md, section 12."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

from include.sandbox.seed import Case, Tenant
from include.sandbox.store import Store
from include.sandbox.wire import (
    Call,
    Gate,
    Json,
    RefusedError,
    Reply,
    Request,
    dump,
    new_id,
    page_of,
)
from include.vendors import tencent as signing

VERSION: Final = "2023-01-04"
SKEW_SECONDS: Final = 300
BEIJING: Final = timezone(timedelta(hours=8))
TICKETS: Final = "GetMCTicketList"
LISTS: Final = {
    "GetMCTicketList": (("Response", "Data", "Data"), ("Response", "Data", "Total")),
    "GetMCTicketById": (("Response", "Data", "Comments"), None),
    "GetMCCategoryList": (("Response", "Data", "Categories"), None),
    "GetMCCategoryListById": (("Response", "Data", "Categories"), None),
}
DETAILS: Final = {"GetMCTicketById": ("Response", "Data")}

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
_STRING, _INT, _BOOL, _INTS, _OBJECTS = "string", "int", "bool", "int[]", "object[]"
_PARAMETERS: Final[Mapping[str, Mapping[str, str]]] = {
    "GetMCTicketList": {
        "Page": _INT,
        "PageSize": _INT,
        "OrderField": _STRING,
        "Order": _INT,
        "StatusIdList": _INTS,
        "StartTime": _STRING,
        "EndTime": _STRING,
        "Search": _STRING,
        "Filters": _OBJECTS,
    },
    "GetMCTicketById": {
        "TicketId": _STRING,
        "IsPage": _BOOL,
        "Page": _INT,
        "PageSize": _STRING,  # a string, by the interface definition
        "Sort": _STRING,
        "ReturnCosUrl": _BOOL,
    },
    "GetMCCategoryList": {"RecommendSource": _INT, "Area": _INT},
    "GetMCCategoryListById": {"Level2Id": _INT},
}
_REQUIRED: Final = {"GetMCTicketById": "TicketId", "GetMCCategoryListById": "Level2Id"}
_ORGANISATION: Final = frozenset(
    {"DescribeOrganizationTickets", "DescribeTicket", "DescribeTicketOperation"}
)
_AUTHORIZATION: Final = re.compile(
    rf"{signing.ALGORITHM} Credential=(?P<key>[^/,]+)/(?P<date>[^/,]+)/(?P<service>[^/,]+)"
    r"/tc3_request, SignedHeaders=(?P<signed>[^,]+), Signature=(?P<signature>[0-9a-f]+)"
)


def read(request: Request) -> Call:
    """Parameters are a JSON object; what is not one is refused after the signature."""
    try:
        params = json.loads(request.body or b"{}")
    except ValueError:
        params = None
    params = params if isinstance(params, dict) else {"": None}
    header = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    action, page = request.headers.get("x-tc-action", ""), params.get("Page", 1)
    return Call(
        "tencent",
        request,
        action,
        params,
        header["key"] if header else "",
        header["signature"] if header else "",
        page if "Page" in _PARAMETERS.get(action, {}) and isinstance(page, int) else None,
        params["TicketId"] if isinstance(params.get("TicketId"), str) else None,
    )


def authenticate(call: Call, gate: Gate, now: float) -> Tenant:
    """The checks of section 12.2 up to the version, in its order."""
    request = call.request
    if request.method not in ("GET", "POST"):
        raise _refused(call, "UnsupportedProtocol", "only GET and POST are supported")
    for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp"):
        if not request.headers.get(name.lower()):
            raise _refused(call, "MissingParameter", f"header {name} is missing")
    header = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if header is None:
        raise _refused(call, "AuthFailure.InvalidAuthorization", "Authorization is not valid")
    stamp = request.headers["x-tc-timestamp"]
    if not (stamp.isascii() and stamp.isdigit()) or abs(now - int(stamp)) > SKEW_SECONDS:
        raise _refused(call, "AuthFailure.SignatureExpire", "签名过期: check the clock")
    tenant = gate.tenant(call.access_key)
    if tenant is None:
        raise _refused(call, "AuthFailure.SecretIdNotFound", "the SecretId is not found")
    signed = header["signed"].split(";")
    if (
        f"{header['date']}/{header['service']}/tc3_request" != signing.scope(int(stamp))
        or not {"content-type", "host"} <= set(signed)
        or any(name not in request.headers for name in signed)
        or not hmac.compare_digest(_signature(request, tenant, signed), header["signature"])
    ):
        raise _refused(call, "AuthFailure.SignatureFailure", "the signature does not match")
    if call.action not in _PARAMETERS and call.action not in _ORGANISATION:
        raise _refused(call, "InvalidAction", f"action {call.action} does not exist")
    if request.headers["x-tc-version"] != VERSION:
        raise _refused(call, "NoSuchVersion", "the version does not exist")
    return tenant


def _signature(request: Request, tenant: Tenant, signed: list[str]) -> str:
    stamp = int(request.headers["x-tc-timestamp"])
    unsigned = request.headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD"
    payload = b"UNSIGNED-PAYLOAD" if unsigned else request.body
    body_hash = hashlib.sha256(payload).hexdigest()
    canonical = signing.canonical_request(
        request.method, request.query, request.headers, signed, body_hash
    )
    text = signing.string_to_sign(canonical, stamp)
    return signing.signature(tenant.secret_key, text, stamp)


def answer(call: Call, tenant: Tenant, store: Store) -> Reply:
    """One of the four reading actions of the "MC" family, strict about its parameters."""
    if call.action in _ORGANISATION:
        code = "OperationDenied.OrganizationManagerVerifyFailed"
        raise _refused(call, code, "the account manages no organisation")
    if "" in call.params:
        raise _refused(call, "InvalidParameter", "the body is not a JSON object")
    known = _PARAMETERS[call.action]
    for name, value in call.params.items():
        if name not in known:
            raise _refused(call, "UnknownParameter", f"`{name}` is not recognized")
        if not _is_of(known[name], value):
            raise _refused(call, "InvalidParameter", f"`{name}` must be of type {known[name]}")
    required = _REQUIRED.get(call.action)
    if required and required not in call.params:
        raise _refused(call, "MissingParameter", f"`{required}` is required")
    data = _ACTIONS[call.action](call, tenant, store)
    return Reply(dump({"Response": {"Data": data, "RequestId": new_id()}}))


def _is_of(kind: str, value: Json) -> bool:
    if kind.endswith("[]"):
        return isinstance(value, list) and all(_is_of(kind[:-2], item) for item in value)
    if kind == _INT:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {_STRING: str, _BOOL: bool, "object": dict}[kind])


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
    rows = rows[::-1] if order == 1 else rows
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
    return row | {"StatusName": name} if "tencent_rich" in call.switches else row


def _get_ticket(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    given, sort = call.params, call.params.get("Sort", "desc")
    number, size = given.get("Page", 1), given.get("PageSize", "20")
    _check(call, "Sort", sort in ("asc", "desc"))
    _check(call, "Page", number >= 1)
    _check(call, "PageSize", size.isascii() and size.isdigit() and 1 <= int(size) <= 100)
    case = store.visible(tenant, given["TicketId"])
    if case is None:
        raise RefusedError(not_found(call))
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
    empty = None if int(case.ticket_id) % 2 else []
    return _row(call, case, store) | {
        "Content": case.description,
        "UpdateTime": _local(case.updated_at),
        "LevelId": int(case.category_id or 0),
        "Comments": comments or (empty if not talks else []),
    }


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
        raise _refused(call, "ResourceNotFound", "the category does not exist")
    problems = (shelf.problems[id_] for id_ in goods.categories)
    return {
        "Level1Name": shelf.groups[goods.groups[0]][0],
        "Level2Name": goods.name,
        "Categories": [{"Id": int(one.category_id), "Cell": {"Name": one.name}} for one in problems],
    }


_ACTIONS: Final[Mapping[str, Callable[[Call, Tenant, Store], dict[str, Json]]]] = {
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
    raise _refused(call, "InvalidParameterValue", f"`{name}` is not a time")


def _check(call: Call, name: str, good: bool) -> None:
    if not good:
        raise _refused(call, "InvalidParameterValue", f"the value of `{name}` is not valid")


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def not_found(call: Call) -> Reply:
    """An unknown ticket."""
    return refuse(call, 200, "ResourceNotFound", "the ticket does not exist")


def throttled(call: Call, hint: float | None, status: int | None) -> Reply:
    """The limit is in the text; Tencent has no hint of its own, so one is ``Retry-After``."""
    text = f"Your current request times of `{call.action}` equals to or exceeds the frequency limit"
    reply = refuse(call, status or 200, "RequestLimitExceeded", text)
    headers = {} if hint is None else {"Retry-After": f"{hint:.0f}"}
    return Reply(reply.body, reply.status, reply.content_type, headers)


def unavailable(call: Call, status: int) -> Reply:
    """An internal error, with the given status."""
    return refuse(call, status, "InternalError", "An internal error has occurred.")


def refuse(call: Call, status: int, code: str, message: str) -> Reply:
    """The error envelope; the real API answers 200 for all of them."""
    error = {"Error": {"Code": code, "Message": message}, "RequestId": new_id()}
    return Reply(dump({"Response": error}), status)


def _refused(call: Call, code: str, message: str) -> RefusedError:
    return RefusedError(refuse(call, 200, code, message))
