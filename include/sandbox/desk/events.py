"""The events of desk_churn.py: who does what to which rows, as statements.

As the service does it: what leaves ``last_update_time`` untouched there does so here, a seat's edit
deletes its business lines and makes them anew, a conversation that ends leaves ``queue_mapping``
for ``session_mapping``. What only an administrator of the database does, purging rows and erasing
a customer's name, happens too, so that every table has changes of every kind.

Each event finds its rows in ``mine``: their ``key``, and ``n``, a number of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Act:
    """One statement; as many rows of *table* as it touches are of this *kind*."""

    table: str
    kind: Literal["inserted", "updated", "deleted"]
    statement: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to a *part* of a plan's rows."""

    part: float
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The events of a table, each with other rows of it."""

    table: str
    key: str
    events: tuple[Event, ...]
    where: str = "true"

    @property
    def tables(self) -> set[str]:
        """Everything that must exist for it."""
        return {self.table, *(act.table for event in self.events for act in event.acts)}


def _insert(part: float, table: str, statement: str) -> Event:
    return Event(part, (Act(table, "inserted", statement),))


def _update(part: float, table: str, change: str, key: str = "id") -> Event:
    statement = f"update {table} t set {change} from mine where t.{key} = mine.key"
    return Event(part, (Act(table, "updated", statement),))


def _delete(part: float, table: str, key: str = "id") -> Event:
    statement = f"delete from {table} t using mine where t.{key} = mine.key"
    return Event(part, (Act(table, "deleted", statement),))


# From 0 to 1, always the same for a row.
_CHANCE: Final = "((hashint8extended(mine.n, :seed) & 1048575) / 1048576.0)"
_NEW_KEY: Final = "upper(md5(t.session_id || :salt))"
_TOGGLE_STATUS: Final = "status = case status when 1 then 0 else 1 end"
_CONVERSATION: Final = (
    "customer_name, shop_id, product_id, session_id, seat_id, status, request_count,"
    " distributed_time, inqueue_time, last_ack_time, seat_name, group_id"
)

_SUPPLIER: Final = Plan(
    "supplier",
    "id",
    (
        _delete(0.1, "supplier"),
        # setExtFlag and updateWelcomesBySupplierId leave the update time as it was.
        _update(0.4, "supplier", "ext_flag = case ext_flag when 1 then 0 else 1 end"),
        _update(0.2, "supplier", "welcomes = '我们搬家了 ' || :salt"),
        _update(0.1, "supplier", "name = '新名旅行社 ' || :salt, last_update_time = :now"),
        _insert(
            0.2,
            "supplier",
            "insert into supplier (name, create_time, last_update_time, logo_url, ext_flag)"
            " select '新店旅游专营店', :now, :now, t.logo_url, t.ext_flag"
            " from supplier t join mine on t.id = mine.key order by mine.n",
        ),
    ),
)

_SEAT: Final = Plan(
    "seat",
    "id",
    (
        _delete(0.05, "seat"),
        # updateAfterSeatPriority, setSeatMaxUser, deleteSuppliers: no update time.
        _update(0.30, "seat", "priority = case when priority = mine.n then 0 else mine.n end"),
        _update(0.15, "seat", "max_user = case max_user when 10 then 15 else 10 end"),
        _update(0.08, "seat", _TOGGLE_STATUS),
        Event(
            0.32,
            (
                Act(
                    "seat",
                    "updated",
                    "update seat t set web_name = '客服' || left(md5(t.id || :salt), 8),"
                    " last_update_time = :now from mine where t.id = mine.key",
                ),
                Act(
                    "busi_seat_mapping",
                    "inserted",
                    "insert into busi_seat_mapping (busi_id, seat_id, create_time,"
                    " last_update_time) select t.busi_id, t.seat_id, :now, :now"
                    " from busi_seat_mapping t join mine on t.seat_id = mine.key order by t.id",
                ),
                Act(
                    "busi_seat_mapping",
                    "deleted",
                    "delete from busi_seat_mapping t using mine"
                    " where t.seat_id = mine.key and t.id <= :last",
                ),
            ),
        ),
        _insert(
            0.10,
            "seat",
            "insert into seat (qunar_name, web_name, supplier_id, priority, create_time,"
            " last_update_time) select 'new.' || mine.n, '客服小新', t.supplier_id, 99, :now, :now"
            " from seat t join mine on t.id = mine.key order by mine.n",
        ),
    ),
)

_SUPPLIER_LINES: Final = Plan(
    "busi_supplier_mapping",
    "id",
    (
        _delete(0.1, "busi_supplier_mapping"),
        # Not one of its updates touches the update time.
        _update(
            0.7, "busi_supplier_mapping", "supplier_operator = 'op.' || left(md5(t.id || :salt), 8)"
        ),
        _insert(
            0.2,
            "busi_supplier_mapping",
            "insert into busi_supplier_mapping (supplier_id, busi_id, busi_supplier_id,"
            " create_time, last_update_time, bsuid_and_type, supplier_operator)"
            " select t.supplier_id, 2, '7' || mine.n, :now, :now, '7' || mine.n || '2', 'op.new'"
            " from busi_supplier_mapping t join mine on t.id = mine.key order by mine.n",
        ),
    ),
)

_SEAT_LINES: Final = Plan(
    "busi_seat_mapping",
    "id",
    (
        _delete(0.15, "busi_seat_mapping"),
        _update(0.15, "busi_seat_mapping", _TOGGLE_STATUS),
        _insert(
            0.15,
            "busi_seat_mapping",
            "insert into busi_seat_mapping (busi_id, seat_id, create_time, last_update_time)"
            " select 1, t.seat_id, :now, :now"
            " from busi_seat_mapping t join mine on t.id = mine.key order by mine.n",
        ),
    ),
    where="seat_id is not null and seat_id not in (select key from picked_1)",  # edited: _SEAT
)

_SESSION: Final = Plan(
    "session",
    "id",
    (
        _delete(0.05, "session"),
        _update(
            0.60,
            "session",
            "session_state = case session_state when 3 then 4 when 4 then 7 when 7 then 4 else 7"
            " end, update_time = :now",
        ),
        _insert(
            0.35,
            "session",
            "insert into session (session_id, user_name, seat_name, shop_name, product_id,"
            " session_state, isrobot_seat, created_time, update_time)"
            " select trunc(extract(epoch from came.at) * 1000)::bigint::text, t.user_name,"
            " t.seat_name, t.shop_name, '', 4, t.isrobot_seat, came.at, came.at"
            " from session t join mine on t.id = mine.key,"
            f" lateral (select :now - {_CHANCE} * interval '1 hour' as at) came order by mine.n",
        ),
    ),
)

_ARCHIVE: Final = Plan(
    "session_mapping",
    "session_id",
    (
        _delete(0.10, "session_mapping", "session_id"),
        _update(
            0.05,
            "session_mapping",
            "customer_name = case customer_name when '' then 'erased' else '' end",
            "session_id",
        ),
        # A day after its last message a conversation arrives, so a day or two after it began.
        _insert(
            0.85,
            "session_mapping",
            f"insert into session_mapping ({_CONVERSATION})"
            f" select t.customer_name, t.shop_id, t.product_id, {_NEW_KEY}, t.seat_id, 5, 1,"
            " case t.seat_id when 0 then to_timestamp(0) else came.at + interval '0.2 s' end,"
            " came.at, came.at + interval '10 min', t.seat_name, 0"
            " from session_mapping t join mine on t.session_id = mine.key,"
            f" lateral (select :now - interval '24 h 10 min' - {_CHANCE} * interval '1 h' as at)"
            " came order by mine.n",
        ),
    ),
)

_LIVE: Final = Plan(
    "queue_mapping",
    "session_id",
    (
        # A seat closes it. Every third customer has another question, and waits again.
        Event(
            0.40,
            (
                Act(
                    "session_mapping",
                    "inserted",
                    f"insert into session_mapping ({_CONVERSATION}) select {_CONVERSATION}"
                    " from queue_mapping join mine on session_id = mine.key order by mine.n",
                ),
                Act(
                    "queue_mapping",
                    "inserted",
                    "insert into queue_mapping (customer_name, shop_id, session_id, inqueue_time,"
                    f" last_ack_time) select t.customer_name, t.shop_id, {_NEW_KEY}, :now, :now"
                    " from queue_mapping t join mine on t.session_id = mine.key"
                    " where mine.n % 3 = 1 order by mine.n",
                ),
                Act(
                    "queue_mapping",
                    "deleted",
                    "delete from queue_mapping t using mine where t.session_id = mine.key",
                ),
            ),
        ),
        _update(  # somebody speaks
            0.30,
            "queue_mapping",
            "last_ack_time = greatest(:now, last_ack_time + interval '1 s'),"
            " status = case status when 3 then 4 else 3 end",
            "session_id",
        ),
        _update(  # handed from the robot to the queue: seat and time of assignment stay
            0.10,
            "queue_mapping",
            "inqueue_time = :now, last_ack_time = :now, request_count = request_count + 1",
            "session_id",
        ),
        _insert(
            0.20,
            "queue_mapping",
            "insert into queue_mapping (customer_name, shop_id, session_id, inqueue_time,"
            f" last_ack_time) select left('again.' || t.customer_name, 150), t.shop_id, {_NEW_KEY},"
            " :now, :now"
            " from queue_mapping t join mine on t.session_id = mine.key order by mine.n",
        ),
    ),
    where="seat_id <> 0",
)

_WAITING: Final = Plan(
    "queue_mapping",
    "session_id",
    (
        # Who gave up leaves no row anywhere; who did not is given a seat.
        _delete(0.5, "queue_mapping", "session_id"),
        Event(
            0.5,
            (
                Act(
                    "queue_mapping",
                    "updated",
                    "update queue_mapping t set seat_id = given.id, distributed_time = :now,"
                    " seat_name = given.qunar_name || '@' || given.host from mine"
                    " join queue_mapping q on q.session_id = mine.key cross join lateral"
                    " (select * from seat where supplier_id = q.shop_id and"
                    " qunar_name || '@' || host <> '' order by id limit 1) given"
                    " where t.session_id = mine.key",
                ),
            ),
        ),
    ),
    where="seat_id = 0",
)

PLANS: Final = (
    *(_SUPPLIER, _SEAT, _SUPPLIER_LINES, _SEAT_LINES),
    *(_SESSION, _ARCHIVE, _LIVE, _WAITING),
)
