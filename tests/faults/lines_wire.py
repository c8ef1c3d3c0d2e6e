"""Faults of the vendors' wire (W)."""

from __future__ import annotations

from typing import Final

from include.errors import RateLimitError
from tests.faults.table import Fault, switched

WIRE: Final = (
    Fault(
        "W1",
        "429 with a hint, once",
        switched(("throttle", {"hint": 2})),
        passing=True,
        also=lambda scene, ended: assert_slept(scene.slept, 2),
    ),
    Fault("W2", "throttled for ever", switched(("throttle", {"times": None})), RateLimitError),
)


def assert_slept(slept: list[float], least: float) -> None:
    assert max(slept, default=0) >= least, slept
