"""Tencent Cloud tickets (腾讯云安灯, ``tandon``), unsupported by the vendor: spec.md.

Of the API's two families of tickets this reads one, the account's own ("MC") tickets. Nothing here
is promised by the vendor, so every unexpected shape is an error and never "no tickets".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar, Final

from include.errors import (
    AuthError,
    ConfigError,
    ContractError,
    MovingListError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    UnavailableError,
    UncountedListError,
    VendorError,
)
from include.models import (
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
from include.vendors.client import StorePart
from include.vendors.fields import Json, Record
from include.vendors.http import Classified, error_class
from include.vendors.paging import by_number
from include.vendors.sessions import Sessions
from include.vendors.tencent import TencentSettings
from include.vendors.tencent.conversation import PAGE_SIZE, Conversation
from include.vendors.tencent.signature import TencentSigner

BASE_URL: Final = "https://tandon.tencentcloudapi.com"
REGION: Final = re.compile(r"[a-z]{2}(-[a-z0-9]{2,20}){1,4}")
VERSION: Final = "2023-01-04"
# All that is ever called: the service has writing actions too.
ACTIONS: Final = frozenset(
    {"GetMCTicketList", "GetMCTicketById", "GetMCCategoryList", "GetMCCategoryListById"}
)
READINGS: Final = 4  # of one conversation that moves while it is read

# Section 6: the numbers of both families, because their tables contradict each other.
STATUS_IDS: Final = frozenset({*range(8), 10, 11, *range(21, 31)})
CLOSED_NAMES: Final = frozenset({"已完成", "已关闭", "已取消", "已结单", "已撤销", "已删除"})
UNRESOLVED: Final = frozenset({"已取消", "已撤销", "已删除", "10", "11"})
OPEN_NAMES: Final = frozenset(
    {"待处理", "处理中", "待确认", "重新打开", "待补充", "待确认结单", "申请结单"}
    | {"申请补充或待复现", "待确认业务恢复", "已恢复分析根因", "待变更（需出包修复）"}
    | {"待查根因", "待客户实施或验证", "待出包"}
)
# Open in one table, closed in the other: closed once nothing has happened for long.
DOUBTFUL_IDS: Final = frozenset({4, 5})
MAX_OPEN_AGE: Final = timedelta(days=180)
NO_TIME: Final = (None, "", "0000-00-00 00:00:00")
WEBSITE: Final = Source("1", "官网")
SOURCES: Final = (WEBSITE, Source("2", "电话"), Source("3", "大客户群"), Source("4", "其他"))

# Section 4, by prefix; an unknown code is a RejectedError.
ERRORS: Final[Mapping[str, type[VendorError]]] = {
    code: error
    for error, codes in (
        (AuthError, "AuthFailure UnauthorizedOperation IpNotInWhitelist IpInBlacklist"),
        (RateLimitError, "RequestLimitExceeded"),
        (UnavailableError, "InternalError ServiceUnavailable ResourceUnavailable"),
        (NotFoundError, "ResourceNotFound"),
        (ContractError, "InvalidAction ActionOffline NoSuchVersion NoSuchProduct"),
        (ContractError, "InvalidParameter MissingParameter UnknownParameter"),
    )
    for code in codes.split()
}


def classify(status: int, headers: Mapping[str, str], body: Mapping[str, Json]) -> Classified:
    """What an answer means; the API tells its errors under HTTP 200."""
    response = body.get("Response")
    if not isinstance(response, Mapping):
        return Classified()  # an error by its HTTP status, or the missing Data will be
    request_id, error = str(response.get("RequestId") or ""), response.get("Error")
    if error is None:
        return Classified(request_id=request_id)
    told: Mapping[str, Json] = error if isinstance(error, Mapping) else {}
    code, message = str(told.get("Code") or ""), str(told.get("Message") or "")
    return Classified(error_class(ERRORS, code), code, message, request_id)


class TencentClient:
    """Reads one account of Tencent Cloud. Safe for several threads."""

    max_window: ClassVar[timedelta] = timedelta(days=90)

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.account, self._sessions = sessions.account, sessions
        account, own = sessions.account, settings.of(TencentSettings)
        if account.region and not REGION.fullmatch(account.region):
            raise ConfigError(
                f"account {account.account_id}: {account.region!r} is no Tencent region; tickets"
                " have none, so leave cloud_user.region_id empty"
            )
        self._now, self._zone, self._closed_ids = sessions.now, own.zone, own.closed_ids
        sign = TencentSigner(account, sessions.now)
        self._api = sessions.open(own.base_url or BASE_URL, sign, classify)

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
        """Every ticket created in *window*, oldest first; with *only_open*, by status number.

        A ticket is listed as open unless the list itself proves it closed (section 6.3).
        """
        since, until = (t.astimezone(self._zone) for t in (window.since, window.until))
        if until.microsecond:  # the vendor's bounds are whole seconds, both included
            until += timedelta(seconds=1)
        wanted: dict[str, Json] = {
            "OrderField": "CreateTime",
            "Order": 0,  # ascending, so that new tickets shift nothing
            "StartTime": f"{since:%Y-%m-%d %H:%M:%S}",
            "EndTime": f"{until:%Y-%m-%d %H:%M:%S}",
        }
        if only_open:
            wanted["StatusIdList"] = sorted(STATUS_IDS - self._closed_ids)

        def fetch(number: int, size: int) -> tuple[list[Record], int | UncountedListError]:
            data = self._call("GetMCTicketList", wanted | {"Page": number, "PageSize": size})
            stated = fields.stated_total(data, "Total")
            return fields.records(data, "Data", optional=stated == 0), stated

        for page in by_number(fetch, PAGE_SIZE, _ticket_id):
            refs = [self._ref(item) for item in page if self._is_within(item, window)]
            yield [ref for ref in refs if not (only_open and ref.is_closed)]

    def read_ticket(
        self,
        ticket_id: str,
        *,
        open_messages: bool = False,
        store_part: StorePart | None = None,
    ) -> tuple[Ticket, list[Message] | None]:
        """Read the first page, which holds the state; then, where they are wanted, all messages.

        Messages count as complete only when the state was the same before and after their pages.
        """
        earlier = b""
        for _ in range(READINGS):
            talk = self._begin(ticket_id)
            ticket = self._read_page(talk, open_messages)
            was_closed = ticket.is_closed
            if not (was_closed or open_messages):
                return ticket, None
            while not talk.is_over:
                if store_part and talk.is_long:
                    store_part(ticket, talk.take_part())
                ticket = self._read_page(talk, open_messages)
            # A page that was not full when we read it may have been filled up behind us.
            if (talk.pages_were_full or talk.digest == earlier) and was_closed >= ticket.is_closed:
                wanted = ticket.is_closed or open_messages
                return ticket, talk.take_last(ticket.created_at) if wanted else None
            earlier = talk.digest
        raise MovingListError(
            f"the ticket kept changing in {READINGS} readings",
            vendor=self.account.vendor,
            action="GetMCTicketById",
        )

    def glance(self, ticket_id: str, *, with_ticket: bool = False) -> Glance:
        """Look at the first page, which holds the ticket; a full one may not be the last."""
        talk = self._begin(ticket_id)
        ticket = self._read_page(talk, open_messages=True)
        return Glance(ticket, talk.take_last(ticket.created_at), is_whole=not talk.may_go_on)

    def list_products(self) -> Iterator[list[Product]]:
        """Level 2 of the category tree, those no longer offered for new tickets included."""
        data = self._call("GetMCCategoryList", {"RecommendSource": 0, "Area": 2})
        yield [
            Product(
                fields.identifier(node, "Id"),
                fields.text(node, "Cell", "Name"),
                description=fields.text(parent, "Cell", "Name") or None,
            )
            for parent in fields.records(data, "Categories")
            for node in _list_or_null(parent, "Children")
        ]

    def list_categories(self) -> Iterator[list[Category]]:
        """Level 3 of the category tree, a page a product."""
        for page in self.list_products():
            for product in page:
                level_2 = {"Level2Id": int(product.product_id)}
                data = self._call("GetMCCategoryListById", level_2)
                yield [
                    Category(
                        fields.identifier(node, "Id"),
                        fields.text(node, "Cell", "Name"),
                        product.product_id,
                    )
                    for node in _list_or_null(data, "Categories")
                ]

    def list_sources(self) -> Iterator[list[Source]]:
        """The four channels of section 6.4; the API has no list of them."""
        yield list(SOURCES)

    def _call(self, action: str, payload: Mapping[str, Json]) -> Record:
        """The field ``Data`` of an answer."""
        if action not in ACTIONS:
            raise RejectedError(
                "is not one of the reading actions", vendor=self.account.vendor, action=action
            )
        headers = {
            "Content-Type": "application/json",
            "X-TC-Action": action,
            "X-TC-Version": VERSION,
            "X-TC-Language": "zh-CN",
        }
        answer = self._api.call(action, "POST", payload=payload, headers=headers)
        return answer.child("Response", "Data")

    def _begin(self, ticket_id: str) -> Conversation:
        if reason := fields.unclear(ticket_id):
            where = {"vendor": self.account.vendor, "action": "GetMCTicketById"}
            raise ContractError(f"ticket id {ticket_id!r} {reason}", **where)
        return Conversation(ticket_id, self._zone, self._api.warn_once)

    def _read_page(self, talk: Conversation, open_messages: bool) -> Ticket:
        """The ticket, with the next page of its comments, which goes to *talk* where it counts."""
        asked = {"TicketId": talk.ticket_id, "IsPage": True, "Page": talk.pages + 1, "Sort": "asc"}
        # The page size is a text here, by the vendor's interface definition.
        detail = self._call("GetMCTicketById", asked | {"PageSize": str(PAGE_SIZE)})
        if _ticket_id(detail) != talk.ticket_id:
            raise detail.fault(f"field {detail.name(('TicketId',))} is not the ticket asked for")
        ticket = self._ticket(detail)
        if talk.pages or ticket.is_closed or open_messages:
            talk.add(detail)
        return ticket

    def _ref(self, item: Record) -> TicketRef:
        status = _status_name(item) or fields.optional_code(item, "StatusId") or ""
        mark = fields.change_mark(item, "UpdateTime")
        return TicketRef(_ticket_id(item), self._is_closed(item), status, mark)

    def _ticket(self, detail: Record) -> Ticket:
        level = 0 if detail.get("LevelId") is None else fields.integer(detail, "LevelId")
        is_closed = self._is_closed(detail)
        status = _status_name(detail) or fields.code(detail, "StatusId")
        created_at = fields.local_time(detail, "CreateTime", zone=self._zone)
        closed_at = fields.closing_time(
            detail, "CloseTime", zone=self._zone, created_at=created_at, now=self._now()
        )
        return Ticket(
            vendor=self.account.vendor,
            account_id=self.account.account_id,
            ticket_id=_ticket_id(detail),
            title=" ".join((fields.optional_text(detail, "Question") or "").split()) or None,
            is_closed=is_closed,
            vendor_status=status,
            created_at=created_at,
            category_id=str(level) if level > 0 else None,
            product_name=fields.optional_text(detail, "Product") or None,
            source_id=WEBSITE.source_id,
            source_name=WEBSITE.name,
            is_resolved=status not in UNRESOLVED if is_closed else None,
            closed_at=closed_at if is_closed else None,
        )

    def _is_closed(self, item: Record) -> bool:
        """The rule of section 6.3: a name decides, else the number; when in doubt, open."""
        if name := _status_name(item):
            if name not in CLOSED_NAMES | OPEN_NAMES:
                self._api.warn_once(f"unknown status {name!r} counts as open")
            return name in CLOSED_NAMES
        number = fields.optional_code(item, "StatusId") or ""
        if number in map(str, self._closed_ids):
            return True
        if number not in map(str, STATUS_IDS):
            self._api.warn_once(f"unknown status {number!r} counts as open")
        if number not in map(str, DOUBTFUL_IDS) or item.get("UpdateTime") in NO_TIME:
            return False
        return self._now() - fields.local_time(item, "UpdateTime", zone=self._zone) > MAX_OPEN_AGE

    def _is_within(self, item: Record, window: SyncWindow) -> bool:
        try:
            created_at = fields.local_time(item, "CreateTime", zone=self._zone)
        except ContractError:
            return True  # its reading will fail and name it; dropped here, it would be lost
        return window.since <= created_at < window.until


def _ticket_id(item: Record) -> str:
    return fields.ticket_id(item, "TicketId")


def _status_name(item: Record) -> str:
    names = (item.get(field) for field in ("StatusName", "StatusDisplay", "Status"))
    return next((name.strip() for name in names if isinstance(name, str) and name.strip()), "")


def _list_or_null(record: Record, field: str) -> list[Record]:
    """A list that may be null when it is empty, but must not be missing."""
    return fields.records(record, field, optional=field in record.value)
