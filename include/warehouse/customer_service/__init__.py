"""Snapshots of the customer-service source and the histories of its rows, ``cs_*``."""
