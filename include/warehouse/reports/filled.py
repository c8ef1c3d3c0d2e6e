"""The tables of reports that people fill: holidays, and targets for tickets."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy.dialects import mysql

from include.errors import ConfigError
from include.warehouse.reports.tables import rpt_holiday
from include.warehouse.reports.ticket_tables import rpt_sla_target


class Holiday(BaseModel):
    """A local day on which people do not work, or (*is_workday*) a weekend day on which they do."""

    model_config = ConfigDict(extra="forbid")

    local_day: date
    name: Annotated[str, Field(min_length=1, max_length=100)]
    is_workday: bool = False


class SlaTarget(BaseModel):
    """Minutes that a ticket's first reply or its closing may take.

    An empty *vendor* or *product_id* means each.
    """

    model_config = ConfigDict(extra="forbid")

    metric: Literal["first_reply", "close"]
    vendor: Annotated[str, BeforeValidator(str.upper), Field(max_length=50)] = ""
    product_id: Annotated[str, Field(max_length=64)] = ""
    minutes: Annotated[int, Field(gt=0, le=1_000_000)]
    in_business_hours: bool = False


ROWS: Final[Mapping[str, type[BaseModel]]] = {"holidays": Holiday, "targets": SlaTarget}
TABLES: Final[Mapping[str, sa.Table]] = {"holidays": rpt_holiday, "targets": rpt_sla_target}


def read_rows(what: str, file: Path) -> list[dict[str, Any]]:
    """Read a CSV file with the names of the columns in its first line (UTF-8).

    Raises ConfigError naming the line and column of what cannot be used.
    """
    model, rows = ROWS[what], []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines, restkey="beyond the head"), 2):
                said = {name: value for name, value in row.items() if value not in (None, "")}
                try:
                    rows.append(model.model_validate(said).model_dump())
                except ValidationError as error:
                    told = error.errors(include_url=False)[0]
                    column = ".".join(map(str, told["loc"]))
                    raise ConfigError(f"{file}, line {number}, {column}: {told['msg']}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{file}: {error}") from error
    if not rows:
        columns = ",".join(model.model_fields)
        raise ConfigError(f"{file} holds no row below a head like {columns}")
    return rows


def write_rows(
    connection: sa.Connection, what: str, rows: list[dict[str, Any]], *, replace: bool
) -> int:
    """Write *rows* over those of the same key; with *replace* no other stays.

    Returns how many were removed.
    """
    table = TABLES[what]
    keys = [tuple(row[column.name] for column in table.primary_key) for row in rows]
    removed = 0
    if replace:
        kept = sa.tuple_(*table.primary_key).in_(keys)
        removed = connection.execute(sa.delete(table).where(~kept)).rowcount
    upsert = mysql.insert(table)
    others = [column.name for column in table.c if not column.primary_key]
    connection.execute(
        upsert.on_duplicate_key_update({name: upsert.inserted[name] for name in others}), rows
    )
    return removed
