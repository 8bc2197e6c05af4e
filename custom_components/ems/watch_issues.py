"""Repairs that follow what a watcher finds: there while it is so, gone when it is not, and with the home."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .runtime import EmsConfigEntry


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is to be told. key : Of its sentences in `issues`."""

    key: str
    placeholders: Mapping[str, str]


class WatchIssues:
    """The repairs of one watcher of one home."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """With the home they go."""
        self._hass, self._entry = hass, entry
        self._shown: dict[str, str] = {}
        entry.async_on_unload(lambda: self.async_tell({}))

    @callback
    def async_tell(self, found: Mapping[str, Trouble]) -> None:
        """Show what was found, by issue id, and take back the rest. What a repair says is as it appeared."""
        for issue_id in self._shown.keys() - found.keys():
            del self._shown[issue_id]
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        for issue_id, trouble in found.items():
            if self._shown.get(issue_id) != trouble.key:
                self._shown[issue_id] = trouble.key
                self._async_show(issue_id, trouble)

    @callback
    def _async_show(self, issue_id: str, trouble: Trouble) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=False,  # by us; it goes as soon as it is no longer so
            severity=ir.IssueSeverity.WARNING,
            translation_key=trouble.key,
            translation_placeholders={"home": self._entry.title, **trouble.placeholders},
        )
