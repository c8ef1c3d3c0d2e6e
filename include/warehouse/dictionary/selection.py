"""What a view shows, read from its statement: columns, and what each is made from.

Enough of SQL for views of ours, which are written alike: behind the CTEs one SELECT, whose columns
have names. A test compares what is read here with what the servers say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

COMMENT: Final = re.compile(r"--[^\n]*")
TEXT: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'")
WORD: Final = re.compile(r"\w+|[(),]")
FROM: Final = re.compile(r"\b(?:from|join)\s+(\w+)(?:\s+as\s+(\w+))?", re.IGNORECASE)
NAME: Final = re.compile(r"(?:(.*\S)\s+as\s+|(?:\w+\.)?)(\w+)", re.DOTALL)
"""An item of a SELECT: an expression with a name, or a column alone."""
EVERY: Final = re.compile(r"(\w+)\.\*")
BARE: Final = re.compile(r"(?:(\w+)\.)?(\w+)(?:\s+collate\s+\w+)?")
REFERENCE: Final = re.compile(r"(?:\b(\w+)\.)?\b([a-z_]\w*)\b(?!\s*[.(])")

Columns = Mapping[str, Collection[str]]
"""The columns of each table and view that is known, by name."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A column of a view. *carries*: the one it shows as it is; *made_from*: those it reads.

    Both are given as ``relation.column``, and stay empty where a CTE stands between.
    """

    name: str
    carries: str
    made_from: tuple[str, ...]


def read_selection(statement: str, known: Columns) -> list[Selected]:
    """Read the columns of a view in their order. Raises ValueError for one without a name."""
    code = TEXT.sub(lambda found: " " * len(found[0]), COMMENT.sub("", statement))
    items, source = _parts(code)
    relations = {alias or name: name for name, alias in FROM.findall(_outermost(source))}

    def resolve(alias: str, column: str) -> str:
        """The place of a column that a view names; empty where it is a CTE's, or none."""
        for name in [relations.get(alias, "")] if alias else relations.values():
            if column in known.get(name, ()):
                return f"{name}.{column}"
        return ""

    selected: list[Selected] = []
    for item in items:
        if every := EVERY.fullmatch(item):
            table = relations[str(every[1])]
            places = [(column, f"{table}.{column}") for column in known.get(table, ())]
            selected += [Selected(column, place, (place,)) for column, place in places]
            continue
        named = NAME.fullmatch(item)
        if not named:
            raise ValueError(f"`{item}` has no name: say `as`")
        expression = named[1] or item
        whole = BARE.fullmatch(expression)
        carries = resolve(whole[1] or "", whole[2]) if whole else ""
        found = (resolve(*reference) for reference in REFERENCE.findall(expression))
        made_from = tuple(dict.fromkeys(filter(None, found)))
        selected.append(Selected(named[2], carries, made_from))
    return selected


def read_relations(statement: str, known: Collection[str]) -> list[str]:
    """The tables and views that a statement reads, in the order in which it names them."""
    words = re.findall(r"\w+", TEXT.sub("", COMMENT.sub("", statement)))
    return [name for name in dict.fromkeys(words) if name in known]


def _parts(code: str) -> tuple[list[str], str]:
    """The items of the outermost SELECT, and what stands behind its FROM."""
    edges: list[int] = []
    for position, word in _outer_words(code):
        if word == "select":
            edges.append(position + len(word))
        elif word == "from" and edges:
            edges.append(position)
            break
        elif word == "," and edges:
            edges.append(position)
    else:
        edges.append(len(code))
    items = [code[begin:end].strip(", \n") for begin, end in pairwise(edges)]
    return items, code[edges[-1] :]


def _outermost(code: str) -> str:
    """*code* without what stands in brackets."""
    kept, depth = [], 0
    for character in code:
        depth += (character == "(") - (character == ")")
        kept.append(character if depth == 0 else " ")
    return "".join(kept)


def _outer_words(code: str) -> Iterator[tuple[int, str]]:
    """The words and commas outside brackets, with their places."""
    depth = 0
    for found in WORD.finditer(code):
        if found[0] in "()":
            depth += 1 if found[0] == "(" else -1
        elif depth == 0:
            yield found.start(), found[0].lower()
