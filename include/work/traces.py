"""Which task of Airflow a run of the ledger was, so that its log can be found.

``sync_run.triggered_by`` says it, before the person: `airflow <run> <dag>/<task>/<index> by <who>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote

LONGEST: Final = 255
"""Characters of the column: of a text that fills it, the end may be missing."""
_NOTED: Final = re.compile(
    r"airflow (?P<run_id>\S+) (?P<dag_id>[\w.-]+)/(?P<task_id>[\w.-]+?)"
    r"(?:/(?P<index>\d+))?(?: by |$)"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """A task of a run of a DAG. *map_index*: below 0 where it is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @classmethod
    def read(cls, triggered_by: str | None) -> Self | None:
        """The task that *triggered_by* names; None for a run of a command, or of long ago."""
        text = triggered_by or ""
        found = _NOTED.match(text) if len(text) < LONGEST else None
        if not found:
            return None
        index = found["index"]
        return cls(found["dag_id"], found["run_id"], found["task_id"], int(index) if index else -1)

    def __str__(self) -> str:
        """As the ledger has it."""
        index = f"/{self.map_index}" if self.map_index >= 0 else ""
        return f"{self.run_id} {self.dag_id}/{self.task_id}{index}"

    @property
    def path(self) -> str:
        """Where Airflow's UI shows the log, below its own address."""
        run, task = quote(self.run_id, safe=""), quote(self.task_id, safe="")
        index = f"/mapped/{self.map_index}" if self.map_index >= 0 else ""
        return f"dags/{quote(self.dag_id, safe='')}/runs/{run}/tasks/{task}{index}"
