"""Charging stations read as their images were typed: addresses, scales, word orders and words in one look."""

import pytest

from custom_components.ems.devices.errors import DeviceResponseError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices import charger_images
from tests.devices.images import words

CHARGING = {"state": "charging", "car_connected": True}
VOLTS = {"voltage_l1": 229, "voltage_l2": 230, "voltage_l3": 231}
AMPS = {"current_l1": 9.9, "current_l2": 10, "current_l3": 10.1}
PHASE_WATTS = {"power_l1": 2267, "power_l2": 2300, "power_l3": 2333}
KEBA = {
    **CHARGING,
    "current_l1": 9.98,
    "current_l2": 10.01,
    "current_l3": 9.99,
    "power": 6880.123,
    "energy": 1_234_567.8,
    "applied_current": 10,
}
PHOENIX = {**CHARGING, **VOLTS, "power": 6900, "energy": 1_234_567, "current_setpoint": 10}

# profile → what the image was set up to mean, in W, Wh, V, A.
MEANT = {
    "keba_p30": KEBA,
    "keba_p40": KEBA,
    "goe_modbus": {
        **CHARGING,
        **VOLTS,
        **AMPS,
        "power": 6900,
        "power_l1": 2300,
        "power_l2": 2300,
        "power_l3": 2300,
        "energy": 1_234_500,
        "phases_in_use": 3,
        "current_setpoint": 10,
    },
    "heidelberg_energy_control": {
        **CHARGING,
        **VOLTS,
        **AMPS,
        "power": 6900,
        "energy": 1_234_567,
        "current_setpoint": 10,
        "safe_current": 6,
    },
    "phoenix_ev_eth": PHOENIX,
    "wallbe_eco": PHOENIX,
    "phoenix_charx": {**PHOENIX, **AMPS},
    "abb_terra_ac": {**CHARGING, **VOLTS, **AMPS, "power": 6900, "current_setpoint": 10},
    "mennekes_compact": {
        **CHARGING,
        **VOLTS,
        **AMPS,
        "power": 6900,
        "power_l1": 2267.1,
        "power_l2": 2300,
        "power_l3": 2332.9,
        "energy": 1_234_500,
        "current_setpoint": 10,
    },
    "mennekes_hcc3": {**CHARGING, "phases": 3, "power": 6900, "current_setpoint": 10},
    "mennekes_professional": {
        **CHARGING,
        **VOLTS,
        **AMPS,
        "power": 6900,
        "energy": 1_234_567,
        "current_setpoint": 10,
    },
    "openwb2": {
        **CHARGING,
        **VOLTS,
        **AMPS,
        "power": 6900,
        "energy": 1_234_567,
        "applied_current": 10,
    },
    "webasto_next": {**CHARGING, **AMPS, **PHASE_WATTS, "power": 6900, "energy": 1_234_567},
    "webasto_unite": {**CHARGING, **VOLTS, **AMPS, **PHASE_WATTS, "power": 6900, "current_setpoint": 10},
}

# What is read by the minute, of those that have it.
SETTINGS = {
    "keba_p30": {
        **VOLTS,
        "rated_current": 32,
        "session_energy": 5432.1,
        "phase_switch": "modbus",
        "phases_in_use": 3,
        "failsafe_current": 6,
        "failsafe_timeout": 0,
        "error_code": 0,
    },
    "keba_p40": {
        **VOLTS,
        "rated_current": 32,
        "session_energy": 5432.1,
        "phase_switch": "modbus",
        "phases_in_use": 3,
        "failsafe_current": 6,
        "failsafe_timeout": 0,
        "error_code": 0,
    },
    "goe_modbus": {
        "session_energy": 5000,
        "max_current": 16,
        "phase_switch": "three_phases",
        "force_state": "on",
        "error_code": 0,
    },
    "heidelberg_energy_control": {
        "temperature": 32.5,
        "session_energy": 70_000,
        "rated_current": 16,
        "least_current": 6,
        "watchdog": 15,
        "standby": "on",
        "remote_lock": "unlocked",
        "external_lock": "unlocked",
    },
    "phoenix_ev_eth": {"enable": "on"},
    "wallbe_eco": {"enable": "on", "session_energy": 5000},
    "phoenix_charx": {"enable": "on", "session_energy": 5000},
    "abb_terra_ac": {"rated_current": 32, "session_energy": 5000, "error_code": 0},
    "mennekes_compact": {
        "rated_current": 16,
        "fallback": 6,
        "session_energy": 5000,
        "release": "allow",
        "phase_options": "one_or_three",
        "phase_request": "all",
        "phase_rotation": "l2_l3_l1",
    },
    "mennekes_hcc3": {"session_energy": 5000},
    "webasto_next": {"rated_current": 32, "safe_current": 6, "timeout": 30},
    "webasto_unite": {
        "rated_current": 32,
        "cable_current": 20,
        "safe_current": 6,
        "timeout": 20,
        "session_energy": 5000,
        "wired": "three_phases",
        "phase_switch": "three_phases",
    },
}

