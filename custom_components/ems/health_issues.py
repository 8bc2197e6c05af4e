"""Repairs for electricity that stays critical and for meters that stay silent; each goes by itself when that ends."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .adapters.electrical import event_type
from .adapters.manner import Manner, manner_of
from .const import DOMAIN
from .engine.insight.electrical_verdict import CRITICAL, Change, Condition, Finding, Subject, Verdict
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

if TYPE_CHECKING:
    from .meter_health import MeterHealth

# A network operator's switch, a restart of the router: over by itself. After a quarter of an hour somebody should know.
PATIENCE_S: Final = 15 * 60.0


class HealthIssues:
    """The repairs of one meter, one per subject at most."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """With the home they go."""
        self._hass, self._entry, self._device = hass, entry, device
        self._shown: dict[Subject, Condition] = {}
        entry.async_on_unload(self._async_clear_all)

    def hearing(self, health: MeterHealth) -> Callable[[Sequence[Change]], None]:
        """Return a listener to a meter's health."""

        @callback
        def heard(_: Sequence[Change]) -> None:
            self.async_tell(health.verdict)

        return heard

    @callback
    def async_tell(self, verdict: Verdict) -> None:
        """Show what lasts; take back what has ended. What is unknown has not ended."""
        now_s = dt_util.utcnow().timestamp()
        for subject, finding in verdict.findings.items():
            if finding is None:
                continue
            if finding.condition in CRITICAL and now_s - finding.since_s >= PATIENCE_S:
                self._async_show(subject, finding)
            elif self._shown.get(subject, finding.condition) is not finding.condition:
                self._async_clear(subject)

    @callback
    def _async_show(self, subject: Subject, finding: Finding) -> None:
        """Show a repair once: its numbers are those of the moment it appeared."""
        if self._shown.get(subject) is finding.condition:
            return
        self._shown[subject] = finding.condition
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._id(subject),
            is_fixable=False,  # by us; it goes as soon as the meter says that all is well
            severity=ir.IssueSeverity.WARNING,
            translation_key=f"meter_{event_type(subject, finding.condition)}",
            translation_placeholders=self._placeholders(finding),
        )

    def _placeholders(self, finding: Finding) -> dict[str, str]:
        manner = manner_of(self._hass.config.language)
        since = dt_util.as_local(dt_util.utc_from_timestamp(finding.since_s))
        return {
            "home": self._entry.title,
            "meter": self._device.name,
            "phase": f"L{finding.phase}" if finding.phase else "",
            "value": _number(manner, finding.value),
            "limit": _number(manner, finding.threshold),
            "since": manner.date_and_time(since),
        }

    @callback
    def _async_clear(self, subject: Subject) -> None:
        del self._shown[subject]
        ir.async_delete_issue(self._hass, DOMAIN, self._id(subject))

    @callback
    def _async_clear_all(self) -> None:
        for subject in list(self._shown):
            self._async_clear(subject)

    def _id(self, subject: Subject) -> str:
        return f"electrical_{subject}_{self._device.subentry_id}"


def _number(manner: Manner, value: float | None) -> str:
    return "?" if value is None else manner.number(round(value, 1))
