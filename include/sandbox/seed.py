"""The data of a fresh sandbox: the same for the same seed, whatever the day.

Tickets were created in the first half of 2026 (UTC, whole seconds), 80 % of them are closed, and a
faithful synchroniser stores five messages a ticket on average. Each account's first tickets hold
what has hurt others: see ``_oddities``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = datetime(2026, 7, 1, tzinfo=UTC)
MESSAGES_A_TICKET: Final = 5
CLOSED_SHARE: Final = 0.8
LONG_TALK: Final = 160
"""Messages of the longest conversation; only where there are at least ``FULL`` tickets."""
FULL: Final = 50

OPEN_STATES: Final = ("waiting", "working", "feedback", "solved")
CLOSED_STATES: Final = frozenset({"closed", "cancelled", "invalid"})
"""States are the sandbox's own words; each wire file spells them its vendor's way. Besides these
there are ``reopened`` and ``unknown`` (a status no document lists), which are open."""

HUAWEI_API_SOURCE: Final = ("83aeb0f2834c4df49826c781d32a963e", "API")
TENCENT_SOURCES: Final = {"1": "官网", "2": "电话", "3": "大客户群", "4": "其他"}
HUAWEI_SOURCES: Final = ("用户中心", "电话", "在线客服", "合作伙伴")


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account of a vendor; *index* counts from 0."""

    vendor: str
    index: int
    access_key: str
    secret_key: str = field(repr=False)
    owner_id: str
    """Huawei's account id (domain id); the creator's number at Alibaba."""


@dataclass(slots=True)
class Talk:
    """One message of a conversation."""

    number: int
    from_customer: bool
    content: str
    created_at: datetime
    card: bool = False
    """Alibaba: the text is in the schema, the content is empty."""
    third_party: bool = False
    """Huawei: written by neither the customer nor the vendor."""


@dataclass(slots=True)
class Case:
    """A ticket as the vendor knows it."""

    vendor: str
    tenant: int
    ticket_id: str
    title: str
    description: str
    created_at: datetime
    state: str
    product_id: str | None
    category_id: str | None
    source: str
    updated_at: datetime
    urgent: bool = False
    talks: list[Talk] = field(default_factory=list)

    @property
    def is_closed(self) -> bool:
        """Whether the vendor is done with it."""
        return self.state in CLOSED_STATES


@dataclass(frozen=True, slots=True)
class Goods:
    """A product one can ask about; *groups* are the directories it appears in."""

    product_id: str
    name: str
    english: str
    acronym: str
    groups: tuple[str, ...]
    categories: tuple[str, ...]
    description: str = ""
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem category."""

    category_id: str
    name: str
    english: str
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """A vendor's catalogue. *retired* categories are named by tickets and listed nowhere."""

    groups: Mapping[str, tuple[str, str]]
    products: Mapping[str, Goods]
    problems: Mapping[str, Problem]
    retired: Problem


_GROUPS: Final = (("弹性计算", "Compute"), ("存储与数据库", "Storage and databases"), ("网络", "Network"))
# The last but one has no categories; the first and the last have equal names.
_PRODUCTS: Final = (
    ("云服务器", "Cloud Server", "ECS"),
    ("对象存储", "Object Storage", "OBS"),
    ("负载均衡 CLB", "Load Balancer", "ELB"),
    ("云数据库 MySQL", "Database for MySQL", "RDS"),
    ("内容分发网络", "Content Delivery", "CDN"),
    ("日志服务 CLS", "Log Service", "LTS"),
    ("域名与备案", "Domains & ICP filing", "DNS"),
    ("容器服务", "Container Service", "CCE"),
    ("短信服务", "Short Messages", "SMS"),
    ("游戏多媒体引擎", "Game Multimedia", "GME"),
    ("量子计算（内测）", "Quantum (private beta)", "QC"),
    ("云服务器", "Cloud Server", "HECS"),
)
_PROBLEMS: Final = (
    ("无法登录", "Cannot log in", True),
    ("性能问题", "Performance", True),
    ("计费与账单", "Billing", False),
    ("配额申请", "Quota", False),
    ("使用咨询", "How to use", False),
)
_COMMON: Final = ("其他问题", "Other")  # one category, in several products
_CUSTOMER: Final = (
    "请帮忙看一下，业务受影响。",
    "现在还是不行，日志如下：\nerror: connection reset by peer",
    "已按建议重启，问题依旧",
    "谢谢，可以了 👍",
    "The instance i-bp1x7 does not answer since 10:20.",
)
_SUPPORT: Final = (
    "您好，已收到您的问题，正在核实。",
    "请提供实例 ID 与报错截图。",
    "已为您调整，请再试。",
    "如无其他问题，工单将在 3 天后自动关闭。",
)
_TITLES: Final = ("实例无法连接", "续费失败", "磁盘 IO 抖动", "申请提升配额", "证书过期", "API returns 504")


