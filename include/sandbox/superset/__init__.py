"""Dashboards as code: ``examples/superset``, its words, and a Superset of this machine to show it."""
