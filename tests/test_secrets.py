"""The key envelope: what opens, what does not, and what an error may say."""

from __future__ import annotations

import base64
import os
import re
import stat

import pytest

from include.errors import ConfigError
from include.secrets import (
    STORED_CHARS,
    KeyRing,
    is_sealed,
    key_id_of,
    new_key,
    open_secret,
    reference_from_environment,
    seal,
    write_new_key,
)

SECRET = "canary-SECRET-0123456789abcdef"
K1, K2 = (f"{key_id}:{char * 43}=" for key_id, char in (("k1", "A"), ("k2", "E")))


def closed(ring=K1, vendor="alibaba", account_id="a-1", secret=SECRET):
    return seal(KeyRing.parse(ring), vendor, account_id, secret)


def test_what_was_sealed_opens_again():
    ring = KeyRing.parse(K1)
    for secret in (SECRET, "密钥 with ünïcode", "x" * 200):
        stored = seal(ring, "huawei", "h-1", secret)
        assert open_secret(ring, stored, "huawei", "h-1") == secret


def test_an_envelope_is_version_key_id_and_base64():
    stored = closed()
    assert re.fullmatch(r"v1:k1:[A-Za-z0-9_-]+=*", stored)
    assert is_sealed(stored)
    assert key_id_of(stored) == "k1"
    assert SECRET not in stored
    assert SECRET.encode() not in base64.urlsafe_b64decode(stored.split(":")[2])


def test_the_same_secret_never_gives_the_same_envelope():
    assert len({closed() for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("vendor", "account_id"), [("alibaba", "a-2"), ("huawei", "a-1"), ("alibaba", "")]
)
def test_an_envelope_copied_into_another_row_is_refused(vendor, account_id):
    with pytest.raises(ConfigError, match="belongs to another account or was altered") as caught:
        open_secret(KeyRing.parse(K1), closed(), vendor, account_id)
    assert f"account {account_id} ({vendor})" in str(caught.value)
    assert "key k1" in str(caught.value)


def test_every_altered_byte_is_noticed():
    stored = closed()
    head, body = stored.rsplit(":", 1)
    raw = bytearray(base64.urlsafe_b64decode(body))
    for position in range(len(raw)):
        raw[position] ^= 1
        altered = f"{head}:{base64.urlsafe_b64encode(raw).decode()}"
        with pytest.raises(ConfigError, match="was altered"):
            open_secret(KeyRing.parse(K1), altered, "alibaba", "a-1")
        raw[position] ^= 1


@pytest.mark.parametrize(
    "stored", ["v1:", "v1:k1", "v1:k1:", "v1:k1:@@@@", "v1:k1:AAAA", "v1:bad id:AAAA", "v1::AAAA"]
)
def test_a_damaged_envelope_is_named_and_not_shown(stored):
    with pytest.raises(ConfigError, match=r"account a-1 \(alibaba\).*damaged.*accounts add") as e:
        open_secret(KeyRing.parse(K1), stored, "alibaba", "a-1")
    assert "AAAA" not in str(e.value)


def test_a_key_that_is_gone_is_named_with_those_that_are_there():
    with pytest.raises(ConfigError, match=r"key k1, and SECRET_KEYS has k2: give that key back"):
        open_secret(KeyRing.parse(K2), closed(), "alibaba", "a-1")
    with pytest.raises(ConfigError, match=r"key k1, and SECRET_KEYS is not set"):
        open_secret(KeyRing.parse(""), closed(), "alibaba", "a-1")


def test_another_key_under_the_same_id_is_noticed():
    with pytest.raises(ConfigError, match="k1 is not the key it was"):
        open_secret(KeyRing.parse(new_key("k1")), closed(), "alibaba", "a-1")


def test_the_first_key_encrypts_and_every_key_opens():
    ring = KeyRing.parse(f"{K2},{K1}")
    assert key_id_of(seal(ring, "alibaba", "a-1", SECRET)) == "k2"
    assert open_secret(ring, closed(K1), "alibaba", "a-1") == SECRET


def test_without_keys_nothing_is_sealed():
    with pytest.raises(ConfigError, match=r"account a-1 \(alibaba\).*SECRET_KEYS.*new-key"):
        closed("")


def test_a_secret_whose_envelope_the_column_cannot_hold_is_refused():
    assert len(closed(secret="x" * 300)) <= STORED_CHARS
    with pytest.raises(ConfigError, match=r"account a-1 \(alibaba\).*too long"):
        closed(secret="x" * 400)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no-colon", "key 1 is not of the form id:base64"),
        (f"{K1},:AAAA", "key 2 is not of the form"),
        (f"{K1},k1:AAAA", "key 2 has the id 'k1' of an earlier one"),
        ("k1:c2hvcnQ=", r"key 1 \(k1\) is not the base64 of 32 bytes"),
        ("k1:!!!!", r"key 1 \(k1\) is not the base64"),
        ("k 1:AAAA", "key 1 is not of the form"),
    ],
)
def test_a_bad_key_ring_names_the_entry_and_not_its_value(text, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        KeyRing.parse(text)
    for part in (K1.split(":")[1], "AAAA", "c2hvcnQ", "!!!!", "no-colon"):
        assert part not in str(caught.value)


def test_a_key_ring_shows_no_key():
    ring = KeyRing.parse(f"{K1},{K2}")
    assert ring.ids == ("k1", "k2")
    for shown in (repr(ring), str(ring)):
        assert K1.split(":")[1] not in shown
        assert repr(ring.keys["k1"]) not in shown


def test_keys_are_read_in_either_base64_with_or_without_padding():
    raw = bytes(range(220, 252))
    for text in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        for entry in (text.decode(), text.decode().rstrip("=")):
            assert KeyRing.parse(f"k1:{entry}").keys["k1"] == raw


def test_a_key_file_is_read_and_a_mode_open_to_others_is_reported(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"{K1}\n{K2}\n")
    for mode, is_reported in ((0o600, False), (0o640, False), (0o644, True), (0o620, True)):
        path.chmod(mode)
        ring = KeyRing.parse(f"file:{path}")
        assert ring.ids == ("k1", "k2")
        assert bool(ring.warnings) is is_reported
        assert all(f"chmod 600 {path}" in warning for warning in ring.warnings)


def test_a_key_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"key file .*absent cannot be read: No such file"):
        KeyRing.parse(f"file:{tmp_path / 'absent'}")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match=r"key file .*empty is empty"):
        KeyRing.parse(f"file:{tmp_path / 'empty'}")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    with pytest.raises(ConfigError, match="not a text"):
        KeyRing.parse(f"file:{tmp_path / 'binary'}")