def vendor_random(seed: int, *parts: object) -> Random:
    """A source of chance that depends on *seed* and *parts* alone."""
    return Random(":".join(map(str, (seed, *parts))))  # noqa: S311 - data, not keys


def tenant(seed: int, vendor: str, index: int) -> Tenant:
    """The account number *index* of a vendor; its keys open nothing but this sandbox."""
    digest = hashlib.sha256(f"{seed}:{vendor}:{index}".encode()).hexdigest()
    owner = digest[:32] if vendor == "huawei" else str(10**15 + int(digest[:10], 16))
    return Tenant(vendor, index, f"SANDBOX{vendor.upper()}{index + 1:05}", digest[24:], owner)


def shelf(vendor: str) -> Shelf:
    """A vendor's catalogue: the same for every seed."""
    start = {"alibaba": 7160, "huawei": 0, "tencent": 163}[vendor]

    def name(kind: str, number: int) -> str:
        if vendor == "huawei":
            return hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest()
        return str(start + {"group": 0, "product": 100, "problem": 900}[kind] + number)

    groups = {name("group", i): texts for i, texts in enumerate(_GROUPS)}
    group_ids = tuple(groups)
    common = Problem(name("problem", 0), *_COMMON)
    problems = {common.category_id: common}
    products: dict[str, Goods] = {}
    for i, (chinese, english, acronym) in enumerate(_PRODUCTS):
        own = [
            Problem(name("problem", 10 * (i + 1) + j), *_PROBLEMS[j])
            for j in range(0 if i == len(_PRODUCTS) - 2 else 2 + i % 4)
        ]
        problems |= {problem.category_id: problem for problem in own}
        categories = [problem.category_id for problem in own]
        if i % 4 == 0:
            categories.append(common.category_id)
        product_id = name("product", i)
        # Tencent's tree gives a node one parent; at the others a product may stand twice.
        twice = i == 1 and vendor != "tencent"
        products[product_id] = Goods(
            product_id,
            chinese,
            english,
            acronym,
            (group_ids[i % 3], group_ids[2]) if twice else (group_ids[i % 3],),
            tuple(categories),
            f"{chinese}（{english}）" if i % 2 else "",
            visible=i != 9,
        )
    retired = Problem(name("problem", 999), "已下线的分类", "Retired")
    return Shelf(groups, products, problems, retired)


class Numbers:
    """Gives out ids of tickets and messages; goes on where the seed ended."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def count(self, name: str) -> int:
        """1, 2, 3, … for each *name*."""
        self._next[name] = number = self._next.get(name, 0) + 1
        return number

    def message(self, vendor: str) -> int:
        """A message number, unique within the vendor."""
        return 100_000 + self.count(f"{vendor} message")

    def ticket(self, vendor: str, created_at: datetime) -> str:
        """A ticket id in the vendor's form; no two vendors share a form."""
        if vendor == "tencent":
            day = f"{created_at + timedelta(hours=8):%Y%m%d}"  # the date in Beijing
            number = self.count(day)
            if number > 9999:
                raise ValueError(f"more than 9,999 Tencent tickets on {day}: seed fewer")
            return f"{day}{number:04}"
        number = self.count(vendor)
        if vendor == "huawei":
            return f"TS-{number:06}"
        digits, value = "", 15_485_863 + 7_919 * number
        while value:
            value, rest = divmod(value, 36)
            digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest] + digits
        return f"000{digits}"


