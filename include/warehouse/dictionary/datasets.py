"""The dictionary in a BI tool: the columns of ``examples/superset/datasets``.

The file of a dataset says which view or statement it is and which numbers are counted from it.
``make dictionary`` writes its columns anew, with the words of ``sql/dictionary``; those with an
expression, and those that a statement makes of several, keep what the file says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from include.warehouse.dictionary.entries import ROOT, Dictionary, Entry
from include.warehouse.dictionary.selection import Selected, read_selection

DATASETS: Final = ROOT / "examples" / "superset" / "datasets"


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # it has no types
    """YAML as people write it: texts of several lines stand in lines."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_Dumper.add_multi_representer(str, _represent)
_Dumper.add_representer(str, _represent)


def render_all(dictionary: Dictionary) -> Iterator[tuple[Path, str]]:
    """Each file, with what it should hold. Raises ValueError as ``render``."""
    for path in sorted(DATASETS.rglob("*.yaml")):
        yield path, render(yaml.safe_load(path.read_text("utf-8")), dictionary)


def render(config: Mapping[str, Any], dictionary: Dictionary) -> str:
    """The file of a dataset, with the columns and words that the dictionary has now.

    Raises ValueError for a view, or a column that a statement makes, that has no words.
    """
    shown = list(_columns(config, dictionary))
    names = {column["column_name"] for column in shown}
    own = [c for c in config["columns"] if c.get("expression") and c["column_name"] not in names]
    relation = _selected(config, dictionary)[0][0]
    words = dictionary.entries[relation].words.text
    made = {**config, "description": words, "columns": [*shown, *own]}
    return str(yaml.dump(made, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100))


def _selected(
    config: Mapping[str, Any], dictionary: Dictionary
) -> tuple[list[str], list[Selected]]:
    """The relations that a dataset reads, and its columns, each with the place it shows."""
    known = {name: list(relation.columns) for name, relation in dictionary.relations.items()}
    statement = config["sql"] or f"select v.* from {config['table_name']} as v"  # noqa: S608 - read here, run nowhere
    words = statement.replace("\n", " ").split()
    relations = [word for word in words if word in known]
    if not relations:
        raise ValueError(f"{config['table_name']}: reads no view that the dictionary knows")
    return relations, read_selection(statement, known)


def _columns(config: Mapping[str, Any], dictionary: Dictionary) -> Iterator[dict[str, Any]]:
    said = {column["column_name"]: column for column in config["columns"]}
    for column in _selected(config, dictionary)[1]:
        if entry := dictionary.entries.get(column.carries):
            yield _described(entry)
        elif column.name in said:
            yield said[column.name]
        else:
            raise ValueError(
                f"{config['table_name']}: {column.name} is of no view: give it a verbose_name"
            )


def _described(entry: Entry) -> dict[str, Any]:
    words = entry.words
    measure = " ".join(filter(None, (words.unit, words.zone)))
    meaning = f"{words.meaning_zh} | {words.meaning_en}" + (f" [{measure}]" if measure else "")
    kind = _type(entry)
    return {
        "column_name": entry.column,
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
