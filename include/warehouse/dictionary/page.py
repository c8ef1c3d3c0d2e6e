"""The dictionary as a page: ``docs/dictionary.md``, which ``make dictionary`` writes anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from include.warehouse.dictionary.entries import ROOT, Dictionary, Entry, Relation
from include.warehouse.dictionary.words import UNITS
from include.warehouse.schema.views import SQL, STAGING

PAGE: Final = ROOT / "docs" / "dictionary.md"
HEAD: Final = """\
# 数据字典 | Data dictionary

每张表、每个视图、每一列：中文名与英文名、含义、单位、时区、来源。
由 `make dictionary` 从 `sql/dictionary` 生成，请勿手改；
数据库中同样的内容见 `v_dictionary`，表的注释也是这些文字。

Every table, view and column: its names, what it means, unit, zone, and where it comes from.
Written by `make dictionary` from `sql/dictionary`, not by hand; `v_dictionary` has the same in the
database, and so have the comments of the tables.

- 🔑 与其他键列一起区分各行 | with the other key columns it tells rows apart
- `UTC`、`local`：时刻所在时区；local 为 `BUSINESS_ZONE`（默认 Asia/Shanghai） | the zone of
  a moment; local: that of `BUSINESS_ZONE` (Asia/Shanghai unless set)
- ← 由何而来：视图 ← 表 ← 厂商字段；空：同该表 | where it comes from: view ← table ← vendor's field;
  empty, where all of the table does
"""
WORD: Final = re.compile(r"sql/\w+/\w+\.sql|\w+")

GROUPS: Final[tuple[tuple[str, Callable[[Relation], bool]], ...]] = (
    ("报表视图 | Views for reports", lambda it: it.name.startswith(("v_", "dim_"))),
    ("客服来源视图 | Views of the source", lambda it: it.name.startswith("cs_") and _is_view(it)),
    ("厂商工单 | Vendor tickets", lambda it: it.name.startswith("cloud_")),
    ("客服历史 | Customer service", lambda it: it.name.startswith("cs_") and not _is_view(it)),
    ("报表基础表 | Tables of reports", lambda it: it.name.startswith("rpt_")),
    ("运行记录 | Bookkeeping", lambda it: it.name.startswith(("sync_", "migration_"))),
    ("内部视图 | Staging views", lambda it: it.name.startswith(STAGING)),
)


def render(dictionary: Dictionary) -> str:
    """The whole page."""
    names = sorted(dictionary.relations)
    groups = [
        (title, [dictionary.relations[it] for it in names if belongs(dictionary.relations[it])])
        for title, belongs in GROUPS
    ]
    lines = [HEAD, "计数与度量 | units: " + ", ".join(f"{zh} {en}" for en, zh in UNITS.items()), ""]
    for title, relations in groups:
        links = ", ".join(f"[{it.name}](#{it.name})" for it in relations)
        lines.append(f"- **{title}**: {links}")
    for title, relations in groups:
        lines += ["", f"## {title}"]
        for relation in relations:
            lines += ["", *_section(dictionary, relation)]
    return "\n".join(lines) + "\n"


def _section(dictionary: Dictionary, relation: Relation) -> Iterator[str]:
    """One table or view."""
    yield f"### {relation.name}"
    yield ""
    if entry := dictionary.entries.get(relation.name):
        words = entry.words
        yield f"**{words.name_zh}**：{words.meaning_zh}  "
        yield f"**{words.name_en}**: {words.meaning_en}  "
        yield f"← {_linked(_made_by(relation) + entry.origin, dictionary)}"
        yield ""
    yield "| | 列 column | 名称与含义 | name and meaning | 单位 unit | ← |"
    yield "|---|---|---|---|---|---|"
    for column in dictionary.columns_of(relation.name):
        yield _line(relation, column, dictionary)


def _line(relation: Relation, column: Entry, dictionary: Dictionary) -> str:
    words = column.words
    measure = " ".join(filter(None, (UNITS.get(words.unit, ""), words.unit, words.zone)))
    cells = (
        "🔑" if column.is_key else "",
        f"`{column.column}`",
        _both(words.name_zh, words.meaning_zh),
        _both(words.name_en, words.meaning_en),
        measure,
        "" if column.origin == relation.origin else _linked(column.origin, dictionary),
    )
    return f"| {' | '.join(cells)} |"


def _both(name: str, meaning: str) -> str:
    return f"**{_plain(name)}**" + ("" if name == meaning else f" {_plain(meaning)}")


def _made_by(relation: Relation) -> str:
    """The file of a view, to stand before what it reads."""
    folders = ("views", "staging") if _is_view(relation) else ()
    found = (folder for folder in folders if (SQL / folder / f"{relation.name}.sql").exists())
    return "".join(f"sql/{folder}/{relation.name}.sql: " for folder in found)


def _linked(origin: str, dictionary: Dictionary) -> str:
    """An origin, with links to the tables, views and files that it names."""

    def link(found: re.Match[str]) -> str:
        word = found[0]
        if "/" in word:
            return f"[{word}](../{word})"
        return f"[{word}](#{word})" if word in dictionary.relations else word

    return WORD.sub(link, _plain(origin))


def _plain(text: str) -> str:
    """Text that means nothing to Markdown."""
    return re.sub(r"([|<*])", r"\\\1", text)


def _is_view(relation: Relation) -> bool:
    return relation.kind == "view"
