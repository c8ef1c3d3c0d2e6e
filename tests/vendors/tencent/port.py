"""A port that answers as Tencent does: tickets as listed, one detail, comments page by page."""

from __future__ import annotations

from datetime import UTC, datetime

from include.models import Account, SyncWindow
from include.settings import Settings
from include.vendors.rate import RateLimit
from include.vendors.sessions import Sessions
from include.vendors.tencent import TencentSettings
from include.vendors.tencent import (
    client as tencent,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = SyncWindow(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
TICKET = "202601100001"
NOTHING = object()
"""A field that is not there."""


class Vendor:
    """What the port answers to each action (a function of the payload), and what it was asked."""

    def __init__(self, port):
        self.port = port
        self.listed, self.comments = [], []
        self.detail = a_detail()
        self.actions = {
            "GetMCTicketList": self.list_tickets,
            "GetMCTicketById": self.show_ticket,
        }
        port.answer = self.answer
        self.client = self.open()

    def open(self, region="", now=lambda: NOW, **settings):
        account = Account("acc-1", "tencent", "canary-access-key", "canary-secret-key", region)
        own = TencentSettings(base_url=self.port.url, **settings)
        rate = RateLimit(1e6, sleep=lambda seconds: None)
        sessions = Sessions(account, rate, "", now, lambda seconds: None)
        return tencent.TencentClient(sessions, Settings(sandbox=True, vendors=(own,)))

    def answer(self, request):
        data = self.actions[request.headers["x-tc-action"]](request.payload)
        if isinstance(data, tuple | bytes):
            return data
        return {"Response": {"Data": data, "RequestId": "req-1"}}

    def list_tickets(self, asked):
        rows = [
            row
            for row in self.listed
            if row.get("StatusId") in asked.get("StatusIdList", [row.get("StatusId")])
        ]
        start = (asked["Page"] - 1) * asked["PageSize"]
        return {"Data": rows[start : start + asked["PageSize"]], "Total": len(rows)}

    def show_ticket(self, asked):
        size = int(asked["PageSize"])
        start = (asked["Page"] - 1) * size
        return self.detail | {"Comments": self.comments[start : start + size]}

    def asked(self, action):
        return [
            request.payload
            for request in self.port.requests
            if request.headers["x-tc-action"] == action
        ]

    def list(self, window=WINDOW, **options):
        return [ref for page in self.client.list_tickets(window, **options) for ref in page]

    def read(self, **options):
        return self.client.read_ticket(TICKET, **options)


def a_row(number=1, **changes):
    return {
        "TicketId": f"20260110{number:04}",
        "Question": "title",
        "StatusId": 1,
        "CreateTime": "2026-01-10 08:00:00",
        "Product": "云服务器 CVM",
    } | changes


def a_detail(**changes):
    return {
        "TicketId": TICKET,
        "Question": " 无法  登录 😀 ",
        "Content": "请帮忙查看",
        "StatusId": 3,
        "CreateTime": "2026-01-10 08:00:00",
        "UpdateTime": "2026-01-11 08:00:00",
        "Product": "云服务器 CVM",
        "LevelId": 1071,
    } | changes


def a_comment(number=1, **changes):
    return {
        "Content": f"comment {number}",
        "Role": "support",
        "CreateTime": f"2026-01-10 {9 + number // 60:02}:{number % 60:02}:00",
    } | changes


def without(mapping, field):
    return {name: value for name, value in mapping.items() if name != field}


def contents(messages):
    return [message.content for message in messages]
