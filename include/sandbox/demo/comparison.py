"""Rows in the tables beside what the sandbox and the sample source hold, for the demo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import requests
import sqlalchemy as sa

from include.customer_service import SOURCE_TABLES
from include.vendors.registry import VENDORS

COUNTS: Final = {
    "cloud_user": "select count(*) from cloud_user where upper(type) = :vendor",
    "cloud_osm_list": "select count(*) from cloud_osm_list where type = :vendor",
    "  of these complete": (
        "select count(*) from cloud_osm_list where type = :vendor and status = 0"
    ),
    "cloud_osm_detail": "select count(*) from cloud_osm_detail where vendor = :vendor",
    "cloud_osm_product": "select count(*) from cloud_osm_product where type = :vendor",
    "cloud_osm_product_type": "select count(*) from cloud_osm_product_type where type = :vendor",
    "cloud_osm_product_category": (
        "select count(*) from cloud_osm_product_category where type = :vendor"
    ),
    "cloud_osm_source": "select count(*) from cloud_osm_source where type = :vendor",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Rows of one vendor in one table, and how many there should be."""

    vendor: str
    table: str
    stored: int
    true: int


def compare(url: str, control_url: str) -> list[Line]:
    """Count in the database of *url*, and ask the sandbox's control port for the truth."""
    with requests.Session() as session:
        session.trust_env = False  # it is on loopback: no proxy
        truth = session.get(f"{control_url}/truth", timeout=60).json()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [
            Line(vendor, table, connection.scalar(sa.text(query), {"vendor": vendor.upper()}), true)
            for vendor in VENDORS
            for (table, query), true in zip(COUNTS.items(), _true(truth[vendor]), strict=True)
        ]


def table_of(lines: Sequence[Line]) -> str:
    """The comparison as text, what differs marked."""
    rows = [f"{'vendor':10}{'table':28}{'warehouse':>10}{'sandbox':>10}"]
    for line in lines:
        mark = "" if line.stored == line.true else "   DIFFERS"
        rows.append(f"{line.vendor:10}{line.table:28}{line.stored:>10}{line.true:>10}{mark}")
    return "\n".join(rows)


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """What a snapshot did with a table; *present*: the history's rows as of its moment."""

    table: str
    rows_read: int
    opened: int
    closed: int
    present: int
    true: int


def source_counts(url: str) -> dict[str, int]:
    """Count the rows of the customer-service tables in the source of *url*."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return {
            table.name: connection.exec_driver_sql(
                f"select count(*) from {table.name}"  # noqa: S608 - names of ours
            ).scalar_one()
            for table in SOURCE_TABLES
        }


def snapshots(url: str) -> list[int]:
    """The numbers of the published snapshots."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        query = "select snapshot_id from cs_snapshot where state = 'complete' order by 1"
        return list(connection.scalars(sa.text(query)))


def compare_snapshot(url: str, snapshot_id: int, true: Mapping[str, int]) -> list[SnapshotLine]:
    """What the manifest says of a snapshot, and the rows as of its moment, counted anew."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        number = {"id": snapshot_id}
        moment = connection.scalar(
            sa.text("select snapshot_at from cs_snapshot where snapshot_id = :id"), number
        )
        manifest = connection.execute(
            sa.text(
                "select table_name, rows_read, opened, closed from cs_snapshot_table"
                " where snapshot_id = :id"
            ),
            number,
        )
        figures = {row.table_name: row for row in manifest}
        lines = []
        for name, count in true.items():
            present = connection.execute(
                sa.text(
                    f"select count(*) from cs_{name}_history"  # noqa: S608 - names of ours
                    " where valid_from_at <= :moment"
                    " and (valid_to_at is null or valid_to_at > :moment)"
                ),
                {"moment": moment},
            ).scalar_one()
            row = figures.get(name)
            read, opened, closed = (row.rows_read, row.opened, row.closed) if row else (0, 0, 0)
            lines.append(SnapshotLine(name, read, opened, closed, present, count))
        return lines


def snapshot_table_of(lines: Sequence[SnapshotLine]) -> str:
    """A snapshot's lines as text, what differs marked."""
    heads = ("rows read", "opened", "closed", "present", "source")
    rows = [f"{'table':24}" + "".join(f"{head:>12}" for head in heads)]
    for line in lines:
        figures = (line.rows_read, line.opened, line.closed, line.present, line.true)
        mark = "" if line.present == line.true else "   DIFFERS"
        rows.append(f"{line.table:24}" + "".join(f"{figure:>12,}" for figure in figures) + mark)
    return "\n".join(rows)


def _true(vendor: Any) -> list[int]:
    """What /truth says, in the order of ``COUNTS``."""
    counts = [account["counts"] for account in vendor["accounts"]]
    return [
        len(counts),
        sum(count["tickets"] for count in counts),
        sum(count["closed"] for count in counts),
        sum(count["stored_messages"] for count in counts),
        vendor["products"]["count"],
        vendor["categories"]["count"],
        vendor["product_categories"],
        vendor["sources"]["count"],
    ]
