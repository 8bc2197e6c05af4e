"""How devices announce themselves: profiles declare it, and the manifest is made of what they declare."""

import json
from typing import Any

import pytest

from custom_components.ems.devices import load_profiles
from custom_components.ems.devices.errors import ProfileError
from custom_components.ems.devices.profile import Announcement, Dhcp, Zeroconf, parse_any_profile
from tests.devices.test_document_schema import HTTP, MQTT
from tests.devices.test_profile_schema import GOOD
from tests.support.tree import COMPONENT, ROOT, read_json

HTTP_TYPE = "_http._tcp.local."


def with_discovery(text: str, lines: str) -> str:
    return text.replace("identity:\n", f"discovery:\n{lines}\nidentity:\n", 1)


def announcements(text: str) -> tuple[Announcement, ...]:
    return parse_any_profile(text, "acme.yaml").discovery


def announced(kind: type[Announcement]) -> list[Any]:
    """Return what the manifest should say of one kind, each once and in order."""
    found = [
        each.manifest
        for profile in load_profiles().values()
        for each in profile.discovery
        if isinstance(each, kind)
    ]
    once = {json.dumps(each, sort_keys=True): each for each in found}
    return [once[key] for key in sorted(once)]


def test_home_assistant_listens_for_what_profiles_declare_and_nothing_else():
    """A profile that is not in the manifest is never found; a pattern without a profile wakes us for strangers."""
    manifest = read_json(COMPONENT / "manifest.json")
    assert manifest["zeroconf"] == announced(Zeroconf)
    assert manifest["dhcp"] == announced(Dhcp)


def test_the_list_of_devices_says_which_are_found():
    """People look there before they search their router for an address."""
    page = (ROOT / "docs" / "devices" / "README.md").read_text(encoding="utf-8")
    table = page.split("## Found by themselves")[1].split("\n## ")[0]
    said = {line.split()[1] for line in table.splitlines() if line.startswith("| ")} - {"Device"}
    assert said == {profile.manufacturer for profile in load_profiles().values() if profile.discovery}


def test_some_profiles_are_found_and_those_over_a_broker_are_not():
    found = {key for key, profile in load_profiles().items() if profile.discovery}
    assert {"homewizard_p1", "shelly_3em_http", "solaredge_storedge", "sma_smart_energy"} <= found
    assert not any(key.endswith("_mqtt") for key in found)


@pytest.mark.parametrize(
    ("name", "profiles"),
    [
        ("shellypro3em-ec62609110f8", {"shelly_3em_http", "shelly_em1_http"}),
        ("ShellyPro3EM-EC62609110F8", {"shelly_3em_http", "shelly_em1_http"}),
        ("shellyemg3-ec62609110f8", {"shelly_em1_http"}),
        ("shellyem3-34945470e1a2", {"shelly_gen1_3em_http"}),
        ("shellyem-e8db84a1b2c3", {"shelly_gen1_em_http"}),
        ("shellyplug-s-e8db84a1b2c3", set()),
        ("printer", set()),
    ],
)
def test_a_name_says_which_profiles_it_may_be(name: str, profiles: set[str]):
    found = {
        key
        for key, profile in load_profiles().items()
        for each in profile.discovery
        if isinstance(each, Zeroconf) and each.fits(HTTP_TYPE, f"{name}.{HTTP_TYPE}", {})
    }
    assert found == profiles


def test_properties_and_hardware_addresses_count():
    """What a maker sells besides, and what only happens to be called alike, is left alone."""
    meter = Zeroconf(type="_hwenergy._tcp.local.", properties={"product_type": "hwe-p1"})
    assert meter.fits("_hwenergy._tcp.local.", "p1", {"product_type": "HWE-P1"})
    assert not meter.fits("_hwenergy._tcp.local.", "socket", {"product_type": "HWE-SKT"})
    assert not meter.fits("_hwenergy._tcp.local.", "p1", {})
    assert not meter.fits(HTTP_TYPE, "p1", {"product_type": "HWE-P1"})
    inverter = Dhcp(hostname="sma*", macaddress="0015BB*")
    assert inverter.fits("SMA3015638141", "0015bb123456")
    assert not inverter.fits("smart-tv", "001122334455")
    assert not inverter.fits("desk", "0015bb123456")


def test_every_type_goes_with_every_name():
    lines = "  - {zeroconf: {type: [_a._tcp.local., _b._udp.local.], name: [x*, y*]}, source: the manual}"
    assert [each.manifest for each in announcements(with_discovery(HTTP, lines))] == [
        {"type": "_a._tcp.local.", "name": "x*"},
        {"type": "_a._tcp.local.", "name": "y*"},
        {"type": "_b._udp.local.", "name": "x*"},
        {"type": "_b._udp.local.", "name": "y*"},
    ]


def test_a_profile_of_registers_can_be_found_as_well():
    lines = "  - {zeroconf: {type: _m._tcp.local., unit_id_in: ID}, source: the manual}\n"
    lines += '  - {dhcp: {macaddress: "0015BB*"}, source: the manual}'
    service, address = announcements(with_discovery(GOOD, lines))
    assert service == Zeroconf(type="_m._tcp.local.", unit_id_in="ID")
    assert service.manifest == "_m._tcp.local."
    assert address.manifest == {"macaddress": "0015BB*"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{zeroconf: {type: _a._tcp.local.}}", "source"),
        ("{source: x}", "needs one of `zeroconf` and `dhcp`"),
        ("{zeroconf: {type: _a._tcp.local.}, dhcp: {hostname: a*}, source: x}", "needs one of"),
        ("{zeroconf: {type: http}, source: x}", "is no type of service"),
        ("{zeroconf: {type: _a._tcp.local., name: Shelly*}, source: x}", "lower case"),
        ("{zeroconf: {type: _a._tcp.local., properties: {k: Word}}, source: x}", "lower case"),
        ("{dhcp: {}, source: x}", "needs `hostname` or `macaddress`"),
        ('{dhcp: {macaddress: "0015bb*"}, source: x}', "in upper case"),
        ('{dhcp: {macaddress: "00*"}, source: x}', "at least six"),
        ("{dhcp: {hostname: SMA*}, source: x}", "lower case"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(line: str, words: str):
    text = with_discovery(HTTP, f"  - {line}")
    with pytest.raises(ProfileError, match=rf"acme\.yaml:\d+: discovery.*{words}"):
        parse_any_profile(text, "acme.yaml")


def test_what_publishes_to_a_broker_has_no_address_to_be_found_at():
    with pytest.raises(ProfileError, match="discovery"):
        parse_any_profile(with_discovery(MQTT, "  - {dhcp: {hostname: a*}, source: x}"), "acme.yaml")
