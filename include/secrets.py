"""The key envelope of ``cloud_user.secret_key_secret``.

``v1:<key id>:<base64url of nonce and ciphertext>``: AES-256-GCM, a fresh nonce each time, vendor
and account id as associated data, so that an envelope copied into another row does not open. The
keys live outside the database. No error, repr or log line of this module holds a key or a secret.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from include.errors import ConfigError

VERSION: Final = "v1"
REFERENCE_PREFIX: Final = "conn:"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
STORED_CHARS: Final = 500  # the width of cloud_user.secret_key_secret
KEY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")

MAKE_ONE: Final = "make one with `python -m include accounts new-key`"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that open envelopes, by id. The first one also makes them; it may be empty."""

    keys: Mapping[str, bytes] = field(repr=False)
    warnings: tuple[str, ...] = ()
    """What ``check`` tells the operator about the key file."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``SECRET_KEYS``: ``id:base64`` of 32 bytes, comma separated; or ``file:/path``.

        An empty text is an empty ring. Raises ConfigError that names the position of a bad key.
        """
        origin, warnings = "SECRET_KEYS", tuple[str, ...]()
        if text.startswith("file:"):
            path = Path(text.removeprefix("file:"))
            origin, (text, warnings) = f"key file {path}", _read_file(path)
        elif text.startswith(("/", "./", "~")) and Path(text).expanduser().is_file():
            raise ConfigError(f"SECRET_KEYS is a path: write file:{Path(text).expanduser()}")
        keys: dict[str, bytes] = {}
        for number, entry in enumerate((part for part in re.split(r"[,\s]+", text) if part), 1):
            where = f"{origin}: key {number}"
            key_id, colon, encoded = entry.partition(":")
            if not colon or not KEY_ID.fullmatch(key_id):
                raise ConfigError(f"{where} is not of the form id:base64; {MAKE_ONE}")
            if key_id in keys:
                raise ConfigError(f"{where} has the id {key_id!r} of an earlier one: rename it")
            key = _decode(encoded)
            if key is None or len(key) != KEY_BYTES:
                raise ConfigError(
                    f"{where} ({key_id}) is not the base64 of {KEY_BYTES} bytes; {MAKE_ONE}"
                )
            keys[key_id] = key
        return cls(keys, warnings)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, the encrypting one first."""
        return tuple(self.keys)


def new_key(key_id: str) -> str:
    """A fresh random entry for ``SECRET_KEYS``. Raises ConfigError for an unfit id."""
    if not KEY_ID.fullmatch(key_id):
        raise ConfigError(
            "a key id has up to 32 letters, digits, dots, dashes or underscores:"
            " it is stored in every envelope"
        )
    return f"{key_id}:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}"


def write_new_key(path: Path, key_id: str) -> None:
    """Write a fresh random entry to a new file that only its owner may read.

    Raises ConfigError where there is a file already, whose keys may open envelopes, or none can be.
    """
    made = new_key(key_id)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{made}\n")
    except FileExistsError:
        raise ConfigError(
            f"--output {path}: it is there already, and its keys may be in use: name a new file"
        ) from None
    except OSError as error:
        raise ConfigError(f"--output {path}: {error.strerror or error}") from None


def is_sealed(stored: str) -> bool:
    """Whether a stored value is an envelope."""
    return stored.startswith(f"{VERSION}:")


def key_id_of(stored: str) -> str | None:
    """The id of the key that closed an envelope; None for anything that is not one."""
    version, _, rest = stored.partition(":")
    key_id, colon, _ = rest.partition(":")
    return key_id if version == VERSION and colon and KEY_ID.fullmatch(key_id) else None


def seal(ring: KeyRing, vendor: str, account_id: str, secret: str) -> str:
    """Close *secret* into an envelope of this account, with the first key of the ring."""
    if not ring.keys:
        raise ConfigError(
            f"account {account_id} ({vendor}): its secret key cannot be encrypted because"
            f" SECRET_KEYS is not set; {MAKE_ONE}"
        )
    key_id, key = next(iter(ring.keys.items()))
    nonce = os.urandom(NONCE_BYTES)
    closed = nonce + AESGCM(key).encrypt(nonce, secret.encode(), _owner(vendor, account_id))
    stored = f"{VERSION}:{key_id}:{base64.urlsafe_b64encode(closed).decode()}"
    if len(stored) > STORED_CHARS:
        raise ConfigError(
            f"account {account_id} ({vendor}): its secret key is too long: the envelope has"
            f" {len(stored)} characters and secret_key_secret holds {STORED_CHARS};"
            f" is it a key at all? Else keep it in a connection ({REFERENCE_PREFIX}<id>)"
        )
    return stored


def open_secret(ring: KeyRing, stored: str, vendor: str, account_id: str) -> str:
    """The secret in an envelope of this account. Raises ConfigError naming account and key id."""
    where = f"account {account_id} ({vendor}): secret_key_secret"
    again = "store the key again with `python -m include accounts add`"
    key_id = key_id_of(stored)
    closed = None if key_id is None else _decode(stored.split(":", 2)[2])
    if key_id is None or closed is None or len(closed) < NONCE_BYTES + TAG_BYTES:
        raise ConfigError(f"{where} begins like an envelope ({VERSION}:) but is damaged: {again}")
    if key_id not in ring.keys:
        known = f"SECRET_KEYS has {', '.join(ring.ids)}" if ring.keys else "SECRET_KEYS is not set"
        raise ConfigError(
            f"{where} is encrypted with key {key_id}, and {known}: give that key back, or {again}"
        )
    nonce, ciphertext = closed[:NONCE_BYTES], closed[NONCE_BYTES:]
    try:
        opened = AESGCM(ring.keys[key_id]).decrypt(nonce, ciphertext, _owner(vendor, account_id))
        return opened.decode()
    except (InvalidTag, UnicodeDecodeError):
        raise ConfigError(
            f"{where} does not open with key {key_id}: the envelope belongs to another account or"
            f" was altered, or {key_id} is not the key it was: {again}"
        ) from None


def reference_from_environment(connection_id: str, environ: Mapping[str, str] = os.environ) -> str:
    """The password of an Airflow connection given as ``AIRFLOW_CONN_<ID>``, a URI or JSON.

    What the command line can know of ``conn:<id>`` without Airflow. Raises ConfigError.
    """
    name = f"AIRFLOW_CONN_{connection_id.upper()}"
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"{name} is not set: outside Airflow, a conn: reference is read from it; set"
            f" {name}=generic://:<key, percent-encoded>@"
        )
    try:
        if value.startswith("{"):
            password = json.loads(value).get("password")
        else:
            password = unquote(urlsplit(value).password or "")
    except ValueError:
        raise ConfigError(f"{name} is neither a connection URI nor JSON") from None
    if not isinstance(password, str) or not password:
        raise ConfigError(f"{name} has no password, which is where the secret key belongs")
    return password


def _owner(vendor: str, account_id: str) -> bytes:
    """The associated data. No vendor name holds a NUL, so two accounts never share it."""
    return "\0".join((VERSION, vendor, account_id)).encode()


def _decode(encoded: str) -> bytes | None:
    """Base64 in either alphabet, padded or not; None when it is not base64."""
    plain = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _read_file(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text("ascii")
    except OSError as error:
        raise ConfigError(
            f"SECRET_KEYS: key file {path} cannot be read: {error.strerror}; copy it here, or, if"
            f" nothing is encrypted yet, `python -m include accounts new-key --output {path}`"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"SECRET_KEYS: key file {path} is not a text of id:base64") from None
    if not text.strip():
        raise ConfigError(f"SECRET_KEYS: key file {path} is empty; {MAKE_ONE}")
    # The group may read: that is how a key is shared with a service. Nobody else may.
    if mode & 0o027:
        return text, (f"key file {path} has mode {mode:04o}: run `chmod 600 {path}`",)
    return text, ()
