"""Mistakes in the environment: variables, keys' file, addresses that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from include.secrets import new_key
from tests.cli.check.mistakes.scene import Mistake, Scene, Seed, in_turn, say
from tests.cli.invoked import CANARY


def key_file(text: str, mode: int = 0o600) -> Seed:
    """SECRET_KEYS is a file that holds *text*; without one, none is there."""

    def seed(scene: Scene) -> None:
        path: Path = scene.get("tmp_path") / "secret.keys"
        scene.names["file"] = str(path)
        if text:
            path.write_text(scene.environ["SECRET_KEYS"] if text == "as they are" else text)
            path.chmod(mode)
        scene.set(SECRET_KEYS=f"file:{path}")

    return seed


def name_a_path_of_keys(scene: Scene) -> None:
    key_file("as they are")(scene)
    scene.set(SECRET_KEYS="{file}")


def take_another_key_of_that_name(scene: Scene) -> None:
    scene.set(SECRET_KEYS=new_key("k1"))
    scene.secrets.add(scene.environ["SECRET_KEYS"].partition(":")[2])


def with_unescaped_password(scene: Scene) -> None:
    scene.secrets |= {CANARY, f"{CANARY}@more"}
    scene.set(WAREHOUSE_URL=f"mysql+pymysql://osm:more@{CANARY}@db.invalid:3306/osm")


def without_a_host(scene: Scene) -> None:
    scene.secrets.add(CANARY)
    scene.set(WAREHOUSE_URL=f"mysql+pymysql://osm:{CANARY}/osm")


MISTAKES: Final = (
    Mistake(
        "warehouse-url-missing",
        say(WAREHOUSE_URL=""),
        "warehouse",
        ("WAREHOUSE_URL is not set",),
        ("set WAREHOUSE_URL=mysql+pymysql://user:password@host:3306/database",),
    ),
    Mistake(
        "warehouse-url-misspelt",
        say(WAREHOUSE_URL="", WAREHOSE_URL="mysql+pymysql://osm:x@db.invalid/osm"),
        "settings",
        ("WAREHOSE_URL is no setting and is not read", "WAREHOUSE_URL"),
        ("rename it",),
        "warning",
    ),
    Mistake(
        "setting-misspelt",
        say(RUN_MINUTE="5"),
        "settings",
        ("RUN_MINUTE is no setting and is not read", "RUN_MINUTES meant"),
        ("rename it",),
        "warning",
    ),
    Mistake(
        "warehouse-url-of-jdbc",
        say(WAREHOUSE_URL="jdbc:mysql://db.invalid:3306/osm"),
        "warehouse",
        ("WAREHOUSE_URL is not a URL",),
        ("mysql+pymysql://user:password@host",),
    ),
    Mistake(
        "warehouse-url-of-postgresql",
        say(WAREHOUSE_URL="postgresql://osm:x@db.invalid/osm"),
        "warehouse",
        ("WAREHOUSE_URL must begin with mysql",),
        ("mysql+pymysql://",),
    ),
    Mistake(
        "warehouse-url-without-database",
        say(WAREHOUSE_URL="mysql+pymysql://osm:x@db.invalid:3306/"),
        "warehouse",
        ("WAREHOUSE_URL", "name a database"),
        ("/database",),
    ),
    Mistake(
        "warehouse-password-not-escaped",
        with_unescaped_password,
        "warehouse",
        ("WAREHOUSE_URL", "an @ in the password"),
        ("write it %40",),
    ),
    Mistake(
        "warehouse-url-without-host",
        without_a_host,
        "warehouse",
        ("WAREHOUSE_URL", "port"),
        ("mysql+pymysql://user:password@host",),
    ),
    Mistake(
        "warehouse-url-unknown-key",
        lambda scene: scene.set(WAREHOUSE_URL=scene.environ["WAREHOUSE_URL"] + "&ssl=true"),
        "warehouse",
        ("WAREHOUSE_URL", "says ssl, which is not obeyed"),
        ("known are unix_socket, charset, ssl_mode, ssl_ca",),
    ),
    Mistake(
        "warehouse-ca-missing",
        in_turn(
            lambda scene: scene.point("WAREHOUSE_URL", host="db.invalid"),
            say(WAREHOUSE_CA="/nowhere/ca.pem"),
        ),
        "warehouse",
        ("WAREHOUSE_CA", "/nowhere/ca.pem", "No such file"),
        ("name one in the form PEM",),
    ),
    Mistake(
        "number-out-of-range",
        say(CALLS_AT_ONCE="100"),
        "settings",
        ("CALLS_AT_ONCE", "100"),
        ("must lie between 1 and 32",),
    ),
    Mistake(
        "number-is-none",
        say(RUN_MINUTES="10min"),
        "settings",
        ("RUN_MINUTES", "10min"),
        ("must be a number",),
    ),
    Mistake(
        "flag-is-none",
        say(OPEN_MESSAGES="yess"),
        "settings",
        ("OPEN_MESSAGES", "yess"),
        ("must be 1 or 0",),
    ),
    Mistake(
        "zone-unknown",
        say(BUSINESS_ZONE="Beijing"),
        "settings",
        ("BUSINESS_ZONE", "Beijing"),
        ("a zone like Asia/Shanghai",),
    ),
    Mistake(
        "zone-with-summer-time",
        say(BUSINESS_ZONE="Europe/Berlin"),
        "settings",
        ("BUSINESS_ZONE", "Europe/Berlin"),
        ("must be a zone whose clocks are never changed",),
    ),
    Mistake(
        "hours-are-none",
        say(BUSINESS_HOURS="9-18"),
        "settings",
        ("BUSINESS_HOURS", "9-18"),
        ("like 09:00-18:00",),
    ),
    Mistake(
        "since-is-no-date",
        say(SYNC_SINCE="yesterday"),
        "settings",
        ("SYNC_SINCE", "yesterday"),
        ("a date like 2024-01-31",),
    ),
    Mistake(
        "since-lies-ahead",
        say(SYNC_SINCE="2099-01-01"),
        "settings",
        ("SYNC_SINCE", "2098-12-31 16:00 UTC", "in the future"),
        ("set SYNC_SINCE to the day",),
    ),
    Mistake(
        "run-longer-than-schedule",
        say(RUN_MINUTES="30"),
        "settings",
        ("RUN_MINUTES is 30", "every 15 minutes"),
        ("set RUN_MINUTES below 15",),
        "warning",
    ),
    Mistake(
        "vendor-url-not-encrypted",
        say(SANDBOX="1", HUAWEI_BASE_URL="http://osm.cn-south-1.invalid"),
        "settings",
        ("HUAWEI_BASE_URL",),
        ("must begin with https://",),
    ),
    Mistake(
        "vendor-url-on-loopback",
        say(SANDBOX="0"),
        "settings",
        ("ALIBABA_BASE_URL is on loopback",),
        ("set SANDBOX=1, or give the vendor's address",),
    ),
    Mistake(
        "proxy-of-another-kind",
        say(VENDOR_PROXY="socks5://127.0.0.1:1080"),
        "settings",
        ("VENDOR_PROXY",),
        ("must be a URL with http:// or https://",),
    ),
    Mistake(
        "keys-missing",
        say(SECRET_KEYS=""),
        "account huawei-1",
        ("encrypted with key k1, and SECRET_KEYS is not set",),
        ("give that key back", "accounts add"),
    ),
    Mistake(
        "keys-too-short",
        say(SECRET_KEYS="k1:c2hvcnQ="),
        "secret keys",
        ("SECRET_KEYS: key 1 (k1)", "not the base64 of 32 bytes"),
        ("python -m include accounts new-key",),
    ),
    Mistake(
        "keys-another-key",
        take_another_key_of_that_name,
        "account huawei-1",
        ("account huawei-1", "does not open with key k1"),
        ("python -m include accounts add",),
    ),
    Mistake(
        "keys-another-id",
        say(SECRET_KEYS=new_key("k2")),
        "account huawei-1",
        ("encrypted with key k1, and SECRET_KEYS has k2",),
        ("give that key back",),
    ),
    Mistake(
        "keys-path-without-file",
        name_a_path_of_keys,
        "secret keys",
        ("SECRET_KEYS is a path",),
        ("write file:{file}",),
    ),
    Mistake(
        "key-file-missing",
        key_file(""),
        "secret keys",
        ("{file}", "No such file"),
        ("copy it here", "accounts new-key --output {file}"),
    ),
    Mistake(
        "key-file-empty",
        key_file("\n"),
        "secret keys",
        ("key file {file} is empty",),
        ("accounts new-key",),
    ),
    Mistake(
        "key-file-world-readable",
        key_file("as they are", 0o644),
        "secret keys",
        ("key file {file} has mode 0644",),
        ("chmod 600 {file}",),
        "warning",
    ),
    Mistake(
        "alert-url-of-no-kind",
        say(ALERT_URLS=f"json://127.0.0.1/alerts dingding://{CANARY}"),
        "alerts",
        ("channel 2 (dingding://) is not as Apprise has it",),
        ("compare it with the page of that kind at https://appriseit.com/services/",),
    ),
    Mistake(
        "alert-url-of-a-mail-address",
        say(ALERT_URLS="ops@example.com"),
        "alerts",
        ("channel 1 is no URL",),
        ("like mailtos://user:password@host?to=me@example.com",),
    ),
    Mistake(
        "alert-url-without-verification",
        say(ALERT_URLS=f"jsons://hook.example.com/{CANARY}?verify=no"),
        "alerts",
        ("channel 1 (JSON) says verify=no",),
        ("drop it",),
    ),
    Mistake(
        "alert-file-that-is-not-there",
        say(ALERT_URLS="file:/nowhere/urls"),
        "alerts",
        ("/nowhere/urls cannot be read: No such file",),
        ("make it, a URL in each line",),
    ),
    Mistake(
        "alert-url-in-the-clear",
        say(ALERT_URLS=f"json://hook.example.com/{CANARY}"),
        "alerts",
        ("channel 1 (JSON) is not encrypted",),
        ("write jsons:// where its server can",),
        "warning",
    ),
)
