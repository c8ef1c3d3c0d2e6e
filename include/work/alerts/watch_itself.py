"""Why nothing could be evaluated: told although the warehouse, with its notes, may be away.

The notes on that stand in a file of the machine on which `watch` runs.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from include.errors import AlreadyRunningError, UnavailableError
from include.settings import Settings
from include.work.alerts import changes
from include.work.alerts.changes import WAREHOUSE, WATCH, Note
from include.work.alerts.channels import Channel
from include.work.alerts.watch import Notebook, Outcome, tell
from include.work.verdicts.data import advised
from include.work.verdicts.turns import advise
from include.work.verdicts.verdict import Severity, State, Verdict
from include.work.words.speech import Language, say, say_sentence, speaking

log = logging.getLogger(__name__)

NAME: Final = "alerts.json"


def find_file(settings: Settings, environ: Mapping[str, str]) -> Path:
    """Where the notes stand: ALERT_FILE, else in AIRFLOW_HOME, else in the home folder."""
    if settings.alert_file:
        return Path(settings.alert_file).expanduser()
    if home := environ.get("AIRFLOW_HOME", "").strip():
        return Path(home).expanduser() / NAME
    return Path("~/.local/state").expanduser() / "ticket-synchronizer" / NAME


def judge_error(error: Exception, settings: Settings) -> Verdict:
    """The verdict on an evaluation that failed: the warehouse is away, or else."""
    is_away = isinstance(error, UnavailableError)
    subject = WAREHOUSE if is_away else WATCH
    name = type(error).__name__
    said = str(error) if is_away else f"{name.lstrip('_')}: {error}"
    verdict = Verdict(
        subject,
        WATCH,
        "",
        "",
        say(f"name.{subject}"),
        State.BROKEN,
        Severity.ERROR,
        reason=say("why.away" if is_away else "why.watch", error=say_sentence(said)),
        error_class=name,
    )
    advice = advise(name, str(error), maintainer=settings.maintainer, in_vain=True)
    return advised(verdict, advice)


def tell_itself(
    error: Exception | None,
    channels: Sequence[Channel],
    settings: Settings,
    *,
    path: Path,
    now: datetime,
    link: str = "",
) -> Outcome:
    """Tell that an evaluation failed, or that it does no more (*error* None), once for each change.

    Where the file cannot be written, it is told by each evaluation, and the log says so.
    """
    outcome = Outcome()
    if error is None and not os.access(path, os.R_OK):
        return outcome
    with speaking(Language(settings.alert_language)), _opened(path) as book:
        verdicts = []
        if error:
            verdict = judge_error(error, settings)
            seen = book.notes.get((changes.SEEN, verdict.subject))
            # No table can tell since when it is so.
            since_at = seen.turned_at if seen and seen.is_trouble else now
            verdicts = [replace(verdict, since_at=since_at)]
        picture = changes.look(verdicts, now=now, is_airflow_asked=False)
        if not book.keeps:  # no evaluation before this one is known
            first, _ = changes.observe(picture, {})
            at_once = now - timedelta(minutes=settings.alert_after_minutes)
            book.write([replace(note, turned_at=at_once) for note in first])
        tell(outcome, picture, book, channels, settings, link)
    return outcome


@contextmanager
def _opened(path: Path) -> Iterator[Notebook]:
    """The notes of the file, alone. Raises AlreadyRunningError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        log.warning("%s: %s; what is told now is told again next time", path, error.strerror)
        yield Notebook({}, None)
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(f"another evaluation holds {path}: let it finish") from None
        file.seek(0)
        notes = _parse(file.read())

        def save(kept: Sequence[Note], gone: Sequence[tuple[str, str]]) -> None:
            for key in gone:
                notes.pop(key, None)
            notes.update({(note.channel, note.subject): note for note in kept})
            file.seek(0)
            file.truncate()
            json.dump([asdict(note) for note in notes.values()], file, default=_text, indent=1)
            file.flush()

        yield Notebook(notes, save)


def _parse(text: str) -> dict[tuple[str, str], Note]:
    """The notes; none where the file holds anything else, as after a crash while it was written."""
    try:
        found = [Note(**{k: _moment(k, v) for k, v in row.items()}) for row in json.loads(text)]
    except (ValueError, TypeError, AttributeError):
        return {}
    return {(note.channel, note.subject): note for note in found}


def _moment(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") and value else value


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