# manufacturer, model, serial, firmware
WHO = {
    "keba_p30": ("KEBA", "304111", "18416854", "50990336"),
    "keba_p40": ("KEBA", "404111", "18416854", "50990336"),
    "goe_modbus": ("go-e", None, "CM03-1234567", "56.2"),
    "heidelberg_energy_control": ("Heidelberg", None, None, "264"),
    "phoenix_ev_eth": ("Phoenix Contact", None, None, "1.03"),
    "wallbe_eco": ("Wallbe", None, None, None),
    "phoenix_charx": ("Phoenix Contact", "CHARX SEC-3100", None, "V1.5.0"),
    "abb_terra_ac": ("ABB", None, None, None),
    "mennekes_compact": ("Mennekes", None, "1313201205", "1.10.3"),
    "mennekes_hcc3": ("Mennekes", "AMTRON", "1234567", None),
    "mennekes_professional": ("Mennekes", "Amtron Professional", None, "5.22"),
    "openwb2": ("openWB", None, None, None),
    "webasto_next": ("Webasto", None, None, None),
    "webasto_unite": ("Webasto", "EVC04", "WSC04-0123456", "v3.156.0"),
}


@pytest.fixture
def unit_of(mock_unit):
    """Return a maker of units that hold a family's image."""

    def make(name):
        station = getattr(charger_images, name)()
        unit = mock_unit(station.holding)
        unit.input.update(station.input)
        unit.coil.update(station.coils)
        return unit

    return make


@pytest.mark.parametrize("name", MEANT)
async def test_every_reading_is_as_it_was_typed(profiles, unit_of, name):
    """The table names every reading of the profile, so none of them is a lucky zero."""
    reading = await ModbusDevice(profiles[name], unit_of(name)).async_read()
    assert {key: value.value for key, value in reading.roles["charger"].items()} == MEANT[name]
    assert reading.failed == ()


@pytest.mark.parametrize("name", SETTINGS)
async def test_every_setting_is_as_it_was_typed(profiles, unit_of, name):
    reading = await ModbusDevice(profiles[name], unit_of(name)).async_read_settings()
    assert {key: value.value for key, value in reading.roles["charger"].items()} == SETTINGS[name]


@pytest.mark.parametrize("name", WHO)
async def test_the_station_says_who_it_is(profiles, unit_of, name):
    found = await ModbusDevice(profiles[name], unit_of(name)).async_identify()
    assert (found.manufacturer, found.model, found.serial, found.firmware) == WHO[name]
    assert found.roles == ("charger",)


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("other", MEANT)
async def test_no_station_is_taken_for_another(profiles, unit_of, name, other):
    if name == other:
        return
    with pytest.raises(DeviceResponseError, match="This is no"):
        await ModbusDevice(profiles[name], unit_of(other)).async_identify()


@pytest.mark.parametrize("name", ["keba_p30", "keba_p40"])
async def test_a_keba_is_asked_for_one_value_at_a_time(profiles, name):
    link = profiles[name].link
    assert (link.max_registers, link.pause_s, link.write_pause_s, link.single_write) == (2, 0.5, 5, True)


