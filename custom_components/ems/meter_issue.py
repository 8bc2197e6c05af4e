"""A repair where a meter hangs below one that was removed, or measures a device that was: its place is only a guess."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .runtime import EmsConfigEntry


@callback
def async_tell_lost_meters(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Show which meters lost their place; saving their form again, or any change of the home, looks anew."""
    lost = entry.runtime_data.site.meters.lost
    issue_id = f"meters_{entry.entry_id}"
    entry.async_on_unload(lambda: ir.async_delete_issue(hass, DOMAIN, issue_id))
    if not lost:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,  # by us; only people know where their meters hang
        severity=ir.IssueSeverity.WARNING,
        translation_key="meters_lost",
        translation_placeholders={"home": entry.title, "meters": ", ".join(lost)},
    )
