"""A port that answers as Huawei does: tickets as listed, details, logs, the catalogue."""

from __future__ import annotations

from datetime import UTC, datetime

from include.models import Account, SyncWindow
from include.settings import Settings
from include.vendors.huawei import HuaweiSettings
from include.vendors.huawei import client as huawei
from include.vendors.rate import RateLimit
from include.vendors.sessions import Sessions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CASES = "/v2/servicerequest/cases"
WINDOW = SyncWindow(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


class Vendor:
    """What the port answers: tickets as listed, details, the catalogue; and what it was asked."""

    def __init__(self, port, slept):
        self.port, self.slept = port, slept
        self.listed, self.details, self.other = [], {}, {}
        self.log = a_log()
        self.domains = {"domains": [{"id": "0123456789abcdef0123456789abcdef", "name": "n"}]}
        port.answer = self.answer
        self.page = self.list_cases
        self.client = self.open()

    def open(self, region="", now=lambda: NOW):
        account = Account("acc-1", "huawei", "canary-access-key", "canary-secret-key", region)
        own = HuaweiSettings(base_url=self.port.url, iam_url=self.port.url)
        rate = RateLimit(1e6, sleep=self.slept.append)
        sessions = Sessions(account, rate, "", now, self.slept.append)
        return huawei.HuaweiClient(sessions, Settings(sandbox=True, vendors=(own,)))

    def answer(self, request):
        if request.path == "/v3/auth/domains":
            return self.domains
        if request.path == CASES:
            return self.page(request.query)
        if request.path.endswith("/operate-logs"):
            return self.log
        if request.path.startswith(CASES):
            return self.details[request.path.removeprefix(CASES + "/")]
        return self.other[request.path]

    def list_cases(self, query):
        rows = [
            row
            for row in self.listed
            if query.get("status", str(row.get("status"))) == str(row.get("status"))
            and row.get("incident_id", "").startswith(query.get("incident_id", ""))
        ]
        start = int(query.get("offset", 0))
        return {
            "total_count": len(rows),
            "incident_info_list": rows[start : start + int(query["limit"])],
        }

    def asked(self, path):
        return [request for request in self.port.requests if request.path == path]

    def list(self, window=WINDOW, **options):
        return [ref for page in self.client.list_tickets(window, **options) for ref in page]


def a_row(number=1, **changes):
    return {
        "incident_id": f"TS-{number:06}",
        "status": 1,
        "simple_description": "text",
        "create_time": "2026-01-10T00:00:00Z",
        "product_category_name": "弹性云服务器",
    } | changes


def a_message(**changes):
    return {
        "message_id": "m-1",
        "type": 1,
        "replier": "engineer-7",
        "replier_name": "工程师",
        "content": "please wait",
        "create_time": "2026-01-10T01:00:00Z",
        "is_first_message": 0,
        "accessory_list": [],
    } | changes


def a_detail(messages=(), **changes):
    detail = {
        "incident_id": "TS-000001",
        "status": 3,
        "simple_description": "  无法  登录 😀\n请帮忙查看",
        "create_time": "2026-01-10T00:00:00Z",
        "business_type_name": "网络",
        "source_name": "用户中心",
        "ext_info": {"remind_mail": "a@example.com"},
        "severity_name": "紧急",
        "judgement": "不错",
        "xcustomer_id": "user-7",
        "xcustomer_name": "小王",
        "message_list": list(messages),
    }
    return {"incident_detail_info": detail | changes}


def an_entry(operate_type=3, moment="2026-01-12T00:00:00Z", **changes):
    return {"operate_type": operate_type, "timestamp_operate_time": moment} | changes


def a_log(*entries, **changes):
    listed = {"total_count": len(entries), "incident_operate_log_list": list(entries)}
    return listed | changes


def without(mapping, field):
    return {name: value for name, value in mapping.items() if name != field}
