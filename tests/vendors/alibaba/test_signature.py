"""The signature: vectors of the vendor's own code, stage by stage and on the request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from include.models import Account
from include.sandbox.vendors.alibaba import api as sandbox
from include.vendors.alibaba import signature as alibaba_signature
from include.vendors.request import HttpRequest

VECTOR_FILES = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((VECTOR_FILES / "alibaba_signing.json").read_text("utf-8"))
V3 = [case for case in VECTORS["cases"] if case["signature"] == "V3"]
V1 = [case for case in VECTORS["cases"] if case["signature"] == "V1"]


def test_every_vector_is_of_a_known_method():
    assert VECTORS["cases"], "a vector file without cases proves nothing"
    assert len(V3) + len(V1) == len(VECTORS["cases"])


@pytest.mark.parametrize("case", V3, ids=lambda case: case["name"])
def test_a_vector_holds_stage_by_stage(case):
    given, expected = case["input"], case["expected"]
    canonical = alibaba_signature.canonical_request(
        given["method"],
        given["path"],
        list(given["query"].items()),
        given["signed_headers"],
        expected["content_sha256"],
    )
    assert canonical == expected["canonical_request"]
    text = alibaba_signature.string_to_sign(canonical)
    assert text == expected["string_to_sign"]
    seal = alibaba_signature.signature(given["access_key_secret"], text)
    assert seal == expected["signature"]
    header = alibaba_signature.authorization(given["access_key_id"], given["signed_headers"], seal)
    assert header == expected["authorization"]


@pytest.mark.parametrize("case", V3, ids=lambda case: case["name"])
def test_a_vector_holds_for_the_request(case):
    given, expected = case["input"], case["expected"]
    ours = {"host", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
    account = Account("1", "alibaba", given["access_key_id"], given["access_key_secret"])
    moment = datetime.strptime(given["timestamp"], alibaba_signature.DATE_FORMAT).replace(
        tzinfo=UTC
    )
    request = HttpRequest(
        given["method"],
        given["host"],
        given["path"],
        urlencode(given["query"]),
        {name: value for name, value in given["signed_headers"].items() if name not in ours},
        given["body"].encode(),
    )
    alibaba_signature.AlibabaSigner(account, lambda: moment, lambda: given["nonce"])(request)

    headers = {name.lower(): value for name, value in request.headers.items()}
    assert {name: headers[name] for name in given["signed_headers"]} == given["signed_headers"]
    assert request.headers["Authorization"] == expected["authorization"]
    if "wire" in expected:
        before = f"{given.get('protocol', 'https')}://{given['host']}"
        assert before + request.target == expected["wire"]["url"]


@pytest.mark.parametrize("case", V1, ids=lambda case: case["name"])
def test_a_vector_of_the_old_method_holds_in_the_sandbox(case):
    given, expected = case["input"], case["expected"]
    text = sandbox.rpc_string_to_sign(given["method"], given["query"] | given["body_params"])
    assert text == expected["string_to_sign"]
    secret = given["access_key_secret"]
    assert sandbox.rpc_signature(secret, text) == expected["signature"]
