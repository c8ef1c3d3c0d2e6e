"""All tables we write, room by room: the one description of names, types, keys and comments.

Alembic's migrations under ``sql/migrations`` build them, and a test proves that both agree.
"""

from __future__ import annotations

from include.warehouse.bookkeeping import tables as bookkeeping
from include.warehouse.customer_service import tables as customer_service
from include.warehouse.reports import customer_service_tables, ticket_tables
from include.warehouse.reports import tables as reports
from include.warehouse.tickets import tables as tickets
from include.warehouse.types import metadata

__all__ = [
    "bookkeeping",
    "customer_service",
    "customer_service_tables",
    "metadata",
    "reports",
    "ticket_tables",
    "tickets",
]