def test_a_new_key_is_fresh_and_fits_the_ring():
    assert KeyRing.parse(new_key("2026.a")).ids == ("2026.a",)
    assert new_key("k") != new_key("k")
    for unfit in ("", "a:b", "a,b", "x" * 33, "ключ"):
        with pytest.raises(ConfigError, match="key id"):
            new_key(unfit)


def test_a_file_of_a_new_key_is_its_owners_alone_and_fits_the_setting(tmp_path):
    file, before = tmp_path / "secret.keys", os.umask(0)
    try:
        write_new_key(file, "k1")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ring = KeyRing.parse(f"file:{file}")
    assert (ring.ids, ring.warnings) == (("k1",), ())


def test_a_file_of_keys_is_never_overwritten(tmp_path):
    file, link = tmp_path / "secret.keys", tmp_path / "link"
    file.write_text(K1)
    link.symlink_to(file)
    for path in (file, link):
        with pytest.raises(ConfigError, match=f"{path}: it is there already.*name a new file"):
            write_new_key(path, "k2")
    assert file.read_text() == K1
    with pytest.raises(ConfigError, match=r"--output .*: No such file or directory"):
        write_new_key(tmp_path / "none" / "secret.keys", "k2")


@pytest.mark.parametrize(
    "value",
    [
        f"generic://:{SECRET}@",
        f"generic://user:{SECRET}@host/x",
        f'{{"conn_type": "generic", "password": "{SECRET}"}}',
    ],
)
def test_a_reference_is_the_password_of_a_connection_in_the_environment(value):
    assert reference_from_environment("ali_1", {"AIRFLOW_CONN_ALI_1": value}) == SECRET


def test_a_reference_decodes_percent_signs():
    environ = {"AIRFLOW_CONN_X": "generic://:a%2Fb%40c%25@"}
    assert reference_from_environment("x", environ) == "a/b@c%"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "AIRFLOW_CONN_X is not set"),
        ("{broken canary", "neither a connection URI nor JSON"),
        ("generic://host", "has no password"),
        ('{"password": 7}', "has no password"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_and_not_shown(value, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        reference_from_environment("x", {"AIRFLOW_CONN_X": value})
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
