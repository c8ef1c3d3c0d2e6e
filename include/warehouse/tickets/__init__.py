"""Vendor tickets, messages, catalogue and accounts as rows of ``cloud_*``."""
