"""The statements of ``sql/reports``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from include.warehouse.types import bind_moments

REPORTS: Final = Path(__file__).resolve().parents[3] / "sql" / "reports"


@cache
def read_statement(name: str, facts: str = "rpt_conversation") -> sa.TextClause:
    """Read the statement of one file of ``sql/reports``, to be counted over the table *facts*."""
    text = (REPORTS / f"{name}.sql").read_text(encoding="utf-8")
    return bind_moments(text.replace("from rpt_conversation\n", f"from {facts}\n"))
