"""Reading vendor JSON. Missing or mistyped is a ContractError that names the place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, TypeAlias

from include.errors import ContractError, UncountedListError
from include.models import DERIVED_ID_PREFIX

Json: TypeAlias = Any

EARLIEST: Final = datetime(1971, 1, 1, tzinfo=UTC)  # earlier: a zero date, or seconds
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)  # later: another unit
TICKET_ID_LENGTH: Final = 64  # what the warehouse's keys hold
MARK_LENGTH: Final = 64  # of a SHA-256 in hexadecimal, too
ZERO_DATE: Final = "0000-00-00"
SECONDS_BELOW: Final = 10**11  # as milliseconds early in 1973, as seconds beyond the year 5000


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object of an answer, and where it came from, so that a bad field can be named."""

    value: Mapping[str, Json]
    vendor: str
    action: str
    request_id: str = ""
    path: str = ""

    def fault(self, message: str) -> ContractError:
        """A ContractError about this record."""
        return ContractError(message, **where_of(self))

    def name(self, path: tuple[str, ...]) -> str:
        """The dotted name of a field below this record."""
        return ".".join(part for part in (self.path, *path) if part)

    def get(self, *path: str) -> Json:
        """The value at *path*; None when it, or anything above it, is missing or null."""
        value: Json = self.value
        for i, part in enumerate(path):
            if value is None:
                return None
            if not isinstance(value, Mapping):
                raise self.fault(f"field {self.name(path[:i])} is not an object but {kind(value)}")
            value = value.get(part)
        return value

    def need(self, *path: str) -> Json:
        """The value at *path*; a ContractError when it is missing or null."""
        value = self.get(*path)
        if value is None:
            raise self.fault(f"field {self.name(path)} is missing")
        return value

    def child(self, *path: str) -> Record:
        """The object at *path*."""
        return self._record(self.need(*path), self.name(path))

    def _record(self, value: Json, name: str) -> Record:
        if not isinstance(value, Mapping):
            raise self.fault(f"field {name} is not an object but {kind(value)}")
        return Record(value, self.vendor, self.action, self.request_id, name)


