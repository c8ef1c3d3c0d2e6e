"""Migrations, views, reports, checks and grants, as SQL."""
