"""What an error of PostgreSQL means: it passes, is about a value, or is the operator's to mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from include.errors import ConfigError, ContractError, RejectedError, UnavailableError
from include.hosts import Barrier, explain

AGAIN: Final = frozenset(
    {"40001", "40P01", "57P01", "57P02", "57P03", "53300", "25P03", "25P04", "08000", "08003"}
    | {"08001", "08004", "08006", ""}  # no code: the connection broke
)
"""Cancelled by a replica, shut down, lost: the whole snapshot may be taken again."""
OPERATOR: Final = {
    "28000": "the database refuses this user: correct SOURCE_URL, or pg_hba.conf",
    "28P01": "the database refuses user or password: correct SOURCE_URL, in which @ : / % of a"
    " password are written %40 %3A %2F %25",
    "3D000": "there is no such database: correct SOURCE_URL",
    "08P01": "the server's certificate cannot be verified: correct SOURCE_CA, or the certificate",
    "42501": "the user lacks a right: GRANT SELECT (sql/grants/postgres.sql)",
}
"""What a person has to mend, by SQLSTATE."""
REFUSALS: Final = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "certificate verify failed": "08P01",
    "does not match host name": "08P01",
    "does not support SSL": "08P01",
    "too many connections": "53300",
    "too many clients": "53300",
    "starting up": "57P03",
    "shutting down": "57P03",
    "conflict with recovery": "40001",
    "administrator command": "57P01",
    "idle-in-transaction timeout": "25P03",
    'role "': "28000",
    'database "': "3D000",
}
"""SQLSTATE of a refused or ended connection, which the driver does not pass on."""
BETTER: Final = {
    "no pg_hba.conf entry": "let this machine in by a line of pg_hba.conf there (sql/grants)",
    "does not match host name": "write a host that the certificate names into SOURCE_URL, or have"
    " it made for this one",
    "does not support SSL": "connections to other machines are encrypted: ssl = on in"
    " postgresql.conf there",
    "is not permitted to log in": "ALTER ROLE … LOGIN there",
    "too many connections for role": "pg_stat_activity there says who has them; ALTER ROLE …"
    " CONNECTION LIMIT gives it more",
}
"""What to do, where the server's words tell more than its SQLSTATE."""
STEPS: Final = {
    "40001": "the replica cancels long reads: raise max_standby_streaming_delay there, or set"
    " hot_standby_feedback",
    "53300": "pg_stat_activity there says who has them: end some, or raise max_connections",
    "55P03": "somebody holds an exclusive lock on a table (ALTER, TRUNCATE, VACUUM FULL?):"
    " pg_stat_activity there says who",
    "57014": "cancelled by a person, or SOURCE_TIMEOUT_SECONDS has passed",
}
"""What a person may do about something that passes, by SQLSTATE."""
BARRIERS: Final = {
    "could not translate host name": Barrier.UNKNOWN,
    "Connection refused": Barrier.REFUSED,
    "timeout expired": Barrier.SILENT,
    "No route to host": Barrier.NO_WAY,
    "Network is unreachable": Barrier.NO_WAY,
}
"""What keeps a connection from being made, by the words of the driver."""
_PLACE: Final = re.compile(
    r'connection to server at "(?P<host>[^"]*)"(?: \([^)]*\))?, port (?P<port>\d+) failed:'
    r" (?:FATAL: +)?"
)


def translate_error(error: Any) -> Exception:
    """Our error for one of psycopg2's."""
    diagnosed = error.diag.message_primary if error.diag else None
    return _translate(error.pgcode or "", str(diagnosed or error))


def translate_refusal(error: Any, arguments: Mapping[str, Any]) -> Exception:
    """The same where no connection was made; *arguments* are what the driver was given for it."""
    text = str(error)
    place = _PLACE.search(text)
    host, port = place.groups() if place else (arguments["host"], arguments["port"])
    if barrier := next((one for words, one in BARRIERS.items() if words in text), None):
        seconds = float(arguments["connect_timeout"])
        told = explain(barrier, host, port, seconds=seconds)
        return UnavailableError(told, vendor="source")
    text = text[place.end() :] if place else text
    return _translate(error.pgcode or "", f"{host}:{port}: {text.strip()}")


def _translate(code: str, text: str) -> Exception:
    text = text.strip().split("\n")[0]
    if not code:  # a refusal to connect comes without one
        code = next((code for told, code in REFUSALS.items() if told in text), "")
    better = next((step for told, step in BETTER.items() if told in text), "")
    if code in OPERATOR:
        return ConfigError(f"source {code}: {text}; {better or OPERATOR[code]}")
    where = {"vendor": "source", "code": code}
    if code in AGAIN or code in STEPS or code[:2] in ("53", "57", "58", "08"):
        return UnavailableError(text, **where, step=better or STEPS.get(code, ""))
    if code[:2] == "22":  # a value: the message would quote it
        return ContractError(f"a value cannot be read ({code})", **where)
    return RejectedError(text, **where)
