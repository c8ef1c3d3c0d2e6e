"""Alibaba's ticket API over the store; include/vendors/specs/alibaba.md, section 13.

Both signatures are verified, V3 with the client's own stages and RPC HMAC-SHA1 with those below.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from include.sandbox.seed import Case, Talk, Tenant
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
from include.vendors import alibaba as signing

VERSION: Final = "2021-06-10"
SKEW_SECONDS: Final = 15 * 60
MUST_SIGN: Final = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)
TICKETS: Final = "ListTickets"
LISTS: Final = {
    "ListTickets": (("Data",), ("TotalCount",)),
    "ListTicketNotes": (("Data",), None),
    "ListProducts": (("Data",), None),
    "ListCategories": (("Data",), None),
}
DETAILS: Final = {"GetTicket": ("Data",)}

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


def rpc_string_to_sign(method: str, params: Mapping[str, str]) -> str:
    """What the RPC method signs: all parameters of query and form, without ``Signature``."""
    pairs = sorted((name, value) for name, value in params.items() if name != "Signature")
    canonical = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
    return f"{method}&%2F&{_encode(canonical)}"


def rpc_signature(secret: str, text: str) -> str:
    """The RPC signature: base64 of HMAC-SHA1 with the secret and an ampersand as the key."""
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode()


def _encode(text: str) -> str:
    return quote(text, safe="~")


def read(request: Request) -> Call:
    """Parameters may stand in the query or the form; the action in a header or a parameter."""
    params = dict(request.pairs())
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = request.body.decode("utf-8", "replace")
        params |= dict(parse_qsl(form, keep_blank_values=True))
    header = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    number = params.get("PageNumber", "")
    return Call(
        "alibaba",
        request,
        request.headers.get("x-acs-action") or params.get("Action", ""),
        params,
        header["key"] if header else params.get("AccessKeyId", ""),
        header["signature"] if header else params.get("Signature", ""),
        int(number) if number.isascii() and number.isdigit() else None,
        params.get("TicketId"),
    )


_AUTHORIZATION: Final = re.compile(
    rf"{signing.ALGORITHM} Credential=(?P<key>[^,]+),\s*SignedHeaders=(?P<signed>[^,]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]+)"
)


def authenticate(call: Call, gate: Gate, now: float) -> Tenant:
    """Check version, date, key, nonce and signature, in the order of section 8.3."""
    request, params = call.request, call.params
    version = request.headers.get("x-acs-version") or params.get("Version")
    if version != VERSION:
        raise _refused(call, 404, "InvalidVersion", "Specified parameter Version is not valid.")
    is_v3 = "authorization" in request.headers
    if not is_v3 and "Signature" not in params:
        raise _refused(call, 400, "MissingAccessKeyId", "AccessKeyId is mandatory.")
    moment = request.headers.get("x-acs-date") if is_v3 else params.get("Timestamp")
    nonce = (
        request.headers.get("x-acs-signature-nonce") if is_v3 else params.get("SignatureNonce")
    )
    try:
        stamp = calendar.timegm(time.strptime(moment or "", signing.DATE_FORMAT))
    except ValueError:
        raise _refused(
            call, 400, "InvalidTimeStamp.Format", "Specified time stamp is not well formed."
        ) from None
    if abs(now - stamp) > SKEW_SECONDS:
        raise _refused(
            call, 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."
        )
    tenant = gate.tenant(call.access_key)
    if tenant is None:
        raise _refused(
            call, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."
        )
    if not nonce:
        raise _refused(call, 400, "MissingSignatureNonce", "SignatureNonce is mandatory.")
    text, expected = _v3(call, tenant) if is_v3 else _rpc(call, tenant)
    if not hmac.compare_digest(expected.encode(), call.signature.encode()):
        raise _refused(
            call,
            400,
            "SignatureDoesNotMatch",
            f"Specified signature does not match our calculation. server string to sign is:{text}",
        )
    if not gate.is_fresh(call.access_key, nonce, SKEW_SECONDS):
        raise _refused(call, 400, "SignatureNonceUsed", "Specified signature nonce was used.")
    return tenant


def _v3(call: Call, tenant: Tenant) -> tuple[str, str]:
    """The string to sign and the signature as they should be."""
    request = call.request
    header = _AUTHORIZATION.fullmatch(request.headers["authorization"])
    signed = header["signed"].split(";") if header else []
    missing = [name for name in MUST_SIGN if name not in signed]
    if missing or any(name not in request.headers for name in signed):
        raise _refused(
            call, 400, "SignatureDoesNotMatch", f"header not signed: {', '.join(missing) or signed}"
        )
    body_hash = hashlib.sha256(request.body).hexdigest()
    if request.headers["x-acs-content-sha256"] != body_hash:
        raise _refused(
            call, 400, "SignatureDoesNotMatch", "x-acs-content-sha256 is not the body's hash"
        )
    headers = {name: request.headers[name] for name in signed}
    canonical = signing.canonical_request(
        request.method, request.path, request.pairs(), headers, body_hash
    )
    text = signing.string_to_sign(canonical)
    return text, signing.signature(tenant.secret_key, text)


def _rpc(call: Call, tenant: Tenant) -> tuple[str, str]:
    text = rpc_string_to_sign(call.request.method, call.params)
    return text, rpc_signature(tenant.secret_key, text)


def answer(call: Call, tenant: Tenant, store: Store) -> Reply:
    """One of the five reading operations."""
    operation = _OPERATIONS.get(call.action)
    if operation is None or call.request.path != "/" or call.request.method not in ("GET", "POST"):
        raise _refused(call, 404, "InvalidApi.NotFound", "Specified api is not found.")
    fields = operation(call, tenant, store)
    common = {"RequestId": new_id(), "Success": True, "Code": 0, "Message": ""}
    return _reply(call, 200, common | fields)


def _list_tickets(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    number, size = _positive(call, "PageNumber"), _positive(call, "PageSize")
    if size > 100:
        raise _refused(call, 400, "illegal.param", "PageSize must not exceed 100.")
    rows = store.tickets("alibaba", tenant.index, _moment(call, "StartDate"), _moment(call, "EndDate"))
    statuses = {_status_number(call, text) for text in _many(call, "StatusList")}
    ids = {part for text in _many(call, "TicketIdList") for part in text.split(",") if part}
    ids |= {call.params["TicketId"]} if call.params.get("TicketId") else set()
    if statuses:
        rows = [case for case in rows if _STATUS[case.state][0] in statuses]
    if ids:
        rows = [case for case in rows if case.ticket_id in ids]
    if call.params.get("Keyword"):
        rows = [case for case in rows if call.params["Keyword"] in case.description]
    rows = rows[::-1]  # newest first
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
            "Severity": {"Value": "2", "Label": "紧急"}
            if case.urgent
            else {"Value": "1", "Label": "普通"},
        },
    }


def _list_notes(call: Call, tenant: Tenant, store: Store) -> dict[str, Json]:
    case = _case(call, tenant, store)
    notes = [_note(talk) for talk in case.talks]
    # An empty conversation is a list at one time and null at another.
    empty = None if ord(case.ticket_id[-1]) % 2 else []
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
            {"ProductId": int(goods.product_id), "ProductName": goods.name if chinese else goods.english}
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


_OPERATIONS: Final[Mapping[str, Callable[[Call, Tenant, Store], dict[str, Json]]]] = {
    "ListTickets": _list_tickets,
    "GetTicket": _get_ticket,
    "ListTicketNotes": _list_notes,
    "ListProducts": _list_products,
    "ListCategories": _list_categories,
}


def _case(call: Call, tenant: Tenant, store: Store) -> Case:
    if not call.ticket_id:
        raise _refused(call, 400, "MissingTicketId", "TicketId is mandatory for this action.")
    case = store.visible(tenant, call.ticket_id)
    if case is None:
        raise RefusedError(not_found(call))
    return case


def _positive(call: Call, name: str) -> int:
    text = call.params.get(name)
    if text is None:
        raise _refused(call, 400, f"Missing{name}", f"{name} is mandatory for this action.")
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        code = "illegal.param" if call.action == "ListTickets" else "param.illegal"
        raise _refused(call, 400, code, f"{name} must be a positive number.")
    return int(text)


def _moment(call: Call, name: str) -> datetime | None:
    text = call.params.get(name)
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise _refused(call, 400, "illegal.param", f"{name} must be milliseconds.") from None


def _many(call: Call, name: str) -> list[str]:
    """A repeated parameter: ``Name`` or ``Name.1``, ``Name.2``, …"""
    numbered = re.compile(rf"{name}(\.\d+)?")
    return [value for key, value in call.params.items() if numbered.fullmatch(key) and value]


def _status_number(call: Call, text: str) -> str:
    number = _NUMBERS.get(text.replace("-", "_"), text)
    if number not in _NUMBERS.values():
        raise _refused(call, 400, "illegal.param", f"status {text} is not valid.")
    return number


def _status(case: Case) -> dict[str, str]:
    number, _, label = _STATUS[case.state]
    return {"Value": number, "Label": label}


def _is_chinese(call: Call) -> bool:
    return call.params.get("Language") in (None, "", "zh")


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def not_found(call: Call) -> Reply:
    """A business failure under HTTP 200."""
    return refuse(call, 200, "404", "工单不存在")


def throttled(call: Call, hint: float | None, status: int | None) -> Reply:
    """The hint is a header in milliseconds."""
    reply = refuse(call, status or 400, "Throttling.User", "Request was denied due to user flow control.")
    headers = {} if hint is None else {"x-acs-retry-after": str(round(hint * 1000))}
    return Reply(reply.body, reply.status, reply.content_type, headers)


def unavailable(call: Call, status: int) -> Reply:
    """``System.error`` or ``ServiceUnavailable``."""
    code = "System.error" if status == 500 else "ServiceUnavailable"
    return refuse(call, status, code, "The request has failed due to a temporary failure.")


def refuse(call: Call, status: int, code: str, message: str) -> Reply:
    """A gateway error, or with status 200 a business failure, whose code is a number if it can."""
    body: dict[str, Json] = {"RequestId": new_id(), "Code": code, "Message": message}
    if status == 200:
        body |= {"Success": False, "Code": int(code) if code.isdigit() else code}
    else:
        body |= {"HostId": call.request.headers.get("host", ""), "Recommend": ""}
    return _reply(call, status, body, "Error")


def _refused(call: Call, status: int, code: str, message: str) -> RefusedError:
    return RefusedError(refuse(call, status, code, message))


def _reply(call: Call, status: int, body: dict[str, Json], root: str = "") -> Reply:
    """JSON, but XML for an RPC request that does not ask for JSON."""
    is_rpc = "authorization" not in call.request.headers and "Signature" in call.params
    if is_rpc and call.params.get("Format", "").lower() != "json":
        text = _xml(root or f"{call.action}Response", body)
        return Reply(text.encode(), status, "text/xml;charset=utf-8")
    return Reply(dump(body), status, "application/json;charset=utf-8")


def _xml(name: str, value: Json) -> str:
    if isinstance(value, list):
        return "".join(_xml(name, item) for item in value)
    if isinstance(value, dict):
        inner = "".join(_xml(key, item) for key, item in value.items())
    else:
        inner = escape(value if isinstance(value, str) else json.dumps(value))
    return f"<{name}>{inner}</{name}>"
