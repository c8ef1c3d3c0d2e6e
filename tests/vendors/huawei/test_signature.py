"""The signature: vectors of the vendor's own code, stage by stage and on the request."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from include.models import Account
from include.vendors.huawei import signature as huawei_signature
from include.vendors.request import HttpRequest

VECTOR_FILES = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((VECTOR_FILES / "huawei_signing.json").read_text("utf-8"))


def a_case(case):
    """What the signing stages take of a vector."""
    request = case["request"]
    headers = {"Host": request["host"]} | request["headers"]
    signed = [name for name in headers if "_" not in name]
    body = (request["body"] or "").encode()
    query = [(name, value) for name, value in request["query"]]
    return request, query, headers, signed, hashlib.sha256(body).hexdigest()


def test_there_are_vectors():
    assert VECTORS["algorithm"] == huawei_signature.ALGORITHM
    assert VECTORS["cases"], "a vector file without cases proves nothing"


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_holds_stage_by_stage(case):
    request, query, headers, signed, body_hash = a_case(case)
    expected = case["expected"]
    canonical = huawei_signature.canonical_request(
        request["method"], request["path"], query, headers, signed, body_hash
    )
    assert canonical == expected["canonical_request"]
    text = huawei_signature.string_to_sign(canonical, request["headers"]["X-Sdk-Date"])
    assert text == expected["string_to_sign"]
    seal = huawei_signature.signature(case["secret_key"], text)
    assert seal == expected["signature"]
    header = huawei_signature.authorization(case["access_key"], signed, seal)
    assert header == expected["authorization"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_holds_for_the_request(case):
    """We sign fewer headers than the vendor's client: then only those, by the proven stages."""
    request, query, headers, signed, body_hash = a_case(case)
    moment = datetime.strptime(headers["X-Sdk-Date"], huawei_signature.DATE_FORMAT).replace(
        tzinfo=UTC
    )
    account = Account("1", "huawei", case["access_key"], case["secret_key"])
    ours = HttpRequest(
        request["method"],
        request["host"],
        request["path"],
        urlencode(query),
        {name: value for name, value in request["headers"].items() if name != "X-Sdk-Date"},
        (request["body"] or "").encode(),
    )
    huawei_signature.HuaweiSigner(account, lambda: moment)(ours)

    assert ours.target == case["expected"]["request_uri"]
    assert ours.headers["X-Sdk-Date"] == headers["X-Sdk-Date"]
    counted = [name for name in signed if name.lower().startswith(("x-", "host", "content-type"))]
    if counted == signed:
        assert ours.headers["Authorization"] == case["expected"]["authorization"]
    else:
        canonical = huawei_signature.canonical_request(
            request["method"], request["path"], query, headers, counted, body_hash
        )
        text = huawei_signature.string_to_sign(canonical, headers["X-Sdk-Date"])
        assert ours.headers["Authorization"] == huawei_signature.authorization(
            case["access_key"], counted, huawei_signature.signature(case["secret_key"], text)
        )