def kind(value: Json) -> str:
    """The JSON name of a value's type: what an error may say without showing the value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a text", int: "a number", float: "a fraction", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def records(record: Record, *path: str, optional: bool = False) -> list[Record]:
    """The list of objects at *path*; with *optional*, a missing or null list is empty."""
    value = record.get(*path) if optional else record.need(*path)
    if value is None:
        return []
    name = record.name(path)
    if not isinstance(value, list):
        raise record.fault(f"field {name} is not a list but {kind(value)}")
    return [record._record(item, f"{name}[{i}]") for i, item in enumerate(value)]


def text(record: Record, *path: str) -> str:
    """A text that must be there (it may be empty)."""
    value = record.need(*path)
    if not isinstance(value, str):
        raise record.fault(f"field {record.name(path)} is not a text but {kind(value)}")
    return value


def optional_text(record: Record, *path: str) -> str | None:
    """A text, or None when the vendor left it out."""
    return None if record.get(*path) is None else text(record, *path)


def integer(record: Record, *path: str) -> int:
    """A whole number; a fraction, a boolean or a text is a ContractError."""
    value = record.need(*path)
    if isinstance(value, bool) or not isinstance(value, int):
        raise record.fault(f"field {record.name(path)} is not a whole number but {kind(value)}")
    return value


def code(record: Record, *path: str) -> str:
    """A number or a word, as of a state, as text; blanks around it mean nothing."""
    return _word(record, path).strip()


def optional_code(record: Record, *path: str) -> str | None:
    """A number or a word as text, or None when it is missing, null or an empty text."""
    return None if record.get(*path) in (None, "") else code(record, *path)


def identifier(record: Record, *path: str) -> str:
    """An id as text; the vendors send the same id now as a number, now as a text.

    One that the tables could not tell from another is a ContractError: with blanks at its ends, or
    with the mark of a character that was lost.
    """
    value = _word(record, path)
    if reason := unclear(value):
        raise record.fault(f"field {record.name(path)} is no id: it {reason}")
    return value


def unclear(value: str) -> str:
    """Why the tables could not tell the id *value* from another; empty when they can."""
    if value != value.strip():
        return "has blanks at its ends, and the tables do not tell it from the one without"
    return "has lost a character (U+FFFD)" if "\ufffd" in value else ""


def _word(record: Record, path: tuple[str, ...]) -> str:
    value = record.need(*path)
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise record.fault(f"field {record.name(path)} is not an id but {kind(value)}")


def ticket_id(record: Record, *path: str) -> str:
    """The id of a ticket in a list, fit to stand in a log; that it is clear, its reading shows."""
    value = _word(record, path)
    if len(value) > TICKET_ID_LENGTH or not value.isprintable():
        raise record.fault(
            f"field {record.name(path)} is no id: longer than {TICKET_ID_LENGTH} characters,"
            " or with control characters"
        )
    return value


def optional_identifier(record: Record, *path: str) -> str | None:
    """An id as text, or None when it is missing, null or an empty text."""
    return None if record.get(*path) in (None, "") else identifier(record, *path)


def total(record: Record, *path: str) -> int:
    """The stated number of rows of a list: a whole number that is not negative."""
    value = integer(record, *path)
    if value < 0:
        raise record.fault(f"field {record.name(path)} is negative")
    return value


def stated_total(record: Record, *path: str) -> int | UncountedListError:
    """As ``total``; what cannot be one is an error to raise once the rows are passed on."""
    try:
        return total(record, *path)
    except ContractError as error:
        return UncountedListError(str(error.args[0]), **where_of(record))


def where_of(record: Record) -> dict[str, str]:
    """Where a record came from, as an error wants to know it."""
    return {"vendor": record.vendor, "action": record.action, "request_id": record.request_id}


def millis(record: Record, *path: str) -> datetime:
    """Milliseconds since 1970 UTC, as a number or a text of digits."""
    value = record.need(*path)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise record.fault(f"field {record.name(path)} is not milliseconds but {kind(value)}")
    return _epoch(record, path, value)


def local_time(record: Record, *path: str, zone: tzinfo) -> datetime:
    """An ISO 8601 text; without an offset it is read in *zone*.

    A number is seconds since 1970 UTC, or milliseconds when it is too large for that.
    """
    value = record.need(*path)
    if isinstance(value, int) and not isinstance(value, bool):
        return _epoch(record, path, value * 1000 if value < SECONDS_BELOW else value)
    if not isinstance(value, str):
        raise record.fault(f"field {record.name(path)} is not a time but {kind(value)}")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise record.fault(f"field {record.name(path)} is not a time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise record.fault(f"field {record.name(path)} is not a time") from None
    return _sane(record, path, moment)


def closing_time(
    record: Record, *path: str, zone: tzinfo, created_at: datetime, now: datetime
) -> datetime | None:
    """When a ticket closed; None where that is not told, or told as no moment of its life."""
    try:
        moment = local_time(record, *path, zone=zone)
    except ContractError:
        return None
    return moment if created_at <= moment <= now else None


def change_mark(record: Record, *path: str) -> str | None:
    """A field as a short text that differs when the field does; None where it holds nothing."""
    value = record.get(*path)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    mark = str(value).strip()
    if not mark or mark.startswith(ZERO_DATE):
        return None
    fits = len(mark) <= MARK_LENGTH and mark.isascii()
    return mark if fits else hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()


def _epoch(record: Record, path: tuple[str, ...], value: int) -> datetime:
    if not 0 <= value < 10**14:
        raise record.fault(f"field {record.name(path)} is not a moment between 1971 and 2100")
    return _sane(record, path, datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value))


def _sane(record: Record, path: tuple[str, ...], moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise record.fault(f"field {record.name(path)} is not a moment between 1971 and 2100")
    return moment


def derived_id(*parts: str) -> str:
    """A stable id over *parts*, for a message whose vendor gives none."""
    # As JSON, so that no text can hold what parts two texts.
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return DERIVED_ID_PREFIX + digest[:32]
