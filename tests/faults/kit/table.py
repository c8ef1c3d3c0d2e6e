"""What a line of the table of faults says. Adding a fault is adding a line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from include.vendors.registry import VENDORS
from tests.faults.kit.invariants import LOUD, RIGHT
from tests.faults.kit.scene import Ended, Scene

On = Callable[[Scene], AbstractContextManager[None] | None]
Also = Callable[[Scene, Mapping[str, Ended]], None]


@dataclass(frozen=True)
class Fault:
    """One fault, and how a run over it must end.

    *on* switches it on before the run; a context manager that it returns is open during the run.
    *error* is the class that a loud run names. *passing* faults go away by themselves and must be
    healed inside the same run. *also* asserts what is particular, after the run with the fault.
    *at* names the vendors whose first account is hit; *settings* those of the run with the fault.
    """

    id: str
    name: str
    on: On
    error: type[Exception] | None = None
    passing: bool = False
    also: Also = lambda scene, ended: None
    at: tuple[str, ...] = ("alibaba", "huawei", "tencent")
    settings: Mapping[str, Any] | None = None
    is_joint: bool = False
    """What is told of one vendor alone is not what *also* looks for."""

    @property
    def verdict(self) -> str:
        return RIGHT if self.error is None else LOUD

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


def switched(*rules: tuple[str, dict[str, Any]]) -> On:
    """Switch faults of the sandbox on for the first account of every vendor."""

    def on(scene: Scene) -> None:
        for name, spec in rules:
            scene.faults(name, **spec)

    return on


Kind = tuple[str, dict[str, Any]]
"""A fault of the sandbox and its parameters."""


def each_another(
    action: str, *kinds: Kind, turn: int = 0, vendors: Collection[str] = VENDORS, **spec: Any
) -> On:
    """The vendors get a kind each, in turn, for ever unless *spec* says otherwise."""

    def on(scene: Scene) -> None:
        for i, vendor in enumerate(vendors):
            name, given = kinds[(i + turn) % len(kinds)]
            scene.faults(name, action, (vendor,), **{"times": None} | given | spec)

    return on


def one_after_another(action: str, *kinds: Kind, turn: int = 0) -> On:
    """The first four attempts fail, each another way; every vendor begins with another one."""

    def on(scene: Scene) -> None:
        for i, vendor in enumerate(VENDORS):
            for attempt in range(1, 5):
                name, given = kinds[(i * 4 + turn + attempt - 1) % len(kinds)]
                scene.faults(name, action, (vendor,), attempt=attempt, **given)

    return on
