"""Set up the demo home: find its wires, ask every device who it is, and describe the whole site."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import aiohttp
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..adapters.demo_home import make_demo_home
from ..adapters.device_wiring import SECTION
from ..const import (
    BATTERY,
    CHARGER,
    CONF_BASE_URL,
    CONF_DEMO,
    CONF_EXPORT_DEDUCTION,
    CONF_EXPORT_KIND,
    CONF_EXPORT_MAX_KW,
    CONF_EXPORT_PRICE,
    CONF_FUSE_A,
    CONF_GRID,
    CONF_IMPORT_MAX_KW,
    CONF_KIND,
    CONF_LINK,
    CONF_MARKUP,
    CONF_PARAMS,
    CONF_PHASES,
    CONF_PROFILE,
    CONF_SERIAL,
    CONF_SOURCE,
    CONF_SWITCHES_PHASES,
    CONF_TARIFF,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
    CONF_VAT_PCT,
    CONF_WEATHER,
    KIND_DEMO,
    METER,
    OPERATION_ACTIVE,
    OPT_OPERATION,
    PV,
    SOURCE_PROFILE,
    TARIFF_AWATTAR,
    WEATHER_OPEN_METEO,
)
from ..demo import DemoPorts, PortError
from ..devices import load_profiles
from .probe import ProbeError, async_probe

SEED = 1
TIMEOUT_S = 10
_REQUIRED = ("meter", "inverter", "charger")  # a demo home of an earlier version has but one charger


@dataclass(frozen=True, kw_only=True)
class DemoDevice:
    """One subentry: its role, the device of the demo home behind it, the profile, what people know about it."""

    role: str
    at: str
    profile: str
    name: str
    params: Mapping[str, Any]


def _charger(at: str, name: str, rotation: str, **params: Any) -> DemoDevice:
    usual = {
        "phases": "3",
        "current_min_a": 6,
        "current_max_a": 16,
        CONF_SWITCHES_PHASES: False,
        SECTION: {"rotation": rotation, "safe_a": 6, "priority": 0},
    }
    return DemoDevice(role=CHARGER, at=at, profile="alfen_eve", name=name, params=usual | params)


_DEVICES = (
    DemoDevice(role=METER, at="meter", profile="abb_b23", name="Grid meter", params={"position": "grid"}),
    DemoDevice(
        role=BATTERY,
        at="inverter",
        profile="solaredge_storedge",
        name="Battery",
        params={
            "capacity_kwh": 10.0,
            "charge_max_w": 5000,
            "discharge_max_w": 5000,
            "round_trip_pct": 90,
            "wear_per_kwh": 0.02,
        },
    ),
    DemoDevice(
        role=PV,
        at="inverter",
        profile="solaredge_storedge",
        name="Solar",
        params={"peak_kw": 8.0, "tilt_deg": 35, "inverter_max_kw": 8.0},
    ),
    _charger("charger", "Garage", "l1_l2_l3", energy_needed_kwh=15, ready_by="07:00:00"),
    _charger(
        "charger_2",
        "Carport",
        "l2",
        phases="1",
        current_max_a=20,
        energy_needed_kwh=8,
        ready_by="07:30:00",
    ),
    _charger(
        "charger_3",
        "Courtyard",
        "l3_l1_l2",
        switches_phases=True,
        energy_needed_kwh=15,
        ready_by="06:00:00",
    ),
)


class DemoUnreachableError(Exception):
    """No demo home could be started or found."""


@dataclass(frozen=True, kw_only=True)
class DemoEntry:
    """Everything the config entry of a demo home holds."""

    unique_id: str
    data: dict[str, Any]
    options: dict[str, Any]
    subentries: list[ConfigSubentryData]


async def async_demo_entry(hass: HomeAssistant, address: str | None) -> DemoEntry:
    """Describe a demo home: the one that runs at an address, or one of our own, started for a moment to look at it."""
    if address:
        return await _async_describe(hass, await _async_ask(hass, address.rstrip("/")), ports=None)
    home = await hass.async_add_executor_job(lambda: make_demo_home(hass, seed=SEED))
    try:
        await home.async_start(ports=DemoPorts.free())
        found = home.addresses.as_dict()
        ports = {device.at: found[device.at]["port"] for device in _DEVICES}
        ports["http"] = int(found["http"].rsplit(":", 1)[1])
        return await _async_describe(hass, found, ports=ports)
    except PortError as err:
        raise DemoUnreachableError(str(err)) from err
    finally:
        await home.async_stop()


async def _async_ask(hass: HomeAssistant, address: str) -> dict[str, Any]:
    """Ask a running demo home where its devices answer."""
    try:
        session = async_get_clientsession(hass)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with session.get(f"{address}/demo/state", timeout=timeout) as answer:
            answer.raise_for_status()
            found = _addresses(await answer.json())
    except (aiohttp.ClientError, TimeoutError, ValueError) as err:
        raise DemoUnreachableError(f"{address}: {err}") from err
    if found is None:
        raise DemoUnreachableError(f"{address}: not a demo home")
    # What the process calls itself may not be how it is reached from here.
    return {**found, "http": address}


def _addresses(answer: Any) -> dict[str, Any] | None:
    """Return where the devices of a demo home answer, None where the answer is something else."""
    found = answer.get("addresses") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        return None
    at = [found.get(device) for device in _REQUIRED]
    whole = all(isinstance(each, dict) and {"host", "port", CONF_UNIT_ID} <= set(each) for each in at)
    return found if whole else None


async def _async_describe(
    hass: HomeAssistant, found: Mapping[str, Any], ports: dict[str, int] | None
) -> DemoEntry:
    subentries = [await _async_subentry(hass, each, found) for each in _DEVICES if found.get(each.at)]
    return DemoEntry(
        unique_id="demo" if ports else f"demo:{found['http']}",
        data={
            CONF_KIND: KIND_DEMO,
            CONF_GRID: {
                CONF_PHASES: 3,
                CONF_FUSE_A: 25.0,
                CONF_IMPORT_MAX_KW: 17.25,
                CONF_EXPORT_MAX_KW: 17.25,
            },
            CONF_TARIFF: {
                "kind": TARIFF_AWATTAR,
                "country": "at",
                CONF_BASE_URL: found["http"],
                CONF_MARKUP: 0.12,
                CONF_VAT_PCT: 20,
                CONF_EXPORT_KIND: "day_ahead",
                CONF_EXPORT_PRICE: 0,
                CONF_EXPORT_DEDUCTION: 0.01,
            },
            CONF_WEATHER: {"kind": WEATHER_OPEN_METEO, CONF_BASE_URL: found["http"]},
            CONF_DEMO: {"seed": SEED, "ports": ports},
        },
        # The demo home is the one place where EMS may steer from the first minute (design §10).
        options={OPT_OPERATION: OPERATION_ACTIVE},
        subentries=subentries,
    )


async def _async_subentry(
    hass: HomeAssistant, device: DemoDevice, found: Mapping[str, Any]
) -> ConfigSubentryData:
    at, params = (
        found[device.at],
        deepcopy(dict(device.params)),
    )  # a copy: what is stored must not be our constant
    link = {
        CONF_TRANSPORT: "modbus_tcp",
        "host": at["host"],
        "port": at["port"],
        CONF_UNIT_ID: at["unit_id"],
    }
    profiles = await hass.async_add_executor_job(load_profiles)
    try:
        probe = await async_probe(hass, profiles[device.profile], link)
    except ProbeError as err:
        raise DemoUnreachableError(f"{device.at}: {err.detail}") from err
    if device.role == PV:
        params["azimuth_deg"] = 180 if hass.config.latitude >= 0 else 0
    return ConfigSubentryData(
        subentry_type=device.role,
        title=device.name,
        unique_id=f"{device.role}:{probe.serial}",
        data={
            "name": device.name,
            CONF_SOURCE: {
                CONF_KIND: SOURCE_PROFILE,
                CONF_PROFILE: device.profile,
                CONF_LINK: link,
                CONF_SERIAL: probe.serial,
            },
            CONF_PARAMS: params,
        },
    )
