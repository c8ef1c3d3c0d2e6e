"""A warehouse, a source and vendors, as Airflow finds them."""

from tests.dags.conftest import customer_service, look, ring, warehouse

__all__ = ["customer_service", "look", "ring", "warehouse"]  # fixtures
