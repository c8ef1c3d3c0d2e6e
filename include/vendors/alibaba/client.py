"""Alibaba Cloud tickets (product ``Workorder``), API 2021-06-10; spec.md describes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from include.errors import (
    AuthError,
    ConfigError,
    ContractError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    UncountedListError,
    VendorError,
)
from include.models import (
    OPENING_ID,
    Category,
    Glance,
    Message,
    Product,
    Source,
    SyncWindow,
    Ticket,
    TicketRef,
)
from include.settings import Settings
from include.vendors import fields
from include.vendors.alibaba import SITES, AlibabaSettings
from include.vendors.alibaba.signature import AlibabaSigner
from include.vendors.client import StorePart
from include.vendors.fields import Json, Record
from include.vendors.http import Classified, error_class
from include.vendors.paging import by_number
from include.vendors.sessions import Sessions

VERSION: Final = "2021-06-10"
CENTRAL_HOST: Final = "workorder.aliyuncs.com"
REGIONAL_HOSTS: Final = {region: f"workorder.{region}.aliyuncs.com" for region in SITES}
REGION: Final = re.compile(r"[a-z]{2}(-[a-z0-9]{1,16}){1,4}")
ACTIONS: Final = frozenset(
    {"ListTickets", "GetTicket", "ListTicketNotes", "ListProducts", "ListCategories"}
)
PAGE_SIZE: Final = 50  # section 6.1
LANGUAGE: Final = "zh"
STATUSES: Final = {  # section 6.1, by the number in Status.Value
    "1": "assigned",
    "2": "dealing",
    "3": "wait_feedback",
    "4": "feedback",
    "5": "wait_confirm",
    "6": "confirmed",
}
CLOSED: Final = "6"
SEVERITIES: Final = {"1": "普通", "2": "紧急"}  # section 6.2, by the number in Severity.Value
CUSTOMER, SUPPORT = "3", "2"  # section 6.5, User.Role
CARD: Final = "1"  # section 6.5, Type
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

ERRORS: Final[Mapping[str, type[VendorError]]] = {  # section 7; the longest matching prefix wins
    "Throttling": RateLimitError,
    "System.error": UnavailableError,
    "InternalError": UnavailableError,
    "UnknownError": UnavailableError,
    "ServiceUnavailable": UnavailableError,
    "SignatureNonceUsed": UnavailableError,
    "InvalidTimeStamp": AuthError,
    "SignatureDoesNotMatch": AuthError,
    "IncompleteSignature": AuthError,
    "InvalidAccessKeyId": AuthError,
    "illegal.auth": AuthError,
    "No permissions": AuthError,
    "NoPermission": AuthError,
    "Forbidden": AuthError,
    "Missing": RejectedError,
    "illegal.param": RejectedError,
    "param.illegal": RejectedError,
    "InvalidApi": RejectedError,
    "InvalidProduct": RejectedError,
    "InvalidVersion": RejectedError,
}
BUSY: Final = re.compile(r"繁忙|稍后|限流|busy|try again later", re.IGNORECASE)  # section 7
UNKNOWN_TICKET: Final = re.compile(  # section 6.2: it must speak of the ticket itself
    r"工单(编号|号|id)?.{0,24}(不存在|未找到|找不到)|不存在.{0,8}工单"
    r"|ticket(\W?id)?\W.{0,40}(not\W?exist|not\W?found|no longer exist)"
    r"|ticket\W?not\W?(exist|found)|no such ticket",
    re.IGNORECASE,
)


def host_of(region: str) -> str:
    """The base URL for a region. Raises ConfigError for what cannot be one."""
    if region and not REGION.fullmatch(region):
        raise ConfigError(
            f"alibaba: region_id {region[:40]!r} is no region: write one like ap-southeast-1 into"
            " cloud_user, or leave it empty"
        )
    return f"https://{REGIONAL_HOSTS.get(region, CENTRAL_HOST)}"


def classify(status: int, headers: Mapping[str, str], body: Mapping[str, Json]) -> Classified:
    """Read an answer by its ``Success``: ``Code`` is 0 or 200 on success, by operation."""
    said = body.get("Success")
    request_id = _as_text(body.get("RequestId"))
    if status == 200 and _as_text(said) in ("True", "true"):
        return Classified(request_id=request_id)
    code, message = _as_text(body.get("Code")), _as_text(body.get("Message"))
    error = error_class(ERRORS, code)
    if error is RejectedError and status == 200:
        if UNKNOWN_TICKET.search(message):
            error = NotFoundError
        elif BUSY.search(message):
            error = UnavailableError
        elif said is None and not code:
            error, message = ContractError, "the answer has neither Success nor Code"
    return Classified(error, code, message, request_id, _hint(headers))


def _as_text(value: Json) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _hint(headers: Mapping[str, str]) -> float | None:
    """The wait in seconds that the vendor asks for; it counts in milliseconds."""
    value = headers.get("x-acs-retry-after", "").strip()
    if value.isascii() and value.isdigit() and int(value) > 0:
        return int(value) / 1000
    for name in ("x-ratelimit-user-api", "x-ratelimit-user"):  # what earlier gateways send
        if found := re.search(r"\bTimeLeft:(\d{1,9})\b", headers.get(name, "")):
            return int(found[1]) / 1000
    return None


class AlibabaClient:
    """Reads one account of Alibaba Cloud. Safe for several threads."""

    max_window: ClassVar[timedelta] = timedelta(days=30)

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.account, self._sessions = sessions.account, sessions
        own, host = settings.of(AlibabaSettings), host_of(self.account.region)
        sign = AlibabaSigner(self.account, sessions.now)
        self._api = sessions.open(own.base_url or host, sign, classify)
        by_name = own.status_filter == "names"
        self._open_statuses = [
            name if by_name else number for number, name in STATUSES.items() if number != CLOSED
        ]

    @property
    def calls(self) -> int:
        """HTTP requests sent so far, repeated attempts included."""
        return self._sessions.calls

    @property
    def clock_skew(self) -> float | None:
        """Seconds that our clock is ahead of the vendor's, by its newest answer."""
        return self._sessions.clock_skew

    def close(self) -> None:
        """Close the connections."""
        self._sessions.close()

    def list_tickets(
        self, window: SyncWindow, *, only_open: bool = False
    ) -> Iterator[list[TicketRef]]:
        """Every ticket created in *window*; with *only_open*, those in a known open status."""
        if window.since >= window.until:
            return
        # Whether a bound itself counts is not known (section 5): a millisecond wider on both sides
        # loses no ticket, and one that two windows show is stored once.
        first = (window.since - EPOCH) // MILLISECOND - 1
        last = -((EPOCH - window.until) // MILLISECOND)
        form = {"StartDate": str(first), "EndDate": str(last)}
        if only_open:
            form |= {f"StatusList.{n}": name for n, name in enumerate(self._open_statuses, 1)}

        def fetch(number: int, size: int) -> tuple[list[TicketRef], int | UncountedListError]:
            paging = {"PageNumber": str(number), "PageSize": str(size)}
            answer = self._call("ListTickets", params=paging, form=form)
            total = fields.stated_total(answer, "TotalCount")
            rows = fields.records(answer, "Data", optional=total == 0)
            return [self._ref(row) for row in rows], total

        for page in by_number(fetch, PAGE_SIZE, key=lambda ref: ref.ticket_id):
            # The filter is not trusted: whether it takes names or numbers is not documented.
            yield [ref for ref in page if not (only_open and ref.is_closed)]

    def read_ticket(
        self,
        ticket_id: str,
        *,
        open_messages: bool = False,
        store_part: StorePart | None = None,
    ) -> tuple[Ticket, list[Message] | None]:
        """Read the state, then, of a closed ticket or with *open_messages*, the conversation.

        One answer holds all of it, so *store_part* is not needed.
        """
        ticket, description = self._read_state(ticket_id)
        if not (ticket.is_closed or open_messages):
            return ticket, None
        try:
            return ticket, self._read_conversation(ticket, description)
        except AuthError as error:  # a right of its own (section 7): the ticket may be read
            error.ticket = ticket
            raise

    def glance(self, ticket_id: str, *, with_ticket: bool = False) -> Glance:
        """Look at the notes; with *with_ticket* at state and opening text too, by a call before."""
        if not with_ticket:
            return Glance(None, self._read_notes(ticket_id))
        ticket, description = self._read_state(ticket_id)
        return Glance(ticket, self._read_conversation(ticket, description))

    def _read_conversation(self, ticket: Ticket, description: str) -> list[Message]:
        """The notes, and the description where none of them is it."""
        messages = self._read_notes(ticket.ticket_id)
        if description and not _is_among(description, messages):
            opening = Message(ticket.ticket_id, OPENING_ID, True, description, ticket.created_at)
            messages.append(opening)
        return sorted(messages, key=_age)

    def _read_state(self, ticket_id: str) -> tuple[Ticket, str]:
        """The ticket, and its description."""
        if reason := fields.unclear(ticket_id):
            where = {"vendor": self.account.vendor, "action": "GetTicket"}
            raise ContractError(f"ticket id {ticket_id!r} {reason}", **where)
        detail = self._call("GetTicket", form={"TicketId": ticket_id}).child("Data")
        if fields.identifier(detail, "TicketId") != ticket_id:
            raise detail.fault("field Data.TicketId is not the ticket that was asked for")
        status = self._status(detail)
        description = _stated(detail, "Description")
        severity = fields.optional_code(detail, "Severity", "Value")
        ticket = Ticket(
            vendor=self.account.vendor,
            account_id=self.account.account_id,
            ticket_id=ticket_id,
            title=_title(detail, description),
            is_closed=status == CLOSED,
            vendor_status=status,
            created_at=fields.millis(detail, "CreateTime"),
            category_id=fields.optional_identifier(detail, "CategoryId"),
            is_resolved=True if status == CLOSED else None,  # it knows no other end
            severity=severity and SEVERITIES.get(severity, severity),
            requester_id=fields.optional_identifier(detail, "CreatorId"),
            requester_name=fields.optional_text(detail, "CreatorName") or None,
        )
        return ticket, description

    def _read_notes(self, ticket_id: str) -> list[Message]:
        answer = self._call("ListTicketNotes", params={"TicketId": ticket_id})
        return [self._message(ticket_id, note) for note in _rows(answer, "Data")]

    def list_products(self) -> Iterator[list[Product]]:
        """Every product, once although several directories may show it; one page."""
        products: dict[str, Product] = {}
        for directory in _rows(self._call("ListProducts", params={"Language": LANGUAGE}), "Data"):
            group = fields.optional_text(directory, "DirectoryName") or None
            for row in _rows(directory, "ProductList"):
                product_id = fields.identifier(row, "ProductId")
                name = fields.text(row, "ProductName")
                products.setdefault(product_id, Product(product_id, name, description=group))
        yield list(products.values())

    def list_categories(self) -> Iterator[list[Category]]:
        """The categories of every product, a page and a call for each product."""
        for page in self.list_products():
            for product in page:
                answer = self._call(
                    "ListCategories",
                    params={"Language": LANGUAGE},
                    form={"ProductId": product.product_id},
                )
                yield [
                    Category(
                        fields.identifier(row, "CategoryId"),
                        fields.text(row, "CategoryName"),
                        product.product_id,
                    )
                    for row in _rows(answer, "Data")
                ]

    def list_sources(self) -> Iterator[list[Source]]:
        """Nothing: the vendor knows no ticket sources."""
        return iter(())

    def _call(
        self,
        action: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Record:
        if action not in ACTIONS:
            raise ValueError(f"{action} is not one of the reading actions")
        headers = {"Accept": "application/json", "x-acs-action": action, "x-acs-version": VERSION}
        return self._api.call(action, "POST", params=params, form=form, headers=headers)

    def _ref(self, row: Record) -> TicketRef:
        status = self._status(row)
        return TicketRef(fields.ticket_id(row, "TicketId"), status == CLOSED, status)

    def _status(self, row: Record) -> str:
        """The status number, or whatever the vendor says when nobody has listed it."""
        value = fields.optional_code(row.child("Status"), "Value") or ""
        numbers = {name: number for number, name in STATUSES.items()}
        value = numbers.get(value.lower().replace("-", "_"), value)
        if value not in STATUSES:
            self._api.warn_once(f"unknown status {value[:40]!r} counts as open")
        return value

    def _message(self, ticket_id: str, note: Record) -> Message:
        role = fields.code(note, "User", "Role")
        if role not in (CUSTOMER, SUPPORT):
            self._api.warn_once(f"unknown role {role[:40]!r} counts as support")
        return Message(
            ticket_id,
            fields.identifier(note, "DialogId"),
            from_customer=role == CUSTOMER,
            content=_content(note),
            created_at=fields.millis(note, "CreateTime"),
            author_name=fields.optional_text(note, "User", "Name") or None,
        )


def _rows(record: Record, name: str) -> list[Record]:
    """A list without a total: null is empty, but a field that is gone is drift (section 4)."""
    if name not in record.value:
        raise record.fault(f"field {record.name((name,))} is missing")
    return fields.records(record, name, optional=True)


def _stated(record: Record, name: str) -> str:
    """A text that may be null, but whose field must be there."""
    if name not in record.value:
        raise record.fault(f"field {record.name((name,))} is missing")
    return fields.optional_text(record, name) or ""


def _content(note: Record) -> str:
    """The text of a note; a card has its own in ``Schema``, which may be the text ``null``."""
    dialog = note.child("Dialog")
    content = fields.optional_text(dialog, "Content") or ""
    schema = fields.optional_text(dialog, "Schema") or ""
    schema = "" if schema == "null" else schema
    is_card = fields.optional_code(note, "Type") == CARD
    text = schema or content if is_card else content or schema
    if not text and not note.get("Attachments"):
        _stated(dialog, "Schema" if is_card else "Content")
    return text


def _is_among(description: str, messages: Iterable[Message]) -> bool:
    opening = description.strip()
    return any(one.from_customer and one.content.strip() == opening for one in messages)


def _age(message: Message) -> tuple[datetime, int]:
    """Sorts by time, then by number; an opening text comes before the notes of its moment."""
    number = message.message_id
    return message.created_at, int(number) if number.isascii() and number.isdigit() else -1


def _title(detail: Record, description: str) -> str | None:
    """The title; where it is empty, and not merely unsaid, the first line of the description."""
    title = fields.optional_text(detail, "Title")
    if title == "":
        lines = (line.strip()[:200] for line in description.splitlines())
        title = next(filter(None, lines), None)
    return title
