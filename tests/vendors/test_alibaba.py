"""Alibaba: the signature against the given vectors, the mapping and the error table."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from include.models import Account
from include.vendors import alibaba

VECTORS = json.loads((Path(__file__).parent / "vectors/alibaba_signing.json").read_text("utf-8"))
V3 = [case for case in VECTORS["cases"] if case["signature"] == "V3"]
V1 = [case for case in VECTORS["cases"] if case["signature"] == "V1"]


def test_every_vector_is_of_a_known_method():
    assert VECTORS["cases"], "a vector file without cases proves nothing"
    assert len(V3) + len(V1) == len(VECTORS["cases"])


@pytest.mark.parametrize("case", V3, ids=lambda case: case["name"])
def test_a_vector_holds_stage_by_stage(case):
    given, expected = case["input"], case["expected"]
    canonical = alibaba.canonical_request(
        given["method"],
        given["path"],
        list(given["query"].items()),
        given["signed_headers"],
        expected["content_sha256"],
    )
    assert canonical == expected["canonical_request"]
    text = alibaba.string_to_sign(canonical)
    assert text == expected["string_to_sign"]
    seal = alibaba.signature(given["access_key_secret"], text)
    assert seal == expected["signature"]
    header = alibaba.authorization(given["access_key_id"], given["signed_headers"], seal)
    assert header == expected["authorization"]


@pytest.mark.parametrize("case", V3, ids=lambda case: case["name"])
def test_a_vector_holds_for_the_prepared_request(case):
    given, expected = case["input"], case["expected"]
    ours = {"host", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
    account = Account("1", "alibaba", given["access_key_id"], given["access_key_secret"])
    moment = datetime.strptime(given["timestamp"], alibaba.DATE_FORMAT).replace(tzinfo=UTC)
    prepared = requests.Request(
        given["method"],
        f"{given.get('protocol', 'https')}://{given['host']}{given['path']}",
        params=given["query"],
        headers={
            name: value for name, value in given["signed_headers"].items() if name not in ours
        },
        data=given["body"].encode(),
        auth=alibaba.AlibabaAuth(account, lambda: moment, lambda: given["nonce"]),
    ).prepare()

    assert {name: prepared.headers[name] for name in given["signed_headers"]} == (
        given["signed_headers"]
    )
    assert prepared.headers["Authorization"] == expected["authorization"]
    if "wire" in expected:
        assert prepared.url == expected["wire"]["url"]


@pytest.mark.parametrize("case", V1, ids=lambda case: case["name"])
def test_a_vector_of_the_old_method_holds_in_the_sandbox(case):
    sandbox = importlib.import_module("include.sandbox.alibaba")
    given, expected = case["input"], case["expected"]
    text = sandbox.rpc_string_to_sign(given["method"], given["query"] | given["body_params"])
    assert text == expected["string_to_sign"]
    secret = given["access_key_secret"]
    assert sandbox.rpc_signature(secret, text) == expected["signature"]
    assert urlencode(given["body_params"]) == given["body"]
