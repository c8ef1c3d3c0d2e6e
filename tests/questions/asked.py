"""Questions that managers ask, as SQL, with their answers on a small data set."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

FILES: Final = sorted(Path(__file__).parent.glob("*.toml"))


@dataclass(frozen=True, slots=True)
class Question:
    """What is *asked*, in Chinese and English, the *sql* that asks it, and its *answer*."""

    asks: str
    sql: str
    answer: list[list[Any]]


def read_questions() -> list[Question]:
    """All of them."""
    return [
        Question(**question)
        for file in FILES
        for question in tomllib.loads(file.read_text("utf-8"))["question"]
    ]


def ask(connection: sa.Connection, question: Question) -> list[list[Any]]:
    """The rows, as a person would write them down."""
    plainly = connection.execution_options(no_parameters=True)
    return [[_plain(cell) for cell in row] for row in plainly.exec_driver_sql(question.sql)]


def _plain(cell: Any) -> Any:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return float(cell)
    return cell.isoformat() if isinstance(cell, date | datetime) else cell
