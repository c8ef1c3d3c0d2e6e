"""Whose turn it is: who must act on an error, by its class."""

from __future__ import annotations

from typing import Final

from include import errors

NOBODY: Final = "nobody's turn: the next run tries again"
IN_VAIN: Final = (
    "the operator's turn: it failed so three times in a row, trying again has not helped"
)
TRIED_IN_VAIN: Final = 3
US: Final = "our turn: the code or the vendor's API changed"
TURNS: Final[dict[type[BaseException], str]] = {
    errors.ConfigError: "the operator's turn: settings, keys or rights",
    errors.AlreadyRunningError: "nobody's turn: another run does the work",
    errors.SupersededError: "nobody's turn: another run does the work",
    errors.CheckError: "the data owner's turn: look, then accept or correct",
    errors.PartialError: "nobody's turn: every run tries the quarantined tickets again",
    errors.OutOfTimeError: "nobody's turn: the next run goes on from there",
    errors.AuthError: "the account owner's turn: key, permission or clock",
    errors.NotFoundError: "nobody's turn: the vendor no longer shows it",
    errors.RejectedError: US,
    errors.ContractError: US,
    errors.RateLimitError: NOBODY,
    errors.UnavailableError: NOBODY,
    Exception: "our turn: an error in the code, see the log",
}
"""Who must act, by class; the nearest base class counts."""


def whose_turn(error_class: str) -> str:
    """Who must act on an error, by the name of its class."""
    found = getattr(errors, error_class, None)
    if not isinstance(found, type):
        found = Exception
    return next(TURNS[base] for base in found.__mro__ if base in TURNS)