@pytest.mark.parametrize(
    ("name", "space", "at", "codes"),
    [
        (
            "keba_p30",
            "holding",
            1001,
            {0: "unavailable", 1: "available", 2: "connected", 3: "charging", 4: "fault", 5: "connected", 6: None},
        ),
        (
            "heidelberg_energy_control",
            "input",
            5,
            {
                1: None,
                2: "available",
                3: "available",
                4: "connected",
                5: "connected",
                6: "connected",  # C1: wants to, and may not
                7: "charging",
                8: "charging",
                9: "fault",
                10: "unavailable",
                11: "fault",
            },
        ),
        ("goe_modbus", "input", 100, {0: "fault", 1: "available", 2: "charging", 3: "connected", 4: "connected"}),
        ("abb_terra_ac", "holding", 0x400D, {0: "available", 0x100: "connected", 0x380: "connected"}),
        ("abb_terra_ac", "holding", 0x400D, {0x4FF: "charging", 0x8400: "charging", 0x500: "connected", 0x700: None}),
        ("phoenix_ev_eth", "input", 100, {65: "available", 66: "connected", 68: "charging", 69: "fault", 71: None}),
        ("mennekes_compact", "holding", 0x100, {1: "available", 3: "connected", 5: "charging", 6: "fault", 8: None}),
        ("mennekes_hcc3", "input", 0x302, {2: "available", 4: "connected", 5: "connected", 6: "charging"}),
        ("mennekes_professional", "holding", 122, {1: "available", 2: "connected", 4: "charging", 5: "fault"}),
        ("openwb2", "input", 10115, {0: "connected", 1: "charging", 2: None}),
        ("webasto_next", "holding", 1000, {0: "available", 1: "connected", 2: None, 4: "connected", 7: "fault"}),
        ("webasto_unite", "input", 1000, {0: "available", 1: "connected", 2: "charging", 7: "unavailable", 8: "fault"}),
    ],
)  # fmt: skip
async def test_the_makers_states_become_our_words(profiles, unit_of, name, space, at, codes):
    unit = unit_of(name)
    said = {}
    for code in codes:
        getattr(unit, space)[at] = code
        reading = await ModbusDevice(profiles[name], unit).async_read()
        said[code] = reading.get("charger", "state")
    assert said == codes


async def test_a_keba_knows_the_car_by_its_cable(profiles, unit_of):
    """3 is a cable that is locked in the station, with no car at its other end."""
    unit = unit_of("keba_p30")
    known = {}
    for code in (0, 1, 3, 5, 7):
        unit.holding[1005] = code
        reading = await ModbusDevice(profiles["keba_p30"], unit).async_read()
        known[code] = reading.get("charger", "car_connected")
    assert known == {0: False, 1: False, 3: False, 5: True, 7: True}


async def test_a_station_with_a_fault_does_not_claim_to_know_the_car(profiles, unit_of):
    unit = unit_of("heidelberg_energy_control")
    unit.input[5] = 9
    reading = await ModbusDevice(profiles["heidelberg_energy_control"], unit).async_read()
    assert reading.roles["charger"]["car_connected"].quality is Quality.INVALID


async def test_a_bender_without_a_meter_leaves_its_numbers_unknown(profiles, unit_of):
    unit = unit_of("mennekes_professional")
    unit.holding.update(dict.fromkeys(range(212, 228), 0xFFFF))
    reading = await ModbusDevice(profiles["mennekes_professional"], unit).async_read()
    assert reading.get("charger", "power") is None
    assert reading.get("charger", "state") == "charging"


async def test_a_mennekes_with_the_lower_word_first_is_refused(profiles, unit_of):
    """Copies of the maker's table claim it; then every float would be garbage, setpoint and all."""
    unit = unit_of("mennekes_compact")
    unit.holding.update(dict(enumerate(words("f", 230.0)[::-1], 0x0506)))
    with pytest.raises(DeviceResponseError, match="a voltage, highest word first"):
        await ModbusDevice(profiles["mennekes_compact"], unit).async_identify()


async def test_a_goe_with_swapped_registers_says_what_to_change(profiles, unit_of):
    unit = unit_of("goe_modbus")
    unit.input.update({108: 229, 109: 0})
    with pytest.raises(DeviceResponseError, match="is changed in the app"):
        await ModbusDevice(profiles["goe_modbus"], unit).async_identify()
