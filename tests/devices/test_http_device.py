"""Devices behind web servers, read and steered by their profiles over a real connection."""

from dataclasses import replace
import json

import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceConnectionError, DeviceResponseError, DeviceWriteError
from custom_components.ems.devices.http_client import Access, HttpClient
from custom_components.ems.devices.http_device import HttpDevice
from custom_components.ems.devices.reading import Quality
from tests.devices import documents, relays

CAPTURES = {
    **relays.CAPTURES,
    "shelly_gen1_3em_http": (documents.SHELLY_3EM_GEN1, 0),
    "shelly_gen1_em_http": (documents.SHELLY_EM_GEN1, 1),
    "shelly_3em_http": (documents.SHELLY_PRO_3EM, 0),
    "shelly_em1_http": (documents.SHELLY_PRO_EM, 1),
    "homewizard_p1": (documents.HOMEWIZARD_P1, 0),
    "goe_charger_http": (documents.GOE_CHARGER, 0),
}
# Worked out by hand from the answers, with import, production and consumption positive.
READ = {
    **relays.READ,
    "shelly_gen1_3em_http": {
        "power": 860.5,
        "power_l2": -350.0,
        "voltage_l3": 229.9,
        "import_energy": 123_000.3,
        "export_energy": 3000.0,
        "power_factor_l2": -0.91,
    },
    "shelly_gen1_em_http": {"power": -1500.0, "import_energy": 3.0, "export_energy": 700_000.0},
    "shelly_3em_http": {
        "power": 715.5,
        "power_l2": -951.1,
        "current_l3": 3.03,
        "frequency": 50.0,
        "import_energy": 4_567_890.12,
    },
    "shelly_em1_http": {"power": -927.1, "frequency": 50.02, "export_energy": 77_000.25},
    "homewizard_p1": {
        "power": -543.0,
        "power_l1": -676.0,
        "current_l1": -3.0,
        "import_energy": 13_779_338.0,
        "voltage_l2": None,  # a meter that does not send it
    },
    "goe_charger_http": {
        "power": 10_902.2,
        "power_l3": 3595.3,
        "energy": 1_234_567.0,
        "state": "charging",
        "car_connected": True,
        "current_setpoint": 16.0,
    },
}
SERIALS = {
    **relays.SERIALS,
    "shelly_gen1_3em_http": "34945470E1A2",
    "shelly_gen1_em_http": "E8DB84A1B2C3-1",
    "shelly_3em_http": "EC62609110F8",
    "shelly_em1_http": "EC62609110F8-1",
    "homewizard_p1": "3c39e7aabbcc",
    "goe_charger_http": "223456",
}


@pytest.fixture
def device(web, session, profiles):
    """Return a maker of devices on the server."""

    def make(profile, *, channel=0, roles=None, clock=lambda: 1000.0, change=lambda known: known, **access):
        client = HttpClient(session, Access(base_url=web.base_url, **access), timeout_s=0.3, clock=clock)
        return HttpDevice(change(profiles[profile]), client, channel=channel, roles=roles, clock=clock)

    return make


def wearing(profile):
    """Return a charger's profile as if its current were kept in memory that wears out."""
    role = profile.roles["charger"]
    control = replace(role.control, wears=frozenset({"current_setpoint"}), wear_writes_per_day=1)
    return replace(profile, roles={"charger": replace(role, control=control)})


def test_every_profile_over_http_has_a_capture(profiles):
    assert set(CAPTURES) == {key for key, each in profiles.items() if each.link.transport == "http"}


@pytest.mark.parametrize("profile", CAPTURES)
async def test_what_the_maker_documents_is_read_with_our_signs(web, device, profiles, profile):
    web.documents, channel = dict(CAPTURES[profile][0]), CAPTURES[profile][1]
    reading = await device(profile, channel=channel).async_read()
    role = next(iter(profiles[profile].roles))
    assert {key: reading.get(role, key) for key in READ[profile]} == READ[profile]
    invalid = [
        (key, value.why) for key, value in reading.roles[role].items() if value.quality is Quality.INVALID
    ]
    assert invalid == []


@pytest.mark.parametrize("profile", CAPTURES)
async def test_a_device_says_who_it_is(web, device, profiles, profile):
    web.documents, channel = dict(CAPTURES[profile][0]), CAPTURES[profile][1]
    identity = await device(profile, channel=channel).async_identify()
    assert profiles[profile].unique_serial(identity.serial, channel) == SERIALS[profile]
    assert identity.model
    assert identity.firmware


