"""What a server's error means: it passes, is about one value, or is the operator's to mend.

What is not listed is the operator's, in the server's own words.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from include.errors import ConfigError, ContractError, UnavailableError
from include.hosts import barrier_of, doubt, explain

TRY_AGAIN: Final = frozenset(
    {1062, 1205, 1213, 1020, 1927, 2006, 2013, 2055, 1040, 1203, 1226, 2002, 2003, 1053, 4031}
    | {1047, 1152, 1158, 1159, 1160, 1161, 1180, 1317, 1412, 3169}
)
"""A row that another made a moment ago, a deadlock, a lock, a table altered meanwhile; a connection
that was lost, refused or killed; a node that is not ready: the whole transaction is repeated."""
LOST: Final = 2013
_FULL: Final = "the disk, or a limit of the server for it, is full: make room"
_READ_ONLY: Final = (
    "it may only be read: a replica, or switched over? Correct WAREHOUSE_URL, or read_only"
)
_RIGHT: Final = "the database user lacks a right: GRANT it (sql/grants)"
_MIGRATE: Final = "run `python -m include migrate`"
_TIME: Final = "the server limits the time of statements for this user: lift that limit"
OPERATOR: Final = {
    1021: _FULL,
    1041: "the server has no memory left",
    1044: "the database user may not use this database: GRANT it (sql/grants)",
    1045: "the database refuses user or password: correct WAREHOUSE_URL, in which @ : / % of a"
    " password are written %40 %3A %2F %25",
    1049: f"there is no such database: CREATE DATABASE it, then {_MIGRATE}",
    1054: f"a column is missing: {_MIGRATE}",
    1114: _FULL,
    1129: "the server has blocked this host after errors: FLUSH HOSTS",
    1130: "the server lets this host not in: CREATE USER for it, or allow it",
    1142: _RIGHT,
    1143: _RIGHT,
    1146: f"a table is missing: {_MIGRATE}",
    1197: "raise max_binlog_cache_size: one transaction is larger than that",
    1206: "raise innodb_buffer_pool_size: locks do not fit",
    1227: _RIGHT,
    1290: _READ_ONLY,
    1364: f"a column that must be there has no default: was a table altered? {_MIGRATE}",
    1370: _RIGHT,
    1792: _READ_ONLY,
    1820: "the user's password has expired: set a new one",
    1836: _READ_ONLY,
    1862: "the user's password has expired: set a new one",
    1969: _TIME,
    2026: "connections to other machines are encrypted: switch TLS on there (ssl_cert, ssl_key)",
    3024: _TIME,
    3100: "the cluster refused the transaction: is its limit of a transaction's size too small?",
    3118: "the user is locked: ALTER USER … ACCOUNT UNLOCK",
    3750: "set sql_require_primary_key to 0 for us: a table of ours for the moment has none",
    4151: "the user is locked: ALTER USER … ACCOUNT UNLOCK",
}
"""What a person has to mend before any run can go on, and how."""
_FULL_SERVER: Final = "SHOW PROCESSLIST there says who has them: end some, or raise "
STEPS: Final = {
    1040: f"{_FULL_SERVER}max_connections",
    1203: f"{_FULL_SERVER}max_user_connections",
    1226: f"{_FULL_SERVER}the user's limit: ALTER USER … WITH MAX_USER_CONNECTIONS",
}
"""What a person may do about something that passes."""
UNTOLD: Final = "no MySQL server says who it is there"
NOBODY_THERE: Final = "another service's port, or a server that is stuck? Correct WAREHOUSE_URL"
ELSE: Final = "look the server's error up: trying again does not mend it"
ITEM: Final = frozenset({1153, 1264, 1292, 1366, 1406, 3140})
"""A value that its column or packet cannot hold: condemns one ticket, not the run."""


def translate_error(error: sa.exc.DBAPIError) -> Exception:
    """Our error for the driver's: who must act, without parameters or values."""
    code, text = 0, type(error.orig).__name__
    arguments = getattr(error.orig, "args", ())
    if arguments and isinstance(arguments[0], int):
        code = arguments[0]
        text = str(arguments[1]) if len(arguments) > 1 else text
    refused = getattr(error.orig, "original_exception", None)
    if isinstance(refused, ssl.SSLCertVerificationError):
        # The driver calls it a server that does not answer.
        return ConfigError(
            f"warehouse 2026: {text}; {doubt(refused, 'WAREHOUSE_URL', 'WAREHOUSE_CA')}"
        )
    where = {"vendor": "warehouse", "code": str(code)}
    if code in ITEM:
        # The server's text quotes the value for some codes; the column is all we need.
        return ContractError(text.split(" value: ")[0], **where)
    if code == 0 and error.connection_invalidated:
        code = LOST
    if code in TRY_AGAIN or code == 0:
        text = text.split(" for key ")[0] if code == 1062 else text
        step = NOBODY_THERE if UNTOLD in text else STEPS.get(code, "")
        return UnavailableError(text, **{**where, "code": str(code)}, step=step)
    return ConfigError(f"warehouse {code}: {text}; {OPERATOR.get(code, ELSE)}")


def place(error: Exception, parameters: Mapping[str, Any]) -> None:
    """Write into the driver's *error* where its connection was to lead, and what keeps it away."""
    host, port = parameters["host"] or "127.0.0.1", parameters["port"] or 3306
    where = parameters.get("unix_socket") or f"{host}:{port}"
    refused = getattr(error, "original_exception", None)
    barrier = None if "unix_socket" in parameters else refused and barrier_of(refused)
    code, text = (*error.args, "")[:2]
    if barrier:
        seconds = float(parameters["connect_timeout"])
        text = explain(barrier, host, port, seconds=seconds)
    elif not isinstance(code, int) or code == LOST:
        code, text = LOST, f"{where}: {UNTOLD} ({text or code})"
    else:
        text = f"user {parameters['user']} at {where}: {text or type(error).__name__}"
    error.args = (code, text)
