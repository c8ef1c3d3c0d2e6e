"""The vendors' APIs on loopback, over one seeded store, with real signatures and faults by name."""
