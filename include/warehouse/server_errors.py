"""What a server's error means: it passes, is about one value, or is the operator's to mend.

What is not listed is the operator's, in the server's own words.
"""

from __future__ import annotations

import ssl
from typing import Final

import sqlalchemy as sa

from include.errors import ConfigError, ContractError, UnavailableError

AWAY: Final = 2003
"""The driver's own code for a server that it cannot reach."""
TRY_AGAIN: Final = frozenset(
    {1062, 1205, 1213, 1020, 1927, 2006, 2013, 2055, 1040, 1203, 1226, 2002, 2003, 1053, 4031}
    | {1047, 1152, 1158, 1159, 1160, 1161, 1180, 1317, 1412, 3169}
)
"""A row that another made a moment ago, a deadlock, a lock, a table altered meanwhile; a connection
that was lost, refused or killed; a node that is not ready: the whole transaction is repeated."""
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
    1045: "the database refuses user or password: correct WAREHOUSE_URL",
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
    2026: "it cannot prove who it is: correct WAREHOUSE_CA, or the server's certificate",
    3024: _TIME,
    3100: "the cluster refused the transaction: is its limit of a transaction's size too small?",
    3118: "the user is locked: ALTER USER … ACCOUNT UNLOCK",
    3750: "set sql_require_primary_key to 0 for us: a table of ours for the moment has none",
    4151: "the user is locked: ALTER USER … ACCOUNT UNLOCK",
}
"""What a person has to mend before any run can go on, and how."""
ELSE: Final = "look the server's error up: trying again does not mend it"
ITEM: Final = frozenset({1153, 1264, 1292, 1366, 1406, 3140})
"""A value that its column or packet cannot hold: condemns one ticket, not the run."""


def translate_error(error: sa.exc.DBAPIError, url: sa.URL | None = None) -> Exception:
    """Our error for the driver's: who must act, without parameters or values.

    *url* is the server's: an error of the way there names the port, which the driver leaves out.
    """
    code, text = 0, type(error.orig).__name__
    arguments = getattr(error.orig, "args", ())
    if arguments and isinstance(arguments[0], int):
        code = arguments[0]
        text = str(arguments[1]) if len(arguments) > 1 else text
    if isinstance(getattr(error.orig, "original_exception", None), ssl.SSLCertVerificationError):
        code = 2026  # the driver calls it a server that does not answer
    if code == AWAY and url is not None:
        text = f"{url.host or '127.0.0.1'}:{url.port or 3306}: {text}"
    where = {"vendor": "warehouse", "code": str(code)}
    if code in ITEM:
        # The server's text quotes the value for some codes; the column is all we need.
        return ContractError(text.split(" value: ")[0], **where)
    if code == 0 and error.connection_invalidated:
        code = 2013
    if code in TRY_AGAIN or code == 0:
        text = text.split(" for key ")[0] if code == 1062 else text
        return UnavailableError(text, **{**where, "code": str(code)})
    return ConfigError(f"warehouse {code}: {text}; {OPERATOR.get(code, ELSE)}")
