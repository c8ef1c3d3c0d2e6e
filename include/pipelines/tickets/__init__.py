"""Bring one account's tickets up to date."""
