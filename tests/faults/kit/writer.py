"""The user's own ticket program, which writes the tables beside us as docs/connecting.md says.

It has ids of its own, connections of its own (one to a strict session, one to a lax one), and its
own client of the vendors, from which it knows what it writes down.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import sqlalchemy as sa

from include.models import Account, Message, opening_ids
from include.sandbox.vendors.cases import Case
from include.vendors.registry import open_client
from tests.faults.kit import invariants
from tests.faults.kit.scene import Scene

CUT_AT: Final = 50
"""Characters of a text in the user's own DDL."""
CODES: Final[dict[str, tuple[str, ...]]] = {
    "alibaba": ("0", "alibaba", "阿里云", "ALIBABA"),
    "huawei": ("1", "huawei", "华为云", "HUAWEI"),
    "tencent": ("tencent", "腾讯云", "TENCENT"),
}
"""What it calls a vendor; in the last form its row meets ours by the key at once."""
SHANGHAI: Final = timezone(timedelta(hours=8))


class Writer:
    """What the program does, one statement after another, and what became of each.

    *tickets* and *messages* are the rows that it inserted and did not delete: by its id, the
    vendor's id of the ticket.
    """

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.store = scene, scene.store
        self.rng = random.Random(seed)  # noqa: S311
        self.tickets: dict[str, str] = {}
        self.messages: dict[str, str] = {}
        self.spoken: set[tuple[str, str]] = set()
        """The messages that it wrote down, each once: ticket and message, by the vendor's ids."""
        self.edited: set[str] = set()
        """Tickets of which it changed a fact."""
        self.said, self.refused = Counter[str](), Counter[str]()
        """Statements by kind, and those that failed by kind and the server's number."""
        self.clients = {
            account.account_id: open_client(account, scene.settings_of(account))
            for account in scene.accounts
        }
        self._engine = sa.create_engine(
            scene.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
        )
        self._strict, self._lax = self._connect("STRICT_ALL_TABLES"), self._connect("")
        self.waiting: list[tuple[Account, Case]] = []
        """Tickets that it made and whose rows it has not written yet."""
        self._numbers = 0

    def close(self) -> None:
        """Hang up."""
        self._strict.close()
        self._lax.close()
        for client in self.clients.values():
            client.close()

    def act(self) -> None:
        """Do one thing, by chance."""
        habits: tuple[tuple[Callable[[], None], int], ...] = (
            (self.create_ticket, 5),
            (self.write_message, 7),
            (self.set_status, 4),
            (self.delete_messages, 2),
            (self.delete_ticket, 1),
            (self.edit_ticket, 3),
            (self.edit_message, 2),
        )
        [habit] = self.rng.choices([h for h, _ in habits], [weight for _, weight in habits])
        habit()

    @contextmanager
    def at_work(self, times: int) -> Iterator[None]:
        """Act so many times, at some moments of what goes on meanwhile, and to the end of both."""
        over = threading.Event()
        failed: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(times):
                    over.wait(self.rng.random() / 5)
                    (self.insert_ticket if self.waiting else self.act)()
                while self.waiting:
                    self.insert_ticket()
            except BaseException as error:  # noqa: BLE001 - told in the thread that waits
                failed.append(error)

        thread = threading.Thread(target=work, name="writer")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if failed:
            raise failed[0]

    # its habits

    def create_ticket(self) -> None:
        """Make a ticket at the vendor, and its row at once, or while the next run is at work."""
        account = self.rng.choice(self.scene.accounts)
        cloud_id = self.store.add_ticket(account.vendor, invariants.number(account) - 1)
        self.waiting.append((account, self.store.ticket(cloud_id)))
        if self.rng.random() < 0.5:
            self.insert_ticket()

    def insert_ticket(self) -> None:
        """Write the row of the ticket that it made last."""
        account, case = self.waiting.pop()
        name = self.rng.choice((*CODES[account.vendor], None, ""))
        owner: str | None = account.account_id
        if name:  # else the owner alone says whose ticket it is
            owner = self.rng.choice((owner, owner, "employee-7", None))
        row_id, session = self._new_id("t"), self.rng.choice((self._strict, self._lax))
        done = self._say(
            "insert ticket",
            "insert into cloud_osm_list (id, cloud_id, status, name, email, type, product_id,"
            " product_business_id, osm_id, custom_id, create_time) values (:id, :cloud_id,"
            " :status, :name, null, :type, null, null, null, :custom_id, :at)",
            session,
            id=row_id,
            cloud_id=case.ticket_id,
            status=self.rng.choice((1, 1, 1, 0, None)),
            name=case.title[:CUT_AT],
            type=name,
            custom_id=owner,
            at=self._time(case.created_at, session),
        )
        if done:
            self.tickets[row_id] = case.ticket_id

    def write_message(self) -> None:
        """Write one message of a ticket down, in its words, which may be cut."""
        account, case = self._some_case()
        said = self._read(account, case.ticket_id)
        fresh = [m for m in said if (m.ticket_id, m.message_id) not in self.spoken]
        if not fresh:
            return
        message = self.rng.choice(fresh)
        row_id, session = self._new_id("m"), self.rng.choice((self._strict, self._lax))
        has_id = self.rng.random() < 0.5
        at = self.rng.choice((None, *[self._time(message.created_at, session)] * 4))
        direction = "0" if message.from_customer else "1"
        [own] = self._look(
            "select max(id) from cloud_osm_list where cloud_id = :c", c=case.ticket_id
        )
        done = self._say(
            "insert message",
            "insert into cloud_osm_detail (id, case_id, message_id, type, replier, replier_name,"
            " content, create_time) values (:id, :case_id, :message_id, :type, 'k', 'n', :content,"
            " :at)",
            session,
            id=row_id,
            case_id=self.rng.choice((case.ticket_id, case.ticket_id, own[0] or case.ticket_id)),
            message_id=message.message_id if has_id else None,
            type=self.rng.choice((direction, direction, CODES[account.vendor][-1])),
            content=message.content[: self.rng.choice((CUT_AT, None))],
            at=at,
        )
        if done:
            self.spoken.add((message.ticket_id, message.message_id))
            self.messages[row_id] = case.ticket_id

    def set_status(self) -> None:
        """Say that a ticket is done, or that it is not, whatever it is."""
        status = self.rng.choice((0, 0, 1))
        for row_id in self._row_of(self._some_case()[1]):
            self._say(
                f"set status {status}",
                "update cloud_osm_list set status = :status where id = :id",
                status=status,
                id=row_id,
            )

    def delete_messages(self) -> None:
        """Delete some or all messages of a ticket."""
        rows = self._messages_of(self._some_case()[1])
        for row_id in rows[: self.rng.choice((1, 2, len(rows)))]:
            if self._say(
                "delete message", "delete from cloud_osm_detail where id = :id", id=row_id
            ):
                self.messages.pop(row_id, None)

    def delete_ticket(self) -> None:
        """Delete a ticket's row, and what it wrote down under that row's id."""
        for row_id in self._row_of(self._some_case()[1]):
            under = self._look("select id from cloud_osm_detail where case_id = :id", id=row_id)
            for message in under:
                self._say(
                    "delete message", "delete from cloud_osm_detail where id = :id", id=message[0]
                )
                self.messages.pop(message[0], None)
            self._say("delete ticket", "delete from cloud_osm_list where id = :id", id=row_id)
            self.tickets.pop(row_id, None)

    def edit_ticket(self) -> None:
        """Change one fact of a ticket's row; no title that the vendor has none for."""
        case = self._some_case()[1]
        column, value = self.rng.choice(
            (
                ("name", "renamed" if case.title else None),
                ("create_time", int(case.created_at.timestamp()) + 3600),
                ("create_time", int(case.created_at.timestamp() * 1000) - 5000),
                ("vendor_status", "done"),
            )
        )
        for row_id in self._row_of(case):
            self.edited.add(case.ticket_id)
            self._say(
                f"edit {column}",
                f"update cloud_osm_list set {column} = :value where id = :id",
                value=value,
                id=row_id,
            )

    def edit_message(self) -> None:
        """Change text or time of a message that a run has read."""
        column, value = self.rng.choice((("content", "edited"), ("create_time", 1767225600)))
        for row_id in self._messages_of(self._some_case()[1], "vendor is not null")[:1]:
            self._say(
                f"edit message's {column}",
                f"update cloud_osm_detail set {column} = :value where id = :id"
                " and synced_at is not null",
                value=value,
                id=row_id,
            )

    # what it is made of

    def _some_case(self) -> tuple[Account, Case]:
        account = self.rng.choice(self.scene.accounts)
        index = invariants.number(account) - 1
        return account, self.rng.choice(self.store.tickets(account.vendor, index))

    def _read(self, account: Account, ticket_id: str) -> list[Message]:
        """The messages that the vendor shows of a ticket; none without text."""
        _, messages = self.clients[account.account_id].read_ticket(ticket_id, open_messages=True)
        own = opening_ids(ticket_id)
        return [m for m in messages or () if m.message_id not in own and m.content]

    def _row_of(self, case: Case) -> list[str]:
        rows = self._look("select id from cloud_osm_list where cloud_id = :c", c=case.ticket_id)
        return [row[0] for row in rows]

    def _messages_of(self, case: Case, which: str = "1 = 1") -> list[str]:
        query = f"select id from cloud_osm_detail where case_id = :c and {which} order by id"
        return [row[0] for row in self._look(query, c=case.ticket_id)]

    def _time(self, moment: datetime, session: sa.Connection) -> int | str:
        seconds = int(moment.timestamp())
        text = moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        forms: list[int | str] = [seconds, seconds * 1000]
        return self.rng.choice([*forms, text] if session is self._lax else forms)

    def _new_id(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}-{self._numbers}"

    def _connect(self, mode: str) -> sa.Connection:
        connection = self._engine.connect()
        connection.exec_driver_sql(f"set session sql_mode = '{mode}'")
        return connection

    def _look(self, query: str, **values: Any) -> list[Any]:
        return list(self._strict.execute(sa.text(query), values).all())

    def _say(
        self, kind: str, statement: str, session: sa.Connection | None = None, **values: Any
    ) -> bool:
        """Execute a statement and count it; whether it worked."""
        self.said[kind] += 1
        try:
            (session or self._strict).execute(sa.text(statement), values)
        except sa.exc.DBAPIError as error:
            number = error.orig.args[0] if error.orig else "?"
            self.refused[f"{kind} {number}"] += 1
            return False
        return True


def find_lost(scene: Scene, writer: Writer) -> list[str]:
    """The ids of the writer's rows that are gone, or are of another ticket now."""
    held = {
        **dict(scene.look("select id, cloud_id from cloud_osm_list")),
        **dict(scene.look("select id, case_id from cloud_osm_detail")),
    }
    own = writer.tickets | writer.messages
    return sorted(row_id for row_id, cloud_id in own.items() if held.get(row_id) != cloud_id)
