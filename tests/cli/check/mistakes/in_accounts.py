"""Mistakes with accounts: their rows, their keys, what their vendors let them do."""

from __future__ import annotations

from typing import Final

from tests.cli.check.mistakes.scene import Mistake, Scene, Seed, say
from tests.cli.invoked import CANARY


def store(account: str, **columns: str) -> Seed:
    """The row of an account says something else."""
    said = ", ".join(f"{name} = '{value}'" for name, value in columns.items())
    return lambda scene: scene.sql(f"update cloud_user set {said} where id = '{account}'")


def wrong_secret(scene: Scene) -> None:
    scene.secrets.add(CANARY)
    store("huawei-1", secret_key_secret=CANARY)(scene)


def plain_secret(scene: Scene) -> None:
    secret = scene.get("sandbox").account("huawei").secret_key
    store("huawei-1", secret_key_secret=secret)(scene)


def fault(name: str, **spec: object) -> Seed:
    """The vendor behaves like that as long as it is asked."""
    return lambda scene: scene.get("sandbox").faults.add(name, times=None, **spec)


def refused(vendor: str, status: int, code: str, message: str) -> Seed:
    return fault("error_object", vendor=vendor, status=status, code=code, message=message)


CLOCK: Final = ("clock is 1", "behind")
SET_CLOCK: Final = ("timedatectl",)

MISTAKES: Final = (
    Mistake(
        "accounts-none",
        lambda scene: scene.sql("delete from cloud_user"),
        "accounts",
        ("cloud_user has no row",),
        ("python -m include accounts add",),
        "warning",
    ),
    Mistake(
        "accounts-all-off",
        lambda scene: scene.sql("update cloud_user set enabled = 0"),
        "accounts",
        ("all 3 are switched off",),
        ("python -m include accounts enable",),
        "warning",
    ),
    Mistake(
        "account-of-unknown-vendor",
        store("huawei-1", type="AWS"),
        "account huawei-1",
        ("type is 'AWS'",),
        ("one of ALIBABA, HUAWEI, TENCENT", "correct it in cloud_user"),
    ),
    Mistake(
        "account-of-no-region",
        store("huawei-1", region_id="Guangzhou"),
        "account huawei-1",
        ("'Guangzhou' is no Huawei region",),
        ("write one like cn-south-1 into cloud_user.region_id",),
    ),
    Mistake(
        "account-plain-key",
        plain_secret,
        "account huawei-1",
        ("its secret key is not encrypted",),
        ("python -m include accounts encrypt",),
        "warning",
    ),
    Mistake(
        "account-secret-wrong",
        wrong_secret,
        "account huawei-1",
        ("huawei", "verify aksk signature fail"),
        ("accounts add huawei-1", "--replace-key"),
    ),
    Mistake(
        "account-access-key-wrong",
        store("alibaba-1", secret_id="LTAIcanary0000000000"),
        "account alibaba-1",
        ("alibaba", "InvalidAccessKeyId"),
        ("accounts add alibaba-1", "--replace-key"),
    ),
    Mistake(
        "account-key-too-short",
        store("huawei-1", secret_id="AK"),
        "account huawei-1",
        ("secret_id has fewer than 8 characters",),
        ("accounts add huawei-1",),
    ),
    Mistake(
        "account-key-with-blank",
        store("huawei-1", secret_key_secret="canary SECRET canary"),
        "account huawei-1",
        ("secret_key_secret holds a blank",),
        ("copy it again", "accounts add huawei-1"),
    ),
    Mistake(
        "account-key-empty",
        store("huawei-1", secret_key_secret=""),
        "account huawei-1",
        ("secret_key_secret is empty",),
        ("accounts add huawei-1",),
    ),
    Mistake(
        "account-key-in-no-connection",
        store("huawei-1", secret_key_secret="conn:osm_main"),
        "account huawei-1",
        ("conn:osm_main", "AIRFLOW_CONN_OSM_MAIN is not set"),
        ("set AIRFLOW_CONN_OSM_MAIN=generic://",),
    ),
    Mistake(
        "account-twice",
        lambda scene: scene.sql(
            "insert into cloud_user (id, type, secret_id, secret_key_secret, region_id)"
            " select 'huawei-2', type, secret_id, secret_key_secret, region_id"
            " from cloud_user where id = 'huawei-1'"
        ),
        "account huawei-1",
        ("secret_id is also the access key of account huawei-2",),
        ("`accounts disable` all but one",),
    ),
    Mistake(
        "account-without-permission",
        refused("alibaba", 403, "NoPermission", "You are not authorized to do this action."),
        "account alibaba-1",
        ("NoPermission", "not authorized"),
        ("AliyunSupportFullAccess",),
    ),
    Mistake(
        "account-without-permission-huawei",
        refused("huawei", 403, "OSM.01010002", "no permission"),
        "account huawei-1",
        ("OSM.01010002", "no permission"),
        ("Ticket Administrator",),
    ),
    Mistake(
        "account-key-disabled",
        refused("alibaba", 403, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
        "account alibaba-1",
        ("InvalidAccessKeyId.Inactive", "disabled"),
        ("console", "accounts add alibaba-1"),
    ),
    Mistake(
        "account-key-expired",
        refused(
            "huawei", 401, "APIGW.0301", "Incorrect IAM authentication information: AK expired"
        ),
        "account huawei-1",
        ("APIGW.0301", "expired"),
        ("console", "accounts add huawei-1"),
    ),
    Mistake(
        "clock-off-alibaba",
        fault("clock_skew", vendor="alibaba", seconds=1200),
        "account alibaba-1",
        CLOCK,
        SET_CLOCK,
    ),
    Mistake(
        "clock-off-huawei",
        fault("clock_skew", vendor="huawei", seconds=1200),
        "account huawei-1",
        CLOCK,
        SET_CLOCK,
    ),
    Mistake(
        "clock-off-two-minutes",
        fault("clock_skew", vendor="huawei", seconds=120),
        "clock",
        ("this machine is 1", "s behind huawei"),
        SET_CLOCK,
        "warning",
    ),
    Mistake(
        "vendor-off",
        say(HUAWEI_ENABLED="0"),
        "account huawei-1",
        ("huawei: not read", "switched off"),
        ("HUAWEI_ENABLED=1",),
        "off",
    ),
    Mistake(
        "account-off",
        lambda scene: scene.sql("update cloud_user set enabled = 0 where id = 'huawei-1'"),
        "account huawei-1",
        ("switched off (enabled = 0), not read",),
        ("python -m include accounts enable huawei-1",),
        "off",
    ),
)
