"""A database as the user's own programs left it: their tables, fifty rows each, all that is odd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from include.warehouse.schema.revisions import MIGRATIONS

Row = dict[str, Any]

TIMES = (
    ("1682906400", 1682906400000),
    ("1682906400123", 1682906400123),
    ("2023-05-01 10:00:00", 1682906400000),
    ("2023-05-01", 1682870400000),
    ("2023/05/01 10:00", 1682906400000),
    ("2023-05-01T02:00:00Z", 1682906400000),
    ("2023-05-01T10:00:00.5+08:00", 1682906400500),
    (" 1682906400 ", 1682906400000),
    ("", None),
    (None, None),
)
"""A time as written, and the milliseconds it means. Any other text is left over."""
BAD_TIMES = ("unknown", "2023-02-30", "0", "20230501", "1970-01-02 00:00:00")


def statements() -> dict[str, str]:
    """The user's CREATE TABLE statements."""
    script = ScriptDirectory(str(MIGRATIONS)).get_revision("0001")
    assert script is not None
    return dict(script.module.STATEMENTS)


def rows() -> dict[str, list[Row]]:
    """Every table's rows; each first with plain ones, then with its own oddities."""
    return {
        "cloud_user": list(_accounts()),
        "cloud_osm_list": list(_tickets()),
        "cloud_osm_detail": list(_messages()),
        "cloud_osm_product": [
            {**row, "description": "长" * 1500, "acronym": "ECS"} for row in _catalog("p")
        ],
        "cloud_osm_product_type": list(_catalog("c")),
    }


def build(engine: sa.Engine) -> dict[str, list[Row]]:
    """Make the tables and fill them; returns what was put in."""
    content = rows()
    with engine.begin() as connection:
        for name, statement in statements().items():
            connection.exec_driver_sql(statement)
            table = sa.table(name, *map(sa.column, content[name][0]))
            connection.execute(sa.insert(table).values(content[name]))
    return content


def _time(number: int) -> str | None:
    return (*(text for text, _ in TIMES), *BAD_TIMES)[number % (len(TIMES) + len(BAD_TIMES))]


def _accounts() -> Iterator[Row]:
    vendors = ("HUAWEI", "alibaba", "TENCENT", "0", None)
    for n in range(50):
        yield {
            "id": f"account-{n}",
            "secret_id": f"key{n}",
            "secret_key_secret": f"made-up {n}",
            "region_id": "cn-north-4",
            "type": vendors[n % 5],
            "create_time": _time(n),
        }


def _ticket(n: int, **given: Any) -> Row:
    row = {
        "id": f"own-{n}",
        "cloud_id": f"T{n}",
        "status": 0,
        "name": f"云服务器无法登录 {n}",
        "email": "someone@example.com",
        "type": "ALIBABA",
        "product_id": "ecs",
        "product_business_id": "18528",
        "osm_id": None,
        "custom_id": "account-1",
        "create_time": _time(n),
    }
    return row | given


def _tickets() -> Iterator[Row]:
    spellings = ("0", "1", "alibaba", "Ali", "HuaWei", "tencent", " HUAWEI ", "ALIBABA")
    for n in range(36):
        yield _ticket(n, type=spellings[n % 8])
    yield _ticket(36, type=None, custom_id="account-0")  # HUAWEI by its account
    yield _ticket(37, type="", custom_id="account-4")  # no vendor is known
    yield _ticket(38, type=None, custom_id=None)
    yield _ticket(39, type="AWS")
    yield _ticket(40, status=None)
    yield _ticket(41, status=7)
    yield _ticket(42, type="Huawei", cloud_id="both")  # the same id at two vendors
    yield _ticket(43, cloud_id="both")
    yield _ticket(44, cloud_id="twice", type="0", email=None, product_id=None)
    yield _ticket(45, cloud_id="twice", type="ALIBABA", name="the fuller row")
    yield _ticket(46, cloud_id="twice", type="ali", email="")
    yield _ticket(47, cloud_id="equal", name="", create_time="1682906400")
    yield _ticket(48, cloud_id="equal", name="", create_time="1682906400")
    yield _ticket(49, cloud_id="Equal", create_time="unknown")


def _message(n: int, **given: Any) -> Row:
    row = {
        "id": f"m{n}",
        "case_id": f"T{n}",
        "message_id": f"note-{n}",
        "type": str(n % 2),
        "replier": "工程师",
        "replier_name": "王",
        "content": f"您好，问题已解决 {n}",
        "create_time": _time(n),
    }
    return row | given


def _messages() -> Iterator[Row]:
    for n in range(30):
        yield _message(n)
    yield _message(30, case_id="T0", type="ALIBABA")
    yield _message(31, case_id="T1", type="Huawei")
    yield _message(32, case_id="T0", type="TENCENT")  # another vendor than its ticket's
    yield _message(33, case_id="own-3")  # our own id instead of the vendor's
    yield _message(34, case_id="own-4", type="huawei")
    yield _message(35, case_id="own-44")  # of a ticket that is moved as a duplicate
    yield _message(36, case_id="nowhere")
    yield _message(37, case_id="both")
    yield _message(38, case_id="both", type="HUAWEI")
    yield _message(39, case_id="T5", message_id=None)
    yield _message(40, case_id="T5", message_id="", content="您好")
    yield _message(41, case_id="T6", type="客服")
    yield _message(42, case_id="T6", type=None)
    yield _message(43, case_id="T7", message_id="same", create_time="1682906400")
    yield _message(44, case_id="T7", message_id="same", create_time="1682906400", type="1") | {
        "content": "您好，问题已解决 43"
    }
    yield _message(45, case_id="T7", message_id="differs", content="您好")
    yield _message(46, case_id="T7", message_id="differs", content="您好，请重启")
    yield _message(47, case_id="T38")
    yield _message(48, case_id="T39")
    yield _message(49, case_id="T8", type=" 1 ", content=None)


def _catalog(prefix: str) -> Iterator[Row]:
    spellings = ("ALIBABA", "huawei", "0", "1", "Tencent", None, "AWS", "")
    for n in range(50):
        yield {
            "id": f"{prefix}{n}",
            "type": spellings[n % 8],
            "name": f"弹性云服务器 {n}",
            "create_time": _time(n),
        }
