"""`report`: a view or table of reports as a file. Spreadsheets must not take a text for a formula.

Times are as they are stored: UTC, in columns that begin with ``local_`` that of
``BUSINESS_ZONE``.
"""

from __future__ import annotations

import codecs
import csv
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from io import BufferedWriter, RawIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final, cast

import pandas as pd
import pyarrow as pa
import typer
import xlsxwriter
from pyarrow import parquet

from include.cli.console import Exit, Progress, say
from include.cli.runs import ready
from include.errors import CheckError, ConfigError
from include.warehouse.reports import relations
from include.warehouse.reports.relations import ExportColumn, Selection

ROWS_AT_ONCE: Final = 2000
FORMULA: Final = r"^([=+\-@\t\r\n＝＋－＠﹦﹢﹣﹫])"
"""Texts that a spreadsheet would calculate, or that push others there."""
TIMES: Final = ("date", "datetime", "timestamp")
SHEET_ROWS: Final = 1_048_576  # with the head; Excel's own limits
CELL_CHARS: Final = 32_767  # in UTF-16
SHEET_DIGITS: Final = 15
SHEET_SINCE: Final = datetime(1900, 3, 1)  # noqa: DTZ001  # Excel's calendar is wrong before it

ARROW: Final = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), pa.int64()),
    **dict.fromkeys(("float", "double"), pa.float64()),
    **dict.fromkeys(("datetime", "timestamp"), pa.timestamp("us")),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "longblob", "bit"), pa.binary()),
    "date": pa.date32(),
}
"""What parquet calls MySQL's types; all others are texts."""

Frames = Iterator[pd.DataFrame]


def export(
    view: str,
    *,
    format: str,  # noqa: A002  # the option's name
    output: Path | None,
    columns: str | None,
    where: str | None,
    since: date | None,
) -> None:
    """Write *view* to *output*, which appears when it is whole; csv may go to stdout.

    *columns* are names with commas between, *where* is SQL, *since* is compared with the first
    column that holds a day or a moment. Raises typer.BadParameter for a view or column that there
    is not, CheckError for rows that the format cannot hold.
    """
    to_stdout = output is None or str(output) == "-"
    if to_stdout and format != "csv":
        raise typer.BadParameter(f"--format {format} needs --output FILE: it is no text")
    with ready() as s, s.warehouse.engine.connect() as connection:
        known = relations.list_relations(connection)
        if view not in known:
            raise typer.BadParameter(
                f"there is no {view!r} that this user may export; there are {', '.join(known)}"
            )
        shown, selection = _select(connection, view, columns, where, since)
        with Progress("report", 1) as progress:
            if format == "xlsx":
                progress.update("asking the database how many rows there are")
                _refuse_more_than_a_sheet(connection, view, selection)
            progress.update("the database has been asked, no row has come yet")
            with (
                relations.read_blocks(connection, view, selection, at_once=ROWS_AT_ONCE) as blocks,
                _stdout() if to_stdout or output is None else _whole_file(output) as file,
            ):
                counted = _Counted(_frames(blocks, shown), progress)
                WRITERS[format](file, shown, counted)
    say(f"{view}: {counted.rows} rows")


def _refuse_more_than_a_sheet(connection: Any, view: str, selection: Selection) -> None:
    """Raise CheckError for more rows than a sheet holds."""
    if relations.has_more_rows(connection, view, selection, SHEET_ROWS - 1):
        raise CheckError(
            f"{view} has more than the {SHEET_ROWS - 1:,} rows that a sheet holds below its"
            " head: choose fewer with --since or --where, or use --format csv or parquet"
        )


def _select(
    connection: Any, view: str, columns: str | None, where: str | None, since: date | None
) -> tuple[list[ExportColumn], Selection]:
    """The columns to write, and what to read. Raises typer.BadParameter."""
    there = {column.name: column for column in relations.read_columns(connection, view)}
    names = [name.strip() for name in columns.split(",")] if columns else list(there)
    for name in names:
        if name not in there:
            raise typer.BadParameter(
                f"{view} has no column {name!r}; it has {', '.join(there)}", param_hint="--columns"
            )
    time = next((name for name, of in there.items() if of.kind in TIMES), "")
    if since and not time:
        raise typer.BadParameter(f"{view} has no column of days or moments", param_hint="--since")
    if since:
        say(f"rows whose {time} is {since} or later")
    return [there[name] for name in names], Selection(tuple(names), where or "", time, since)


class _Counted:
    """Counts the rows that flow through it, and tells how many."""

    def __init__(self, frames: Frames, progress: Progress) -> None:
        self._frames, self._progress, self.rows = frames, progress, 0

    def __iter__(self) -> Frames:
        for frame in self._frames:
            yield frame
            self.rows += len(frame)
            self._progress.update(f"{self.rows:,} rows written")


