"""The customer-service database (PostgreSQL), read-only."""
