"""The vendors' catalogues: products, their groups, and problem categories; the same for all seeds.

What hurts is here too: two products of one name, one without categories, a product in two groups,
a category in several products, one that tickets name and no list shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from include.sandbox.vendors.traits import traits_of


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


_GROUPS: Final = (
    ("弹性计算", "Compute"),
    ("存储与数据库", "Storage and databases"),
    ("网络", "Network"),
)
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


def shelf(vendor: str) -> Shelf:
    """A vendor's catalogue: the same for every seed."""
    traits = traits_of(vendor)
    name = traits.catalog_id
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
        twice = i == 1 and not traits.is_tree
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
