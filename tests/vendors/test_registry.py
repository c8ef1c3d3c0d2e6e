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
    find_strange_variables,
    is_switched_on,
    load_settings,
    open_client,
    setting_names,
    vendor_of,
    warn_of_strange_variables,
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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RUN_MINUTE", "RUN_MINUTES"),
        ("RUN_MINS", "RUN_MINUTES"),
        ("run_minutes", "RUN_MINUTES"),
        ("SYNC_RUN_MINUTES", "RUN_MINUTES"),
        ("AIRFLOW_VAR_RUN_MINUTES", "RUN_MINUTES"),
        ("SYNC_FROM", "SYNC_SINCE"),
        ("SNAPSHOT_LIMIT", "SNAPSHOT_VANISH_LIMIT"),
        ("OVERLAP_DAYS", "OVERLAP_HOURS"),
        ("WAREHOSE_URL", "WAREHOUSE_URL"),
        ("SOURCE_URI", "SOURCE_URL"),
        ("ALIBABA_URL", "ALIBABA_BASE_URL"),
        ("TENCENT_ENABLE", "TENCENT_ENABLED"),
        ("CALL_PER_SECOND", "CALLS_PER_SECOND"),
        ("SECRET_KEY", "SECRET_KEYS"),
        ("ALLOW_PLAIN_SECRET", "ALLOW_PLAIN_SECRETS"),
        ("READ_ALL", "READ_ALL_DAYS"),
    ],
)
def test_a_variable_that_looks_like_a_setting_and_is_none_is_found(name, meant):
    assert find_strange_variables({name: "1", "PATH": "/bin"}) == {name: meant}


def test_variables_of_other_programs_are_not_taken_for_ours():
    theirs = (
        "SOURCE_DATE_EPOCH SOURCE_VERSION SOURCE_DIR SOURCE_PATH SECRET_NAME HISTORY_SIZE"
        " SERVICE_NAME SERVICE_HOST SERVICE_ACCOUNT KUBERNETES_SERVICE_HOST RUN_ID RUN_AS_USER"
        " WAREHOUSE_SERVICE_HOST WAREHOUSE_SERVICE_PORT WAREHOUSE_PORT_3306_TCP_ADDR OPENSSL_CONF"
        " READ_ONLY DATABASE_URL MYSQL_URL BASE_URL HTTP_PROXY HTTPS_PROXY NO_PROXY VENDOR_DIR"
        " ALLOW_EMPTY_PASSWORD IS_SANDBOX SANDBOX_ID ALIBABA_CLOUD_ACCESS_KEY_ID"
        " ALIBABA_CLOUD_REGION_ID HUAWEICLOUD_SDK_AK HUAWEI_ACCESS_KEY TENCENTCLOUD_SECRET_ID"
        " TENCENT_SECRET_ID TENCENT_REGION AIRFLOW_HOME AIRFLOW__CORE__PARALLELISM"
        " AIRFLOW_CONN_WAREHOUSE AIRFLOW_CONN_CUSTOMER_SERVICE AIRFLOW_VAR_THEIRS PYTHONPATH TZ"
    )
    assert find_strange_variables(dict.fromkeys(theirs.split(), "1")) == {}


def test_settings_themselves_and_what_is_blank_are_not_strange():
    assert find_strange_variables(dict.fromkeys(setting_names(), "1")) == {}
    assert find_strange_variables({"RUN_MINUTE": " "}) == {}


def test_what_is_similar_to_a_setting_that_is_set_belongs_to_another_program():
    both = {"SECRET_KEY": "theirs", "SECRET_KEYS": "ours"}
    assert find_strange_variables(both) == {}
    assert find_strange_variables({**both, "SYNC_SECRET_KEYS": "x"}) == {
        "SYNC_SECRET_KEYS": "SECRET_KEYS"
    }


def test_strange_variables_are_told_once_in_a_process_and_without_their_values(monkeypatch, caplog):
    monkeypatch.setenv("RUN_MINUTE", "a-secret-value")
    warn_of_strange_variables.cache_clear()
    warn_of_strange_variables()
    warn_of_strange_variables()
    warn_of_strange_variables.cache_clear()
    assert caplog.messages == ["RUN_MINUTE is no setting and is not read: was RUN_MINUTES meant?"]


def test_the_list_of_vendors_costs_no_client_and_no_database():
    code = (
        "import sys; import include.vendors.registry;"
        "print({'sqlalchemy', 'urllib3', 'include.vendors.huawei.client'} & {*sys.modules})"
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
