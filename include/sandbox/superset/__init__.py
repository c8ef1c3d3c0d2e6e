"""A Superset of this machine that shows ``examples/superset``: dashboards as code."""
