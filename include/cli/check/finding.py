"""What `check` finds: one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Found = Literal["ok", "off", "warning", "failed"]
SKEW_SECONDS: Final = 60.0  # vendors refuse signatures from about five minutes on
SET_CLOCK: Final = "set the clocks right: `timedatectl` says whether NTP does it here"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. *next_step* is empty where nothing is to be done."""

    what: str
    verdict: Found
    detail: str
    next_step: str = ""


def clock(whose: str, ahead: float | None) -> list[Finding]:
    """Our clock against another one; *ahead* is None where the other told nothing."""
    if ahead is None or abs(ahead) < SKEW_SECONDS:
        return []
    side = "ahead of" if ahead > 0 else "behind"
    detail = f"this machine is {abs(ahead):.0f} s {side} {whose}"
    return [Finding("clock", "warning", detail, SET_CLOCK)]


def way_to(error_text: str) -> str:
    """How to test the way to the host that an error names; empty where it names none."""
    from include.work.verdicts.turns import way_to_test  # it is heavy, and most find no error

    return way_to_test(error_text)
