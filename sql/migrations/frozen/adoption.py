"""What a value of the user's tables becomes in ours. Plain functions; no database.

Every function gives the same answer for its own result, so a migration that was killed and runs
again changes nothing twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Final = 10**12  # 2001-09-09: from here to 2286 milliseconds have 13 digits,
LATEST: Final = 10**13 - 1  # and no number of seconds can be taken for them

DATE: Final = re.compile(
    r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:[T ]\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"\s*(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
VENDORS: Final = {
    "0": "ALIBABA",
    "alibaba": "ALIBABA",
    "ali": "ALIBABA",
    "aliyun": "ALIBABA",
    "阿里": "ALIBABA",
    "阿里云": "ALIBABA",
    "1": "HUAWEI",
    "huawei": "HUAWEI",
    "华为": "HUAWEI",
    "华为云": "HUAWEI",
    "tencent": "TENCENT",
    "腾讯": "TENCENT",
    "腾讯云": "TENCENT",
}
DIRECTIONS: Final = ("0", "1")  # customer, support
DERIVED_ID_PREFIX: Final = "derived:"
"""Begins every message id that we made because there was none."""


@dataclass(frozen=True, slots=True)
class Left:
    """A value that could not be brought over as it was. None: there was none."""

    column: str
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one row: columns to set, what is left over, a ticket to read again."""

    changes: Mapping[str, Any]
    left: tuple[Left, ...] = ()
    reopen: tuple[str, str] | None = None
    """Vendor and vendor's id of the ticket that is incomplete again."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The ticket to which a message belongs: the vendor's id and the vendor."""

    cloud_id: str
    vendor: str


def millis(value: str | None) -> int | None:
    """Milliseconds since 1970 UTC of a time as the user wrote it; None for an empty one.

    Ten digits are seconds, thirteen milliseconds; a date without an offset is Shanghai's. Raises
    ValueError for all else, and outside 2001–2286, where digits would be ambiguous.
    """
    text = (value or "").strip()
    if not text:
        return None
    if re.fullmatch(r"[0-9]{10}", text):
        result = int(text) * 1000
    elif re.fullmatch(r"[0-9]{13}", text):
        result = int(text)
    elif date := DATE.fullmatch(text):
        result = (_moment(date) - EPOCH) // timedelta(milliseconds=1)
    else:
        raise ValueError("neither 10 or 13 digits nor a date")
    if not EARLIEST <= result <= LATEST:
        raise ValueError("outside the years 2001 to 2286")
    return result


def vendor_of(value: str | None) -> str | None:
    """The vendor that a name or one of the document's codes means, upper case; None if none."""
    return VENDORS.get((value or "").strip().lower())


def adopt_account(row: Mapping[str, Any]) -> Outcome:
    """A row of cloud_user: only its time changes."""
    created, left = _created(row)
    return Outcome({"create_time": created}, left)


def adopt_catalog(row: Mapping[str, Any]) -> Outcome:
    """A product or a category. Without a vendor it is kept under the empty name."""
    created, left = _created(row)
    vendor, unknown = _vendor(row, None)
    return Outcome({"create_time": created, "type": vendor}, left + unknown)


def adopt_ticket(row: Mapping[str, Any], accounts: Mapping[str, str | None]) -> Outcome:
    """A row of cloud_osm_list; *accounts* gives the vendor of each account.

    A status other than 0 and 1 becomes 1: only 0 says that the ticket is complete.
    """
    created, left = _created(row)
    vendor, unknown = _vendor(row, accounts.get(row["custom_id"] or ""))
    status = row["status"]
    if status not in (0, 1):
        if status is not None:
            unknown += (Left("status", str(status), "neither 0 nor 1: now 1"),)
        status = 1
    return Outcome({"create_time": created, "type": vendor, "status": status}, left + unknown)


def adopt_message(
    row: Mapping[str, Any], by_cloud_id: Collection[Owner], by_id: Owner | None
) -> Outcome:
    """A row of cloud_osm_detail.

    *by_cloud_id*: the tickets with its case_id as the vendor's id; *by_id*: the one with it as our
    own id. A vendor column that is not NULL says that the row has been brought over before.
    """
    created, left = _created(row)
    changes = {key: row[key] for key in ("case_id", "message_id", "type", "vendor")}
    changes["create_time"] = created
    if not (row["message_id"] or "").strip():
        digest = hashlib.sha256(f"cloud_osm_detail\n{row['id']}".encode()).hexdigest()
        changes["message_id"] = DERIVED_ID_PREFIX + digest[:32]
        left += (Left("message_id", row["message_id"], "empty: now an id made from the row's"),)
    if row["vendor"] is not None:
        return Outcome(changes, left)

    said = (row["type"] or "").strip()
    named = None if said in DIRECTIONS else vendor_of(said)
    owners = {owner.vendor for owner in by_cloud_id}
    if not owners and by_id and (named is None or named == by_id.vendor):
        changes["case_id"] = by_id.cloud_id
        owners = {by_id.vendor}
        reason = "our own id of the ticket: now the vendor's, from cloud_osm_list"
        left += (Left("case_id", row["case_id"], reason),)

    if named:
        changes |= {"vendor": named, "type": None}
        if owners and named not in owners:
            left += (Left("type", row["type"], "another vendor than its ticket's: now in vendor"),)
        return Outcome(changes, left, reopen=(named, changes["case_id"]))
    if said and said not in DIRECTIONS:
        left += (Left("type", row["type"], "neither 0 nor 1 nor a vendor: left as it was"),)
    else:
        changes["type"] = said or None
    changes["vendor"] = owners.pop() if len(owners) == 1 else ""
    if not changes["vendor"]:
        reason = "tickets of several vendors have its case_id" if owners else "no vendor is known"
        left += (Left("vendor", None, f"{reason}: now empty"),)
    return Outcome(changes, left)


def _created(row: Mapping[str, Any]) -> tuple[int | None, tuple[Left, ...]]:
    value = row["create_time"]
    text = None if value is None else str(value)
    try:
        return millis(text), ()
    except ValueError as error:
        return None, (Left("create_time", text, f"{error}: now NULL"),)


def _vendor(row: Mapping[str, Any], account: str | None) -> tuple[str, tuple[Left, ...]]:
    said = (row["type"] or "").strip()
    if not said:
        if account:
            return account, ()
        return "", (Left("type", None, "no vendor is known: now empty"),)
    vendor = vendor_of(said)
    if vendor is None:
        return row["type"], (Left("type", row["type"], "not a vendor we know: left as it was"),)
    return vendor, ()


def _moment(date: re.Match[str]) -> datetime:
    year, _, month, day, hour, minute, second, fraction, offset = date.groups()
    moment = datetime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "").ljust(6, "0")[:6]),
        tzinfo=SHANGHAI,
    )
    if not offset:
        return moment
    if offset in "Zz":
        return moment.replace(tzinfo=UTC)
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].strip(":") or 0))
    return moment.replace(tzinfo=timezone(-ahead if offset[0] == "-" else ahead))
