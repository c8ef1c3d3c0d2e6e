"""Alibaba's ticket API over the store; include/vendors/alibaba/spec.md, section 13.

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
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from include.sandbox.vendors.alibaba.answers import OPERATIONS
from include.sandbox.vendors.cases import Tenant
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
from include.vendors.alibaba import signature as signing

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
TICKET_ID: Final = "TicketId"
PAGE_SIZE: Final = "PageSize"
LISTS: Final = {
    "ListTickets": (("Data",), ("TotalCount",)),
    "ListTicketNotes": (("Data",), None),
    "ListProducts": (("Data",), None),
    "ListCategories": (("Data",), None),
}
DETAILS: Final = {"GetTicket": ("Data",)}
NOT_FOUND: Final = (200, "404", "工单不存在")


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
        raise RefusedError(404, "InvalidVersion", "Specified parameter Version is not valid.")
    is_v3 = "authorization" in request.headers
    if not is_v3 and "Signature" not in params:
        raise RefusedError(400, "MissingAccessKeyId", "AccessKeyId is mandatory.")
    moment = request.headers.get("x-acs-date") if is_v3 else params.get("Timestamp")
    nonce = request.headers.get("x-acs-signature-nonce") if is_v3 else params.get("SignatureNonce")
    try:
        stamp = calendar.timegm(time.strptime(moment or "", signing.DATE_FORMAT))
    except ValueError:
        raise RefusedError(
            400, "InvalidTimeStamp.Format", "Specified time stamp is not well formed."
        ) from None
    if abs(now - stamp) > SKEW_SECONDS:
        raise RefusedError(
            400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."
        )
    tenant = gate.tenant(call.access_key)
    if tenant is None:
        raise RefusedError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    if not nonce:
        raise RefusedError(400, "MissingSignatureNonce", "SignatureNonce is mandatory.")
    text, expected = _v3(call, tenant) if is_v3 else _rpc(call, tenant)
    if not hmac.compare_digest(expected.encode(), call.signature.encode()):
        raise RefusedError(
            400,
            "SignatureDoesNotMatch",
            f"Specified signature does not match our calculation. server string to sign is:{text}",
        )
    if not gate.is_fresh(call.access_key, nonce, SKEW_SECONDS):
        raise RefusedError(400, "SignatureNonceUsed", "Specified signature nonce was used.")
    return tenant


def _v3(call: Call, tenant: Tenant) -> tuple[str, str]:
    """The string to sign and the signature as they should be."""
    request = call.request
    header = _AUTHORIZATION.fullmatch(request.headers["authorization"])
    signed = header["signed"].split(";") if header else []
    missing = [name for name in MUST_SIGN if name not in signed]
    if missing or any(name not in request.headers for name in signed):
        raise RefusedError(
            400, "SignatureDoesNotMatch", f"header not signed: {', '.join(missing) or signed}"
        )
    body_hash = hashlib.sha256(request.body).hexdigest()
    if request.headers["x-acs-content-sha256"] != body_hash:
        raise RefusedError(
            400, "SignatureDoesNotMatch", "x-acs-content-sha256 is not the body's hash"
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
    operation = OPERATIONS.get(call.action)
    if operation is None or call.request.path != "/" or call.request.method not in ("GET", "POST"):
        raise RefusedError(404, "InvalidApi.NotFound", "Specified api is not found.")
    fields = operation(call, tenant, store)
    common = {"RequestId": new_id(), "Success": True, "Code": 0, "Message": ""}
    return _reply(call, 200, common | fields)


def throttled(call: Call, hint: float | None, status: int | None) -> Reply:
    """The hint is a header in milliseconds."""
    reply = refuse(
        call, status or 400, "Throttling.User", "Request was denied due to user flow control."
    )
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
