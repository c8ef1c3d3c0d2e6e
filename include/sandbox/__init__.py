"""Stands in for the vendors: their APIs on loopback, over one seeded store."""
