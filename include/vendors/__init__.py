"""Knows the vendors' APIs, one file a vendor; not where the answers go."""
