"""What `check` costs the vendors."""

from __future__ import annotations

from tests.cli.invoked import told


def test_check_calls_each_vendor_once_or_twice(osm, accounts, sandbox):
    del sandbox.calls[:]
    told(osm("check"), 0)
    assert len(sandbox.calls) <= 4
