"""The words of a key, as templates with named parameters, in the language that is spoken.

Both languages have the same keys and parameters; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Final

from include.work.words import alerts, labels, verdicts


class Language(StrEnum):
    """What people read; the values are those of HTML's ``lang``."""

    ENGLISH = "en"
    CHINESE = "zh"


TABLES: Final = {
    Language.ENGLISH: verdicts.ENGLISH | labels.ENGLISH | alerts.ENGLISH,
    Language.CHINESE: verdicts.CHINESE | labels.CHINESE | alerts.CHINESE,
}
_spoken: Final = ContextVar("language", default=Language.ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Let all words within be of *language*; what is stored, sent or parsed stays English."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def say(key: str, **values: object) -> str:
    """The words of *key*, with its parameters, in the language that is spoken."""
    return TABLES[_spoken.get()][key].format(**values)


def say_count(count: int, thing: str) -> str:
    """So many runs, tickets or rows."""
    return say(f"one.{thing}" if count == 1 else f"many.{thing}", count=f"{count:,}")


def say_sentence(text: str) -> str:
    """An error's text as a sentence, which it need not be."""
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…", "。", "！", "？")) else f"{text}."


def say_span(seconds: float, units: int = 2) -> str:
    """A length of time in its largest units."""
    rest, parts = int(seconds) // 60, []
    for name, minutes in (("d", 1440), ("h", 60), ("min", 1)):
        if rest >= minutes:
            parts.append(say(f"span.{name}", count=rest // minutes))
        rest %= minutes
    return " ".join(parts[:units]) or say("span.under")


def say_moment(moment: datetime | None) -> str:
    """A moment to the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else say("span.beginning")
