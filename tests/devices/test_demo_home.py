"""The drivers against the demo home, which was built from the makers' documents without looking at them.

Both sides were typed independently, so a wrong address, scale, word order or sign in either shows here.
"""

from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection
import pytest

from custom_components.ems.demo.demo_home import DemoHome, DemoPorts
from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.modbus_device import ModbusDevice

NOON = 1_782_036_000.0  # 2026-06-21 12:00 in Vienna: the sun shines on every sign
NIGHT = NOON - 9 * 3600  # and leaves the inverter's rating to the battery alone


class Lab:
    """A demo home whose time passes when told to, and a client for each of its devices."""

    def __init__(self, profiles, now) -> None:
        self.now = now
        self.home = DemoHome(clock=lambda: self.now)
        for point in self.home.home.points[1:]:
            point.car.energy_wh = point.car.spec.capacity_wh  # one car is enough for what is asked here
        self.profiles = profiles
        self.connections = []

    def pass_by(self, seconds):
        for _ in range(int(seconds)):
            self.now += 1
            self.home.advance()

    def device(self, name, profile_id):
        profile, address = self.profiles[profile_id], getattr(self.home.addresses, name)
        link = ModbusConnection(ModbusTcpParams(host=address.host, port=address.port), timeout=2)
        self.connections.append(link)
        station = profile.identity.unit_id
        return ModbusDevice(
            profile,
            link.for_unit(address.unit_id),
            identity_unit=None if station is None else link.for_unit(station),
            clock=lambda: self.now,
        )


@pytest.fixture
async def lab(profiles, socket_enabled, request):
    lab = Lab(profiles, getattr(request, "param", NOON))
    await lab.home.async_start(ports=DemoPorts.free())
    yield lab
    for link in lab.connections:
        await link.close()
    await lab.home.async_stop()


async def test_every_device_is_recognised(lab):
    found = [
        await lab.device(name, profile).async_identify()
        for name, profile in (
            ("meter", "abb_b23"),
            ("inverter", "solaredge_storedge"),
            ("charger", "alfen_eve"),
        )
    ]
    assert [who.roles for who in found] == [("meter",), ("inverter", "pv", "battery", "meter"), ("charger",)]
    assert all(who.model and who.serial and who.firmware for who in found)


async def test_two_meters_at_one_connection_agree(lab):
    """ABB counts import as positive and SolarEdge export; after the profiles both say the same."""
    abb = lab.device("meter", "abb_b23")
    solaredge = lab.device("inverter", "solaredge_storedge")
    for _ in range(5):
        lab.pass_by(60)
        one, other = await abb.async_read(), await solaredge.async_read()
        assert one.failed == other.failed == ()
        for point in ("power", "power_l1", "power_l2", "power_l3"):
            assert other.number("meter", point) == pytest.approx(one.number("meter", point), abs=5)
        for point in ("import_energy", "export_energy"):
            assert other.number("meter", point) == pytest.approx(one.number("meter", point), abs=11)
        assert other.number("inverter", "frequency") == pytest.approx(
            one.number("meter", "frequency"), abs=0.02
        )


@pytest.mark.parametrize("lab", [NIGHT], indirect=True)
@pytest.mark.parametrize(("mode", "battery_w"), [("charge", -1500), ("discharge", 1500)])
async def test_a_commanded_battery_obeys_until_its_lease_ends(lab, mode, battery_w):
    inverter = lab.device("inverter", "solaredge_storedge")
    lab.pass_by(5)
    await inverter.async_command(DeviceCommand(role="battery", mode=mode, power_w=1500))

    lab.pass_by(30)
    assert (await inverter.async_read()).number("battery", "power") == pytest.approx(battery_w, abs=20)
    await inverter.async_command(DeviceCommand(role="battery", mode=mode, power_w=1500), renew=True)
    lab.pass_by(50)
    assert (await inverter.async_read()).number("battery", "power") == pytest.approx(battery_w, abs=20)

    lab.pass_by(30)  # nobody renews: it covers the house and no more
    assert (await inverter.async_read()).number("meter", "power") == pytest.approx(0, abs=50)


async def test_a_battery_that_holds_gives_nothing(lab):
    inverter = lab.device("inverter", "solaredge_storedge")
    await inverter.async_command(DeviceCommand(role="battery", mode="hold"))
    for _ in range(10):
        lab.pass_by(5)
        assert (await inverter.async_read()).number("battery", "power") <= 0


async def test_a_charger_falls_back_to_its_safe_current(lab):
    charger = lab.device("charger", "alfen_eve")
    await charger.async_command(DeviceCommand(role="charger", mode="charge", current_a=13))
    reading = await charger.async_read()
    assert reading.number("charger", "applied_current") == 13
    assert reading.number("charger", "setpoint_valid_s") == 60

    lab.pass_by(61)

    reading = await charger.async_read()
    assert reading.number("charger", "applied_current") == reading.number("charger", "safe_current") == 6
    assert reading.get("charger", "setpoint_accounted") is False


async def test_each_charger_is_somebody_else(lab):
    names = ("charger", "charger_2", "charger_3")
    found = [await lab.device(name, "alfen_eve").async_identify() for name in names]
    assert len({who.serial for who in found}) == 3
    assert all(who.roles == ("charger",) for who in found)


async def test_a_charger_changes_to_one_phase_and_back(lab):
    """Under load the driver leaves contactors alone, so the car is stopped before each change."""
    point = lab.home.home.points[2]
    point.car.energy_wh = 0.3 * point.car.spec.capacity_wh
    charger, used = lab.device("charger_3", "alfen_eve"), []
    for phases in (3, 1, 3):
        await charger.async_command(DeviceCommand(role="charger", mode="off"))
        lab.pass_by(10)
        await charger.async_read()
        await charger.async_command(DeviceCommand(role="charger", mode="charge", current_a=10, phases=phases))
        lab.pass_by(50)
        reading = await charger.async_read()
        drawn = [reading.number("charger", f"current_l{terminal}") for terminal in (1, 2, 3)]
        used.append([round(current) for current in drawn])
    assert used == [[10, 10, 10], [10, 0, 0], [10, 10, 10]]
