from __future__ import annotations

import pytest

from tests.vendors.huawei.port import Vendor


@pytest.fixture
def vendor(port):
    vendor = Vendor(port, [])
    yield vendor
    vendor.client.close()
