"""The views of ``sql/staging`` and ``sql/views``: one a file, applied after the migrations.

Staging views rename and convert the user's columns once, for what reads them; the others are read
by BI tools.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from include.values import LATE_AFTER, Limits

SQL: Final = Path(__file__).resolve().parents[3] / "sql"
STAGING: Final = "stg_"
"""How the names of staging views begin."""
PROBE: Final = "v_as_it_would_be"
"""The view that is made for a moment, to see whether the one that is there is the same."""
OURS: Final = ("cs_", "v_", "dim_", STAGING)
"""How the names of our views begin."""
NO_RIGHT: Final = (1142, 1370)
LAST_MILLISECOND: Final = 253370764799999
"""The end of the year 9998, UTC: a later moment MySQL cannot show in every zone."""


def statements(late_after: Mapping[str, Limits] = LATE_AFTER) -> dict[str, str]:
    """The statement of each view by its name; a view stands after those it reads.

    *late_after* is the setting, for what a view calls late.
    """
    texts = {
        path.stem: _filled(path.read_text(encoding="utf-8"), late_after)
        for folder in ("staging", "views")
        for path in sorted((SQL / folder).glob("*.sql"))
    }
    words = {name: set(re.findall(r"\w+", _code(text))) for name, text in texts.items()}
    reads = {name: (words[name] & texts.keys()) - {name} for name in texts}
    return {name: texts[name].strip() for name in TopologicalSorter(reads).static_order()}


def apply(
    connection: sa.Connection,
    *,
    late_after: Mapping[str, Limits] = LATE_AFTER,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Create every view that is missing, and replace each that differs.

    One that is the same is not touched: replacing it would wait for whoever reads it, and let all
    others wait. One that this code no longer has stays, and is named.
    """
    known = statements(late_after)
    there = sa.inspect(connection).get_view_names()
    # As it is written: a % in it means no parameter.
    plainly = connection.execution_options(no_parameters=True)
    for name, statement in known.items():
        if name not in there or not _is_same(plainly, name, statement):
            plainly.exec_driver_sql(statement)
    for name in there:
        if name.startswith(OURS) and name not in {*known, PROBE}:
            progress(
                f"{name}: a view that this code no longer has, or never had. It was left as it is;"
                f" DROP VIEW {name} when nobody reads it"
            )


def find_broken(connection: sa.Connection) -> dict[str, str]:
    """Find the views that answer nobody, by name, in the server's words.

    A view reads with the rights of who made it: a user that is gone, or lost a right, breaks it for
    all. Views that the present user may not read are left out.
    """
    broken = {}
    for name in statements():
        try:
            # No row: the server opens the view all the same.
            connection.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(0))
        except sa.exc.DBAPIError as error:
            code, words = [*getattr(error.orig, "args", ()), 0, ""][:2]
            if code not in NO_RIGHT:
                broken[name] = str(words)
    return broken


def _is_same(connection: sa.Connection, name: str, statement: str) -> bool:
    """Whether *statement* would make the view that is there, definer and collation included.

    The server keeps a view in a form of its own, so it is asked for that of both.
    """
    head, word, rest = statement.partition(f"view {name} as")
    if not word:
        raise ValueError(f"{name}.sql does not say `view {name} as`")
    connection.exec_driver_sql(f"{head}view {PROBE} as{rest}")
    try:
        return _shown(connection, name) == _shown(connection, PROBE)
    finally:
        connection.exec_driver_sql(f"drop view {PROBE}")


def _shown(connection: sa.Connection, name: str) -> list[str]:
    """How the server shows a view, without its name."""
    _, *shown = connection.exec_driver_sql(f"show create view {name}").one()
    shown[0] = shown[0].replace(f"`{name}`", "", 1)
    return shown


def script(late_after: Mapping[str, Limits] = LATE_AFTER) -> str:
    """All views as SQL, to run after the tables were made."""
    return "".join(f"{statement};\n\n" for statement in statements(late_after).values())


def _filled(text: str, late_after: Mapping[str, Limits]) -> str:
    """The text of a file with what only our code, or the operator, knows."""
    late = " ".join(f"when '{kind}' then {of.warn_s}" for kind, of in late_after.items())
    for name, value in (("last_millisecond", str(LAST_MILLISECOND)), ("late_seconds", late)):
        text = text.replace(f"{{{name}}}", value)
    return text


def _code(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)
