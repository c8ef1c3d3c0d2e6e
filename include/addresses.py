"""What the address of a database may say: each part is obeyed, or refused by name.

An address is a SQLAlchemy URL; what an Airflow connection says in *extra* stands in its query.
Certificates are verified, whatever is said, for every host that is not this machine.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Collection
from typing import Any, Final

import sqlalchemy as sa

from include.errors import ConfigError
from include.settings import LOOPBACK

_DRIVERS: Final = ("sslcert", "sslkey", "sslcrl", "channel_binding", "gssencmode", "krbsrvname")
POSTGRESQL: Final[dict[str, str]] = {
    "host": "a host, a directory of sockets, or several hosts with commas between",
    "port": "its port, or theirs",
    "target_session_attrs": "which of several hosts is taken",
    "options": "such as -csearch_path=prod; what a snapshot sets itself is refused",
    "sslmode": "verify-full; for this machine anything",
    "sslrootcert": "as SOURCE_CA",
    **dict.fromkeys(_DRIVERS, "as the PostgreSQL driver has it"),
}
"""What the query of SOURCE_URL, or *extra* of the connection, may say, and what it means."""
MYSQL: Final[dict[str, str]] = {
    "unix_socket": "a socket of this machine, instead of host and port",
    "charset": "utf8mb4",
    "ssl_mode": "VERIFY_IDENTITY; for this machine anything",
    "ssl_ca": "as WAREHOUSE_CA",
    "ssl_cert": "file of the client's certificate",
    "ssl_key": "file of its key",
}
"""What the query of WAREHOUSE_URL, or *extra* of the connection, may say, and what it means."""
_OPTION: Final = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)\s*=")


def read_postgresql(url: str, *, ca: str, ours: Collection[str]) -> dict[str, Any]:
    """The driver's arguments for SOURCE_URL. Raises ConfigError that names what cannot be obeyed.

    *ours* are the session's variables that we set ourselves.
    """
    parsed = _parse(
        url, "SOURCE_URL", ("postgresql",), "postgresql://user:password@host:5432/database"
    )
    said = _said(parsed, "SOURCE_URL", POSTGRESQL)
    host = said.pop("host", parsed.host) or "127.0.0.1"
    arguments: dict[str, Any] = {
        "host": host,
        "port": said.pop("port", None) or parsed.port or 5432,
        "user": parsed.username,
        "password": parsed.password,
        "dbname": parsed.database,
        "connect_timeout": 10,
        "keepalives_idle": 60,
        "tcp_user_timeout": 120_000,
    }
    if taken := {name.lower() for name in _OPTION.findall(said.get("options", ""))} & {*ours}:
        _refuse("SOURCE_URL", f"options: {', '.join(sorted(taken))}", "a snapshot sets it itself")
    if not all(one in LOOPBACK or one.startswith("/") for one in host.split(",")):
        if said.get("sslmode", "verify-full") != "verify-full":
            reason = (
                "certificates are verified: write verify-full, and SOURCE_CA for your authority"
            )
            _refuse("SOURCE_URL", f"sslmode={said['sslmode']}", reason)
        arguments |= {"sslmode": "verify-full", "sslrootcert": ca or "system"}
    return arguments | said


def read_mysql(url: str, *, ca: str) -> tuple[sa.URL, dict[str, Any]]:
    """The bare URL and the driver's arguments for WAREHOUSE_URL. Raises as ``read_postgresql``."""
    parsed = _parse(
        url,
        "WAREHOUSE_URL",
        ("mysql", "mariadb"),
        "mysql+pymysql://user:password@host:3306/database",
    )
    said = _said(parsed, "WAREHOUSE_URL", MYSQL)
    if said.pop("charset", "utf8mb4").lower() != "utf8mb4":
        _refuse("WAREHOUSE_URL", "charset", "texts are utf8mb4, or characters would be lost")
    arguments: dict[str, Any] = {"charset": "utf8mb4"}
    if parsed.password:
        # The driver would encode a text as Latin-1; servers take passwords as UTF-8.
        arguments["password"] = parsed.password.encode()
    is_local = "unix_socket" in said or parsed.host in LOOPBACK | {None}
    if socket := said.pop("unix_socket", ""):
        arguments["unix_socket"] = socket
    mode, certificate = said.pop("ssl_mode", ""), said.pop("ssl_cert", "")
    ca, key = said.pop("ssl_ca", ca), said.pop("ssl_key", "")
    if not is_local and mode not in ("", "VERIFY_IDENTITY"):
        reason = "certificates are verified: write VERIFY_IDENTITY, and set WAREHOUSE_CA"
        _refuse("WAREHOUSE_URL", f"ssl_mode={mode}", reason)
    if not is_local or mode == "VERIFY_IDENTITY":
        context = _try("WAREHOUSE_CA", ca, lambda: ssl.create_default_context(cafile=ca or None))
        if certificate:
            _try("ssl_cert", certificate, lambda: context.load_cert_chain(certificate, key or None))
        arguments["ssl"] = context
    return parsed.set(drivername="mysql+pymysql", query={}), arguments


def describe_address(url: str) -> str:
    """Which database a URL that was read names, and where: without user and password."""
    parsed = sa.make_url(url)
    said = {key: parsed.query.get(key, "") for key in ("unix_socket", "host", "port")}
    texts = {key: one if isinstance(one, str) else ",".join(one) for key, one in said.items()}
    where = texts["unix_socket"]
    if not where:
        standard = "5432" if parsed.get_backend_name() == "postgresql" else "3306"
        host = texts["host"] or parsed.host or "127.0.0.1"
        where = f"{host}:{texts['port'] or parsed.port or standard}"
    return f"database {parsed.database} at {where}"


def _parse(url: str, name: str, backends: Collection[str], example: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigError(f"{name} is not a URL like {example}") from None
    except ValueError:  # it would quote what stands there, which may be a password
        raise ConfigError(
            f"{name}: what stands for its port is no number: write it like {example}"
        ) from None
    if "@" in (parsed.host or ""):
        raise ConfigError(f"{name}: there is an @ in the password or the user: write it %40")
    if parsed.get_backend_name() not in backends or not parsed.database:
        begin = example.partition("user")[0]
        raise ConfigError(f"{name} must begin with {begin} and name a database, like {example}")
    return parsed


def _said(parsed: sa.URL, name: str, known: dict[str, str]) -> dict[str, str]:
    """The query of a URL, each value as one text."""
    for key in parsed.query:
        if key not in known:
            _refuse(name, key, f"known are {', '.join(known)}")
    return {
        key: value if isinstance(value, str) else ",".join(value)
        for key, value in parsed.query.items()
    }


def _refuse(name: str, what: str, reason: str) -> None:
    raise ConfigError(
        f"{name}, or its Airflow connection, says {what}, which is not obeyed: {reason}"
    )


def _try(name: str, file: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"{name}: {file} is no certificate file ({reason}): name one in the form PEM"
        ) from error
