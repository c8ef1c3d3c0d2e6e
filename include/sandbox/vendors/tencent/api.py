"""Tencent's ticket API over the store; include/vendors/tencent/spec.md, section 12."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Final

from include.sandbox.vendors.cases import Tenant
from include.sandbox.vendors.store import Store
from include.sandbox.vendors.tencent.answers import OPERATIONS
from include.sandbox.vendors.wire import (
    Call,
    Gate,
    Json,
    RefusedError,
    Reply,
    Request,
    dump,
    new_id,
)
from include.vendors.tencent import signature as signing

VERSION: Final = "2023-01-04"
SKEW_SECONDS: Final = 300
TICKETS: Final = "GetMCTicketList"
TICKET_ID: Final = "TicketId"
PAGE_SIZE: Final = "PageSize"
LISTS: Final = {
    "GetMCTicketList": (("Response", "Data", "Data"), ("Response", "Data", "Total")),
    "GetMCTicketById": (("Response", "Data", "Comments"), None),
    "GetMCCategoryList": (("Response", "Data", "Categories"), None),
    "GetMCCategoryListById": (("Response", "Data", "Categories"), None),
}
DETAILS: Final = {"GetMCTicketById": ("Response", "Data")}

NOT_FOUND: Final = (200, "ResourceNotFound", "the ticket does not exist")
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
        raise RefusedError(200, "UnsupportedProtocol", "only GET and POST are supported")
    for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp"):
        if not request.headers.get(name.lower()):
            raise RefusedError(200, "MissingParameter", f"header {name} is missing")
    header = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if header is None:
        raise RefusedError(200, "AuthFailure.InvalidAuthorization", "Authorization is not valid")
    stamp = request.headers["x-tc-timestamp"]
    if not (stamp.isascii() and stamp.isdigit()) or abs(now - int(stamp)) > SKEW_SECONDS:
        raise RefusedError(200, "AuthFailure.SignatureExpire", "签名过期: check the clock")
    tenant = gate.tenant(call.access_key)
    if tenant is None:
        raise RefusedError(200, "AuthFailure.SecretIdNotFound", "the SecretId is not found")
    signed = header["signed"].split(";")
    if (
        f"{header['date']}/{header['service']}/tc3_request" != signing.scope(int(stamp))
        or not {"content-type", "host"} <= set(signed)
        or any(name not in request.headers for name in signed)
        or not hmac.compare_digest(_signature(request, tenant, signed), header["signature"])
    ):
        raise RefusedError(200, "AuthFailure.SignatureFailure", "the signature does not match")
    if call.action not in _PARAMETERS and call.action not in _ORGANISATION:
        raise RefusedError(200, "InvalidAction", f"action {call.action} does not exist")
    if request.headers["x-tc-version"] != VERSION:
        raise RefusedError(200, "NoSuchVersion", "the version does not exist")
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
        raise RefusedError(200, code, "the account manages no organisation")
    if "" in call.params:
        raise RefusedError(200, "InvalidParameter", "the body is not a JSON object")
    known = _PARAMETERS[call.action]
    for name, value in call.params.items():
        if name not in known:
            raise RefusedError(200, "UnknownParameter", f"`{name}` is not recognized")
        if not _is_of(known[name], value):
            raise RefusedError(200, "InvalidParameter", f"`{name}` must be of type {known[name]}")
    required = _REQUIRED.get(call.action)
    if required and required not in call.params:
        raise RefusedError(200, "MissingParameter", f"`{required}` is required")
    data = OPERATIONS[call.action](call, tenant, store)
    return Reply(dump({"Response": {"Data": data, "RequestId": new_id()}}))


def _is_of(kind: str, value: Json) -> bool:
    if kind.endswith("[]"):
        return isinstance(value, list) and all(_is_of(kind[:-2], item) for item in value)
    if kind == _INT:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {_STRING: str, _BOOL: bool, "object": dict}[kind])


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
