"""The schema as a whole: migrations and views."""
