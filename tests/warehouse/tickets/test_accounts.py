"""The accounts in cloud_user, on a real server."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from include.errors import ConfigError
from include.models import Account
from include.secrets import KeyRing, key_id_of, new_key, seal
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.accounts import (
    add_account,
    encrypt_plain,
    list_accounts,
    load_accounts,
    rotate,
)
from include.warehouse.tickets.tables import cloud_user

NOW = datetime(2026, 1, 10, 8, 0, tzinfo=UTC)
K1, K2 = new_key("k1"), new_key("k2")
RING = KeyRing.parse(K1)
CANARY = "canarySECRET"


@pytest.fixture(scope="module")
def warehouse_url(warehouse_server):
    """One database for this file: every test begins with an empty cloud_user."""
    url = warehouse_server.create_migrated()
    yield url
    warehouse_server.drop(url)


@pytest.fixture
def warehouse(warehouse_url):
    opened = Warehouse.open(warehouse_url)
    opened.transact(lambda connection: connection.execute(sa.delete(cloud_user)))
    yield opened
    opened.close()


def put(warehouse, account_id, **values):
    row = {
        "id": account_id,
        "type": "ALIBABA",
        "secret_id": f"access-of-{account_id}",
        "secret_key_secret": f"{CANARY}-{account_id}",
        "region_id": "cn-hangzhou",
        "enabled": 1,
    } | values
    warehouse.transact(lambda connection: connection.execute(sa.insert(cloud_user).values(row)))


def stored(warehouse, account_id):
    query = sa.select(cloud_user.c.secret_key_secret).where(cloud_user.c.id == account_id)
    return warehouse.transact(lambda connection: connection.scalar(query))


def an_account(account_id="a-1", **values):
    given = {
        "vendor": "alibaba",
        "access_key": f"access-of-{account_id}",
        "secret_key": f"{CANARY}-{account_id}",
        "region": "cn-hangzhou",
    } | values
    return Account(account_id, **given)


def ids(accounts):
    return [account.account_id for account in accounts]


def reason(bad):
    (only,) = bad
    text = "".join(traceback.format_exception(only.error))
    assert CANARY not in text
    assert CANARY not in repr(only)
    return str(only.error)


def test_an_account_is_read_back_as_it_was_added(warehouse):
    assert add_account(warehouse, RING, an_account(), name="主账号", now=NOW) == "added"
    assert stored(warehouse, "a-1").startswith("v1:k1:")
    accounts, bad = load_accounts(warehouse, RING)
    assert bad == []
    assert accounts == [an_account()]
    assert CANARY not in repr(accounts)


def test_an_envelope_opens_however_the_vendor_is_spelt(warehouse):
    add_account(warehouse, RING, an_account(), now=NOW)
    for spelling in ("alibaba", "0", "Alibaba"):
        query = sa.update(cloud_user).values(type=spelling)
        warehouse.transact(lambda connection, query=query: connection.execute(query))
        assert ids(load_accounts(warehouse, RING)[0]) == ["a-1"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"type": "ALIBBA"}, "account bad (ALIBBA): type is 'ALIBBA', not one of ALIBABA, HUAWEI"),
        ({"type": None}, "account bad (no vendor): type is empty"),
        (
            {"secret_id": ""},
            "account bad (alibaba): secret_id is empty: `python -m include accounts add bad`",
        ),
        ({"secret_id": "AK1"}, "account bad (alibaba): secret_id has fewer than 8 characters"),
        ({"secret_key_secret": None}, "account bad (alibaba): secret_key_secret is empty"),
        ({"secret_key_secret": "  \t"}, "account bad (alibaba): secret_key_secret is empty"),
        ({"secret_key_secret": "canary"}, "secret_key_secret has fewer than 8 characters"),
        ({"secret_key_secret": "canarySECRET 12"}, "secret_key_secret holds a blank"),
        ({"secret_key_secret": "canarySECRET\u200b"}, "secret_key_secret holds a blank"),
        ({"secret_key_secret": "v1:k9:AAAA"}, "begins like an envelope (v1:) but is damaged"),
        (
            {"secret_key_secret": seal(KeyRing.parse(K2), "alibaba", "bad", f"{CANARY}-x")},
            "account bad (alibaba): secret_key_secret is encrypted with key k2, and SECRET_KEYS has"
            " k1",
        ),
        (
            {"secret_key_secret": seal(RING, "alibaba", "good-1", f"{CANARY}-x")},
            "account bad (alibaba): secret_key_secret does not open with key k1",
        ),
        ({"secret_key_secret": "conn:osm_x"}, "is conn:osm_x, which can be read in Airflow only"),
    ],
)
def test_a_bad_row_is_an_error_of_its_own_and_the_others_go_on(warehouse, values, expected):
    put(warehouse, "good-1")
    put(warehouse, "bad", **values)
    put(warehouse, "good-2", type="HUAWEI")
    accounts, bad = load_accounts(warehouse, RING)
    assert ids(accounts) == ["good-1", "good-2"]
    assert ids(bad) == ["bad"]
    assert expected in reason(bad)


def test_blanks_around_keys_are_stripped_and_reported(warehouse, caplog):
    put(warehouse, "a-1", secret_id=" access-key ", secret_key_secret=f"\t{CANARY}-1\n")
    with caplog.at_level(logging.WARNING):
        ((account,), bad) = load_accounts(warehouse, RING)
    assert bad == []
    assert (account.access_key, account.secret_key) == ("access-key", f"{CANARY}-1")
    assert "account=a-1 vendor=alibaba: blanks around secret_id are ignored" in caplog.text
    assert "blanks around secret_key_secret" in caplog.text
    assert CANARY not in caplog.text


def test_two_enabled_rows_with_one_access_key_are_both_refused(warehouse):
    put(warehouse, "a-1", secret_id="the-same-key")
    put(warehouse, "a-2", secret_id=" the-same-key", type="0")
    put(warehouse, "h-1", secret_id="the-same-key", type="HUAWEI")
    accounts, bad = load_accounts(warehouse, RING)
    assert ids(accounts) == ["h-1"]
    assert ids(bad) == ["a-1", "a-2"]
    assert "secret_id is also the access key of account a-2" in str(bad[0].error)
    assert "`accounts disable` all but one" in str(bad[0].error)
    # Also when only one of the two is asked for, and not once the other is switched off.
    assert ids(load_accounts(warehouse, RING, account_ids=["a-1"])[1]) == ["a-1"]
    off = sa.update(cloud_user).where(cloud_user.c.id == "a-2").values(enabled=0)
    warehouse.transact(lambda connection: connection.execute(off))
    assert ids(load_accounts(warehouse, RING)[0]) == ["a-1", "h-1"]


def test_one_access_key_in_two_regions_is_two_accounts(warehouse, caplog):
    put(warehouse, "a-1", secret_id="the-same-key", region_id="cn-hangzhou")
    put(warehouse, "a-2", secret_id="the-same-key", region_id="ap-southeast-1")
    with caplog.at_level(logging.WARNING):
        accounts, bad = load_accounts(warehouse, RING)
    assert (ids(accounts), bad) == (["a-1", "a-2"], [])
    assert "has the same key" not in caplog.text
    added = an_account("a-3", access_key="the-same-key", region="ap-northeast-1")
    assert add_account(warehouse, RING, added, now=NOW) == "added"


def test_two_regions_of_one_site_are_read_with_a_word(warehouse):
    put(warehouse, "a-1", secret_id="the-same-key", region_id="cn-hangzhou")
    put(warehouse, "a-2", secret_id="the-same-key", region_id="cn-beijing")
    put(warehouse, "a-3", secret_id="the-same-key", region_id="cn-beijing ", enabled=0)
    assert load_accounts(warehouse, RING)[1] == []
    infos = {info.account_id: info for info in list_accounts(warehouse, RING)}
    assert any("account a-2 has the same key" in said for said in infos["a-1"].warnings)
    assert not any("has the same key" in said for said in infos["a-3"].warnings)


def test_an_account_that_is_switched_off_is_not_read(warehouse):
    put(warehouse, "a-1", enabled=0, secret_key_secret="")
    assert load_accounts(warehouse, RING) == ([], [])


def test_accounts_are_chosen_by_vendor_and_by_id(warehouse):
    put(warehouse, "a-1")
    put(warehouse, "a-2")
    put(warehouse, "h-1", type="huawei")
    put(warehouse, "x-1", type="nobody")
    assert ids(load_accounts(warehouse, RING, vendors=["huawei"])[0]) == ["h-1"]
    assert load_accounts(warehouse, RING, vendors=["huawei"])[1] == []
    assert ids(load_accounts(warehouse, RING, account_ids=["a-2", "h-1"])[0]) == ["a-2", "h-1"]


@pytest.mark.parametrize(
    ("account_id", "vendors", "expected"),
    [
        ("nowhere", [], "account nowhere: no row of cloud_user has this id"),
        ("A-1", [], "account A-1: no row of cloud_user has this id"),
        ("off", [], "account off (alibaba): enabled is 0: the account is switched off;"),
        ("a-1", ["huawei"], "type is none of the vendors asked for (huawei)"),
    ],
)
def test_an_account_that_was_asked_for_and_is_left_out_says_why(
    warehouse, account_id, vendors, expected
):
    put(warehouse, "a-1")
    put(warehouse, "off", enabled=0)
    accounts, bad = load_accounts(warehouse, RING, vendors=vendors, account_ids=[account_id])
    assert accounts == []
    assert expected in reason(bad)


def test_plain_keys_work_with_a_warning_unless_they_are_refused(warehouse, caplog):
    put(warehouse, "a-1")
    with caplog.at_level(logging.WARNING):
        assert ids(load_accounts(warehouse, RING)[0]) == ["a-1"]
    assert "not encrypted: run `python -m include accounts encrypt`" in caplog.text
    accounts, bad = load_accounts(warehouse, RING, allow_plain=False)
    assert accounts == []
    assert "ALLOW_PLAIN_SECRETS=0" in reason(bad)


def test_a_reference_is_looked_up_and_its_failure_is_the_accounts(warehouse):
    def references(connection_id):
        if connection_id == "osm_a1":
            return f"{CANARY}-ref"
        raise ConfigError(f"no connection {connection_id}")

    put(warehouse, "a-1", secret_key_secret="conn:osm_a1")
    put(warehouse, "a-2", secret_key_secret="conn:absent")
    accounts, bad = load_accounts(warehouse, RING, references=references)
    assert [account.secret_key for account in accounts] == [f"{CANARY}-ref"]
    assert "account a-2 (alibaba): secret_key_secret is conn:absent: no connection absent" in (
        reason(bad)
    )


def test_every_secret_is_masked_as_soon_as_it_is_read_but_no_syllable(warehouse):
    masked: set[str] = set()
    put(warehouse, "plain", secret_id=" access-plain ")
    put(warehouse, "twin-1", secret_id="the-same-key")
    put(warehouse, "twin-2", secret_id="the-same-key")
    put(warehouse, "short", secret_key_secret="abc")
    add_account(warehouse, RING, an_account("sealed"), now=NOW)
    load_accounts(warehouse, RING, mask=masked.update)
    assert {f"{CANARY}-{name}" for name in ("plain", "twin-1", "twin-2", "sealed")} <= masked
    assert {"access-plain", "the-same-key", "access-of-sealed"} <= masked
    assert "abc" not in masked


def test_adding_the_same_account_again_updates_its_key_and_keeps_its_name(warehouse):
    add_account(warehouse, RING, an_account(), name="main", now=NOW)
    changed = an_account(secret_key=f"{CANARY}-new", region="ap-southeast-1")
    assert add_account(warehouse, RING, changed, now=NOW) == "updated"
    assert load_accounts(warehouse, RING)[0] == [changed]
    (info,) = list_accounts(warehouse, RING)
    assert (info.name, info.storage, info.key_id) == ("main", "encrypted", "k1")


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (an_account(vendor="huawei"), "id belongs to an account of alibaba: choose another id"),
        (an_account(access_key="another-access"), "another access key: choose another id, or add"),
        (an_account("a-2", access_key="access-of-a-1"), "of account a-1 in this region already"),
        (an_account("a-3", vendor="aws"), "type is 'aws', not one of ALIBABA"),
        (an_account("a-3", secret_key=" "), "secret_key_secret is empty"),
        (an_account("a-3", access_key="short"), "secret_id has fewer than 8 characters"),
        (an_account(" a-3"), "id may not begin or end with a blank"),
        (an_account(""), "id is empty"),
        (an_account("i" * 51), "id has 51 characters, the column 50"),
        (an_account("a-3", region="r" * 501), "region_id has 501 characters"),
    ],
)
def test_an_account_that_would_overwrite_or_break_something_is_refused(
    warehouse, account, expected
):
    add_account(warehouse, RING, an_account(), now=NOW)
    before = stored(warehouse, "a-1")
    with pytest.raises(ConfigError) as caught:
        add_account(warehouse, RING, account, now=NOW)
    assert expected in str(caught.value)
    assert CANARY not in str(caught.value)
    assert stored(warehouse, "a-1") == before
    assert len(list_accounts(warehouse, RING)) == 1


def test_a_new_key_pair_of_the_same_account_can_be_stored_on_purpose(warehouse):
    add_account(warehouse, RING, an_account(), now=NOW)
    pair = an_account(access_key="another-access", secret_key=f"{CANARY}-2")
    assert add_account(warehouse, RING, pair, replace_key=True, now=NOW) == "updated"
    assert load_accounts(warehouse, RING)[0] == [pair]


def test_an_account_can_refer_to_a_connection_without_any_key(warehouse):
    account = an_account(secret_key="")
    add_account(warehouse, KeyRing.parse(""), account, connection_id="osm_a1", now=NOW)
    assert stored(warehouse, "a-1") == "conn:osm_a1"
    assert list_accounts(warehouse, RING)[0].storage == "reference"


def test_without_a_key_no_secret_is_stored(warehouse):
    with pytest.raises(ConfigError, match="SECRET_KEYS is not set"):
        add_account(warehouse, KeyRing.parse(""), an_account(), now=NOW)
    assert list_accounts(warehouse, RING) == []


def test_plain_keys_are_encrypted_in_place_once_and_everything_else_stays(warehouse):
    put(warehouse, "p-1")
    put(warehouse, "p-2", enabled=0, secret_key_secret=f" {CANARY}-p-2 ")
    put(warehouse, "p-3", type="unknown")
    put(warehouse, "ref", secret_key_secret="conn:x")
    put(warehouse, "none", secret_key_secret=None)
    add_account(warehouse, RING, an_account(), now=NOW)
    sealed = stored(warehouse, "a-1")
    done = encrypt_plain(warehouse, RING)
    assert (done.changed, done.unchanged, ids(done.bad)) == (2, 3, ["p-3"])
    assert "type is 'unknown'" in reason(done.bad)
    assert stored(warehouse, "p-1").startswith("v1:k1:")
    assert stored(warehouse, "a-1") == sealed
    assert stored(warehouse, "ref") == "conn:x"
    assert encrypt_plain(warehouse, RING).changed == 0
    accounts, _ = load_accounts(warehouse, RING, account_ids=["p-1"])
    assert accounts[0].secret_key == f"{CANARY}-p-1"


def test_rotation_leaves_every_account_readable_and_the_old_key_unneeded(warehouse):
    for number in range(5):
        add_account(warehouse, RING, an_account(f"a-{number}"), now=NOW)
    put(warehouse, "plain")
    both = KeyRing.parse(f"{K2},{K1}")
    done = rotate(warehouse, both)
    assert (done.changed, done.unchanged, done.bad) == (5, 1, [])
    assert rotate(warehouse, both).changed == 0
    accounts, bad = load_accounts(warehouse, KeyRing.parse(K2))
    assert bad == []
    assert [account.secret_key for account in accounts[:5]] == [f"{CANARY}-a-{n}" for n in range(5)]


def test_an_interrupted_rotation_goes_on_where_it_was(warehouse):
    for number in range(6):
        add_account(warehouse, RING, an_account(f"a-{number}"), now=NOW)
    both = KeyRing.parse(f"{K2},{K1}")
    updates: list[str] = []

    @sa.event.listens_for(warehouse.engine, "before_cursor_execute")
    def die(connection, cursor, statement, *rest):
        updates.append(statement) if statement.startswith("UPDATE") else None
        if len(updates) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(warehouse, both)
    sa.event.remove(warehouse.engine, "before_cursor_execute", die)
    assert len(load_accounts(warehouse, both)[0]) == 6
    assert (rotate(warehouse, both).changed, rotate(warehouse, both).changed) == (4, 0)
    assert len(load_accounts(warehouse, KeyRing.parse(K2))[0]) == 6


def test_rotation_names_what_it_cannot_open_and_goes_on(warehouse):
    add_account(warehouse, RING, an_account("a-1"), now=NOW)
    put(warehouse, "lost", secret_key_secret=seal(KeyRing.parse(K2), "alibaba", "lost", CANARY))
    done = rotate(warehouse, KeyRing.parse(f"{new_key('k3')},{K1}"))
    assert (done.changed, ids(done.bad)) == (1, ["lost"])
    assert "encrypted with key k2" in reason(done.bad)
    with pytest.raises(ConfigError, match="SECRET_KEYS is not set"):
        rotate(warehouse, KeyRing.parse(""))


def test_a_key_stored_while_rotation_runs_is_not_lost(warehouse, warehouse_url):
    add_account(warehouse, RING, an_account("a-1"), now=NOW)
    add_account(warehouse, RING, an_account("a-2"), now=NOW)
    both = KeyRing.parse(f"{K2},{K1}")
    other = Warehouse.open(warehouse_url)
    changed = an_account("a-2", secret_key=f"{CANARY}-changed")

    @sa.event.listens_for(warehouse.engine, "commit")
    def meanwhile(connection, once=[]):  # noqa: B006  # after the first row's transaction
        once.append(1)
        if len(once) == 2:
            values = {"secret_key_secret": seal(both, "alibaba", "a-2", changed.secret_key)}
            query = sa.update(cloud_user).where(cloud_user.c.id == "a-2").values(values)
            other.transact(lambda c: c.execute(query))

    rotate(warehouse, both)
    sa.event.remove(warehouse.engine, "commit", meanwhile)
    other.close()
    accounts, _ = load_accounts(warehouse, KeyRing.parse(K2))
    assert accounts == [an_account("a-1"), changed]


def test_a_list_of_accounts_shows_problems_and_no_secret(warehouse):
    put(warehouse, "a-1", secret_id="LTAI5tAbCdEfGhIjKlMn")
    put(warehouse, "a-2", type="nobody", enabled=0)
    add_account(warehouse, RING, an_account("a-3"), name="three", now=NOW)
    infos = list_accounts(warehouse, RING)
    assert [(info.account_id, info.is_enabled, info.storage) for info in infos] == [
        ("a-1", True, "plain"),
        ("a-2", False, "plain"),
        ("a-3", True, "encrypted"),
    ]
    assert infos[0].access_key_hint == "LTAI…Mn"
    assert "not encrypted" in infos[0].warnings[0]
    assert infos[1].problem is not None
    assert "type is 'nobody'" in infos[1].problem
    for shown in (repr(infos), str(infos)):
        assert CANARY not in shown
        assert "LTAI5tAbCdEfGhIjKlMn" not in shown


def test_a_dump_of_the_table_holds_none_of_a_hundred_secrets(warehouse):
    secrets = [f"{CANARY}-{number:03}-{number * 7919}" for number in range(100)]
    for number, secret in enumerate(secrets):
        put(warehouse, f"a-{number}", secret_key_secret=secret)
    assert encrypt_plain(warehouse, RING).changed == 100
    rows = warehouse.transact(lambda c: c.execute(sa.select(cloud_user)).all())
    assert all(key_id_of(row.secret_key_secret) == "k1" for row in rows)
    assert not [secret for secret in secrets if secret in str(rows)]
