"""`report`: what a spreadsheet is given to open, cell by cell."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from pyarrow import parquet
from typer.testing import CliRunner

from include.__main__ import app
from include.cli import console, export
from tests.histories import naive

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    '=HYPERLINK("http://x","y")',
]
HARMLESS = [
    "工单 😀",
    'a "quoted", text',
    "two\r\nlines",
    "a\n=b",
    " =1",
    "'=1",
    "1-1",
    "_x0041_ \x01",
    "http://example.com",
    "",
    "007",
]
TYPED = """
    create table rpt_typed (
        id int primary key, whole bigint, large bigint unsigned, share decimal(20,10),
        length double, at_second datetime, at_micro datetime(6), local_day date, row_hash binary(2),
        name text
    )
"""


@pytest.fixture(scope="module")
def module_url(warehouse_server: Any) -> Iterator[str]:
    url = warehouse_server.create_migrated()
    text = "create table rpt_texts (id int primary key, word longtext character set utf8mb4)"
    warehouse_server.run(
        TYPED,
        text,
        "create view v_texts as select word, id from rpt_texts",
        "create table rpt_numbers (id int primary key)",
        "insert into rpt_numbers with recursive n as"
        " (select 1 as i union all select i + 1 from n where i < 900) select i from n",
        url=url,
    )
    yield url
    warehouse_server.drop(url)


@pytest.fixture
def report(module_url: str) -> Any:
    """``report("v_texts", "--format", "xlsx")``: one call of the command line."""

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["report", *arguments], env={"WAREHOUSE_URL": module_url})

    return run


@pytest.fixture
def write(module_url: str) -> Any:
    """``write("rpt_texts", rows)``: the table holds these rows and no others."""

    def run(name: str, rows: list[dict[str, Any]]) -> None:
        engine = sa.create_engine(module_url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            connection.execute(sa.delete(table))
            for row in rows:
                connection.execute(sa.insert(table).values(**row))

    return run


TYPED_ROWS = [
    {
        "id": 1,
        "whole": -5,
        "large": 2**64 - 1,
        "share": Decimal("0.0000000001"),
        "length": 0.1,
        "at_second": datetime(2026, 1, 31, 8),  # noqa: DTZ001
        "at_micro": datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
        "local_day": date(2026, 1, 31),
        "row_hash": b"=1",
        "name": "-5",
    },
    {"id": 2},
    {
        "id": 3,
        "whole": 10**17 + 1,
        "large": 0,
        "share": Decimal("-1234567890.5"),
        "length": -1e300,
        "at_second": datetime(1000, 1, 1),  # noqa: DTZ001
        "at_micro": datetime(1970, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001
        "local_day": date(1899, 12, 31),
        "row_hash": b"\x00\xff",
        "name": "",
    },
]


def words(texts: list[str]) -> list[dict[str, Any]]:
    return [{"id": number, "word": text} for number, text in enumerate(texts, 1)]


def cells_of(file: Path) -> list[list[Any]]:
    """An .xlsx as its XML has it: texts as str, numbers as float, empty cells as None."""
    space = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(file) as archive:
        assert {
            name for name in archive.namelist() if "Link" in name or "external" in name
        } == set()
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # ours
    assert root.findall(".//s:f", space) == [], "a formula"
    assert root.findall(".//s:hyperlink", space) == []
    width = len(root.findall(".//s:row", space)[0])
    rows = []
    for row in root.findall(".//s:row", space):
        cells: list[Any] = [None] * width
        for cell in row:
            number = ord(cell.attrib["r"].rstrip("0123456789")) - ord("A")
            if cell.attrib.get("t") == "inlineStr":
                cells[number] = "".join(cell.itertext())
            else:
                cells[number] = float("".join(cell.itertext()))
        rows.append(cells)
    return rows


def test_csv_quotes_every_cell_and_begins_with_the_mark_of_utf_8(report, write):
    write("rpt_texts", words(["工单", 'a "b"']))
    result = report("v_texts")
    assert result.exit_code == 0
    assert result.stdout_bytes == '\ufeff"word","id"\r\n"工单","1"\r\n"a ""b""","2"\r\n'.encode()
    assert result.stderr == "v_texts: 2 rows\n"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_is_a_formula(report, write, tmp_path, kind, text):
    write("rpt_texts", words([text]))
    file = tmp_path / f"texts.{kind}"
    assert report("rpt_texts", "--format", kind, "--output", str(file)).exit_code == 0
    if kind == "csv":
        read = list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
        assert read[1] == ["1", f"'{text}"]
    else:
        assert cells_of(file)[1] == [1.0, f"'{text}".replace("\r", "_x000D_")]


