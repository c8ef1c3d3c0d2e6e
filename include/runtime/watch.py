"""The task of watch_health: everything judged, and what changed told, without asking Airflow."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from include.errors import AlreadyRunningError, UnavailableError
from include.runtime import connections, metrics

log = logging.getLogger(__name__)


def tell_changes() -> dict[str, int]:
    """Judge, store the verdicts, tell the channels; messages told, verdicts in trouble.

    Metrics are told how everything is, too. A task may not ask Airflow's database, so that nothing
    is said of what that does not start.
    Raises ConfigError, UnavailableError naming each channel that could not be told.
    """
    from include.work.alerts.channels import read_channels
    from include.work.alerts.watch import watch
    from include.work.verdicts.verdict import Severity

    with connections.workplace(uses_keys=False) as place:
        channels = read_channels(place.settings.alert_urls.get_secret_value())
        connections.hide_secrets({secret for channel in channels for secret in channel.secrets})
        if not channels:
            log.warning("nobody is told of trouble: ALERT_URLS is not set")
        try:
            found, outcome = watch(
                place,
                channels,
                None,
                now=datetime.now(UTC),
                has_source=connections.names_source(),
                link=connections.page_link(),
            )
        except AlreadyRunningError:
            log.info("another evaluation is under way, and tells")
            return {"told": 0}
    if metrics.are_on():
        metrics.tell_state(found)
    for name, title in outcome.told:
        log.info("told %s: %s", name, title)
    if outcome.failed:
        failed = "; ".join(f"{name}: {why}" for name, why in outcome.failed.items())
        raise UnavailableError(f"{failed}; each is tried again by the next evaluation")
    troubled = sum(verdict.severity is not Severity.OK for verdict in found.verdicts)
    return {"told": len(outcome.told), "troubled": troubled}
