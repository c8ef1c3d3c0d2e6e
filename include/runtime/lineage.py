"""What each task reads and writes, for OpenLineage: ``[openlineage] extractors`` names this class.

Imported by the provider alone, where it is installed: its own extractor of Python tasks tells no
datasets, and it knows none of MySQL's assets.
"""

from __future__ import annotations

import re
from typing import Any, Final

import sqlalchemy as sa
from airflow.providers.openlineage.extractors.base import BaseExtractor, OperatorLineage
from openlineage.client.event_v2 import Dataset

from include.customer_service import SOURCE_TABLES
from include.runtime import connections
from include.runtime.assets import CATALOG_TABLES, TICKET_TABLES
from include.vendors.registry import VENDORS

HISTORIES: Final = tuple(table.history for table in SOURCE_TABLES)
READING: Final = {
    ("sync_tickets", "tickets"),
    ("backfill_tickets", "tickets"),
    ("sync_ticket", "ticket"),
    ("check_data", "tickets"),
    ("check_data", "again"),
}
"""The tasks that read tickets from vendors and store them, by DAG and last part of their id."""


class TaskLineage(BaseExtractor):
    """The datasets of a task, once it has run: then its databases are known."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        """The operator of ``@task``."""
        return ["_PythonDecoratedOperator"]

    def _execute_extraction(self) -> Any:
        """Nothing: no database was opened yet."""
        return OperatorLineage()

    def extract_on_complete(self, task_instance: Any) -> Any:
        """Inputs and outputs of a task that ended, whether it failed or not."""
        dag_id, (*group, task) = self.operator.dag_id, self.operator.task_id.split(".")
        vendors = [name for name in VENDORS if name in (*group, task)] or VENDORS
        if (dag_id, task) in READING:
            return OperatorLineage(_at_vendors(vendors, "tickets"), _stored(TICKET_TABLES))
        if dag_id == "refresh_catalog" and task in VENDORS:
            return OperatorLineage(_at_vendors(vendors, "catalog"), _stored(CATALOG_TABLES))
        if (dag_id, task) == ("snapshot_customer_service", "snapshot"):
            return OperatorLineage(_in_source(), _stored(HISTORIES))
        if (dag_id, task) == ("build_reports", "build"):
            from include.warehouse.tables import metadata

            read = dict.fromkeys((*TICKET_TABLES, *CATALOG_TABLES, *HISTORIES))
            written = [name for name in metadata.tables if name.startswith("rpt_")]
            return OperatorLineage(_stored(read), _stored(written))
        return OperatorLineage()


def _at_vendors(vendors: Any, what: str) -> list[Any]:
    """OpenLineage names no form for an API: the vendor is the namespace, and what it lists."""
    return [Dataset(f"vendor://{vendor}", what) for vendor in vendors]


def _stored(tables: Any) -> list[Any]:
    """Tables of the warehouse by OpenLineage's naming; none where it was not opened."""
    url = connections.opened.get("warehouse")
    if url is None:
        return []
    namespace = f"mysql://{_host(url)}:{url.port or 3306}"
    return [Dataset(namespace, f"{url.database}.{table}") for table in tables]


def _in_source() -> list[Any]:
    """The tables of the customer service, by the same."""
    url = connections.opened.get("customer_service")
    if url is None:
        return []
    path = re.search(r"search_path=(\w+)", str(url.query.get("options", "")))
    place = f"{url.database}.{path[1] if path else 'public'}"
    namespace = f"postgres://{_host(url)}:{url.port or 5432}"
    return [Dataset(namespace, f"{place}.{table.name}") for table in SOURCE_TABLES]


def _host(url: sa.URL) -> str:
    """The host of an address, the first where it names several, or this machine."""
    named = url.host or url.query.get("host") or "localhost"
    first = named if isinstance(named, str) else named[0]
    return "localhost" if first.startswith("/") else first.split(",")[0].split(":")[0]
