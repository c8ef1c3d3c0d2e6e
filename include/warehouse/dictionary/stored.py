"""The dictionary in the database: the table ``rpt_dictionary``, which ``v_dictionary`` shows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from include.warehouse.dictionary.entries import Dictionary, Entry
from include.warehouse.dictionary.words import UNITS
from include.warehouse.reports.tables import rpt_dictionary


def apply(connection: sa.Connection, dictionary: Dictionary) -> None:
    """Let the table hold *dictionary*, all of it at once; one that does is not touched.

    For a connection in autocommit.
    """
    wanted = _rows(dictionary)
    present = {tuple(row) for row in connection.execute(sa.select(rpt_dictionary))}
    names = rpt_dictionary.c.keys()
    if present == {tuple(row[name] for name in names) for row in wanted}:
        return
    connection.exec_driver_sql("START TRANSACTION")
    try:
        connection.execute(sa.delete(rpt_dictionary))
        connection.execute(sa.insert(rpt_dictionary), wanted)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def script(dictionary: Dictionary) -> str:
    """Statements that fill the empty table."""
    statement = sa.insert(rpt_dictionary).values(_rows(dictionary))
    compiled = statement.compile(
        dialect=mysql.dialect(paramstyle="named"),
        compile_kwargs={"literal_binds": True},
    )
    return f"{compiled};\n"


def _rows(dictionary: Dictionary) -> list[dict[str, Any]]:
    return [_row(entry) for entry in dictionary.entries.values()]


def _row(entry: Entry) -> dict[str, Any]:
    words = entry.words
    return {
        "relation": entry.relation,
        "position": entry.position,
        "kind": entry.kind,
        "column_name": entry.column,
        "is_key": int(entry.is_key),
        "name_zh": words.name_zh,
        "name_en": words.name_en,
        "meaning_zh": words.meaning_zh,
        "meaning_en": words.meaning_en,
        "unit": f"{UNITS[words.unit]} {words.unit}" if words.unit else "",
        "zone": words.zone,
        "origin": entry.origin,
    }