def test_other_texts_stay_as_they_are(report, write, tmp_path):
    write("rpt_texts", words(HARMLESS))
    file = tmp_path / "texts.csv"
    assert report("rpt_texts", "--output", str(file)).exit_code == 0
    content = file.read_bytes().decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(content, newline="")))
    assert [word for _, word in read[1:]] == HARMLESS
    file = tmp_path / "texts.parquet"
    assert report("rpt_texts", "--format", "parquet", "--output", str(file)).exit_code == 0
    assert parquet.read_table(file)["word"].to_pylist() == HARMLESS


def test_parquet_keeps_hostile_texts_because_no_spreadsheet_reads_it(report, write, tmp_path):
    write("rpt_texts", words(HOSTILE))
    file = tmp_path / "texts.parquet"
    assert report("rpt_texts", "--format", "parquet", "--output", str(file)).exit_code == 0
    assert parquet.read_table(file)["word"].to_pylist() == HOSTILE


def test_numbers_and_times_of_a_csv_are_exact(report, write):
    write("rpt_typed", TYPED_ROWS)
    result = report("rpt_typed", "--output", "-")
    head, *rows = csv.reader(io.StringIO(result.stdout_bytes.decode("utf-8-sig"), newline=""))
    assert head[:3] == ["id", "whole", "large"]
    assert rows == [
        [
            "1",
            "-5",
            "18446744073709551615",
            "0.0000000001",
            "0.1",
            "2026-01-31 08:00:00",
            "9999-12-31 23:59:59.999999",
            "2026-01-31",
            "3d31",
            "'-5",
        ],
        ["2", *[""] * 9],
        [
            "3",
            "100000000000000001",
            "0",
            "-1234567890.5000000000",
            "-1e+300",
            "1000-01-01 00:00:00",
            "1970-01-01 00:00:00.000001",
            "1899-12-31",
            "00ff",
            "",
        ],
    ]


def test_a_sheet_has_numbers_where_they_are_exact_and_else_texts(report, write, tmp_path):
    write("rpt_typed", TYPED_ROWS)
    file = tmp_path / "typed.xlsx"
    assert report("rpt_typed", "--format", "xlsx", "--output", str(file)).exit_code == 0
    _, first, second, third = cells_of(file)
    assert first[:5] == [1, -5, "18446744073709551615", 1e-10, 0.1]
    assert first[5] == pytest.approx(46053 + 8 / 24)  # days since 1899-12-30
    assert first[6] == pytest.approx(2958466)
    assert first[7:] == [46053, "3d31", "'-5"]
    assert second == [2] + [None] * 9
    assert third[1:6] == ["100000000000000001", 0, -1234567890.5, -1e300, "1000-01-01 00:00:00"]
    assert third[7:] == ["1899-12-31", "00ff", ""]


def test_parquet_has_the_types_of_the_columns_whatever_the_rows_hold(report, write, tmp_path):
    file = tmp_path / "typed.parquet"
    for rows in (TYPED_ROWS, [{"id": 2}]):
        write("rpt_typed", rows)
        assert report("rpt_typed", "--format", "parquet", "--output", str(file)).exit_code == 0
        table = parquet.read_table(file)
        assert [str(field.type) for field in table.schema] == [
            "int64",
            "int64",
            "uint64",
            "decimal128(20, 10)",
            "double",
            "timestamp[us]",
            "timestamp[us]",
            "date32[day]",
            "binary",
            "string",
        ]
        found = [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()]
        assert found == rows


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_blocks_of_rows_make_one_file_and_none_are_lost(report, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 400)
    file = tmp_path / "numbers"
    result = report("rpt_numbers", "--format", kind.upper(), "--output", str(file))
    assert result.stderr == "rpt_numbers: 900 rows\n"
    if kind == "csv":
        numbers = [int(line.strip('"')) for line in file.read_text().splitlines()[1:]]
    elif kind == "xlsx":
        numbers = [row[0] for row in cells_of(file)[1:]]
    else:
        numbers = parquet.read_table(file)["id"].to_pylist()
    assert numbers == list(range(1, 901))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_view_without_rows_has_a_head(report, module_url, warehouse_server, tmp_path, kind):
    warehouse_server.run("delete from rpt_texts", url=module_url)
    file = tmp_path / "empty"
    assert report("v_texts", "--format", kind, "--output", str(file)).exit_code == 0
    if kind == "csv":
        assert file.read_bytes() == b'\xef\xbb\xbf"word","id"\r\n'
    elif kind == "xlsx":
        assert cells_of(file) == [["word", "id"]]
    else:
        assert parquet.read_table(file).column_names == ["word", "id"]


@pytest.mark.parametrize(
    "name", ["cloud_user", "sync_run", "v_nothing", "v_texts`; drop", "V_TEXTS"]
)
def test_only_reports_and_customer_service_are_exported(report, name):
    result = report(name)
    assert result.exit_code == 2
    assert "there is no" in result.stderr
    assert result.stdout == ""


def test_customer_service_histories_and_views_are_exported(report):
    assert report("cs_seat_history").exit_code == 0
    assert report("cs_snapshot").exit_code == 0


