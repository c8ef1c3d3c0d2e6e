"""No request where we did not mean to, whatever stands in the table or in the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.vendors.registry import VENDORS

ROOT = Path(__file__).resolve().parents[2]
REGIONS = [
    "evil.com",
    "evil.com/",
    "evil.com#",
    "evil.com?",
    "evil.com\\",
    "a.b#",
    "cn-hangzhou.evil.com/",
    "x@127.0.0.1",
    "cn-hangzhou@evil.com",
    "127.0.0.1",
    "169.254.169.254",
    "[::1]",
    "::1",
    "0.0.0.0:80",
    "0x7f.1",
    "cn-hangzhou:8080",
    "..",
    "../..",
    "cn-hangzhou/../evil",
    "%2e%2e",
    "%00",
    "cn-hangzhou\0",
    "http://evil.com",
    "//evil.com",
    "file:///etc/passwd",
    "cn-\nhangzhou",
    "cn-hangzhou\r\nHost: evil.com",
    "cn hangzhou",
    "cn-hangzhou\u202e",
    "evil。com",
    "evil．com",
    "ｃｎ-hangzhou",
    "сn-hangzhou",
    "cn-hangzhou.",
    "${jndi:ldap://evil.com}",
    "cn-hangzhou';--",
    "c" * 300,
]
MEANT = {
    "alibaba": "workorder.aliyuncs.com",
    "huawei": "iam.cn-south-1.myhuaweicloud.com",
    "tencent": "tencentcloudapi.com",
}
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(scope="module")
def outcomes():
    """What clients did, by vendor and region; proxies stand in the environment."""
    environ = {**os.environ, **dict.fromkeys(PROXIES, "http://proxy.evil.com:3128")}
    child = subprocess.run(
        [sys.executable, "-m", "tests.security.hostile_regions"],
        input=json.dumps(["", *REGIONS]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environ,
        timeout=60,
        check=True,
    )
    return {
        (vendor, region): (error, hosts)
        for vendor, region, error, hosts in json.loads(child.stdout)
    }


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_hostile_region_is_refused_before_a_socket_is_opened(vendor, outcomes, record_property):
    found = {region: outcomes[vendor, region] for region in REGIONS}
    assert found == dict.fromkeys(REGIONS, ("ConfigError", []))
    if vendor == VENDORS[-1]:
        sockets = sum(len(hosts) for (_, region), (_, hosts) in outcomes.items() if region)
        record_property(
            "figure", f"hostile regions  {len(REGIONS)} x {len(VENDORS)}: sockets {sockets}"
        )


@pytest.mark.parametrize("vendor", VENDORS)
def test_without_a_region_the_vendor_itself_is_asked_for_and_no_proxy_of_the_shell(
    vendor, outcomes
):
    error, hosts = outcomes[vendor, ""]
    assert error == "UnavailableError"
    assert len(hosts) == 1
    assert MEANT[vendor] in hosts[0]
