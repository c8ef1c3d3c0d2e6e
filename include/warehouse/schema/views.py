"""The views of ``sql/staging`` and ``sql/views``: one a file, applied after the migrations.

Staging views rename and convert the user's columns once, for what reads them; the others are read
by BI tools.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from include.vendors.registry import VENDORS
from include.warehouse.types import stored_name

SQL: Final = Path(__file__).resolve().parents[3] / "sql"
STAGING: Final = "stg_"
"""How the names of staging views begin."""
OURS: Final = ("cs_", "v_", STAGING)
"""How the names of our views begin."""
LAST_MILLISECOND: Final = 253370764799999
"""The end of the year 9998, UTC: a later moment MySQL cannot show in every zone."""


def statements() -> dict[str, str]:
    """The statement of each view by its name; a view stands after those it reads."""
    texts = {
        path.stem: path.read_text(encoding="utf-8")
        .replace("{last_millisecond}", str(LAST_MILLISECOND))
        .replace("{vendors}", ", ".join(f"'{stored_name(vendor)}'" for vendor in VENDORS))
        for folder in ("staging", "views")
        for path in sorted((SQL / folder).glob("*.sql"))
    }
    words = {name: set(re.findall(r"\w+", _code(text))) for name, text in texts.items()}
    reads = {name: (words[name] & texts.keys()) - {name} for name in texts}
    return {name: texts[name].strip() for name in TopologicalSorter(reads).static_order()}


def apply(connection: sa.Connection, *, progress: Callable[[str], None] = lambda _: None) -> None:
    """Create or replace every view. One that this code no longer has stays, and is named."""
    known = statements()
    for statement in known.values():
        # As it is written: a % in it means no parameter.
        connection.execution_options(no_parameters=True).exec_driver_sql(statement)
    for name in sa.inspect(connection).get_view_names():
        if name.startswith(OURS) and name not in known:
            progress(
                f"{name}: a view that this code no longer has, or never had. It was left as it is;"
                f" DROP VIEW {name} when nobody reads it"
            )


def script() -> str:
    """All views as SQL, to run after the tables were made."""
    return "".join(f"{statement};\n\n" for statement in statements().values())


def _code(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)
