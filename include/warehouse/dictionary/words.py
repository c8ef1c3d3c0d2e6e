"""What is said of one table, view or column, and the one form in which it is written.

``中文名：说明 | English name: meaning [measure]``, as it stands in ``sql/dictionary`` and as the
comment in the database. A name that says all needs no meaning. The measure is a unit, a zone, or
both: ``[s]``, ``[UTC]``, ``[ms UTC]``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

UNITS: Final = {
    "0/1": "是否",
    "attempts": "次",
    "calls": "请求",
    "conversations": "会话",
    "days": "天",
    "messages": "留言",
    "min": "分钟",
    "ms": "毫秒",
    "occurrences": "次",
    "people": "人",
    "points": "分",
    "rows": "行",
    "s": "秒",
    "seats": "坐席",
    "share": "比值，1 = 100 %",
    "snapshots": "快照",
    "tickets": "工单",
}
"""What a number counts or measures, with its Chinese."""
ZONES: Final = ("UTC", "local")
HAN: Final = re.compile("[\u4e00-\u9fff]")
FORM: Final = re.compile(r"(?P<chinese>.+?) \| (?P<english>.+?)(?: \[(?P<measure>[^\[\]]+)\])?")


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of one thing. *text* is all of it, as it was written.

    A meaning is the name where that says all; *unit* and *zone* are empty where there is none.
    """

    text: str
    name_zh: str
    name_en: str
    meaning_zh: str
    meaning_en: str
    unit: str
    zone: str


def parse(text: str) -> Words:
    """Read *text*. Raises ValueError, saying what is wrong with it."""
    found = FORM.fullmatch(text)
    if not found:
        raise ValueError("is not of the form `中文名：说明 | name: meaning [measure]`")
    name_zh, _, meaning_zh = found["chinese"].partition("：")
    name_en, _, meaning_en = found["english"].partition(": ")
    if not HAN.search(name_zh) or HAN.search(name_en):
        raise ValueError("has no Chinese before, or no English behind, the ` | `")
    unit, zone = _measure(found["measure"] or "")
    return Words(text, name_zh, name_en, meaning_zh or name_zh, meaning_en or name_en, unit, zone)


def _measure(said: str) -> tuple[str, str]:
    *units, last = said.split() or [""]
    zone = last if last in ZONES else ""
    unit = " ".join(units if zone else [*units, last])
    if unit and unit not in UNITS:
        raise ValueError(f"has the unit {unit!r}; known are {', '.join(UNITS)}")
    return unit, zone
