"""Rows in the tables beside what the sandbox says it holds, for the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import requests
import sqlalchemy as sa

from include.models import VENDORS

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
