"""Who works at the desk: suppliers, their seats, and the business lines of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from include.errors import ConfigError
from include.sandbox.desk.copying import Column, Columns

SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏"
    "潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅"
    "皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝"
    "董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫"
    "经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿"
    "储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘"
    "景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴鬱胥能苍双"
)
GIVEN: Final = (
    *"伟芳娜敏静丽强磊军洋勇艳杰娟涛超明",
    *(
        "秀英",
        "桂英",
        "志强",
        "建华",
        "文静",
        "雨欣",
        "子涵",
        "梓轩",
        "浩然",
        "欣怡",
        "俊杰",
        "婷婷",
    ),
)
SYLLABLES: Final = (
    *("wang", "li", "zhang", "liu", "chen", "yang", "zhao", "xin", "yu", "hao", "mei", "jun"),
)
FLOWERS: Final = ("🌸", "🌻", "😀", "✈️", "🍀")
SHOP_FIRST: Final = (
    "去旅行",
    "途悠",
    "海天",
    "阳光",
    "华夏",
    "山水",
    "逍遥",
    "四季",
    "云端",
    "乐途",
)
SHOP_LAST: Final = ("旅游专营店", "国际旅行社", "票务旗舰店", "度假专营店", "酒店预订店", "假期")
LINES: Final = (1, 2, 3, 4, 5, 6, 7, 8, 11, 101, 102, 103, 301, 901, 902, 1000, 1101, 1201, 2000)
HOST: Final = "qtalk.openresty.org"
HUMAN_ONLY, ROBOT_FIRST, HUMAN_FIRST = range(3)
DAY: Final = 86_400_000_000
"""Microseconds, as all times here: whole numbers since 1970 UTC until they are written."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a conversation draws from; a supplier or a seat is its number less one."""

    traffic: Column
    """Each supplier's share of all conversations."""
    queues: Column
    """Whether its customers wait for a free seat (``ext_flag``)."""
    robots: Column
    """Whether a robot speaks first: one of the three codes above."""
    first_seat: Column
    seats: Column
    """How many it has, numbered from ``first_seat`` on."""
    seat_names: Column
    tables: dict[str, Columns]


def people(rng: np.random.Generator, suppliers: int, seats: int, now: int) -> Desk:
    """Suppliers, seats and business lines: at least one seat for each supplier."""
    traffic = 1 / np.arange(1, suppliers + 1) ** 1.05
    traffic = rng.permutation(traffic / traffic.sum())
    flags = (rng.random(suppliers) < 0.40).astype(int)
    count = _spread(rng.lognormal(np.log(4), 1.1, suppliers) * traffic**0.55, seats)
    supplier_rows = _suppliers(rng, flags, now)
    owner = np.repeat(np.arange(suppliers), count)
    logins = _logins(rng, seats)
    seat_rows = _seats(rng, owner, count, logins, now)
    lines, line_rows = _supplier_lines(rng, suppliers, supplier_rows["create_time"], now)
    return Desk(
        traffic=traffic,
        queues=flags == 1,
        robots=rng.choice(3, suppliers, p=(0.45, 0.30, 0.25)),
        first_seat=np.cumsum(count) - count,
        seats=count,
        seat_names=as_texts(f"{login}@{HOST}" for login in logins),
        tables={
            "supplier": supplier_rows,
            "seat": seat_rows,
            "busi_supplier_mapping": line_rows,
            "busi_seat_mapping": _seat_lines(rng, owner, lines, seat_rows["create_time"], now),
        },
    )


def moments(microseconds: Column) -> Column:
    """Times of day and year from microseconds since 1970 UTC."""
    return microseconds.astype("int64").view("datetime64[us]")


def pick(rng: np.random.Generator, values: Sequence[str] | Column, size: int) -> Column:
    """Draw texts, each as likely as the other."""
    return as_texts(values)[rng.integers(0, len(values), size)]


def as_texts(values: Iterable[str]) -> Column:
    """Texts as a column of objects, which may become None."""
    return np.array(list(values), object)


def codes(rng: np.random.Generator, weights: dict[int, float], size: int) -> Column:
    """Draw whole numbers by weight; weights need not add up to one."""
    chances = np.array(list(weights.values()))
    return rng.choice(np.array(list(weights)), size, p=chances / chances.sum())


def _spread(wanted: Column, total: int) -> Column:
    """Whole numbers, one at least, in about the wanted proportion, that add up to *total*."""
    if total < len(wanted):
        raise ConfigError(f"{len(wanted)} suppliers need as many seats, not {total}")
    exact = wanted / wanted.sum() * (total - len(wanted))
    count = exact.astype(int)
    rest = total - len(wanted) - count.sum()
    count[np.argsort(count - exact, kind="stable")[:rest]] += 1
    return np.asarray(count + 1)


def _age(rng: np.random.Generator, size: int, now: int) -> tuple[Column, Column]:
    """When rows were made, in the last four years, and last touched; half of them never were."""
    created = now - (rng.random(size) * 1400 * DAY + DAY).astype("int64")
    touched = created + (rng.random(size) * (now - created)).astype("int64")
    return created, np.where(rng.random(size) < 0.5, created, touched)


