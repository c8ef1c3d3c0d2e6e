"""What a verdict says, and the facts it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from include.settings import Settings
from include.warehouse.tickets.accounts import AccountInfo
from include.work.health import Health
from include.work.stops import Stop
from include.work.verdicts.turns import Turn
from include.work.words.speech import say


class State(StrEnum):
    """How something is; the most urgent first."""

    BROKEN = "broken"
    """It cannot run: an account that cannot be used, a part of Airflow that is dead."""
    LATE = "late"
    """What readers see is older than its limit, whatever the runs say."""
    REFUSED = "refused"
    """The newest snapshot was not published."""
    OFFENDED = "offended"
    """A check found rows that must not be."""
    FAILING = "failing"
    """The newest runs failed; what readers see is not late yet."""
    SILENT = "silent"
    """A run that shows no sign of life."""
    NEVER_RAN = "never_ran"
    WAITING = "waiting"
    """Runs or tasks wait in a queue."""
    SWITCHED_OFF = "switched_off"
    """A person switched the account, its vendor or its DAG off."""
    QUARANTINED = "quarantined"
    """All is read but tickets that failed by themselves."""
    RUNNING = "running"
    """Its first run is under way; a later one changes nothing of what readers see."""
    FRESH = "fresh"

    @property
    def words(self) -> str:
        """As people read it, in the language that is spoken."""
        return say(f"state.{self}")


class Severity(StrEnum):
    """Whether somebody has to look; the worst first."""

    ERROR = "error"
    WARN = "warn"
    OK = "ok"

    @property
    def words(self) -> str:
        """As people read it, in the language that is spoken."""
        return say(f"severity.{self}")


SEVERITIES: Final = tuple(Severity)
STATES: Final = tuple(State)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one thing is, since when, why, who acts and how."""

    subject: str
    """Its key, the same from one evaluation to the next: ``tickets/main``, ``check/<name>``."""
    entity: str
    """Of the ledger; else ``check``, ``airflow`` or ``ticket``."""
    account_id: str
    """The owner in the ledger; empty for what is none of it."""
    vendor: str
    name: str
    state: State = State.FRESH
    severity: Severity = Severity.OK
    since_at: datetime | None = None
    """When the trouble began: the first failure of an unbroken series, else when it became late,
    was switched off, began to wait. None: unknown, or there is none."""
    times: int = 0
    """How many runs (snapshots, tries of a ticket) failed in that series."""
    reason: str = ""
    turn: Turn = Turn.NOBODY
    who: str = ""
    """Who acts, by name; empty where nobody has to."""
    next_step: str = ""
    cause: str = ""
    """The subject that explains this one: with it this will be well again."""
    error_class: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a judgement rests on. *stops* is None where Airflow could not be asked."""

    health: Health
    accounts: Sequence[AccountInfo]
    stops: Sequence[Stop] | None
    settings: Settings
    now: datetime
    has_source: bool = False
    """Whether a customer-service database is named, so that snapshots are expected."""
    halting: dict[str, Stop] = field(init=False, default_factory=dict)
    """What halts each DAG."""

    def __post_init__(self) -> None:
        """Find what halts each DAG: the first that there is."""
        for stop in self.stops or ():
            for dag_id in stop.halted:
                self.halting.setdefault(dag_id, stop)


def worst(*severities: Severity) -> Severity:
    """The worst of them."""
    return min(severities, key=SEVERITIES.index, default=Severity.OK)


def is_left_out(verdict: Verdict) -> bool:
    """Whether a person left it out, so that it counts for nothing."""
    return verdict.state is State.SWITCHED_OFF and verdict.severity is Severity.OK


def urgency(verdict: Verdict) -> tuple[int, bool, int, str, str]:
    """What verdicts are sorted by: the most urgent first, what a person left out last."""
    return (
        SEVERITIES.index(verdict.severity),
        is_left_out(verdict),
        STATES.index(verdict.state),
        verdict.vendor,
        verdict.subject,
    )
