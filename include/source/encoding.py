"""Texts that cannot be read: which column holds them, and why, in a database that is not UTF-8.

PostgreSQL converts what its encoding knows. A database without an encoding (SQL_ASCII) holds the
bytes that programs sent, which are read where they are UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import psycopg2  # type: ignore[import-untyped]

from include.errors import CheckError, ContractError
from include.source.rendering import Reading

NO_UTF8: Final = ("22021", "22P05")
"""Bytes that are none, a character that has none."""


def find_unreadable(connection: Any, readings: Iterable[Reading]) -> Exception | None:
    """Find the first column of which a value cannot be read, and say what must be done.

    Ends the connection's transaction. None: all can be read now.
    """
    connection.rollback()
    with connection.cursor() as cursor:
        for reading in readings:
            for column in reading.table.columns:
                try:
                    cursor.execute(reading.probe(column))
                except psycopg2.DataError as error:
                    encoding = connection.get_parameter_status("server_encoding")
                    return _tell(reading, column.name, encoding, error)
    return None


def _tell(reading: Reading, column: str, encoding: str, error: Any) -> Exception:
    """Our error: of a value only the bytes of one character are told."""
    table = reading.table
    if error.pgcode not in NO_UTF8:
        text = f"a value of {table.name}.{column} cannot be read"
        return ContractError(text, vendor="source", code=error.pgcode)
    told = " ".join(re.findall(r"0x[0-9a-f]{2}", error.diag.message_primary))
    raw = f"convert_to({column}, 'SQL_ASCII')"
    digits = told.replace("0x", "").replace(" ", "")
    if encoding == "SQL_ASCII":
        what = (
            f"bytes that are not UTF-8 ({told}), and the database has no encoding (SQL_ASCII) from"
            " which they could be converted"
        )
        mended = f"convert_from(convert({raw}, '<their encoding>', 'UTF8'), 'SQL_ASCII')"
    else:
        what = f"a character ({told} in {encoding}) that cannot be converted to UTF-8"
        mended = "a text without it"
    return CheckError(
        f"source {error.pgcode}: {table.name}.{column} holds {what}. Its rows are those WHERE"
        f" position('\\x{digits}'::bytea IN {raw}) > 0; set the column there to {mended}"
    )
