"""Huawei's ticket API and its identity service over the store; spec.md, section 13."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

from include.sandbox.vendors.cases import Tenant
from include.sandbox.vendors.huawei.answers import OPERATIONS
from include.sandbox.vendors.store import Store
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
from include.vendors.huawei import signature as signing

SKEW_SECONDS: Final = 15 * 60
TICKETS: Final = "ListCases"
TICKET_ID: Final = "incident_id"
PAGE_SIZE: Final = "limit"
LISTS: Final = {
    "ListCases": (("incident_info_list",), ("total_count",)),
    "ShowCaseDetail": (("incident_detail_info", "message_list"), None),
    "ListMessages": (("message_list",), ("count",)),
    "ListCaseCategories": (("incident_sub_type_list",), ("total_count",)),
    "ListProductCategories": (("incident_product_category_list",), ("total_count",)),
    "ListProblemTypes": (("incident_business_type_list",), ("total_count",)),
}
DETAILS: Final = {"ShowCaseDetail": ("incident_detail_info",)}

NOT_FOUND: Final = (200, "OSM.01010015", "The ticket does not exist.")
_AUTHORIZATION: Final = re.compile(
    rf"{signing.ALGORITHM} Access=(?P<key>[^,]+), SignedHeaders=(?P<signed>[^,]+),"
    r" Signature=(?P<signature>[0-9a-f]+)"
)
_BASE: Final = "/v2/servicerequest"
_PATHS: Final = {
    "ListCases": re.compile(rf"{_BASE}/cases"),
    "ListCaseCounts": re.compile(rf"{_BASE}/cases/count"),
    "ShowCaseDetail": re.compile(rf"{_BASE}/cases/([^/]+)"),
    "ListMessages": re.compile(rf"{_BASE}/cases/([^/]+)/messages"),
    "ShowCaseStatus": re.compile(rf"{_BASE}/cases/([^/]+)/status"),
    "ListCaseOperateLogs": re.compile(rf"{_BASE}/cases/([^/]+)/operate-logs"),
    "ListCaseCategories": re.compile(rf"{_BASE}/config/categories"),
    "ListProductCategories": re.compile(rf"{_BASE}/config/product-categories"),
    "ListProblemTypes": re.compile(rf"{_BASE}/config/problems"),
    "KeystoneListAuthDomains": re.compile(r"/v3/auth/domains"),
}


def read(request: Request) -> Call:
    """The path tells the action and the ticket. Of a repeated parameter the last value counts."""
    header = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    params = dict(request.pairs())
    action, ticket_id = "", None
    for name, pattern in _PATHS.items():
        found = pattern.fullmatch(request.path)
        if found and request.method == "GET":
            action, ticket_id = name, next(map(unquote, found.groups()), None)
            break
    offset, limit = params.get("offset", "0"), params.get("limit", "10")
    paged = action in ("ListCases", "ListMessages", "ListCaseOperateLogs")
    numbers = all(text.isascii() and text.isdigit() for text in (offset, limit))
    page = int(offset) // max(int(limit), 1) + 1 if paged and numbers else None
    return Call(
        "huawei",
        request,
        action,
        params,
        header["key"] if header else "",
        header["signature"] if header else "",
        page,
        ticket_id,
    )


def authenticate(call: Call, gate: Gate, now: float) -> Tenant:
    """Check date, key and signature; any choice of signed headers with the date among them."""
    request = call.request
    header = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if header is None:
        raise _unproven("Authorization is missing or not valid")
    signed = header["signed"].split(";")
    if "x-sdk-date" not in signed or any(name not in request.headers for name in signed):
        raise _unproven("x-sdk-date is not signed, or a signed header is missing")
    moment = request.headers["x-sdk-date"]
    try:
        stamp = timegm(time.strptime(moment, signing.DATE_FORMAT))
    except ValueError:
        raise _unproven("x-sdk-date is not valid") from None
    if abs(now - stamp) > SKEW_SECONDS:
        raise _unproven("the signature expired: check the clock")
    tenant = gate.tenant(call.access_key)
    if tenant is None:
        raise _unproven(f"Get secretKey failed,ak {call.access_key},err:ak not exist")
    given = header["signature"].encode()
    for canonical in _canonical_forms(request, signed):
        text = signing.string_to_sign(canonical, moment)
        if hmac.compare_digest(signing.signature(tenant.secret_key, text).encode(), given):
            return tenant
    raise _unproven("verify aksk signature fail")


def _canonical_forms(request: Request, signed: list[str]) -> list[str]:
    """What may have been signed: equal names in the order of their values, or as received."""
    # A header that replaces the hash is believed, as the gateway does.
    body_hash = request.headers.get(
        "x-sdk-content-sha256", hashlib.sha256(request.body).hexdigest()
    )
    pairs = request.pairs()
    canonical = signing.canonical_request(
        request.method, request.path, pairs, request.headers, signed, body_hash
    )
    if len({name for name, _ in pairs}) == len(pairs):
        return [canonical]
    received = sorted(pairs, key=lambda pair: pair[0])
    lines = canonical.split("\n")
    lines[2] = "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in received
    )
    return [canonical, "\n".join(lines)]


def answer(call: Call, tenant: Tenant, store: Store) -> Reply:
    """One of the reading operations."""
    if call.action not in OPERATIONS:
        raise RefusedError(404, "APIGW.0101", "The API does not exist.")
    domain = call.request.headers.get("x-domain-id")
    if "domain_required" in call.switches and domain != tenant.owner_id:
        raise RefusedError(
            200, "OSM.01010011", "the customer cannot be derived from the credentials"
        )
    return _reply(200, OPERATIONS[call.action](call, tenant, store))


def throttled(call: Call, hint: float | None, status: int | None) -> Reply:
    """The gateway's 429; a hint is ``Retry-After``."""
    policy = "policy user over ratelimit,limit:1,time:1 second"
    text = f"The throttling threshold has been reached: {policy}"
    headers = {} if hint is None else {"Retry-After": f"{hint:.0f}"}
    return _reply(status or 429, _error("APIGW.0308", text), headers)


def unavailable(call: Call, status: int) -> Reply:
    """The service's own fault for 500, the gateway's else."""
    code = "OSM.0004" if status == 500 else "APIGW.0201"
    return refuse(call, status, code, "Backend unavailable.")


def refuse(call: Call, status: int, code: str, message: str) -> Reply:
    """The error body; business errors come with status 200."""
    return _reply(status, _error(code, message))


def _error(code: str, message: str) -> dict[str, Json]:
    return {"error_msg": message, "error_code": code, "request_id": new_id().replace("-", "")}


def _unproven(reason: str) -> RefusedError:
    message = f"Incorrect IAM authentication information: {reason}"
    return RefusedError(401, "APIGW.0301", message)


def _reply(status: int, body: dict[str, Json], headers: Mapping[str, str] | None = None) -> Reply:
    request_id = str(body.get("request_id") or new_id().replace("-", ""))
    given = {"X-Request-Id": request_id, **(headers or {})}
    return Reply(dump(body), status, "application/json;charset=UTF-8", given)
