"""`check` of alerts: whether ALERT_URLS can be used. Nothing is sent: `watch --test` does that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from include.cli.check.finding import Finding
from include.errors import ConfigError
from include.settings import Settings

WHAT: Final = "alerts"


def check_alerts(settings: Settings) -> Iterator[Finding]:
    """Each channel by its number and kind, and no more of it: the rest may be a secret."""
    from include.work.alerts.channels import read_channels, warn_of_file

    text = settings.alert_urls.get_secret_value()
    if not text:
        step = "set ALERT_URLS, and run `watch` every five minutes: docs/operating.md, Alerts"
        yield Finding(WHAT, "off", "nobody is told of trouble: ALERT_URLS is not set", step)
        return
    try:
        channels = read_channels(text)
    except ConfigError as error:
        yield Finding(WHAT, "failed", str(error))
        return
    for warning in filter(None, [warn_of_file(text), *(channel.warning for channel in channels)]):
        yield Finding(WHAT, "warning", warning)
    step = "try each: `python -m include watch --test`"
    yield Finding(WHAT, "ok", ", ".join(channel.name for channel in channels), step)
