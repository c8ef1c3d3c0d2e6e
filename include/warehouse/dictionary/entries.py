"""All entries of the dictionary: tables from the metadata, views from their statements.

``sql/dictionary/<table or view>.toml`` says what they are: ``relation`` in words, each of
``columns`` in words, or as ``relation.column`` whose words are taken. A view says its ``key``, and
not those columns that it shows as they are elsewhere; a table its ``origin``, who writes it, unless
a statement of ``sql/reports`` builds it. ``origins`` says it of single columns where it does not
follow. ``include/vendors/<vendor>/origins.toml`` says which fields of the vendor's answers fill a
column.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from include.customer_service import SOURCE_TABLES
from include.vendors.registry import VENDORS
from include.warehouse.dictionary.selection import read_relations, read_selection
from include.warehouse.dictionary.words import Words, parse
from include.warehouse.schema import views
from include.warehouse.tables import metadata
from include.warehouse.types import stored_name

ROOT: Final = Path(__file__).resolve().parents[3]
WORDS: Final = ROOT / "sql" / "dictionary"
PLACE: Final = re.compile(r"\w+\.\w+")
"""A column, as ``relation.column``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A table or view (*position* 0, no *column*), or one of its columns."""

    relation: str
    kind: Literal["table", "view"]
    position: int
    column: str
    is_key: bool
    words: Words
    origin: str
    """Where it comes from: ``a.b ← c.d ← …``, several with commas between."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as it is made, and what its file says."""

    name: str
    kind: Literal["table", "view"]
    columns: Mapping[str, str]
    """Each with the origin that follows from how it is made."""
    carried: Mapping[str, str]
    """Those that are shown as they are elsewhere, with the place."""
    key: Sequence[str]
    reads: Sequence[str]
    """The tables and views that it is read or built from."""
    said: Mapping[str, Any]

    @property
    def origin(self) -> str:
        """Where all of it comes from."""
        if self.said.get("origin"):
            return str(self.said["origin"])
        sources = ", ".join(self.reads)
        return sources if self.kind == "view" else f"sql/reports/{self.name}.sql: {sources}"


@dataclass
class Dictionary:
    """The entries, by ``relation`` and ``relation.column``, and what is wrong with the words."""

    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    relations: dict[str, Relation] = field(default_factory=dict)

    def columns_of(self, relation: str) -> list[Entry]:
        """The entries of a relation's columns, in their order."""
        places = (f"{relation}.{column}" for column in self.relations[relation].columns)
        return [self.entries[place] for place in places if place in self.entries]


def read() -> Dictionary:
    """Read all of it. What has no words, or wrong ones, is left out and stands in *problems*."""
    files = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in WORDS.glob("*.toml")}
    made = Dictionary(relations={found.name: found for found in _relations(files)})
    texts, origins = _texts(made.relations.values()), _origins(made.relations.values())
    for name, relation in made.relations.items():
        for position, column in enumerate(["", *relation.columns]):
            place = f"{name}.{column}" if column else name
            try:
                words = parse(_follow(place, texts)[-1])
            except (ValueError, KeyError) as error:
                made.problems.append(f"sql/dictionary/{name}.toml: {column or 'relation'} {error}")
                continue
            origin = " ← ".join(_come_from(place, origins, made.relations))
            is_key = column in relation.key
            made.entries[place] = Entry(
                name, relation.kind, position, column, is_key, words, origin
            )
    made.problems += _strays(files, made.relations)
    return made


def _relations(files: Mapping[str, Mapping[str, Any]]) -> Iterator[Relation]:
    """The tables, then the views, each behind those it reads."""
    known = {name: list(table.c.keys()) for name, table in metadata.tables.items()}
    statements = views.statements()
    for name, table in metadata.tables.items():
        path, reads = views.SQL / "reports" / f"{name}.sql", list[str]()
        if path.exists():
            reads = read_relations(path.read_text("utf-8"), {*known, *statements} - {name})
        columns = dict.fromkeys(table.c.keys(), "")
        yield Relation(name, "table", columns, {}, table.info["key"], reads, files.get(name, {}))
    for name, statement in statements.items():
        body = statement.partition(f"view {name} as")[2]
        reads, selection = read_relations(body, known), read_selection(body, known)
        columns = {c.name: ", ".join(c.made_from or reads) for c in selection}
        carried = {c.name: c.carries for c in selection if c.carries}
        said = files.get(name, {})
        yield Relation(name, "view", columns, carried, said.get("key", ()), reads, said)
        known[name] = list(columns)


