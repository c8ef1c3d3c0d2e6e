"""A replica as the source: from when its data are, and whether that is recent enough.

It knows when the last transaction that it replayed was committed, by its primary's clock: its data
are of that moment, or later. After a quiet night that is yesterday, though nothing is missing; so
where nothing is outstanding they are of now. What cannot be told from here: whether the server from
which it reads is itself cut off from another, and by how much the clocks differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from include.errors import ConfigError, UnavailableError

FRESH: Final = timedelta(seconds=5)
"""A commit so young needs no question whether there were others."""
LOOKS: Final = 3
"""So often, a second apart, it is looked whether the replica catches up."""
STATE: Final = """
select clock_timestamp(), pg_last_xact_replay_timestamp(), pg_is_wal_replay_paused(),
    receiver.pid is not null, pg_last_wal_receive_lsn()::text,
    pg_last_wal_replay_lsn() >= greatest(pg_last_wal_receive_lsn(), receiver.latest_end_lsn)
from (select where pg_is_in_recovery()) as replica
left join pg_stat_wal_receiver as receiver on true
"""
"""No row: no replica. Without pg_read_all_stats latest_end_lsn, the primary's end, is hidden."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How far a replica has come, *asked_at* by its own clock."""

    asked_at: datetime
    committed_at: datetime | None
    """The last transaction that it replayed, by the primary's clock; None: none since its start."""
    is_paused: bool
    is_connected: bool
    received: str | None
    """Where what it received ends."""
    has_all: bool
    """Whether it replayed what it received, and what it knows its primary has."""

    def is_complete_since(self, before: Replay) -> bool:
        """Whether nothing was outstanding when we looked *before*, nor came since."""
        return (
            before.is_connected
            and self.is_connected
            and self.has_all
            and self.received == before.received
        )

    def is_moving(self) -> bool:
        """Whether it may have come further a moment later."""
        return self.is_connected and not self.is_paused

    def is_fresh(self) -> bool:
        """Whether the last commit says enough."""
        return self.committed_at is not None and self.asked_at - self.committed_at <= FRESH


@dataclass(frozen=True, slots=True)
class ReplicaMoment:
    """From when the data of a replica are, in UTC. *behind* says why not from now, if so."""

    moment: datetime
    behind: str = ""


def read_moment(cursor: Any, limit: timedelta) -> ReplicaMoment | None:
    """Tell from when the data are that a snapshot begun now shows; None: this is no replica.

    Raises UnavailableError when they are older than *limit*, ConfigError when somebody let them.
    """
    replay = _read(cursor)
    for look in range(LOOKS):
        if replay is None or replay.is_fresh() or (look and not replay.is_moving()):
            break
        before = replay
        cursor.execute("select pg_sleep(1)")
        replay = _read(cursor)
        if replay and replay.is_complete_since(before):
            return ReplicaMoment(before.asked_at)
    return judge(replay, limit) if replay else None


def judge(replay: Replay, limit: timedelta) -> ReplicaMoment:
    """Date the data by the last commit, and refuse them where they are older than *limit*."""
    if replay.committed_at is None:
        raise UnavailableError(
            "this replica has replayed nothing since it was started, so from when its data are"
            " cannot be told: let it reach its primary, or read that",
            vendor="source",
            code="replica",
        )
    moment = min(replay.committed_at, replay.asked_at)
    if replay.is_fresh():
        return ReplicaMoment(moment)
    if replay.is_paused:
        why, step = "its replay is paused", "There: SELECT pg_wal_replay_resume()"
    elif not replay.is_connected:
        why = "without a connection to its primary, whose news cannot be told"
        step = "Look at primary_conninfo and the log there"
    else:
        why, step = "behind its primary", "Wait, find what holds it up, or read the primary"
    age = (replay.asked_at - moment) // timedelta(minutes=1)
    behind = (
        f"the source is a replica, {why}: its data are of {moment:%Y-%m-%d %H:%M:%S} UTC,"
        f" {age} min old"
    )
    if replay.asked_at - moment <= limit:
        return ReplicaMoment(moment, behind)
    text = f"{behind}, more than SOURCE_LAG_MINUTES ({limit / timedelta(minutes=1):g}). {step}"
    if replay.is_paused:
        raise ConfigError(f"source: {text}")
    raise UnavailableError(text, vendor="source", code="replica")


def _read(cursor: Any) -> Replay | None:
    """How far the replica is; None: the server is none."""
    cursor.execute(STATE)
    row = cursor.fetchone()
    if row is None:
        return None
    asked_at, committed_at, paused, connected, received, has_all = row
    return Replay(
        asked_at.astimezone(UTC),
        committed_at and committed_at.astimezone(UTC),
        paused,
        connected,
        received,
        bool(has_all),
    )