def _frames(blocks: Iterator[Sequence[Any]], columns: Sequence[ExportColumn]) -> Frames:
    """The rows in blocks, typed by the columns and not by what happens to be in a block."""
    types = [_arrow(column) for column in columns]
    for rows in blocks:
        values = zip(*rows, strict=True)
        yield pd.DataFrame(
            {
                column.name: pd.array(
                    [str(v) if v is not None and type_ == pa.string() else v for v in cells],
                    dtype=pd.ArrowDtype(type_),
                )
                for column, type_, cells in zip(columns, types, values, strict=True)
            }
        )


def _arrow(column: ExportColumn) -> pa.DataType:
    if column.kind == "bigint" and column.is_unsigned:
        return pa.uint64()
    if column.kind == "decimal":
        make = pa.decimal128 if column.precision <= 38 else pa.decimal256
        return make(column.precision, column.scale)
    return ARROW.get(column.kind, pa.string())


def _safe(frame: pd.DataFrame, columns: Sequence[ExportColumn]) -> pd.DataFrame:
    """Texts that a spreadsheet leaves alone, and bytes as hex digits."""
    for column in columns:
        cells = frame[column.name]
        if _arrow(column) == pa.string():
            frame[column.name] = cells.str.replace(FORMULA, r"'\1", regex=True)
        elif _arrow(column) == pa.binary():
            frame[column.name] = cells.map(bytes.hex, na_action="ignore")
    return frame


def _write_csv(file: IO[bytes], columns: Sequence[ExportColumn], frames: _Counted) -> None:
    """Every cell in quotes, NULL empty; in front the mark by which Excel knows UTF-8."""

    def lines(frame: pd.DataFrame, *, head: bool) -> bytes:
        text: str = frame.to_csv(
            header=head, index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n"
        )
        return text.encode()

    decimals = [column.name for column in columns if column.kind == "decimal"]
    file.write(codecs.BOM_UTF8)
    file.write(lines(pd.DataFrame(columns=[column.name for column in columns]), head=True))
    for frame in frames:
        cells = _safe(frame, columns)
        for name in decimals:  # without exponents
            cells[name] = cells[name].map("{:f}".format, na_action="ignore")
        file.write(lines(cells, head=False))


def _write_parquet(file: IO[bytes], columns: Sequence[ExportColumn], frames: _Counted) -> None:
    schema = pa.schema([(column.name, _arrow(column)) for column in columns])
    with parquet.ParquetWriter(file, schema) as writer:
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False))


def _write_xlsx(file: IO[bytes], columns: Sequence[ExportColumn], frames: _Counted) -> None:
    """Numbers and times as such where a sheet holds them exactly, else as texts; NULL empty."""
    with _workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, 20)
        for number, column in enumerate(columns):
            sheet.write_string(0, number, column.name)
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for frame in frames:
            if frames.rows + len(frame) >= SHEET_ROWS:
                raise CheckError("rows came while they were read, and a sheet is full: try again")
            rows = _safe(frame, columns).itertuples(index=False, name=None)
            for row, cells in enumerate(rows, frames.rows + 1):
                for number, cell in enumerate(cells):
                    if cell is pd.NA:
                        continue
                    if isinstance(cell, datetime) and cell >= SHEET_SINCE:
                        sheet.write_datetime(row, number, cell, moment)
                    elif type(cell) is date and cell >= SHEET_SINCE.date():
                        sheet.write_datetime(row, number, cell, day)
                    elif _is_exact(cell):
                        sheet.write_number(row, number, cell)
                    else:
                        _write_text(sheet, row, number, str(cell), columns[number])


@contextmanager
def _workbook(file: IO[bytes]) -> Iterator[Any]:
    """A workbook that is packed into *file* at its end; one that is stopped leaves nothing.

    The library's own ``with`` packs it whatever happened.
    """
    with TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder})
        try:
            yield book
        except BaseException:
            book.fileclosed = True
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
            raise
        book.close()


def _is_exact(cell: object) -> bool:
    """Whether it is a number with no more digits than a sheet keeps."""
    if isinstance(cell, int | Decimal):
        return len(Decimal(cell).normalize().as_tuple().digits) <= SHEET_DIGITS
    return isinstance(cell, float)


def _write_text(sheet: Any, row: int, number: int, text: str, column: ExportColumn) -> None:
    if len(text.encode("utf-16-le")) // 2 > CELL_CHARS:
        raise CheckError(
            f"row {row}, column {column.name}: a cell of a sheet holds {CELL_CHARS:,} characters,"
            f" and this text has {len(text):,}: use --format csv or parquet"
        )
    sheet.write_string(row, number, text)


WRITERS: Final = {"csv": _write_csv, "xlsx": _write_xlsx, "parquet": _write_parquet}


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of *path* when all is written, and not before."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"--output {path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _stdout() -> Iterator[IO[bytes]]:
    """What the shell reads; one that stops reading, like ``head``, has had enough."""
    # Where Python is told not to buffer, stdout alone may write less than it was given.
    buffered = BufferedWriter(cast(RawIOBase, sys.stdout.buffer))
    try:
        yield buffered
        buffered.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.DONE) from None
    finally:
        buffered.detach()
