"""What all work needs, and what it shows of itself."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from include.errors import ConfigError
from include.secrets import new_key
from include.settings import Settings
from include.warehouse.mysql import Warehouse
from include.work.place import Workplace


@pytest.fixture
def nowhere():
    opened = Warehouse.open("mysql+pymysql://nobody:canary@127.0.0.1:1/nothing")
    yield opened
    opened.close()


def test_a_key_that_cannot_be_read_is_refused_by_its_place(nowhere):
    settings = Settings(secret_keys=SecretStr("k1:short"))
    with pytest.raises(ConfigError, match="SECRET_KEYS: key 1"):
        Workplace.of(settings, nowhere, lambda _: "", None)


def test_no_key_or_password_is_in_its_repr(nowhere):
    key = new_key("k1")
    place = Workplace.of(Settings(secret_keys=SecretStr(key)), nowhere, lambda _: "", None)
    assert place.ring.ids == ("k1",)
    assert key.partition(":")[2] not in repr(place)
    assert "canary" not in repr(place)
