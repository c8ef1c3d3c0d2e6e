"""The dictionary in a BI tool: the columns of ``examples/superset/datasets``.

The file of a dataset says which view it is and which numbers are counted from it. ``make
dictionary`` writes its columns anew, with the words of ``sql/dictionary``; those with an expression
stay as the file has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from include.warehouse.dictionary.entries import ROOT, Dictionary, Entry

DATASETS: Final = ROOT / "examples" / "superset" / "datasets"


def render_all(dictionary: Dictionary) -> Iterator[tuple[Path, str]]:
    """Each file, with what it should hold. Raises ValueError as ``render``."""
    for path in sorted(DATASETS.rglob("*.yaml")):
        yield path, render(yaml.safe_load(path.read_text("utf-8")), dictionary)


def render(config: Mapping[str, Any], dictionary: Dictionary) -> str:
    """The file of a dataset, with the columns and words that the dictionary has now.

    Raises ValueError for a view that the dictionary does not know.
    """
    name = config["table_name"]
    if name not in dictionary.relations:
        raise ValueError(f"examples/superset: the dictionary knows no view {name}")
    shown = [_described(entry) for entry in dictionary.columns_of(name)]
    own = [column for column in config["columns"] if column.get("expression")]
    words = dictionary.entries[name].words.text
    made = {**config, "description": words, "columns": [*shown, *own]}
    return str(yaml.safe_dump(made, allow_unicode=True, sort_keys=False, width=100))


def _described(entry: Entry) -> dict[str, Any]:
    words = entry.words
    measure = " ".join(filter(None, (words.unit, words.zone)))
    meaning = f"{words.meaning_zh} | {words.meaning_en}" + (f" [{measure}]" if measure else "")
    kind = _type(entry)
    return {
        "column_name": str(entry.column),
        "verbose_name": f"{words.name_zh} | {words.name_en}",
        "description": meaning,
        "type": kind,
        "is_dttm": kind in ("DATE", "DATETIME"),
    }


def _type(entry: Entry) -> str:
    """What a BI tool needs to know of it: a day, a moment, a number that may be counted, a text."""
    if entry.column == "local_day":
        return "DATE"
    if entry.column.endswith("_at") or entry.column == "local_start":
        return "DATETIME"
    if entry.words.unit:
        return "DOUBLE" if entry.words.unit in ("s", "ms", "min", "share") else "BIGINT"
    return "VARCHAR"
