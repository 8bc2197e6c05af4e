"""What devices say in the network, as Home Assistant hands it over, and homes that remember where they were."""

from ipaddress import ip_address
from typing import Any

from homeassistant.config_entries import SOURCE_DHCP, SOURCE_ZEROCONF
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from tests.devices.web import WebDevice
from tests.ha.clock import settle
from tests.ha.flows import ENGLISH, Flow

METER = {"name": "Grid meter", "position": "grid"}
SHELLY = "shellypro3em-ec62609110f8"
SOLAREDGE = "_solaredge-modbus._tcp.local."


def port_of(web: WebDevice) -> int:
    """Return where it listens."""
    return int(web.base_url.rpartition(":")[2])


def service(
    name: str, port: int, kind: str = "_http._tcp.local.", host: str = "127.0.0.1", **properties: str
) -> ZeroconfServiceInfo:
    """Return what Home Assistant hands over when a service is announced."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=port,
        hostname=f"{name}.local.",
        type=kind,
        name=f"{name}.{kind}",
        properties=properties,
    )


async def announce(hass: HomeAssistant, info: ZeroconfServiceInfo | DhcpServiceInfo) -> Flow:
    """Let Home Assistant hand an announcement over."""
    source = SOURCE_DHCP if isinstance(info, DhcpServiceInfo) else SOURCE_ZEROCONF
    flow = Flow(hass.config_entries.flow, ENGLISH["config"])
    return await flow.start(DOMAIN, {"source": source}, data=info)


async def add(hass: HomeAssistant, web: WebDevice) -> Flow:
    """Add the Shelly that announces itself."""
    flow = await announce(hass, service(SHELLY, port_of(web)))
    await flow.submit(**METER)
    await settle(hass)
    return flow


def move(hass: HomeAssistant, entry: MockConfigEntry, **link: Any) -> None:
    """Let the home believe that its only device is somewhere else."""
    (subentry,) = entry.subentries.values()
    source = subentry.data["source"]
    moved = {**subentry.data, "source": {**source, "link": {**source["link"], **link}}}
    hass.config_entries.async_update_subentry(entry, subentry, data=moved)


def link_of(entry: MockConfigEntry) -> dict[str, Any]:
    """Return where the home believes its only device to be."""
    (subentry,) = entry.subentries.values()
    return subentry.data["source"]["link"]