def _texts(relations: Iterable[Relation]) -> dict[str, str]:
    """The words of each place, or the place whose words it takes."""
    texts: dict[str, str] = {}
    for relation in relations:
        said = relation.said.get("columns", {})
        texts[relation.name] = relation.said.get("relation", "")
        for column in relation.columns:
            texts[f"{relation.name}.{column}"] = said.get(column) or relation.carried.get(
                column, ""
            )
    return texts


def _origins(relations: Iterable[Relation]) -> dict[str, str]:
    """Where each place comes from: another place, or in words."""
    filled = dict(_filled_by_source()) | _filled_by_vendors()
    origins: dict[str, str] = {}
    for relation in relations:
        said = relation.said.get("origins", {})
        origins[relation.name] = relation.origin
        for column, made_from in relation.columns.items():
            place = f"{relation.name}.{column}"
            origins[place] = said.get(column) or made_from or filled.get(place) or relation.origin
    return origins


def _follow(place: str, texts: Mapping[str, str]) -> list[str]:
    """The way from *place* on, as long as a text is a place itself. Raises KeyError, ValueError."""
    way = [place]
    while len(way) == 1 or PLACE.fullmatch(way[-1]):
        if way[-1] not in texts:
            raise KeyError(f"takes the words of {way[-1]}, which is not there")
        text = texts[way[-1]]
        if text in way:
            raise ValueError(f"goes round in a circle: {' ← '.join(way)}")
        way.append(text)
    return way


def _come_from(
    place: str, origins: Mapping[str, str], relations: Mapping[str, Relation]
) -> list[str]:
    """The way to *place*, but for what is true of all columns of the table it begins in."""
    *way, last = _follow(place, origins)[1:]
    first = way[-1].partition(".")[0] if way else ""
    return way if first and last == relations[first].origin else [*way, last]


def _filled_by_source() -> Iterator[tuple[str, str]]:
    """The columns of histories that are the source's."""
    for table in SOURCE_TABLES:
        for column in table.columns:
            yield f"{table.history}.{column.name}", f"PostgreSQL {table.name}.{column.name}"


def _filled_by_vendors() -> dict[str, str]:
    """The columns that vendors fill, with the fields of their answers."""
    found: dict[str, list[str]] = {}
    for vendor in VENDORS:
        for table, columns in read_vendor(vendor).items():
            for column, said in columns.items():
                found.setdefault(f"{table}.{column}", []).append(f"{stored_name(vendor)} {said}")
    return {place: "; ".join(said) for place, said in found.items()}


def read_vendor(vendor: str) -> dict[str, dict[str, str]]:
    """Which fields of a vendor's answers fill which columns, by table."""
    path = ROOT / "include" / "vendors" / vendor / "origins.toml"
    return tomllib.loads(path.read_text("utf-8"))


def _strays(
    files: Mapping[str, Mapping[str, Any]], relations: Mapping[str, Relation]
) -> Iterator[str]:
    """What is described and does not exist."""
    for name, said in files.items():
        if name not in relations:
            yield f"sql/dictionary/{name}.toml: there is no such table or view"
            continue
        for part in ("columns", "origins", "key"):
            for column in said.get(part, ()):
                if column not in relations[name].columns:
                    yield f"sql/dictionary/{name}.toml: {part}: there is no column {column}"
    for vendor in VENDORS:
        for table, columns in read_vendor(vendor).items():
            for column in columns:
                if table not in relations or column not in relations[table].columns:
                    yield f"include/vendors/{vendor}/origins.toml: there is no {table}.{column}"
