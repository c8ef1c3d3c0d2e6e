"""Huawei Cloud OSM (工单管理), API v2; the specification is spec.md.

Business errors come as HTTP 200, tickets carry names instead of ids, one answer holds a ticket and
all of its messages.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
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
    Account,
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
from include.vendors.http import Classified
from include.vendors.huawei import CHINA, SITES, HuaweiSettings
from include.vendors.huawei.closing import find_closing
from include.vendors.huawei.conversation import ZONE, read_messages
from include.vendors.huawei.rating import find_rating
from include.vendors.huawei.signature import HuaweiSigner
from include.vendors.paging import by_offset
from include.vendors.sessions import Sessions

log = logging.getLogger(__name__)

REGION: Final = re.compile(r"[a-z]{2}-[a-z]{2,20}-[0-9]{1,4}")
TICKET_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")  # anything else would change the path

HEADERS: Final = {
    "Content-Type": "application/json",
    "X-Language": "zh-cn",
    "X-Time-Zone": "GMT+8",
}
CASES: Final = "/v2/servicerequest/cases"
PAGE_SIZE: Final = 100
LAST_OFFSET: Final = 65_535
OPEN: Final = ("0", "1", "2", "5", "17")
CLOSED: Final = frozenset({"3", "4", "12", "13"})
UNRESOLVED: Final = frozenset({"4", "12", "13"})  # withdrawn, invalid, deleted: section 6
API_SOURCE: Final = Source("83aeb0f2834c4df49826c781d32a963e", "API")

# Section 8; the gateway's older prefix "APIG." is read as the newer one. Other codes: classify().
ERRORS: Final[Mapping[str, type[VendorError]]] = {
    f"{system}.{number}": error
    for system, error, numbers in (
        ("OSM", RejectedError, "0001 01010001"),
        ("OSM", AuthError, "0002 0003 01010002 01010007 01010011"),
        ("OSM", UnavailableError, "0004 01010014 01010060"),
        ("OSM", NotFoundError, "01010015"),
        # No such path, or a misconfigured gateway (told as 500): waiting does not help.
        ("APIGW", ContractError, "0101 0103 0104 0105 0106"),
        ("APIGW", AuthError, "0301 0302 0303 0304 0305 0306 0307 0310 0401 0402 0802"),
        ("APIGW", RateLimitError, "0308"),
        ("APIGW", UnavailableError, "0601 0606 0608 0610 0613"),
    )
    for number in numbers.split()
}


def classify(status: int, headers: Mapping[str, str], body: Mapping[str, Json]) -> Classified:
    """What an answer of OSM, its gateway, or IAM means; errors come under HTTP 200 too."""
    nested = body.get("error")
    if isinstance(nested, Mapping):  # IAM
        code, message = nested.get("code"), nested.get("message")
    else:
        code, message = body.get("error_code"), body.get("error_msg")
    request_id = str(body.get("request_id") or headers.get("X-Request-Id") or "")
    code = "" if code in (None, 0, "0") else str(code)
    if status == 200 and not code:
        return Classified(request_id=request_id)
    error = ERRORS.get(code.replace("APIG.", "APIGW.", 1))
    if status == 429:
        error = RateLimitError
    elif error is None and status in (401, 403):
        error = AuthError
    # For any other code, APIGW.0201 among them, the HTTP status decides.
    return Classified(error or RejectedError, code, str(message or ""), request_id)


def hosts(account: Account, own: HuaweiSettings) -> tuple[str, str]:
    """The base URLs of OSM and of IAM. Raises ConfigError for a region without a known host."""
    region = account.region
    if region and not REGION.fullmatch(region):
        raise ConfigError(
            f"account {account.account_id}: {region!r} is no Huawei region; write one like"
            f" {CHINA} into cloud_user.region_id, or leave it empty for the China site"
        )
    site = SITES.get(region[:2])
    if site is None and not (own.base_url and own.iam_url):
        raise ConfigError(
            f"account {account.account_id}: no host is known for region {region}; set"
            " HUAWEI_BASE_URL and HUAWEI_IAM_URL to the ones the vendor names"
        )
    return (
        own.base_url or f"https://osm.{site}.myhuaweicloud.com",
        own.iam_url or f"https://iam.{site}.myhuaweicloud.com",
    )


def source_id(source_name: str) -> str:
    """The id we give a ticket source: no answer of the vendor holds one (section 11)."""
    return hashlib.sha256(f"HUAWEI|{source_name}".encode()).hexdigest()[:32]


class HuaweiClient:
    """Reads one account of Huawei Cloud. Safe for several threads."""

    max_window: ClassVar[timedelta] = timedelta(days=365)

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self.account, self._sessions = sessions.account, sessions
        sign = HuaweiSigner(self.account, sessions.now)
        self._osm, self._iam = (
            sessions.open(url, sign, classify)
            for url in hosts(self.account, settings.of(HuaweiSettings))
        )
        self._domain_lock = threading.Lock()
        self._domain: dict[str, str] | None = None
        self._may_read_log = True
        self._product_names: dict[str, str | None] = {}  # by ticket: only lists tell it

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
        """Every ticket created in *window*; with *only_open*, one listing per open status."""
        for status in OPEN if only_open else ("",):
            for page in self._listing(window, status):
                refs = [self._ref(item) for item in page if self._is_within(item, window)]
                yield [ref for ref in refs if not (only_open and ref.is_closed)]

    def read_ticket(
        self,
        ticket_id: str,
        *,
        open_messages: bool = False,
        store_part: StorePart | None = None,
    ) -> tuple[Ticket, list[Message] | None]:
        """Read state and messages, which come in one answer, so *store_part* is not needed.

        Another call looks up the product, unless a list told it, and one more when it closed.
        """
        ticket, detail = self._read_detail(ticket_id)
        if ticket_id not in self._product_names:
            self._find_product_name(ticket_id)
            ticket = replace(ticket, product_name=self._product_names.get(ticket_id))
        if ticket.is_closed:
            ticket = replace(ticket, closed_at=self._find_closing(ticket))
        return ticket, read_messages(ticket, detail) if ticket.is_closed or open_messages else None

    def glance(self, ticket_id: str, *, with_ticket: bool = False) -> Glance:
        """Look at the detail, which holds ticket and messages."""
        ticket, detail = self._read_detail(ticket_id)
        return Glance(ticket, read_messages(ticket, detail))

    def _read_detail(self, ticket_id: str) -> tuple[Ticket, Record]:
        """The ticket, and the answer that holds its messages too."""
        where = {"vendor": self.account.vendor, "action": "ShowCaseDetail"}
        if not TICKET_ID.fullmatch(ticket_id):
            raise ContractError(f"{ticket_id!r} cannot be a ticket id", **where)
        detail = self._call("ShowCaseDetail", f"{CASES}/{ticket_id}").child("incident_detail_info")
        if fields.identifier(detail, "incident_id") != ticket_id:
            raise detail.fault(f"field {detail.name(('incident_id',))} is not the ticket asked for")
        status = fields.code(detail, "status")
        is_closed = self._is_closed(status)
        source_name = fields.optional_text(detail, "source_name") or None
        ticket = Ticket(
            vendor=self.account.vendor,
            account_id=self.account.account_id,
            ticket_id=ticket_id,
            title=_title(fields.optional_text(detail, "simple_description") or ""),
            is_closed=is_closed,
            vendor_status=status,
            created_at=fields.local_time(detail, "create_time", zone=ZONE),
            category_name=fields.optional_text(detail, "business_type_name") or None,
            product_name=self._product_names.get(ticket_id),
            source_id=source_id(source_name) if source_name else None,
            source_name=source_name,
            email=fields.optional_text(detail, "ext_info", "remind_mail") or None,
            is_resolved=status not in UNRESOLVED if is_closed else None,
            severity=fields.optional_text(detail, "severity_name") or None,
            satisfaction=find_rating(detail, self._osm.warn_once),
            satisfaction_text=fields.optional_text(detail, "judgement") or None,
            requester_id=fields.optional_identifier(detail, "xcustomer_id"),
            requester_name=fields.optional_text(detail, "xcustomer_name") or None,
        )
        return ticket, detail

    def list_products(self) -> Iterator[list[Product]]:
        """Every product, once although several groups may show it."""
        answer = self._call("ListCaseCategories", "/v2/servicerequest/config/categories")
        products: dict[str, Product] = {}
        for group in fields.records(answer, "incident_sub_type_list"):
            for item in fields.records(group, "incident_product_category_list"):
                product_id = fields.identifier(item, "incident_product_category_id")
                products[product_id] = Product(
                    product_id,
                    fields.text(item, "incident_product_category_name"),
                    fields.optional_text(item, "incident_product_category_desc"),
                    fields.optional_text(item, "incident_product_category_acronym"),
                )
        yield list(products.values())

    def list_categories(self) -> Iterator[list[Category]]:
        """The problem types of every product, a page a product."""
        for page in self.list_products():
            for product in page:
                answer = self._call(
                    "ListProblemTypes",
                    "/v2/servicerequest/config/problems",
                    {"product_category_id": product.product_id},
                )
                yield [
                    Category(
                        fields.identifier(item, "business_type_id"),
                        fields.text(item, "business_type_name"),
                        product.product_id,
                    )
                    for item in fields.records(answer, "incident_business_type_list")
                ]

    def list_sources(self) -> Iterator[list[Source]]:
        """The one source whose id the vendor publishes; the others appear with the tickets."""
        yield [API_SOURCE]

    def _call(self, action: str, path: str, params: Mapping[str, str] | None = None) -> Record:
        headers = HEADERS | self._domain_header()
        return self._osm.call(action, "GET", path, params=params, headers=headers)

    def _domain_header(self) -> dict[str, str]:
        """``X-Domain-Id``, which signed calls to a global service need: asked for once."""
        with self._domain_lock:
            if self._domain is None:
                self._domain = self._find_domain()
            return self._domain

    def _find_domain(self) -> dict[str, str]:
        headers = {"Content-Type": HEADERS["Content-Type"]}
        try:
            answer = self._iam.call("GetDomains", "GET", "/v3/auth/domains", headers=headers)
        except (AuthError, RejectedError) as error:
            reason = str(error)
        else:
            if domains := fields.records(answer, "domains"):
                return {"X-Domain-Id": fields.identifier(domains[0], "id")}
            reason = "the answer names no domain"
        log.warning("account %s: no X-Domain-Id, by IAM: %s", self.account.account_id, reason)
        return {}

    def _listing(self, window: SyncWindow, status: str = "") -> Iterator[list[Record]]:
        """Pages of one listing; the vendor's bounds are whole seconds, both included."""
        since, until = (t.astimezone(ZONE) for t in (window.since, window.until))
        if until.microsecond:
            until += timedelta(seconds=1)
        params = {
            "query_start_time": f"{since:%Y-%m-%d %H:%M:%S}",
            "query_end_time": f"{until:%Y-%m-%d %H:%M:%S}",
        } | ({"status": status} if status else {})

        def fetch(offset: int, size: int) -> tuple[list[Record], int | UncountedListError]:
            if offset > LAST_OFFSET:
                raise _TooManyError
            rows, stated = self._page({**params, "offset": str(offset), "limit": str(size)})
            if isinstance(stated, int) and stated > LAST_OFFSET:
                return rows, self._uncounted(params, stated)
            return rows, stated

        try:
            for page in by_offset(fetch, PAGE_SIZE, _ticket_id):
                for item in page:
                    if status and _status(item) != status:
                        self._osm.warn_once(
                            f"tickets in status {_status(item)!r} where {status} was asked for"
                        )
                yield page
        except _TooManyError:
            if window.until - window.since <= timedelta(seconds=1):
                raise ContractError(
                    f"more than {LAST_OFFSET} tickets created within {params}",
                    vendor=self.account.vendor,
                    action="ListCases",
                ) from None
            for part in window.split((window.until - window.since) / 2):
                yield from self._listing(part, status)

    def _uncounted(self, params: Mapping[str, str], stated: int) -> UncountedListError:
        """Why a total beyond the last offset is none; _TooManyError when it may be one."""
        if self._page({**params, "offset": str(LAST_OFFSET), "limit": "1"})[0]:
            raise _TooManyError
        return UncountedListError(
            f"the stated total is {stated}, and no row is at offset {LAST_OFFSET}",
            vendor=self.account.vendor,
            action="ListCases",
        )

    def _page(self, params: Mapping[str, str]) -> tuple[list[Record], int | UncountedListError]:
        """One page of ListCases and the stated total; remembers the products' names."""
        answer = self._call("ListCases", CASES, params)
        older = answer.get("total_count") is None and answer.get("count") is not None
        stated = fields.stated_total(answer, "count" if older else "total_count")
        rows = fields.records(answer, "incident_info_list", optional=stated == 0)
        for item in rows:
            name = fields.optional_text(item, "product_category_name") or None
            self._product_names[_ticket_id(item)] = name
        return rows, stated

    def _find_product_name(self, ticket_id: str) -> None:
        """Look one ticket up in the list: the detail does not tell the product."""
        rows, _ = self._page({"incident_id": ticket_id, "limit": str(PAGE_SIZE)})
        if sum(_ticket_id(item) == ticket_id for item in rows) != 1:  # the filter may be fuzzy
            self._product_names[ticket_id] = None

    def _find_closing(self, ticket: Ticket) -> datetime | None:
        """When it closed, by a call that keeps no ticket out; once refused, it is not repeated."""
        if not self._may_read_log:
            return None
        path = f"{CASES}/{ticket.ticket_id}/operate-logs"
        try:
            answer = self._call("ListCaseOperateLogs", path, {"limit": str(PAGE_SIZE)})
        except RateLimitError:
            raise
        except VendorError as error:
            self._may_read_log = False
            self._osm.warn_once(f"no time of closing for this and later tickets: {error}")
            return None
        try:
            return find_closing(ticket, answer, self._sessions.now())
        except ContractError as error:
            self._osm.warn_once(f"no time of closing: {error}")
            return None

    def _is_within(self, item: Record, window: SyncWindow) -> bool:
        try:
            return window.since <= fields.local_time(item, "create_time", zone=ZONE) < window.until
        except ContractError:
            return True  # its reading will fail and name it; dropped here, it would be lost

    def _ref(self, item: Record) -> TicketRef:
        status, mark = _status(item), fields.change_mark(item, "confirmed_time")
        return TicketRef(_ticket_id(item), self._is_closed(status), status, mark)

    def _is_closed(self, status: str) -> bool:
        if status not in CLOSED and status not in OPEN:
            self._osm.warn_once(f"unknown status {status!r} counts as open")
        return status in CLOSED


class _TooManyError(Exception):
    """A listing does not fit the vendor's range of offsets."""


def _ticket_id(item: Record) -> str:
    return fields.ticket_id(item, "incident_id")


def _status(item: Record) -> str:
    """The status in a list, where one without it must not hide all others."""
    return fields.optional_code(item, "status") or ""


def _title(description: str) -> str | None:
    """OSM has no titles: the first line of the description."""
    lines = description.strip().splitlines()
    return " ".join(lines[0].split()) if lines else None
