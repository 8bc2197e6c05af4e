"""Sites for tests: the demo home's, and homes made of entities."""

from copy import deepcopy
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome
from custom_components.ems.flows.demo import async_demo_entry


@dataclass(kw_only=True)
class Site:
    """What a config entry holds, to be changed before it is set up."""

    title: str
    data: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    subentries: list[Any] = field(default_factory=list)
    unique_id: str = "site:test"

    def entry(self, domain: str) -> MockConfigEntry:
        """Return it as a config entry."""
        return MockConfigEntry(
            domain=domain,
            title=self.title,
            data=deepcopy(self.data),
            options=deepcopy(self.options),
            unique_id=self.unique_id,
            subentries_data=deepcopy(self.subentries),
        )

    def only(self, *roles: str) -> Site:
        """Keep the devices of some roles."""
        self.subentries = [each for each in self.subentries if each["subentry_type"] in roles]
        return self

    def subentry(self, role: str) -> Any:
        """Return the device of a role."""
        return next(each for each in self.subentries if each["subentry_type"] == role)


async def async_demo_site(hass: HomeAssistant, home: DemoHome) -> Site:
    """Return what the config flow would store for a demo home that runs already."""
    found = await async_demo_entry(hass, home.addresses.http)
    return Site(
        title="Demo home",
        data=found.data,
        options=found.options,
        subentries=deepcopy(found.subentries),
        unique_id=found.unique_id,
    )


FIXED = {"kind": "fixed", "import_price": 0.30, "export_price": 0.08}


def home_of_entities(*subentries: dict[str, Any], tariff: dict[str, Any] | None = None) -> Site:
    """Return a real home whose devices are entities of other integrations."""
    return Site(
        title="Home",
        data={
            "kind": "home",
            "grid": {"phases": 3, "fuse_a": 25.0, "import_max_kw": 17.25, "export_max_kw": 17.25},
            "tariff": tariff or FIXED,
            "weather": {"kind": "none"},
        },
        subentries=list(subentries),
        unique_id="site:home",
    )


def entity_device(role: str, name: str, params: dict[str, Any], **entities: str) -> dict[str, Any]:
    """Return a subentry that is reached by entities."""
    signs = {"meter": "import", "battery": "discharging", "pv": "production", "charger": "consumption"}
    fields = {"power_positive": signs[role], **entities}
    serial = fields["power_entity"]
    return {
        "subentry_type": role,
        "title": name,
        "unique_id": f"{role}:{serial}",
        "data": {
            "name": name,
            "source": {"kind": "entities", "entities": fields, "serial": serial},
            "params": params,
        },
    }


def load_device(name: str, params: dict[str, Any], **entities: str) -> dict[str, Any]:
    """Return a flexible load; without entities EMS only says when it should run."""
    serial = next(iter(entities.values()), name)
    return {
        "subentry_type": "load",
        "title": name,
        "unique_id": f"load:{serial}",
        "data": {
            "name": name,
            "source": {"kind": "entities", "entities": entities, "serial": serial},
            "params": {"window_from": "00:00:00", "window_until": "00:00:00", **params},
        },
    }


BATTERY_PARAMS: dict[str, Any] = {
    "capacity_kwh": 10.0,
    "charge_max_w": 5000,
    "discharge_max_w": 5000,
    "round_trip_pct": 90,
    "wear_per_kwh": 0.02,
}
CHARGER_PARAMS: dict[str, Any] = {
    "phases": "3",
    "current_min_a": 6,
    "current_max_a": 16,
    "energy_needed_kwh": 15,
    "ready_by": "07:00:00",
}
PUMP_PARAMS: dict[str, Any] = {
    "kind": "interruptible",
    "demand": "daily",
    "power_w": 1000,
    "energy_kwh": 4.0,
    "min_on_min": 10,
    "min_off_min": 10,
}
ROD_PARAMS: dict[str, Any] = {
    "kind": "continuous",
    "demand": "daily",
    "power_w": 3000,
    "power_min_w": 500,
    "energy_kwh": 6.0,
}
WASH_PARAMS: dict[str, Any] = {
    "kind": "programme",
    "demand": "on_request",
    "profile_w": [2000, 100, 100, 400],
    "ready_by": "07:00:00",
}
PV_PARAMS: dict[str, Any] = {"peak_kw": 8.0, "tilt_deg": 35, "azimuth_deg": 180}


def subentry_id(entry: MockConfigEntry, role: str) -> str:
    """Return the id of the first device in a role."""
    return next(s.subentry_id for s in entry.subentries.values() if s.subentry_type == role)


def circuit(key: str, limit_a: float = 16, **params: Any) -> dict[str, Any]:
    """Return a circuit under a key of its own."""
    return {
        "subentry_id": key,
        "subentry_type": "circuit",
        "title": key.title(),
        "unique_id": f"circuit:{key}",
        "data": {"name": key.title(), "params": {"limit_a": limit_a, **params}},
    }


def circuit_to_add(name: str, limit_a: float = 16, **params: Any) -> ConfigSubentry:
    """Return a circuit for a home that runs already."""
    return ConfigSubentry(
        data=MappingProxyType({"name": name, "params": {"limit_a": limit_a, **params}}),
        subentry_type="circuit",
        title=name,
        unique_id=f"circuit:{name.lower()}",
    )