def test_a_longer_text_than_a_cell_holds_is_refused_and_leaves_the_old_file(
    report, write, tmp_path
):
    file = tmp_path / "texts.xlsx"
    file.write_text("old")
    write("rpt_texts", words(["short", "😀" * 16_384]))
    result = report("rpt_texts", "--format", "xlsx", "--output", str(file))
    assert result.exit_code == 1
    assert "row 2, column word: a cell of a sheet holds 32,767 characters" in result.stderr
    assert "😀" not in result.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
    write("rpt_texts", words(["a" * 32_767]))
    assert report("rpt_texts", "--format", "xlsx", "--output", str(file)).exit_code == 0
    assert cells_of(file)[1][1] == "a" * 32_767


def test_more_rows_than_a_sheet_holds_are_refused(report, tmp_path, monkeypatch):
    file = tmp_path / "numbers.xlsx"
    arguments = ("rpt_numbers", "--format", "xlsx", "--output", str(file))
    monkeypatch.setattr(export, "SHEET_ROWS", 900)
    result = report(*arguments)
    assert result.exit_code == 1
    assert "more than the 899 rows that a sheet holds" in result.stderr
    assert list(tmp_path.iterdir()) == []
    assert report(*arguments, "--where", "id > 1").exit_code == 0
    monkeypatch.setattr(export, "SHEET_ROWS", 901)
    assert report(*arguments).exit_code == 0
    assert len(cells_of(file)) == 901


def test_columns_and_rows_are_chosen(report, write):
    write(
        "rpt_typed",
        [{"id": n, "at_second": naive(f"2026-01-0{n}"), "name": "50%"} for n in (1, 2, 3)],
    )
    chosen = ("--columns", "name, id", "--since", "2026-01-02", "--where", "name like '50%' or 1")
    result = report("rpt_typed", *chosen)
    assert result.stdout.lstrip("\ufeff").split() == ['"name","id"', '"50%","2"', '"50%","3"']
    assert "rows whose at_second is 2026-01-02 or later" in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--columns", "id,naem", "rpt_typed has no column 'naem'; it has id, whole"),
        ("--where", "naem = 1", "--where naem = 1: Unknown column 'naem'"),
        ("--where", "id = ", "--where id = : You have an error in your SQL syntax"),
        ("--since", "soon", "'soon' is not a day like 2026-01-31"),
    ],
)
def test_what_cannot_be_chosen_is_named(report, option, value, reason):
    result = report("rpt_typed", option, value)
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.replace("│", "").split())
    assert result.stdout == ""


def test_days_are_asked_of_a_view_that_has_some(report):
    assert (
        "rpt_numbers has no column of days" in report("rpt_numbers", "--since", "2026-01-01").stderr
    )


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_an_export_that_is_stopped_ends_at_once_and_leaves_nothing(
    module_url, warehouse_server, tmp_path, kind
):
    warehouse_server.run(
        "create or replace view v_slow as"
        " select id, sleep(0.05) as waited, repeat('x', 4000) as word from rpt_numbers",
        url=module_url,
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    output = tmp_path / "slow"
    program = subprocess.Popen(
        [sys.executable, "-m", "include", "report", "v_slow", "--format", kind, "--output", output],
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_URL": module_url, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(tmp_path.glob("slow.part")):
        assert program.poll() is None
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    _, told = program.communicate(timeout=20)
    assert program.returncode == 130
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == [temporary]
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_it_says_what_it_waits_for_while_the_server_thinks(
    report, module_url, warehouse_server, tmp_path, monkeypatch, kind
):
    warehouse_server.run(
        "create or replace view v_thinks as select sleep(0.5) as waited", url=module_url
    )
    monkeypatch.setattr(console, "FIRST_WORD_SECONDS", 0.1)
    result = report("v_thinks", "--format", kind, "--output", str(tmp_path / "slow"))
    assert result.exit_code == 0
    words = "asking" if kind == "xlsx" else "the database has been asked, no row has come yet"
    assert f"report: 0 s, 0/1 done, {words}" in result.stderr


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_what_is_no_text_needs_a_file(report, kind):
    for output in ([], ["--output", "-"]):
        result = report("v_texts", "--format", kind, *output)
        assert result.exit_code == 2
        assert "needs --output FILE" in result.stderr


def test_a_file_that_cannot_be_written_is_named(report, tmp_path):
    result = report("v_texts", "--output", str(tmp_path / "no" / "where.csv"))
    assert result.exit_code == 2
    assert "where.csv: No such file or directory" in result.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_had_enough_ends_it_without_an_error(module_url, write, unbuffered):
    write("rpt_texts", words(["x" * 200_000] * 20))
    program = subprocess.Popen(
        [sys.executable, "-m", "include", "report", "v_texts"],
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_URL": module_url, "PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.read(100)
    program.stdout.close()
    with program.stderr:
        told = program.stderr.read()
        assert re.fullmatch(rb"(report: \d+ s, .*\n)*", told), told  # on a busy machine
    assert program.wait(30) == 0
