"""The signature: vectors of the vendor's own code, stage by stage and on the request."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.models import Account
from include.vendors.request import HttpRequest
from include.vendors.tencent import signature as tencent_signature

VECTOR_FILES = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((VECTOR_FILES / "tencent_signing.json").read_text("utf-8"))


def a_seal(given, signed):
    """The canonical request, the string to sign, the signature and the header of a vector."""
    headers = {
        "Content-Type": given["content_type"],
        "Host": given["host"],
        "X-TC-Action": given["action"],
    }
    body_hash = hashlib.sha256(given["payload"].encode()).hexdigest()
    moment, service = given["timestamp"], given["service"]
    canonical = tencent_signature.canonical_request(
        given["method"], given["query"], headers, signed, body_hash
    )
    text = tencent_signature.string_to_sign(canonical, moment, service)
    seal = tencent_signature.signature(given["secret_key"], text, moment, service)
    header = tencent_signature.authorization(given["secret_id"], signed, seal, moment, service)
    return canonical, text, seal, header


def test_there_are_vectors():
    assert VECTORS["algorithm"] == tencent_signature.ALGORITHM
    assert VECTORS["cases"], "a vector file without cases proves nothing"


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_holds_stage_by_stage(case):
    given, between, expected = case["input"], case["intermediate"], case["expected"]
    canonical, text, seal, header = a_seal(given, given["signed_headers"])
    assert canonical == between["canonical_request"]
    assert (
        tencent_signature.scope(given["timestamp"], given["service"]) == between["credential_scope"]
    )
    assert text == between["string_to_sign"]
    assert seal == expected["signature"]
    assert header == expected["authorization"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_holds_for_the_request(case):
    """We always sign the action; where a vector does not, the proven stages tell the signature."""
    given, expected = case["input"], case["expected"]
    set_by_us = ("Host", "X-TC-Timestamp")
    account = Account("1", "tencent", given["secret_id"], given["secret_key"])
    request = HttpRequest(
        given["method"],
        given["host"],
        "/",
        given["query"],
        {k: v for k, v in expected["headers"].items() if k not in set_by_us},
        given["payload"].encode(),
    )
    moment = datetime.fromtimestamp(given["timestamp"], UTC)
    tencent_signature.TencentSigner(account, lambda: moment, given["service"])(request)

    for name, value in expected["headers"].items():
        assert request.headers[name] == value
    if sorted(given["signed_headers"]) == list(tencent_signature.SIGNED_HEADERS):
        assert request.headers["Authorization"] == expected["authorization"]
    *_, header = a_seal(given, tencent_signature.SIGNED_HEADERS)
    assert request.headers["Authorization"] == header
