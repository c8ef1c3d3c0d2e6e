"""The variables that our sessions set, each with its reason: a server's own are meant for others.

One that is not strict cuts texts without a word, one that waits for hours keeps the locks of a
process that was frozen, one with a limit for statements ends or cuts what is long.
"""

from __future__ import annotations

from typing import Any, Final

from include.warehouse.types import TEXT

WAIT_SECONDS: Final = 600
"""How long a server waits for us, who may be frozen, or gone with our machine, and hold locks."""
BULK_WAIT_SECONDS: Final = 7200
"""As long as a source may take for a statement, twice: its rows come through us."""

BOTH: Final[dict[str, str]] = {
    "sql_mode": "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION'",  # nothing is cut, no date is 0000-00-00, texts are quoted as we do
    "time_zone": "'+00:00'",
    "collation_connection": f"'{TEXT}'",  # a view keeps that of who made it, as literals have it
    "innodb_lock_wait_timeout": "20",  # then we try again
    "lock_wait_timeout": "60",  # somebody alters the table: the default is a day, or a year
    "wait_timeout": str(WAIT_SECONDS),
    "net_read_timeout": str(WAIT_SECONDS),  # by default 30 s, in which a source may still sort
    "net_write_timeout": str(WAIT_SECONDS),
    "sql_select_limit": "18446744073709551615",  # a smaller one cuts results without a word
    "sql_big_selects": "1",  # max_join_size is for people
    "sql_safe_updates": "0",  # an UPDATE without a key is refused
    "sql_auto_is_null": "0",  # IS NULL finds the last inserted row
    "sql_buffer_result": "0",
    "completion_type": "0",  # a COMMIT begins the next transaction, or ends the connection
    "unique_checks": "1",  # off, a server may store a key twice
    "foreign_key_checks": "1",
    "div_precision_increment": "4",  # the digits of quotients in reports
    "group_concat_max_len": "1073741824",  # a shorter one cuts; max_allowed_packet still does
}
MARIADB: Final[dict[str, str]] = {
    "max_statement_time": "0",
    "idle_transaction_timeout": "0",  # our own limit is wait_timeout
    "idle_write_transaction_timeout": "0",
    "idle_readonly_transaction_timeout": "0",
    "default_regex_flags": "''",
    "check_constraint_checks": "1",
    "tx_read_only": "0",
}
MYSQL: Final[dict[str, str]] = {
    "max_execution_time": "0",
    "transaction_read_only": "0",
}


def prepare(connection: Any, *, is_bulk: bool = False) -> int:
    """Set the variables of the driver's new *connection*; its ``max_allowed_packet`` in bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@max_allowed_packet, @@version")
        packet, version = cursor.fetchone()
        values = BOTH | (MARIADB if "mariadb" in version.lower() else MYSQL)
        if is_bulk:
            long = ("wait_timeout", "net_read_timeout", "net_write_timeout")
            values |= dict.fromkeys(long, str(BULK_WAIT_SECONDS))
        cursor.execute("SET SESSION " + ", ".join(f"{name}={v}" for name, v in values.items()))
    return int(packet)