@pytest.mark.parametrize("profile", CAPTURES)
@pytest.mark.parametrize("other", CAPTURES)
async def test_no_device_passes_for_another(web, device, profile, other):
    if profile == other or (profile, other) in relays.ALSO:
        return
    web.documents, channel = dict(CAPTURES[other][0]), CAPTURES[profile][1]
    with pytest.raises(DeviceResponseError):
        await device(profile, channel=channel).async_identify()


async def test_a_clamp_on_the_solar_feed_counts_production(web, device):
    web.documents = dict(documents.SHELLY_EM_GEN1)
    reading = await device("shelly_gen1_em_http", channel=0, roles={"pv"}).async_read()
    assert reading.get("pv", "power") == 410.2
    assert "meter" not in reading.roles


async def test_a_shelly_with_a_password_wants_a_digest(web, device):
    web.documents, web.digest = dict(documents.SHELLY_PRO_3EM), "SHA-256"
    shelly = device("shelly_3em_http", auth="digest", username="admin", password="secret")
    assert (await shelly.async_read()).number("meter", "power") == 715.5


async def test_one_answer_that_fails_leaves_the_others_alone(web, device):
    """The last good value stays, marked with its age."""
    now = [1000.0]
    web.documents = dict(documents.SHELLY_PRO_3EM)
    shelly = device("shelly_3em_http", clock=lambda: now[0])
    await shelly.async_read()
    now[0] = 1002.0
    web.statuses["/rpc/EMData.GetStatus?id=0"] = 500
    reading = await shelly.async_read()
    energy = reading.roles["meter"]["import_energy"]
    assert (energy.value, energy.quality, energy.at_s) == (4_567_890.12, Quality.STALE, 1000.0)
    assert reading.roles["meter"]["power"].quality is Quality.GOOD
    assert "HTTP 500" in reading.failed[0]


async def test_a_device_that_is_gone_is_not_asked_for_the_rest(web, device):
    web.documents = {key: {} for key in documents.SHELLY_PRO_3EM}
    web.statuses = dict.fromkeys(documents.SHELLY_PRO_3EM, 500)
    with pytest.raises(DeviceConnectionError):
        await device("shelly_3em_http").async_read()
    assert len(web.asked) == 1


async def test_fields_of_the_wrong_type_are_unknown_and_say_why(web, device):
    status = {"emeters": [{"power": "off"}, {"power": [1]}, None]}
    web.documents = {**documents.SHELLY_3EM_GEN1, "/status": status}
    meter = (await device("shelly_gen1_3em_http").async_read()).roles["meter"]
    assert (meter["power_l1"].quality, meter["power_l1"].why) == (Quality.INVALID, "'off' is no number")
    assert (meter["power_l3"].quality, meter["power_l3"].why) == (
        Quality.MISSING,
        "emeters.2 has no 'power'",
    )
    assert meter["power"].value is None


class Goe:
    """A go-e charger that keeps what it is told, in whole amperes."""

    def __init__(self, web):
        self.web = web
        web.documents = {**json.loads(json.dumps(documents.GOE_CHARGER)), "/api/set": {}}
        web.on_ask = self.ask
        self.keeps = True

    @property
    def status(self):
        return self.web.documents["/api/status?filter=car,amp,frc,psm,nrg,eto,acu"]

    def ask(self, request):
        if request.path == "/api/set" and self.keeps:
            self.status.update({key: int(value) for key, value in request.query.items()})

    @property
    def written(self):
        return [path.partition("?")[2] for path in self.web.asked if path.startswith("/api/set")]


async def test_a_charger_is_told_its_current_before_it_may_start(web, device):
    charger = Goe(web)
    writes = await device("goe_charger_http").async_command(
        DeviceCommand(role="charger", mode="charge", current_a=10.4)
    )
    assert charger.written == ["amp=10", "frc=2"]
    assert [(w.point, w.address, w.before, w.read_back) for w in writes] == [
        ("current_setpoint", "status:amp", 16.0, 10.0),
        ("force", "status:frc", 0.0, 2.0),
    ]


