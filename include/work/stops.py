"""What may keep runs of ours from starting while none of them is red, as facts without words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Cause(StrEnum):
    """Why nothing starts, or nothing goes on."""

    SILENT = "silent"
    """A part of Airflow that was alive shows no sign of life."""
    NOT_STARTED = "not_started"
    """A part of Airflow that never was."""
    NOT_IMPORTED = "not_imported"
    """A DAG whose file raises; *detail* is its last line."""
    GONE = "gone"
    """A DAG that Airflow knew and no longer finds; *detail* is the folder of DAGs."""
    NOT_FOUND = "not_found"
    """A DAG that Airflow never found; *detail* as for ``GONE``."""
    PAUSED = "paused"
    """A DAG that a person switched off; *since*: its last run."""
    QUEUED = "queued"
    """A run that waits in the queue, though there is room."""
    FULL = "full"
    """A run that waits for one before it: nothing is halted."""
    STARVED = "starved"
    """A run whose tasks wait while none runs."""
    NO_POOL = "no_pool"
    """A pool that tasks want and that is not there, or has no slot."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that keeps runs from starting or going on, and makes none of them red."""

    cause: Cause
    subject: str
    """The id of a DAG, the name of a pool, or the command that starts a part of Airflow."""
    since: datetime | None
    """Its beginning, or the last sign of the contrary, in UTC; None: there never was one."""
    halted: frozenset[str]
    """The DAGs whose runs do not start, or do not go on, as long as it lasts."""
    detail: str = ""
    runs: int = 0
    """How many wait."""