def cases(seed: int, vendor: str, index: int, tickets: int, numbers: Numbers) -> list[Case]:
    """The tickets of one account."""
    chance = vendor_random(seed, vendor, index)
    goods = shelf(vendor)
    span = int((END - BEGIN).total_seconds())
    moments = sorted(BEGIN + timedelta(seconds=chance.randrange(span)) for _ in range(tickets))
    if tickets >= FULL:
        moments[11:16] = [moments[11]] * 5  # one second holds five
    closed = set(chance.sample(range(tickets), round(CLOSED_SHARE * tickets)))
    made = []
    for number, (moment, stored) in enumerate(
        zip(moments, _message_counts(chance, tickets), strict=True)
    ):
        product = chance.choice([item for item in goods.products.values() if item.categories])
        case = Case(
            vendor,
            index,
            numbers.ticket(vendor, moment),
            f"{chance.choice(_TITLES)} #{number + 1}",
            f"{chance.choice(_CUSTOMER)}（{chance.randrange(10**6):06}）",
            moment,
            "closed" if number in closed else chance.choice(OPEN_STATES),
            product.product_id,
            chance.choice(product.categories),
            chance.choice(HUAWEI_SOURCES) if vendor == "huawei" else "",
            moment,
            urgent=chance.random() < 0.1,
        )
        _converse(chance, case, stored, numbers)
        _oddities(number, case, goods, tickets)
        case.updated_at = max((talk.created_at for talk in case.talks), default=moment)
        made.append(case)
    return made


def _message_counts(chance: Random, tickets: int) -> list[int]:
    """Stored messages of each ticket: five on average, exactly, from 50 tickets on."""
    counts = [2] * tickets
    counts[:2] = [1] * len(counts[:2])  # the description alone
    counts[3:20] = [4] * len(counts[3:20])  # the oddities need something to be odd in
    free = list(range(3, tickets))
    if tickets >= FULL:
        counts[2] = LONG_TALK
    for _ in range(MESSAGES_A_TICKET * tickets - sum(counts) if free else 0):
        counts[chance.choice(free)] += 1
    return counts


def _converse(chance: Random, case: Case, stored: int, numbers: Numbers) -> None:
    """Give *case* so many messages that *stored* are stored, the description among them."""
    repeats = case.vendor == "huawei" or (stored > 2 and chance.random() < 0.3)
    moment = case.created_at
    for i in range(stored if repeats else stored - 1):
        opening = repeats and i == 0
        if not opening:
            moment += timedelta(seconds=chance.randrange(60, 7200))
        customer = opening or chance.random() < 0.4
        content = (
            case.description
            if opening
            else f"{chance.choice(_CUSTOMER if customer else _SUPPORT)} [{i}]"
        )
        case.talks.append(Talk(numbers.message(case.vendor), customer, content, moment))


def _oddities(number: int, case: Case, goods: Shelf, tickets: int) -> None:
    """What the specifications call data that hurts, in the first tickets of every account."""
    last = case.talks[-1] if case.talks else None
    if number == 3:
        case.title = "🙂 \"引号\" 'quotes' \\ back\\slash <b>&amp;</b> 𠮷野家 %s {0}"
    elif number == 4 and last:
        last.content = "<p>第一行<br/>second &lt;line&gt;</p>\r\n\ttab 😀 [img]https://example.com/a[/img]"
    elif number == 5 and last and tickets >= FULL:
        last.content = "日志 log 🙂\n" * 512  # 10 KB
    elif number == 6 and last and tickets >= FULL:
        last.content = "堆栈 trace 行\n" * 5_120  # 100 KB
    elif number == 7:
        case.product_id, case.category_id = None, goods.retired.category_id
    elif number == 8:
        case.state = "unknown"
    elif number == 9 and last:
        if case.vendor == "tencent":  # equal time, role and text: both are messages
            twin = case.talks[0]
            last.from_customer, last.content = twin.from_customer, twin.content
            last.created_at = twin.created_at
        last.card, last.third_party = case.vendor == "alibaba", case.vendor == "huawei"
        last.from_customer = last.from_customer and not (last.card or last.third_party)
    elif number == 10 and case.vendor == "huawei":
        case.description = case.talks[0].content = ""
    elif number == 16 and case.is_closed:
        case.state = "cancelled"
    elif number == 17 and case.is_closed:
        case.state = "invalid"
    elif number == 18:
        case.product_id = case.category_id = None
    elif number == 19:
        case.title = "长标题 " * 200
    if case.vendor == "huawei":  # no titles there: the description is what lists show
        if number in (3, 19):
            case.description = case.talks[0].content = case.title
        case.title = case.description
