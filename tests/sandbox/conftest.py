"""A signed request to a vendor of the sandbox, and a request to its control port."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from include.sandbox.vendors.server import Sandbox
from include.vendors.alibaba import signature as alibaba_signature
from include.vendors.huawei import signature as huawei_signature
from include.vendors.tencent import signature as tencent_signature
from tests.vendors.signed import Signed

SIGNERS: dict[str, type] = {
    "alibaba": alibaba_signature.AlibabaSigner,
    "huawei": huawei_signature.HuaweiSigner,
    "tencent": tencent_signature.TencentSigner,
}
Ask = Callable[..., requests.Response]


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def unsigned(
    sandbox: Sandbox, vendor: str, action: str, params: dict[str, Any]
) -> requests.Request:
    """*action* is Huawei's path below the service, the action's name elsewhere."""
    url = sandbox.url(vendor)
    if vendor == "alibaba":
        headers = {"x-acs-action": action, "x-acs-version": "2021-06-10"}
        return requests.Request("POST", f"{url}/", headers=headers, data=params)
    if vendor == "huawei":
        path = action if action.startswith("/") else f"/v2/servicerequest/{action}"
        headers = {"X-Time-Zone": "GMT+8", **params.pop("headers", {})}
        return requests.Request("GET", url + path, headers=headers, params=params)
    headers = {
        "X-TC-Action": action,
        "X-TC-Version": "2023-01-04",
        "Content-Type": "application/json",
    }
    return requests.Request("POST", f"{url}/", headers=headers, data=json.dumps(params).encode())


def asking(sandbox: Sandbox, session: requests.Session) -> Ask:
    """``ask(vendor, action, params)``: signed; *secret* and *late* make the signature wrong."""

    def asked(
        vendor: str,
        action: str,
        params: dict[str, Any] | None = None,
        *,
        index: int = 0,
        secret: str = "",
        key: str = "",
        late: timedelta = timedelta(),
        tamper: Callable[[requests.PreparedRequest], None] = lambda request: None,
        timeout: float = 10,
    ) -> requests.Response:
        account = sandbox.account(vendor, index)
        if secret or key:
            account = replace(
                account,
                access_key=key or account.access_key,
                secret_key=secret or account.secret_key,
            )
        prepared = session.prepare_request(unsigned(sandbox, vendor, action, dict(params or {})))
        prepared.prepare_auth(Signed(SIGNERS[vendor](account, lambda: datetime.now(UTC) + late)))
        tamper(prepared)
        return session.send(prepared, timeout=timeout, allow_redirects=False)

    return asked


@pytest.fixture
def ask(sandbox: Sandbox, session: requests.Session) -> Ask:
    """A signed request to the sandbox of the test."""
    return asking(sandbox, session)


@pytest.fixture
def two(session: requests.Session) -> Iterator[tuple[Sandbox, Ask]]:
    """A sandbox with two accounts, two calls a second, and how to ask it."""
    with Sandbox(accounts=2, tickets=3, rate=2) as running:
        yield running, asking(running, session)


@pytest.fixture
def control(sandbox: Sandbox, session: requests.Session) -> Callable[..., Any]:
    """``control("POST", "/tickets", {...})``: the JSON of the answer, which must be good."""

    def controlled(method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        url = sandbox.describe()["control_url"] + path
        response = session.request(method, url, json=body)
        assert response.status_code == status, response.text
        return response.json()

    return controlled
