"""Repairs of what real-time control cannot see: circuits that lost their place, fuses nobody measures by phase."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .adapters.circuits import CONNECTION, SiteCircuits, make_tree
from .adapters.device_wiring import SECTION
from .const import BATTERY, CHARGER, DOMAIN
from .runtime import EmsConfigEntry, EmsData
from .site_device import SiteDevice


@callback
def async_tell_circuits(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Show what is missing for a fuse to be watched; any change of the home looks anew."""
    data = entry.runtime_data
    circuits = make_tree(entry, data.settings, data.site.meters)
    if lost := _lost(data, circuits):
        _async_tell(hass, entry, "circuits_lost", ", ".join(lost))
    if not any(each.actuator and each.role in (BATTERY, CHARGER) for each in data.devices.values()):
        return
    if not circuits.meters[CONNECTION]:
        _async_tell(hass, entry, "connection_unmeasured", "")
    if data.site.meters.tree.grid_is_derived:
        _async_tell(hass, entry, "connection_derived", "")
    if blind := without_phases(circuits, data):
        _async_tell(hass, entry, "phases_unmeasured", ", ".join(blind))


def _lost(data: EmsData, circuits: SiteCircuits) -> list[str]:
    """Return the names of circuits that lost what they hang on, and of devices that lost their circuit."""
    known = circuits.tree.by_key
    said = [(each.name, each.params.get(SECTION, {}).get("circuit")) for each in data.devices.values()]
    return [*circuits.lost, *(name for name, key in said if key is not None and key not in known)]


def without_phases(circuits: SiteCircuits, data: EmsData) -> list[str]:
    """Return the names of meters that measure a circuit of several phases and do not tell them apart.

    A connection that is derived from others has no meter whose phases would help.
    """
    derived = {CONNECTION} if data.site.meters.tree.grid_is_derived else set()
    blind = {
        data.devices[key].name
        for circuit in circuits.tree.circuits
        for key in circuits.meters[circuit.key]
        if circuit.key not in derived
        and len(circuit.phases) > 1
        and not all(_tells(data.devices[key], phase) for phase in circuit.phases)
    }
    return sorted(blind)


def _tells(meter: SiteDevice, phase: int) -> bool:
    """Tell whether a meter says what flows on a phase: its power, or its current."""
    return bool({f"power_l{phase}", f"current_l{phase}"} & set(meter.points))


@callback
def _async_tell(hass: HomeAssistant, entry: EmsConfigEntry, key: str, names: str) -> None:
    issue_id = f"{key}_{entry.entry_id}"
    entry.async_on_unload(lambda: ir.async_delete_issue(hass, DOMAIN, issue_id))
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,  # by us; only people know where things hang
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"home": entry.title, "names": names},
    )
