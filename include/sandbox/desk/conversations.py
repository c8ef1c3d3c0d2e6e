"""What happened at the desk: conversations, finished and live, and the older router's sessions.

Times are microseconds since 1970 UTC until they are written. Hours and days are those of
Asia/Shanghai, eight hours ahead.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from include.sandbox.desk.copying import Column, Columns
from include.sandbox.desk.people import (
    DAY,
    HOST,
    HUMAN_FIRST,
    ROBOT_FIRST,
    Desk,
    as_texts,
    codes,
    moments,
    pick,
)

SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
DAYS: Final = 90
SHIFT: Final = 8 * HOUR
HOURS: Final = np.array(
    (
        *(0.6, 0.35, 0.2, 0.15, 0.15, 0.25, 0.6, 1.4, 3.2, 6.5, 7.8, 7.2),
        *(5.2, 5.6, 7.0, 7.2, 6.8, 5.9, 4.8, 4.9, 5.4, 5.3, 4.0, 2.1),
    )
)
WEEKDAYS: Final = np.array([1.10, 1.05, 1.02, 1.00, 1.06, 0.92, 0.85])
OPENS, CLOSES = 9, 21
ARCHIVE_AFTER: Final = DAY
RELEASE_AFTER: Final = 900 * SECOND
ERL_SHARE: Final = 0.005
STATES: Final = {7: 62.0, 4: 18, 6: 8, 5: 5, 3: 3, 2: 2, 1: 1, 0: 1}
QUEUED, TRANSFERRED = 3, 5


def arrivals(rng: np.random.Generator, n: int, now: int) -> Column:
    """When customers came, in order: the last 90 local days up to *now*."""
    first = (now + SHIFT) // DAY - DAYS + 1
    days = first + np.arange(DAYS)
    weight = WEEKDAYS[(days + 3) % 7] * rng.lognormal(0, 0.06, DAYS)  # 1970-01-01: a Thursday
    holiday, disruption, empty = rng.permutation(np.arange(1, DAYS - 4, 4))[:3]
    weight[holiday : holiday + 3] *= 1.8
    weight[disruption] *= 2.5
    weight[empty] *= 0.05
    starts = (days[:, None] * DAY + np.arange(24) * HOUR).ravel() - SHIFT
    past = np.clip((now - starts) / HOUR, 0, 1)
    total = np.cumsum(np.outer(weight, HOURS).ravel() * past)
    cell = np.searchsorted(total, rng.random(n) * total[-1], side="right")
    return np.sort(starts[cell] + (rng.random(n) * past[cell] * HOUR).astype("int64"))


def customers(n: int) -> Column:
    """Accounts of customers."""
    return as_texts(f"cust{number:07d}@{HOST}" for number in range(n))


def conversations(
    rng: np.random.Generator,
    desk: Desk,
    n: int,
    now: int,
    *,
    archived: int | None = None,
    erl: bool = True,
) -> tuple[Columns, Columns]:
    """Finished and live conversations of the *n* that began: rows for archive and queue.

    *archived* asks for exactly so many finished ones. With *erl* some of the finished rows look
    as the Erlang writer leaves them. Who gave up waiting leaves no row after a day.
    """
    if archived is not None:
        n = int(archived * 1.1) + 2_000
    came = arrivals(rng, n, now)
    supplier = rng.choice(len(desk.traffic), n, p=desk.traffic)
    robot = _by_robot(rng, desk.robots[supplier], _hour(came))
    wait = _waits(rng, came, robot, desk.queues[supplier] & ~robot)
    lost = ~robot & (wait > 5) & (rng.random(n) < np.minimum(0.8, 0.01 + 0.25 * wait / 3600))
    given = came + (wait * SECOND).astype("int64")
    seat = desk.first_seat[supplier] + (desk.seats[supplier] * rng.random(n) ** 1.6).astype(int)
    last = given + (rng.lognormal(np.log(480), 1.0, n) * SECOND).astype("int64")
    requests = np.minimum(rng.geometric(0.78, n), 50)

    # Back in the queue after a seat was given, and nobody came again: 0.5 % of the rows.
    queued, again = came.copy(), np.flatnonzero(~lost)[::200]
    back = given[again] + rng.exponential(HOUR, len(again)).astype("int64")
    queued[again[back < now]] = back[back < now]
    returned = queued > came
    last = np.where(returned, np.maximum(last, queued), last)
    requests = np.where(returned, np.maximum(requests, 2), requests)

    last = np.where(lost, queued, last)
    finished = ~lost & (last + ARCHIVE_AFTER <= now)
    live = last + ARCHIVE_AFTER > now
    waiting = live & (lost | (given > now))
    spoke = now - rng.exponential(20 * SECOND, n).astype("int64")
    last = np.where(live & (last > now), np.maximum(spoke, np.minimum(given, now)), last)
    last = np.where(waiting, queued, last)
    status = np.where(
        finished,
        codes(rng, {5: 62, 3: 22, 1: 9, 4: 6, 2: 1}, n),
        np.where(now - last > RELEASE_AFTER, 5, codes(rng, {3: 1, 4: 1}, n)),
    )
    robots = _robots(desk)
    columns = {
        "customer_name": pick(rng, customers(max(50, n // 3)), n),
        "shop_id": supplier + 1,
        "product_id": _products(rng, n, "*"),
        "session_id": _unique_ids(rng, n),
        "seat_id": np.where(waiting, 0, np.where(robot, -1, seat + 1)),
        "status": np.where(waiting | (returned & live), 1, status),
        "request_count": requests,
        "distributed_time": moments(np.where(waiting, 0, given)),
        "inqueue_time": moments(queued),
        "last_ack_time": moments(last),
        "seat_name": np.where(
            waiting, "", np.where(robot, robots[supplier], desk.seat_names[seat])
        ),
        "group_id": np.zeros(n, int),
    }
    done = np.flatnonzero(finished)
    if archived is not None:
        done = np.sort(rng.permutation(done)[:archived])
    archive = _numbered(columns, done[np.argsort(last[done], kind="stable")])
    if erl:
        _as_erl_writes(rng, archive)
    return archive, _numbered(columns, np.flatnonzero(live))


def sessions(rng: np.random.Generator, desk: Desk, n: int, now: int) -> Columns:
    """The older router's rows; they share no key with the conversations."""
    came = arrivals(rng, n, now)
    supplier = rng.choice(len(desk.traffic), n, p=desk.traffic)
    robot = _by_robot(rng, desk.robots[supplier], _hour(came))
    seat = desk.first_seat[supplier] + (desk.seats[supplier] * rng.random(n) ** 1.6).astype(int)
    state = codes(rng, STATES, n)
    length = (rng.lognormal(np.log(480), 1.0, n) * SECOND).astype("int64")
    updated = np.where(state == QUEUED, came, np.minimum(came + length, now))
    names = np.where(robot, _robots(desk)[supplier], desk.seat_names[seat])
    names[state == QUEUED] = None  # nobody was chosen yet
    robot &= state != QUEUED
    shops = as_texts(f"shop_{i + 1}" for i in range(len(desk.traffic)))
    return {
        "id": np.arange(1, n + 1),
        "session_id": (came // 1000).astype(str).astype(object),
        "user_name": pick(rng, customers(max(50, n // 3)), n),
        "seat_name": names,
        "shop_name": shops[supplier],
        "product_id": _products(rng, n, ""),
        "session_state": state,
        "isrobot_seat": (robot & (state != TRANSFERRED)).astype(int),  # a bug of theirs
        "created_time": moments(came),
        "update_time": moments(updated),
    }


def _hour(moment: Column) -> Column:
    return (moment + SHIFT) // HOUR % 24


def _by_robot(rng: np.random.Generator, strategy: Column, hour: Column) -> Column:
    """Whether a robot had the conversation."""
    closed = (hour < OPENS) | (hour >= CLOSES)
    human_first = np.where(closed, 0.90, 0.08)
    chance = np.where(strategy == HUMAN_FIRST, human_first, 0.0)
    chance = np.where(strategy == ROBOT_FIRST, 0.85, chance)
    return np.asarray(rng.random(len(hour)) < chance)


def _robots(desk: Desk) -> Column:
    """The account of each supplier's robot."""
    return as_texts(f"shop_{i + 1}_robot@{HOST}" for i in range(len(desk.traffic)))


def _waits(rng: np.random.Generator, came: Column, robot: Column, queues: Column) -> Column:
    """Seconds until somebody was given."""
    n, hour = len(came), _hour(came)
    wait = np.where(robot, rng.lognormal(np.log(0.12), 0.4, n), rng.lognormal(np.log(0.15), 0.6, n))
    busy = queues & (rng.random(n) >= 0.65)
    crowd = (1 + 1.5 * HOURS[hour] / HOURS.max()) / 2
    wait = np.where(busy, rng.lognormal(np.log(75), 1.1, n) * crowd, wait)
    overnight = queues & ((hour < OPENS) | (hour >= CLOSES)) & (rng.random(n) < 0.5)
    opening = (OPENS * HOUR - (came + SHIFT) % DAY) % DAY / SECOND
    wait = np.where(overnight, opening + rng.exponential(600, n), wait)
    return np.asarray(np.minimum(wait, 86_400))


def _products(rng: np.random.Generator, n: int, none: str) -> Column:
    products = pick(rng, as_texts(map(str, range(100_000, 174_000, 37))), n)
    products[rng.random(n) < 0.6] = none
    return products


def _unique_ids(rng: np.random.Generator, n: int) -> Column:
    """32 upper-case hexadecimal digits each."""
    digits = rng.bytes(16 * n).hex().upper()
    return as_texts(digits[i : i + 32] for i in range(0, 32 * n, 32))


def _numbered(columns: Columns, rows: Column) -> dict[str, Column]:
    """These rows in this order, with the ids that a sequence gave."""
    chosen = {name: column[rows] for name, column in columns.items()}
    return {"id": np.arange(1, len(rows) + 1), **chosen}


def _as_erl_writes(rng: np.random.Generator, archive: dict[str, Column]) -> None:
    """Make some rows what the Erlang writer inserts at the start and never touches again."""
    n = len(archive["id"])
    rows = np.sort(rng.permutation(n)[: max(1, int(n * ERL_SHARE))])
    archive["customer_name"][rows] = archive["seat_name"][rows]
    archive["session_id"][rows] = as_texts(f"room{row:08d}" for row in rows)
    archive["seat_name"][rows] = [f"{name}".split("@")[0] for name in archive["seat_name"][rows]]
    archive["product_id"][rows] = "*"
    for name, value in {"seat_id": 0, "status": 1, "request_count": 1, "group_id": 0}.items():
        archive[name][rows] = value
    archive["distributed_time"][rows] = np.datetime64(0, "us")
    archive["last_ack_time"][rows] = archive["inqueue_time"][rows]
