"""Tencent Cloud tickets (腾讯云安灯, ``tandon``), unsupported by the vendor: specs/tencent.md.

Of the API's two families of tickets this reads one, the account's own ("MC") tickets. Nothing here
is promised by the vendor, so every unexpected shape is an error and never "no tickets".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
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
    VendorError,
)
from include.models import (
    Account,
    Category,
    Message,
    Product,
    Source,
    SyncWindow,
    Ticket,
    TicketRef,
)
from include.settings import Settings
from include.vendors import fields
from include.vendors.client import Capabilities
from include.vendors.fields import Json, Record
from include.vendors.http import ApiSession, RateLimit, Verdict, error_class
from include.vendors.paging import by_number
from include.vendors.tencent_signature import TencentAuth

BASE_URL: Final = "https://tandon.tencentcloudapi.com"
REGION: Final = re.compile(r"[a-z]{2}(-[a-z0-9]{2,20}){1,4}")
VERSION: Final = "2023-01-04"
# All that is ever called: the service has writing actions too.
ACTIONS: Final = frozenset(
    {"GetMCTicketList", "GetMCTicketById", "GetMCCategoryList", "GetMCCategoryListById"}
)
PAGE_SIZE: Final = 20  # the largest one seen
MAX_PAGES: Final = 2_000  # of one conversation
READINGS: Final = 4  # of one conversation that moves while it is read

# Section 6: the numbers of both families, because their tables contradict each other.
STATUS_IDS: Final = frozenset({*range(8), 10, 11, *range(21, 31)})
CLOSED_NAMES: Final = frozenset({"已完成", "已关闭", "已取消", "已结单", "已撤销", "已删除"})
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


def classify(status: int, headers: Mapping[str, str], body: Mapping[str, Json]) -> Verdict:
    """What an answer means; the API tells its errors under HTTP 200."""
    response = body.get("Response")
    if not isinstance(response, Mapping):
        return Verdict()  # an error by its HTTP status, or the missing Data will be
    request_id, error = str(response.get("RequestId") or ""), response.get("Error")
    if error is None:
        return Verdict(request_id=request_id)
    told: Mapping[str, Json] = error if isinstance(error, Mapping) else {}
    code, message = str(told.get("Code") or ""), str(told.get("Message") or "")
    return Verdict(error_class(ERRORS, code), code, message, request_id)


class TencentClient:
    """Reads one account of Tencent Cloud. Safe for several threads."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        entities=frozenset({"tickets", "products", "categories", "sources"}),
        max_window=timedelta(days=90),
        official_api=False,
    )

    def __init__(
        self,
        account: Account,
        settings: Settings,
        rate: RateLimit,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        if account.region and not REGION.fullmatch(account.region):
            raise ConfigError(
                f"account {account.account_id}: {account.region!r} is no Tencent region; tickets"
                " have none, so leave cloud_user.region_id empty"
            )
        self.account = account
        self._now, self._zone = now, settings.tencent_zone
        self._closed_ids = settings.tencent_closed_ids
        self._api = ApiSession(
            account,
            settings.tencent_base_url or BASE_URL,
            TencentAuth(account, now),
            classify,
            rate,
            proxy=settings.vendor_proxy or None,
            now=now,
            sleep=sleep,
        )

    @property
    def calls(self) -> int:
        """HTTP requests sent so far, repeated attempts included."""
        return self._api.calls

    @property
    def clock_skew(self) -> float | None:
        """Seconds that our clock is ahead of the vendor's, by its newest answer."""
        return self._api.clock_skew

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

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

        def fetch(number: int, size: int) -> tuple[list[Record], int]:
            data = self._call("GetMCTicketList", wanted | {"Page": number, "PageSize": size})
            stated = fields.total(data, "Total")
            return fields.records(data, "Data", optional=stated == 0), stated

        for page in by_number(fetch, PAGE_SIZE, _ticket_id):
            refs = [
                TicketRef(_ticket_id(item), self._is_closed(item))
                for item in page
                if self._is_within(item, window)
            ]
            yield [ref for ref in refs if not (only_open and ref.is_closed)]

    def read_ticket(
        self, ticket_id: str, *, open_messages: bool = False
    ) -> tuple[Ticket, list[Message] | None]:
        """Read the first page, which holds the state; then, where they are wanted, all messages.

        Messages count as complete only when the state was the same before and after their pages.
        """
        first = self._detail(ticket_id, 1)
        if not (self._is_closed(first) or open_messages):
            return self._ticket(first), None
        earlier: list[Json] | None = None
        for _ in range(READINGS):
            answers, pages = self._pages(ticket_id, first)
            comments = [comment for page in pages for comment in page]
            values = _values(comments)
            # A page that was not full when we read it may have been filled up behind us.
            whole = all(len(page) == PAGE_SIZE for page in pages[:-1]) or values == earlier
            ticket = self._ticket(answers[-1])
            if whole and self._is_closed(answers[0]) >= ticket.is_closed:
                wanted = ticket.is_closed or open_messages
                return ticket, self._messages(answers[-1], comments) if wanted else None
            earlier, first = values, self._detail(ticket_id, 1)
        raise MovingListError(
            f"the ticket kept changing in {READINGS} readings",
            vendor=self.account.vendor,
            action="GetMCTicketById",
        )

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

    def _detail(self, ticket_id: str, number: int) -> Record:
        """A ticket with one page of its comments, oldest first."""
        wanted = {"TicketId": ticket_id, "IsPage": True, "Page": number, "Sort": "asc"}
        # The page size is a text here, by the vendor's interface definition.
        detail = self._call("GetMCTicketById", wanted | {"PageSize": str(PAGE_SIZE)})
        if _ticket_id(detail) != ticket_id:
            raise detail.fault(f"field {detail.name(('TicketId',))} is not the ticket asked for")
        return detail

    def _pages(self, ticket_id: str, first: Record) -> tuple[list[Record], list[list[Record]]]:
        """All answers about a ticket, and the pages of comments in them.

        No total is told, so only an empty page ends them, or a server that ignores page numbers.
        """
        answers, pages = [first], list[list[Record]]()
        while len(answers) < MAX_PAGES:
            page = fields.records(answers[-1], "Comments", optional=True)
            is_repeated = bool(pages) and _values(page) == _values(pages[-1])
            if not page or is_repeated:
                return answers, pages
            pages.append(page)
            if len(page) > PAGE_SIZE:
                return answers, pages
            answers.append(self._detail(ticket_id, len(answers) + 1))
        raise first.fault(f"more than {MAX_PAGES} pages of comments")

    def _ticket(self, detail: Record) -> Ticket:
        level = 0 if detail.get("LevelId") is None else fields.integer(detail, "LevelId")
        return Ticket(
            vendor=self.account.vendor,
            account_id=self.account.account_id,
            ticket_id=_ticket_id(detail),
            title=" ".join(fields.text(detail, "Question").split()),
            is_closed=self._is_closed(detail),
            vendor_status=_status_name(detail) or fields.identifier(detail, "StatusId"),
            created_at=fields.local_time(detail, "CreateTime", zone=self._zone),
            category_id=str(level) if level > 0 else None,
            product_name=fields.optional_text(detail, "Product") or None,
            source_id=WEBSITE.source_id,
            source_name=WEBSITE.name,
        )

    def _messages(self, detail: Record, comments: list[Record]) -> list[Message]:
        """The conversation, oldest first; the description opens it unless a comment repeats it."""
        ticket_id, description = _ticket_id(detail), fields.text(detail, "Content")
        messages: dict[str, Message] = {}
        repeated: Counter[tuple[str, ...]] = Counter()
        for item in comments:
            role, content = fields.text(item, "Role"), fields.text(item, "Content")
            if role not in ("customer", "support"):
                self._api.warn_once(f"unknown role {role!r} counts as support")
            message_id = fields.optional_identifier(item, "CommentId")
            message_id = message_id or fields.optional_identifier(item, "Id")
            created_at = fields.local_time(item, "CreateTime", zone=self._zone)
            if message_id is None:
                parts = (str(item.need("CreateTime")), role, content)
                message_id = fields.derived_id(ticket_id, *parts, str(repeated[parts]))
                repeated[parts] += 1
            messages[message_id] = Message(
                ticket_id, message_id, role == "customer", content, created_at
            )
        conversation = sorted(messages.values(), key=lambda message: message.created_at)
        spoken = [message.content for message in conversation if message.from_customer]
        if not description.strip() or spoken[:1] == [description]:
            return conversation
        created_at = fields.local_time(detail, "CreateTime", zone=self._zone)
        opening = Message(ticket_id, f"{ticket_id}#0", True, description, created_at)
        return [opening, *conversation]

    def _is_closed(self, item: Record) -> bool:
        """The rule of section 6.3: a name decides, else the number; when in doubt, open."""
        if name := _status_name(item):
            if name not in CLOSED_NAMES | OPEN_NAMES:
                self._api.warn_once(f"unknown status {name!r} counts as open")
            return name in CLOSED_NAMES
        number = fields.optional_identifier(item, "StatusId") or ""
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


def _values(page: list[Record]) -> list[Json]:
    return [item.value for item in page]


def _list_or_null(record: Record, field: str) -> list[Record]:
    """A list that may be null when it is empty, but must not be missing."""
    return fields.records(record, field, optional=field in record.value)