async def test_a_charger_that_does_it_already_is_not_written_to(web, device):
    charger = Goe(web)
    goe = device("goe_charger_http")
    command = DeviceCommand(role="charger", mode="charge", current_a=10)
    await goe.async_command(command)
    await goe.async_command(command)
    assert charger.written == ["amp=10", "frc=2"]


@pytest.mark.parametrize(("current_a", "written"), [(5, ["frc=1"]), (50, ["amp=32", "frc=2"])])
async def test_a_current_is_kept_within_what_the_charger_can(web, device, current_a, written):
    """Too little is none: the car pauses, since 6 A is the least that the standard knows."""
    charger = Goe(web)
    command = DeviceCommand(role="charger", mode="charge", current_a=current_a)
    await device("goe_charger_http").async_command(command)
    assert charger.written == written


async def test_a_current_that_the_charger_cannot_hold_is_rounded_down(web, device):
    """Fuses count the difference; the same as on registers."""
    charger = Goe(web)
    command = DeviceCommand(role="charger", mode="charge", current_a=10.9)
    await device("goe_charger_http").async_command(command)
    assert charger.written == ["amp=10", "frc=2"]


async def test_a_charger_is_told_its_phases_before_its_current_and_once(web, device):
    charger = Goe(web)
    charger.status["nrg"][11] = 0
    goe = device("goe_charger_http")
    assert not goe.switches_phases("charger")
    await goe.async_read_settings()
    assert goe.switches_phases("charger")
    for phases in (1, 1, 3):
        await goe.async_command(DeviceCommand(role="charger", mode="charge", current_a=10, phases=phases))
    assert charger.written == ["psm=1", "amp=10", "frc=2", "psm=2"]


async def test_an_old_charger_without_the_setting_cannot_choose_its_phases(web, device):
    charger = Goe(web)
    charger.status["psm"] = None
    goe = device("goe_charger_http")
    await goe.async_read_settings()
    assert not goe.switches_phases("charger")
    await goe.async_command(DeviceCommand(role="charger", mode="charge", current_a=10, phases=1))
    assert charger.written == ["amp=10", "frc=2"]


async def test_what_wears_out_has_a_budget_here_too(web, device):
    """Spent for commands; a release still leaves the charger safe."""
    charger = Goe(web)
    goe = device("goe_charger_http", change=wearing)
    await goe.async_command(DeviceCommand(role="charger", mode="charge", current_a=10))
    with pytest.raises(DeviceWriteError, match="current_setpoint wears out and was written 1 times"):
        await goe.async_command(DeviceCommand(role="charger", mode="charge", current_a=12))
    await goe.async_release()
    assert charger.written == ["amp=10", "frc=2", "frc=0"]


async def test_what_wears_out_is_not_written_to_renew_a_command(web, device):
    charger = Goe(web)
    goe = device("goe_charger_http", change=wearing)
    command = DeviceCommand(role="charger", mode="charge", current_a=10)
    await goe.async_command(command)
    await goe.async_command(command, renew=True)
    assert charger.written == ["amp=10", "frc=2", "frc=2"]


async def test_a_charger_is_given_back_to_its_own_rules(web, device):
    charger = Goe(web)
    goe = device("goe_charger_http")
    await goe.async_command(DeviceCommand(role="charger", mode="off"))
    await goe.async_release()
    assert charger.written == ["frc=1", "frc=0"]
    await goe.async_release()
    assert charger.written == ["frc=1", "frc=0"]
    await goe.async_release(force=True)
    assert charger.written == ["frc=1", "frc=0", "frc=0"]


async def test_a_charger_that_forgets_what_it_is_told_is_found_out(web, device):
    charger = Goe(web)
    charger.keeps = False
    with pytest.raises(DeviceWriteError, match="force: was told 1, the device holds 0"):
        await device("goe_charger_http").async_command(DeviceCommand(role="charger", mode="off"))
    assert charger.written == ["frc=1", "frc=1"]


async def test_a_setting_is_written_by_its_word_and_within_bounds(web, device):
    charger = Goe(web)
    goe = device("goe_charger_http")
    await goe.async_write_point("charger", "force", "on")
    with pytest.raises(DeviceWriteError, match="outside"):
        await goe.async_write_point("charger", "current_setpoint", 40.0)
    with pytest.raises(DeviceWriteError, match="cannot be written"):
        await goe.async_write_point("charger", "power", 40.0)
    assert charger.written == ["frc=2"]
    assert (await goe.async_read_settings()).get("charger", "force") == "on"
