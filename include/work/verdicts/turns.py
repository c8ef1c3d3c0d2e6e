"""Who acts on an error, by its class, and what they do next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from include import errors
from include.vendors.registry import VENDORS
from include.work.words import verdicts
from include.work.words.speech import say


class Turn(StrEnum):
    """Who must act."""

    NOBODY = "nobody"
    OPERATOR = "operator"
    ACCOUNT_OWNER = "account_owner"
    DATA_OWNER = "data_owner"
    DEVELOPERS = "developers"


TURNS: Final[dict[type[BaseException], Turn]] = {
    errors.ConfigError: Turn.OPERATOR,
    errors.AlreadyRunningError: Turn.NOBODY,
    errors.SupersededError: Turn.NOBODY,
    errors.CheckError: Turn.DATA_OWNER,
    errors.PartialError: Turn.NOBODY,
    errors.OutOfTimeError: Turn.NOBODY,
    errors.AuthError: Turn.ACCOUNT_OWNER,
    errors.NotFoundError: Turn.NOBODY,
    errors.RejectedError: Turn.DEVELOPERS,
    errors.ContractError: Turn.DEVELOPERS,
    errors.RateLimitError: Turn.NOBODY,
    errors.UnavailableError: Turn.NOBODY,
    Exception: Turn.DEVELOPERS,
}
"""Who must act, by class; the nearest base class counts."""
SAME_STEP: Final[dict[type[BaseException], type[BaseException]]] = {
    errors.SupersededError: errors.AlreadyRunningError,
    errors.ContractError: errors.RejectedError,
}
"""Classes whose next step is that of another."""
_WAYS: Final = (
    re.compile(
        r"(?P<host>[\w.-]*[A-Za-z0-9]|\[[0-9a-f:]+\]):(?P<port>\d{1,5})"
        r"(?: through the proxy (?P<proxy>\S+:\d{1,5}))?: "
    ),
    re.compile(r'server at "(?P<host>[^"]+)"(?: \([^)]*\))?, port (?P<port>\d+)'),
    re.compile(r'host name "(?P<host>[^"]+)"'),
    re.compile(r"server on '(?P<host>[^']+)'"),
)
"""How our errors, and those of both drivers, name the host that could not be reached."""
_NO_NAME: Final = re.compile(r"resolution|not known|resolve|translate host|getaddrinfo|gaierror")
_NO_WAY: Final = re.compile(
    r"refused|unreachable|timed out|No route|Can't connect|ConnectTimeout|no answer within|no way"
)


@dataclass(frozen=True, slots=True)
class Advice:
    """Who acts, by name, and how. *next_step* is a sentence."""

    turn: Turn
    who: str
    next_step: str

    def __str__(self) -> str:
        """Both, as a line has them."""
        return f"{self.who}: {self.next_step}"


def advise(
    error_class: str, error_text: str = "", *, maintainer: str = "", in_vain: bool = False
) -> Advice:
    """Who acts on an error, by the name of its class and its words.

    *maintainer* is the setting. *in_vain*: what would pass by itself has not, and becomes the
    operator's.
    """
    base = _class_of(error_class)
    turn = TURNS[base]
    key = SAME_STEP.get(base, base).__name__
    step = say(f"step.{key}", maintainer=name_of(Turn.DEVELOPERS, maintainer))
    passes = f"step.in_vain.{key}" in verdicts.ENGLISH
    if passes and in_vain:
        turn, step = Turn.OPERATOR, say(f"step.in_vain.{key}")
    if base is errors.UnavailableError and (way := way_to_test(error_text)):
        step = way if in_vain else say("step.way.wait", step=way)
    return Advice(turn, name_of(turn, maintainer), step)


def name_of(turn: Turn, maintainer: str) -> str:
    """How somebody is called; *maintainer*: the setting."""
    return maintainer if turn is Turn.DEVELOPERS and maintainer else say(f"who.{turn}")


def _class_of(error_class: str) -> type[BaseException]:
    found = getattr(errors, error_class, None)
    if not isinstance(found, type):
        found = Exception
    return next(base for base in found.__mro__ if base in TURNS)


def way_to_test(text: str) -> str:
    """How to test the way to the host that an error names; empty where it names none."""
    found = next((match for way in _WAYS if (match := way.search(text))), None)
    if not found:
        return ""
    said = {"host": "", "port": "", "proxy": "", **found.groupdict()}
    if said["proxy"]:
        return say("step.way.proxy", host=said["host"], proxy=said["proxy"])
    whose = text.partition(" ")[0].rstrip(":")
    kind = whose if whose in ("source", "warehouse") else "vendor"
    vendor = whose.upper() if whose in VENDORS else "<VENDOR>"
    setting = say(f"setting.{kind}", vendor=vendor)
    if _NO_NAME.search(text):
        return say("step.way.name", host=said["host"], setting=setting)
    if said["port"] and _NO_WAY.search(text):
        return say("step.way.port", host=said["host"], port=said["port"], setting=setting)
    return ""
