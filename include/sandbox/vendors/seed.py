"""The data of a fresh sandbox: the same for the same seed, whatever the day.

Tickets were created in the first half of 2026 (UTC, whole seconds), 80 % of them are closed, and a
faithful synchroniser stores five messages a ticket on average. Each account's first tickets hold
what has hurt others: see ``_oddities``.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from include.sandbox.vendors.cases import OPEN_STATES, Case, Talk, Tenant
from include.sandbox.vendors.catalog import Shelf, shelf
from include.sandbox.vendors.traits import traits_of

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = datetime(2026, 7, 1, tzinfo=UTC)
MESSAGES_A_TICKET: Final = 5
CLOSED_SHARE: Final = 0.8
RATED_SHARE: Final = 0.3
"""Of the finished tickets."""
LONG_TALK: Final = 160
"""Messages of the longest conversation; only where there are at least ``FULL`` tickets."""
FULL: Final = 50


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
_JUDGEMENTS: Final = ("", "很满意的一次服务", "回复有点慢 🙁", "请回电 13800138000")
_TITLES: Final = (
    "实例无法连接",
    "续费失败",
    "磁盘 IO 抖动",
    "申请提升配额",
    "证书过期",
    "API returns 504",
)


def vendor_random(seed: int, *parts: object) -> Random:
    """A source of chance that depends on *seed* and *parts* alone."""
    return Random(":".join(map(str, (seed, *parts))))  # noqa: S311 - data, not keys


def tenant(seed: int, vendor: str, index: int) -> Tenant:
    """The account number *index* of a vendor; its keys open nothing but this sandbox."""
    digest = hashlib.sha256(f"{seed}:{vendor}:{index}".encode()).hexdigest()
    owner = traits_of(vendor).owner_id(digest)
    return Tenant(vendor, index, f"SANDBOX{vendor.upper()}{index + 1:05}", digest[24:], owner)


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
        return traits_of(vendor).ticket_id(self.count, created_at)


def cases(seed: int, vendor: str, index: int, tickets: int, numbers: Numbers) -> list[Case]:
    """The tickets of one account."""
    chance = vendor_random(seed, vendor, index)
    taste = vendor_random(seed, vendor, index, "ratings")
    goods, sources = shelf(vendor), traits_of(vendor).ticket_sources
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
            chance.choice(sources) if sources else "",
            moment,
            urgent=chance.random() < 0.1,
        )
        _converse(chance, case, stored, numbers)
        _oddities(number, case, goods, tickets)
        case.updated_at = max((talk.created_at for talk in case.talks), default=moment)
        case.closed_at = case.updated_at if case.is_closed else None
        if traits_of(vendor).shows_ratings and case.state == "closed":
            _rate(taste, case)
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
    has_titles = traits_of(case.vendor).has_titles
    repeats = not has_titles or (stored > 2 and chance.random() < 0.3)
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


def _rate(chance: Random, case: Case) -> None:
    """Rate the share of all that customers rate."""
    if chance.random() < RATED_SHARE:
        case.ratings = (chance.randint(2, 5), chance.randint(2, 5))
        case.judgement = chance.choice(_JUDGEMENTS)


def _oddities(number: int, case: Case, goods: Shelf, tickets: int) -> None:
    """What the specifications call data that hurts, in the first tickets of every account."""
    if number == 3:
        case.title = "🙂 \"引号\" 'quotes' \\ back\\slash <b>&amp;</b> 𠮷野家 %s {0}"
    elif number == 7:
        case.product_id, case.category_id = None, goods.retired.category_id
    elif number == 8:
        case.state = "unknown"
    elif number == 18:
        case.product_id = case.category_id = None
    elif number == 19:
        case.title = "长标题 " * 200
    elif case.is_closed:
        case.state = {16: "cancelled", 17: "invalid"}.get(number, case.state)
    if case.talks:
        _odd_talks(number, case, tickets)
    if not traits_of(case.vendor).has_titles:
        if number in (3, 19):
            case.description = case.talks[0].content = case.title
        case.title = case.description


def _odd_talks(number: int, case: Case, tickets: int) -> None:
    """The same, for what is said: *case* has a message."""
    traits, last = traits_of(case.vendor), case.talks[-1]
    if number == 4:
        last.content = (
            "<p>第一行<br/>second &lt;line&gt;</p>\r\n\ttab 😀 [img]https://example.com/a[/img]"
        )
    elif number == 5 and tickets >= FULL:
        last.content = "日志 log 🙂\n" * 640  # 10 KB
    elif number == 6 and tickets >= FULL:
        last.content = "堆栈 trace 行\n" * 6_100  # 100 KB
    elif number == 9:
        traits.make_odd(case)
    elif number == 10 and not traits.has_titles:
        case.description = case.talks[0].content = ""
