"""The list of vendors: what a folder declares, how people call a vendor, whether it is read."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from itertools import combinations
from pathlib import Path

import pytest

from include import vendors
from include.errors import ConfigError
from include.sandbox.vendors.server import WIRES
from include.settings import Settings
from include.vendors.alibaba import AlibabaSettings
from include.vendors.huawei import HuaweiSettings
from include.vendors.registry import (
    DECLARED,
    VENDORS,
    catalog_site,
    is_switched_on,
    load_settings,
    open_client,
    vendor_of,
)
from include.vendors.tencent import TencentSettings
from tests.builders import an_account

ROOT = Path(__file__).resolve().parents[2]


def test_every_folder_is_a_vendor_of_its_name():
    folders = [path.parent.name for path in Path(vendors.__path__[0]).glob("*/__init__.py")]
    assert sorted(folders) == list(VENDORS)
    assert {name: vendor.name for name, vendor in DECLARED.items()} == {v: v for v in VENDORS}


def test_every_vendor_has_a_client_settings_and_a_side_of_the_sandbox():
    for name, vendor in DECLARED.items():
        module = import_module(f"include.vendors.{name}.client")
        assert vars(module)[f"{name.capitalize()}Client"] is vendor.client_class()
        assert vendor.settings.prefix == f"{name.upper()}_"
    assert set(WIRES) == set(VENDORS)


def test_no_word_means_two_vendors():
    for one, other in combinations(DECLARED.values(), 2):
        assert not {one.name, *one.aliases} & {other.name, *other.aliases}


@pytest.mark.parametrize(
    ("written", "vendor"),
    [
        ("ALIBABA", "alibaba"),
        ("Huawei", "huawei"),
        (" tencent ", "tencent"),
        ("0", "alibaba"),
        ("Aliyun", "alibaba"),
        ("阿里云", "alibaba"),
        ("1", "huawei"),
        ("华为云", "huawei"),
        ("腾讯云", "tencent"),
        ("2", None),
        ("ALIBABA CLOUD", None),
        ("", None),
    ],
)
def test_vendor_names_are_read_without_regard_to_case_and_aliases_too(written, vendor):
    assert vendor_of(written) == vendor


def test_a_vendors_own_settings_are_found_by_their_class():
    settings = load_settings({"HUAWEI_IAM_URL": "https://iam.example", "TENCENT_CLOSED_IDS": "3"})
    assert settings.of(HuaweiSettings) == HuaweiSettings(iam_url="https://iam.example")
    assert settings.of(TencentSettings).closed_ids == {3}
    assert settings.of(AlibabaSettings) == AlibabaSettings()
    assert Settings().of(AlibabaSettings) == AlibabaSettings()


@pytest.mark.parametrize(
    ("environ", "off"),
    [
        ({}, ["tencent"]),
        ({"SANDBOX": "1"}, []),
        ({"SANDBOX": "1", "TENCENT_ENABLED": "0"}, ["tencent"]),
        ({"TENCENT_ENABLED": "1", "HUAWEI_ENABLED": "0"}, ["huawei"]),
    ],
)
def test_each_vendor_can_be_switched_and_only_an_undocumented_one_is_off_by_itself(environ, off):
    settings = load_settings(environ)
    assert [name for name in VENDORS if not is_switched_on(name, settings)] == off


def test_a_vendor_that_is_switched_off_is_not_opened_and_the_error_says_how_to_switch_it_on():
    settings = load_settings({"HUAWEI_ENABLED": "0"})
    with pytest.raises(ConfigError, match="set HUAWEI_ENABLED=1 to read it"):
        open_client(an_account("huawei"), settings)
    with pytest.raises(ConfigError, match="TENCENT_ENABLED=1"):
        open_client(an_account("tencent"), settings)


def test_the_list_of_vendors_costs_no_client_and_no_database():
    code = (
        "import sys; import include.vendors.registry;"
        "print({'sqlalchemy', 'requests', 'include.vendors.huawei.client'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("vendor", "region", "site"),
    [
        ("alibaba", "", "home"),
        ("alibaba", "cn-hangzhou", "home"),
        ("alibaba", "ap-southeast-1", "ap-southeast-1"),
        ("alibaba", " ap-northeast-1 ", "ap-northeast-1"),
        ("alibaba", "us-west-1", "home"),
        ("huawei", "", "home"),
        ("huawei", "cn-north-4", "home"),
        ("huawei", "la-south-2", "ap-southeast-3"),
        ("huawei", "eu-west-101", "eu-west-101"),
        ("tencent", "", "home"),
        ("tencent", "ap-guangzhou", "home"),
        ("nobody", "cn-north-4", "home"),
    ],
)
def test_a_region_leads_to_a_site(vendor, region, site):
    assert catalog_site(vendor, region) == site
