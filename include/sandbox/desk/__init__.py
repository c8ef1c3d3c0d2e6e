"""A sample customer-service database, and what happens in it."""
