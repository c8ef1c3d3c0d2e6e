"""A vendor to read from, and its client."""

from __future__ import annotations

import pytest

from tests.vendors.tencent.port import Vendor


@pytest.fixture
def vendor(port):
    vendor = Vendor(port)
    yield vendor
    vendor.client.close()
