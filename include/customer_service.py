"""The customer-service tables as data: what the source holds and the warehouse keeps, said once.

``include/source`` reads these tables from PostgreSQL, ``include/warehouse`` keeps their history in
MySQL. What the columns mean, with sources and doubts: the comments, which stand in MySQL too.

**Canonical text.** Both databases render a row to the same text, so that a hash of it can be
compared: fields joined by commas, NULL as ``~``; integers in decimal; texts as
``<code points>:<text>``; moments in UTC as ``2026-01-31 08:00:00.5`` without trailing zeros of the
fraction; doubles as the shortest digits that give the number back. Last comes ``unfit``, a text.
The row's hash is the first 16 bytes of the SHA-256 of that text in UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What a column holds. Each has a rule for what MySQL cannot hold: see ``Column``."""

    SMALLINT = "smallint"
    INTEGER = "integer"
    DOUBLE = "double precision"
    TEXT = "text"
    MOMENT = "timestamp with time zone"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a source table.

    A value that MySQL cannot hold becomes NULL, and stands as PostgreSQL writes it in ``unfit`` of
    its row: moments that are infinite, before year 1 or after 9999; doubles that are infinite or
    not a number; texts with more characters than *length* (None: unbounded).
    """

    name: str
    kind: Kind
    comment: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table of the source. *key* names the columns that tell its rows apart, NULL included.

    *optional*: the source may not have it. *volatile*: its rows leave as a matter of course, all of
    them in a quiet hour, so that no number of vanished rows is suspicious.
    """

    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False
    volatile: bool = False
    joined_on: tuple[str, ...] = ()
    """The columns by which reports join its rows: the warehouse has an index on each."""

    @property
    def history(self) -> str:
        """The table of its versions in the warehouse."""
        return f"cs_{self.name}_history"

    @property
    def has_integer_key(self) -> bool:
        """Whether the key itself serves as ``row_key``; otherwise that is a hash of it."""
        return [column.kind for column in self.key_columns] in ([Kind.INTEGER], [Kind.SMALLINT])

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the key, in its order."""
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in self.key)


def _integer(name: str, comment: str) -> Column:
    return Column(name, Kind.INTEGER, comment)


def _small(name: str, comment: str) -> Column:
    return Column(name, Kind.SMALLINT, comment)


def _moment(name: str, comment: str) -> Column:
    return Column(name, Kind.MOMENT, f"{comment}, UTC")


def _text(name: str, length: int | None, comment: str) -> Column:
    return Column(name, Kind.TEXT, comment, length)


CREATED: Final = "row time, set by the writer"
UNTRUSTED: Final = "row time; many statements change a row without touching it"
VALID: Final = "1 valid, 0 deleted (soft delete)"

_CONVERSATION: Final = (
    _integer("id", "a sequence of this table; not unique by constraint"),
    _text("customer_name", 150, "bare JID of the customer; the domain may be missing"),
    _integer("shop_id", "supplier.id"),
    _text("product_id", 150, "product asked about; * none"),
    _text("session_id", 50, "key: 32 upper-case hex digits, or a room id"),
    _integer("seat_id", "above 0 seat.id; -1 robot; 0 nobody"),
    _integer("status", "1 lined up, 2 in service, 3 customer spoke last, 4 seat did, 5 released"),
    _integer("request_count", "times the customer entered the queue for this row"),
    _moment("distributed_time", "latest assignment; 1970-01-01 never; not changed by transfer"),
    _moment("inqueue_time", "latest entry into the queue"),
    _moment("last_ack_time", "last message by either side"),
    _text("seat_name", 150, "bare JID of the seat or robot"),
    _integer("group_id", "seat group; not copied when archived"),
)

SOURCE_TABLES: Final = (
    SourceTable(
        "supplier",
        "shops",
        ("id",),
        (
            _integer("id", "key; the number in shop_<id>"),
            _text("name", 100, "shop name"),
            _moment("create_time", CREATED),
            _moment("last_update_time", UNTRUSTED),
            _integer("old_id", "id in a predecessor system"),
            _text("logo_url", 255, "logo"),
            _text("welcomes", 512, "greeting"),
            _integer("status", "1 online, 0 offline (soft delete)"),
            _small("ext_flag", "1 queueing on (max_user counts), 0 off"),
            _small("assign_strategy", "1 round-robin, 2 idle-first, else random (by the code)"),
            _text("no_service_welcomes", None, "shown when no human can serve"),
        ),
        joined_on=("id",),
    ),
    SourceTable(
        "seat",
        "seats: human customer-service accounts, each at one supplier",
        ("id",),
        (
            _integer("id", "key; session_mapping.seat_id"),
            _text("qunar_name", 40, "login name; compare without regard to case; not unique"),
            _text("web_name", 40, "name shown to customers"),
            _text("nickname", 50, "alias"),
            _text("face_link", 150, "address of the avatar"),
            _integer("supplier_id", "supplier.id; orphans are possible"),
            Column("priority", Kind.DOUBLE, "order inside the supplier, 1..n"),
            _moment("create_time", CREATED),
            _moment("last_update_time", UNTRUSTED),
            _integer("old_supplier_id", "id in a predecessor system"),
            _integer("old_id", "id in a predecessor system"),
            _small("service_status", "0 standard, 1 do not disturb, 4 always assignable"),
            _small("status", VALID),
            _small("max_user", "most conversations at once; NULL counts as 10"),
            _small("bind_wx", "1 bound to WeChat: assignable even when offline"),
            _text("host", 20, "XMPP domain"),
        ),
        joined_on=("id",),
    ),
    SourceTable(
        "busi_supplier_mapping",
        "which supplier works for which business line",
        ("id",),
        (
            _integer("id", "key"),
            _integer("supplier_id", "supplier.id"),
            _integer("busi_id", "business line"),
            _text("busi_supplier_id", 50, "the supplier's id in that line's own system"),
            _moment("create_time", CREATED),
            _moment("last_update_time", UNTRUSTED),
            _text("bsuid_and_type", 55, "busi_supplier_id and busi_id run together: never a key"),
            _text("supplier_operator", 50, "account of the operator in charge"),
            _text("operator_webname", 50, "display name of the operator"),
            _integer("status", VALID),
        ),
        joined_on=("supplier_id",),
    ),
    SourceTable(
        "busi_seat_mapping",
        "which seat works for which business line; deleted and inserted anew on each seat edit",
        ("id",),
        (
            _integer("id", "key; new after each edit of the seat"),
            _integer("busi_id", "business line"),
            _integer("seat_id", "seat.id"),
            _moment("create_time", CREATED),
            _moment("last_update_time", UNTRUSTED),
            _integer("status", VALID),
        ),
        joined_on=("seat_id",),
    ),
    SourceTable(
        "session",
        "routing decisions of the older router: one row a customer, shop and seat",
        ("id",),
        (
            _integer("id", "key"),
            _text("session_id", 255, "epoch ms as text, or a room id; not unique"),
            _text("user_name", 255, "customer, bare JID"),
            _text("seat_name", 255, "seat or robot, bare JID"),
            _text("shop_name", 255, "shop_<supplier.id>"),
            _text("product_id", None, "product asked about; empty: none"),
            _small(
                "session_state",
                "0 unknown, 1 pre-assigned, 2 leaves a message, 3 in queue, 4 assigned,"
                " 5 transferred, 6 disconnected, 7 finished",
            ),
            _small("isrobot_seat", "1 robot; wrong after a transfer"),
            _moment("created_time", CREATED),
            _moment("update_time", "row time; start of the writing transaction"),
        ),
    ),
    SourceTable(
        "session_mapping",
        "finished conversations",
        ("session_id",),
        _CONVERSATION,
        joined_on=("session_id",),
    ),
    SourceTable(
        "queue_mapping",
        "live conversations",
        ("session_id",),
        _CONVERSATION,
        optional=True,
        volatile=True,
        joined_on=("session_id",),
    ),
)
