"""An earlier state, stored once a server; a scene a test; what an undisturbed run stores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from include.pipelines.clock import RunClock
from include.vendors.registry import VENDORS
from include.vendors.tencent import conversation as tencent_conversation
from tests.faults.kit import scene as scenes
from tests.faults.kit.scene import BEFORE, Rows, Scene


@pytest.fixture(autouse=True)
def _every_page_is_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults fall between the parts of a conversation, too, as if it were long."""
    monkeypatch.setattr(tencent_conversation, "PART_WEIGHT", 0)


BEGAN = time.monotonic()


@pytest.fixture(autouse=True, scope="module")
def _time_goes_on() -> Iterator[None]:
    """Runs of one moment follow one another, as they do: no reading is older than one before."""
    begin = RunClock.__init__

    def begin_together(clock: RunClock, now: datetime) -> None:
        begin(clock, now)
        clock._started = BEGAN

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunClock, "__init__", begin_together)
        yield


@pytest.fixture(scope="session")
def base_url(warehouse_server: Any) -> Iterator[str]:
    """A warehouse after a clean run at ``BEFORE``."""
    url: str = warehouse_server.create_migrated()
    with scenes.sandbox() as running:
        scene = Scene(running, url)
        for vendor in VENDORS:
            assert scene.refresh(vendor, now=BEFORE).error is None
        ended = scene.run(now=BEFORE)
        assert not [one.error for one in ended.values() if one.error], ended
    yield url
    warehouse_server.drop(url)


@pytest.fixture
def scene(base_url: str, warehouse_url: str) -> Iterator[Scene]:
    """A day has passed since ``BEFORE``; no run has looked yet."""
    with scenes.undisturbed(base_url, warehouse_url) as made:
        yield made


@pytest.fixture(scope="session")
def truths() -> dict[tuple[str, str, str], Rows]:
    """What undisturbed runs stored, by server, accounts that ran and state of the vendors."""
    return {}


@pytest.fixture
def truth(warehouse_server: Any, base_url: str, truths: dict[tuple[str, str, str], Rows]) -> Any:
    """``truth(scene)``: the rows of an undisturbed run over what the vendors hold now."""

    def look(scene: Scene) -> Rows:
        ids = ",".join(account.account_id for account in scene.accounts)
        key = (warehouse_server.prefix + warehouse_server.url, ids, scenes.state_of(scene.store))
        if key not in truths:
            url = warehouse_server.create_migrated()
            try:
                other = Scene(scene.sandbox, url, accounts=scene.accounts)
                other.execute(*scenes.copy_statements(base_url))
                scene.sandbox.faults.clear()
                ended = other.run()
                assert not [one.error for one in ended.values() if one.error], ended
                truths[key] = other.rows()
            finally:
                warehouse_server.take_back(url)
        return truths[key]

    return look
