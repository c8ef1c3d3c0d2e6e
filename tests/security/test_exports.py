"""A ticket's text stays a text in a spreadsheet, from the vendor to the cell, and in the table."""

from __future__ import annotations

import csv
import io
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from include.__main__ import app
from include.pipelines import reports
from include.warehouse.bookkeeping.ledger import Request
from include.warehouse.mysql import Warehouse
from include.warehouse.tickets.tables import cloud_osm_detail, cloud_osm_list

STARTS = "=+-@\t\r\n"
WIDE = "＝＋－＠﹦﹢﹣﹫"
"""What a Chinese keyboard types in their place: full-width and small forms."""
FORMULA = "cmd|' /C calc'!A0"
TEXTS = [f"{start}{FORMULA}" for start in [*STARTS, *WIDE]]


@pytest.fixture
def url(warehouse_url):
    """A ticket whose messages begin like formulas, as reports show them."""
    with closing(Warehouse.open(warehouse_url)) as warehouse:
        ticket = {"id": "t", "cloud_id": "T", "type": "HUAWEI", "name": TEXTS[0], "status": 0}
        messages = [
            {
                "id": str(number),
                "case_id": "T",
                "message_id": f"{number:03}",
                "vendor": "HUAWEI",
                "content": text,
            }
            for number, text in enumerate(TEXTS)
        ]
        with warehouse.engine.begin() as connection:
            connection.execute(sa.insert(cloud_osm_list).values(ticket))
            connection.execute(sa.insert(cloud_osm_detail), messages)
        reports.build(warehouse, now=datetime.now(UTC), request=Request("test"))
    return warehouse_url


def test_messages_of_tickets_are_exported_with_an_apostrophe_and_stored_without(url, tmp_path):
    for kind in ("csv", "xlsx"):
        arguments = ["report", "v_message", "--format", kind, "--output", str(tmp_path / kind)]
        result = CliRunner().invoke(app, arguments, env={"WAREHOUSE_URL": url})
        assert result.exit_code == 0, result.output
    text = (tmp_path / "csv").read_bytes().decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert {row[head.index("content")] for row in rows} == {f"'{text}" for text in TEXTS}
    for line in text.splitlines():
        assert line == "" or line[0] == '"' or line[0] not in STARTS
    with zipfile.ZipFile(tmp_path / "xlsx") as archive:
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - ours
    tags = {element.tag.partition("}")[2] for element in sheet.iter()}
    assert not tags & {"f", "hyperlink", "drawing", "externalReference"}
    cells = ["".join(cell.itertext()) for cell in sheet.iter() if cell.tag.endswith("}is")]
    found = {cell for cell in cells if FORMULA in cell}
    assert found == {f"'{text}".replace("\r", "_x000D_") for text in TEXTS}
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        stored = connection.scalars(sa.select(cloud_osm_detail.c.content)).all()
        assert set(stored) == set(TEXTS)


def test_a_title_is_exported_as_a_text(url):
    result = CliRunner().invoke(app, ["report", "v_ticket"], env={"WAREHOUSE_URL": url})
    assert f'"\'{TEXTS[0]}"' in result.stdout
