"""The comments of our tables and columns: what the dictionary says, in the database.

They are no part of a revision, so that better words need none; like views they are compared with
those that are there, each time. A column's comment cannot be changed without saying its definition
again, which is taken from the server's own words: nothing but the comment becomes another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateColumn

from include.warehouse.dictionary.entries import Dictionary
from include.warehouse.tables import metadata

FEW_ROWS: Final = 10_000
"""A table of at most so many rows may be copied for a comment: that takes a moment."""
NOT_IN_AN_INSTANT: Final = (1845, 1846)
COLUMN: Final = re.compile(r"^  (`(\w+)` .*?),?$", re.MULTILINE)
TEXT: Final = r"'(?:[^'\\]|\\.|'')*'"
COMMENT: Final = re.compile(rf"(?P<before>(?:{TEXT}|[^'])*?) COMMENT {TEXT}(?P<after>.*)")
PRESENT: Final = """\
SELECT table_name AS name, '' AS part, '' AS extra, table_comment AS comment
FROM information_schema.tables WHERE table_schema = DATABASE()
UNION ALL
SELECT table_name, column_name, extra, column_comment
FROM information_schema.columns WHERE table_schema = DATABASE()
"""

Say = Callable[[str], None]


def apply(connection: sa.Connection, dictionary: Dictionary, *, progress: Say) -> None:
    """Change the comments that differ, in an instant each; views have none.

    Where the server would copy a table for it (MySQL does for any column of a table with a CHECK
    on a moment, as histories have it, MariaDB for a stored column that is computed), a large one
    keeps what it has, and is named.
    """
    plainly = connection.execution_options(no_parameters=True)
    present = {(row.name, row.part): row for row in plainly.exec_driver_sql(PRESENT)}
    for table, wanted in _wanted(dictionary).items():
        comments = {
            part: text
            for part, text in wanted.items()
            if (row := present.get((table, part))) is not None and row.comment != text
        }
        if not comments:
            continue
        clauses = _clauses(plainly, table, comments)
        if not _has_many_rows(plainly, table):
            plainly.exec_driver_sql(f"ALTER TABLE `{table}` {', '.join(clauses.values())}")
            continue
        if own := clauses.pop("", ""):
            plainly.exec_driver_sql(f"ALTER TABLE `{table}` {own}")
        computed = {part for part in clauses if "GENERATED" in present[table, part].extra.upper()}
        kept = 0
        for parts in (clauses.keys() - computed, computed):
            if not _say(plainly, table, [clauses[part] for part in clauses if part in parts]):
                kept += len(parts)
        if kept:
            progress(
                f"{table}: {kept} comments of columns stay as they were, because this server would"
                " copy the table to change them; v_dictionary has the new words"
            )


def script(dictionary: Dictionary) -> str:
    """Statements that comment tables as the migrations make them."""
    dialect = mysql.dialect(paramstyle="named")
    statements = []
    for table in commented(dictionary).sorted_tables:
        clauses = [f"COMMENT = {_literal(table.comment or '')}"]
        for column in table.columns:
            defined = str(CreateColumn(column).compile(dialect=dialect))
            clauses.append(f"MODIFY COLUMN {defined}")
        statements.append(f"ALTER TABLE `{table.name}`\n  " + ",\n  ".join(clauses) + ";\n\n")
    return "".join(statements)


def commented(dictionary: Dictionary) -> sa.MetaData:
    """Our tables with the comments that they have after ``apply``."""
    copied, wanted = sa.MetaData(), _wanted(dictionary)
    for table in metadata.sorted_tables:
        texts = wanted.get(table.name, {})
        copy = table.to_metadata(copied)
        copy.comment = texts.get("", copy.comment)
        for column in copy.columns:
            column.comment = texts.get(column.name, column.comment)
    return copied


def _wanted(dictionary: Dictionary) -> dict[str, dict[str, str]]:
    """The comments of each table by column; that of the table itself under the empty name."""
    wanted: dict[str, dict[str, str]] = {}
    for entry in dictionary.entries.values():
        if entry.kind == "table":
            wanted.setdefault(entry.relation, {})[entry.column] = entry.words.text
    return wanted


def _clauses(connection: sa.Connection, table: str, comments: Mapping[str, str]) -> dict[str, str]:
    """What an ALTER TABLE has to say for each of *comments*, by column."""
    clauses = {"": f"COMMENT = {_literal(comments[''])}"} if "" in comments else {}
    made = connection.exec_driver_sql(f"SHOW CREATE TABLE `{table}`").one()[1]
    for definition, name in COLUMN.findall(made):
        if name in comments:
            found = COMMENT.fullmatch(definition)
            before, after = found.groups() if found else (definition, "")  # a CHECK stands after
            clauses[name] = f"MODIFY COLUMN {before} COMMENT {_literal(comments[name])}{after}"
    return clauses


def _has_many_rows(connection: sa.Connection, table: str) -> bool:
    one_more = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1).offset(FEW_ROWS)
    return connection.execute(one_more).first() is not None


def _say(connection: sa.Connection, table: str, clauses: Sequence[str]) -> bool:
    """Comment columns of one table; False when that would copy it, and nothing was done."""
    if clauses:
        alter = f"ALTER TABLE `{table}` {', '.join(clauses)}, ALGORITHM = INSTANT"
        try:
            connection.exec_driver_sql(alter)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "args", (0,))[0] not in NOT_IN_AN_INSTANT:
                raise
            return False
    return True


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
