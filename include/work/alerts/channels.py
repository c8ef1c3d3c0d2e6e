"""The channels of ALERT_URLS: read, described without their secrets, sent to. Apprise sends.

Of each URL everything but its kind may be a secret (a robot's address is its key), so that nothing
of it is told: a channel is called by its number and kind.
"""

from __future__ import annotations

import hashlib
import logging
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from include.errors import ConfigError
from include.settings import LOOPBACK
from include.work.alerts import robots
from include.work.alerts.messages import Notice
from include.work.verdicts.verdict import Severity

APP: Final = "Ticket synchronizer"
FILE: Final = "file:"
SHORTEST_SECRET: Final = 4
"""Shorter parts of a URL are syllables of ordinary words."""
SEVERITIES: Final = {Severity.ERROR: "failure", Severity.WARN: "warning", Severity.OK: "info"}
"""What Apprise calls them: colours and icons where a channel has some."""
BARE: Final = frozenset({"json", "xml", "form", "mailto"})
"""Kinds that do not encrypt."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A place to tell. *key* is its id in ``sync_alert``, *name* what people read."""

    key: str
    name: str
    warning: str = ""
    plugin: Any = field(default=None, repr=False, compare=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    def send(self, message: Notice) -> str:
        """Send it; why that failed, without secrets, or nothing."""
        with _kept_log() as said:
            try:
                if robots.knows(self.plugin):
                    problem = robots.send(self.plugin, f"{message.title}\n{message.body}")
                else:
                    problem = _send(self.plugin, message) or said
            except Exception as error:  # noqa: BLE001  # a plugin of Apprise may raise anything
                problem = [f"{type(error).__name__}: {error}"]
        text = " ".join(line for part in problem for line in part.split())
        return self._hide(text)[:300]

    def _hide(self, text: str) -> str:
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _send(plugin: Any, message: Notice) -> list[str] | None:
    """Nothing where it was taken, None where Apprise has said why not."""
    import apprise

    sent = plugin.notify(
        title=message.title,
        body=message.body,
        notify_type=apprise.NotifyType(SEVERITIES[message.severity]),
        body_format=apprise.NotifyFormat.TEXT,
    )
    return [] if sent else None


def read_channels(text: str) -> list[Channel]:
    """The channels of ALERT_URLS. Raises ConfigError that names the number of one that is none."""
    channels = [_read(number, url) for number, url in enumerate(_split(text), 1)]
    seen = dict[str, Channel]()
    for channel in channels:
        if channel.key in seen:
            raise ConfigError(f"ALERT_URLS: {channel.name} is the same as {seen[channel.key].name}")
        seen[channel.key] = channel
    return channels


def _split(text: str) -> list[str]:
    if not text.startswith(FILE):
        return text.split()
    path = Path(text.removeprefix(FILE).strip())
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise ConfigError(
            f"ALERT_URLS: {path} cannot be read: {error.strerror}; make it, a URL in each line"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"ALERT_URLS: {path} is no text in UTF-8") from None
    urls = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if not urls:
        raise ConfigError(f"ALERT_URLS: {path} names no channel: write a URL in each line")
    return urls


def warn_of_file(text: str) -> str:
    """What is wrong with the rights of the file that ALERT_URLS names, or nothing."""
    if not text.startswith(FILE):
        return ""
    path = Path(text.removeprefix(FILE).strip())
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{path} has mode {mode:04o}: run `chmod 600 {path}`" if mode & 0o027 else ""


def _read(number: int, url: str) -> Channel:
    import apprise

    kind = re.match(r"[a-z0-9+.-]*", url.lower())
    schema = kind[0] if kind and "://" in url else ""
    where = f"ALERT_URLS: channel {number}"
    if not schema:
        raise ConfigError(f"{where} is no URL like mailtos://user:password@host?to=me@example.com")
    asset = apprise.AppriseAsset(app_id=APP, app_desc=APP, app_url="", image_url_mask="")
    with _kept_log():
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise ConfigError(
            f"{where} ({schema}://) is not as Apprise has it: compare it with the page of that kind"
            " at https://appriseit.com/services/"
        )
    name = f"channel {number} ({plugin.service_name})"
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not plugin.verify_certificate and host not in LOOPBACK:
        raise ConfigError(f"ALERT_URLS: {name} says verify=no: certificates are verified; drop it")
    warning = ""
    if schema in BARE and host not in LOOPBACK:
        warning = f"{name} is not encrypted: write {schema}s:// where its server can"
    return Channel(_key(schema, url), name, warning, plugin, frozenset(_secrets(url, plugin)))


def _key(schema: str, url: str) -> str:
    """The same as long as the URL is; a password, which could be guessed, is no part of it."""
    parts = urlsplit(url)
    user = (parts.username or "") if parts.password else ""
    open_part = url.replace(f"{user}:{parts.password}@", f"{user}@") if parts.password else url
    open_part = re.sub(r"([?&]pass(?:word)?=)[^&]*", r"\1", open_part)
    return f"{schema[:40]} {hashlib.sha256(open_part.encode()).hexdigest()[:16]}"


def _secrets(url: str, plugin: Any) -> Iterator[str]:
    """Everything in a URL that may be a secret, as it stands there and as it is sent."""
    parts = urlsplit(url)
    raw = [parts.username, parts.password, *parts.path.split("/"), url]
    if parts.hostname and "." not in parts.hostname and parts.hostname not in LOOPBACK:
        raw.append(url.partition("://")[2].rpartition("@")[2].split("/")[0].split("?")[0])
        raw.append(parts.hostname)
    raw += [value for name, value in parse_qsl(parts.query) if name not in ("to", "from", "mode")]
    raw += [getattr(plugin, name, None) for name in ("token", "secret", "key", "password")]
    for value in raw:
        for said in {value, unquote(value)} if isinstance(value, str) else ():
            if len(said) >= SHORTEST_SECRET:
                yield said


@contextmanager
def _kept_log() -> Iterator[list[str]]:
    """What Apprise says while it sends: kept for us, and out of every log, for it names URLs."""
    kept: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3")]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    for one in loggers:
        one.handlers, one.propagate = [Keep()], False
        one.setLevel(logging.WARNING)
    try:
        yield kept
    finally:
        for one, handlers, level, propagate in before:
            one.handlers, one.propagate = handlers, propagate
            one.setLevel(level)