def _suppliers(rng: np.random.Generator, flags: Column, now: int) -> dict[str, Column]:
    n = len(flags)
    created, touched = _age(rng, n, now)
    names = pick(rng, SHOP_FIRST, n) + pick(rng, SHOP_LAST, n)
    welcomes = pick(rng, ("您好，请问有什么可以帮您？", "欢迎光临😀 客服在线 9:00-21:00"), n)
    welcomes[rng.random(n) < 0.30] = None
    old = as_texts(map(str, range(n)))
    old[rng.random(n) < 0.6] = None
    return {
        "id": np.arange(1, n + 1),
        "name": names,
        "create_time": moments(created),
        "last_update_time": moments(touched),
        "old_id": old,
        "logo_url": as_texts(f"https://img.example.com/shop/{i}.png" for i in range(n)),
        "welcomes": welcomes,
        "status": codes(rng, {1: 94, 0: 6}, n),
        "ext_flag": flags,
        "assign_strategy": codes(rng, {0: 70, 1: 15, 2: 10, 3: 5}, n),
        "no_service_welcomes": pick(rng, ("", "客服不在线，请留言"), n),
    }


def _logins(rng: np.random.Generator, n: int) -> list[str]:
    """Login names; a person may be a seat of several suppliers."""
    first, second = pick(rng, SYLLABLES, n), pick(rng, SYLLABLES, n)
    numbers = rng.integers(0, max(10, n // 8), n)
    return [f"{a}.{b}{c}" for a, b, c in zip(first, second, numbers, strict=True)]


def _seats(
    rng: np.random.Generator, owner: Column, count: Column, logins: list[str], now: int
) -> dict[str, Column]:
    n = len(owner)
    created, touched = _age(rng, n, now)
    surname = pick(rng, SURNAMES, n)
    short = pick(rng, ("小", "阿"), n) + surname
    flower = pick(rng, FLOWERS, n)
    flower[rng.random(n) >= 0.08] = ""
    nicknames = surname + pick(rng, GIVEN, n)
    nicknames[rng.random(n) < 0.9] = None
    old = as_texts(map(str, range(n)))
    old[rng.random(n) < 0.6] = None
    return {
        "id": np.arange(1, n + 1),
        "qunar_name": np.array(logins, object),
        "web_name": "客服" + short + flower,
        "nickname": nicknames,
        "face_link": as_texts(f"https://img.example.com/face/{i}.jpg" for i in range(n)),
        "supplier_id": owner + 1,
        "priority": (np.arange(n) - np.repeat(np.cumsum(count) - count, count) + 1).astype(float),
        "create_time": moments(created),
        "last_update_time": moments(touched),
        "old_supplier_id": old,
        "old_id": old,
        "service_status": codes(rng, {0: 88, 4: 7.5, 1: 4.5}, n),
        "status": codes(rng, {1: 85, 0: 15}, n),
        "max_user": codes(rng, {10: 80, 7: 4, 3: 4, 15: 4.5, 20: 4.5, 50: 2, 0: 1}, n),
        "bind_wx": codes(rng, {1: 12, 0: 88}, n),
        "host": np.full(n, HOST, object),
    }


def _supplier_lines(
    rng: np.random.Generator, suppliers: int, created: Column, now: int
) -> tuple[list[Column], dict[str, Column]]:
    """The lines of each supplier, and the rows that say so."""
    count = codes(rng, {0: 2, 1: 85, 2: 11, 3: 2}, suppliers)
    lines = [rng.choice(LINES, size, replace=False) for size in count]
    owner = np.repeat(np.arange(suppliers), count)
    n = len(owner)
    busi = np.concatenate([*lines, np.array([], int)]).astype(int)
    own_ids = as_texts(map(str, 9_000 + rng.permutation(n)))
    since = created[owner].astype("int64")
    touched = since + (rng.random(n) * (now - since)).astype("int64")
    operators = pick(rng, SYLLABLES, n) + "." + pick(rng, SYLLABLES, n)
    return lines, {
        "id": np.arange(1, n + 1),
        "supplier_id": owner + 1,
        "busi_id": busi,
        "busi_supplier_id": own_ids,
        "create_time": moments(since),
        "last_update_time": moments(np.where(rng.random(n) < 0.7, since, touched)),
        "bsuid_and_type": own_ids + as_texts(map(str, busi)),
        "supplier_operator": operators,
        "operator_webname": pick(rng, SURNAMES, n) + pick(rng, GIVEN, n),
        "status": codes(rng, {1: 95, 0: 5}, n),
    }


def _seat_lines(
    rng: np.random.Generator, owner: Column, lines: list[Column], created: Column, now: int
) -> dict[str, Column]:
    """A seat has its supplier's lines: 3 % are missing, 2 % stand there twice."""
    count = np.array([len(lines[supplier]) for supplier in owner])
    seat = np.repeat(np.arange(len(owner)), count)
    busi = np.concatenate([*(lines[supplier] for supplier in owner), np.array([], int)])
    times = rng.choice((0, 1, 2), len(seat), p=(0.03, 0.95, 0.02))
    seat, busi = np.repeat(seat, times), np.repeat(busi, times).astype(int)
    since = created[seat].astype("int64")
    edited = since + (rng.random(len(seat)) * (now - since)).astype("int64")
    return {
        "id": np.arange(1, len(seat) + 1),
        "busi_id": busi,
        "seat_id": seat + 1,
        "create_time": moments(edited),
        "last_update_time": moments(edited),
        "status": codes(rng, {1: 95, 0: 5}, len(seat)),
    }
