"""What relays and plugs answer, typed from their makers' documentation, and what they do when told something."""

import re
from typing import Any

SHELLY_PLUS_PLUG: dict[str, Any] = {
    "/rpc/Shelly.GetDeviceInfo": {"name": None, "id": "shellyplusplugs-e465b8f0a1b2", "mac": "E465B8F0A1B2"}
    | {"model": "SNPL-00112EU", "gen": 2, "ver": "1.4.4", "app": "PlusPlugS", "auth_en": False},
    "/rpc/Switch.GetStatus?id=0": {"id": 0, "source": "HTTP_in", "output": False, "apower": 0.0}
    | {"voltage": 229.9, "current": 0.0, "freq": 50.0, "temperature": {"tC": 39.4, "tF": 102.9}}
    | {"aenergy": {"total": 1234.567, "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1_700_000_000}},
}
SHELLY_PLUS_1: dict[str, Any] = {
    "/rpc/Shelly.GetDeviceInfo": {"id": "shellyplus1-a8032ab636ec", "mac": "A8032AB636EC", "gen": 2}
    | {"model": "SNSW-001X16EU", "ver": "1.4.4", "app": "Plus1"},
    "/rpc/Switch.GetStatus?id=0": {"id": 0, "source": "init", "output": True}
    | {"temperature": {"tC": 51.2, "tF": 124.1}},
}
SHELLY_PLUG_GEN1: dict[str, Any] = {
    "/shelly": {"type": "SHPLG-S", "mac": "7C87CEB4F0AA", "auth": False, "fw": "20230913-113421/v1.14.0"},
    "/status": {
        "relays": [{"ison": True, "has_timer": False, "timer_remaining": 0, "overpower": False}],
        "meters": [{"power": 1012.3, "is_valid": True, "timestamp": 1_700_000_000, "total": 600_030}],
    },
}
SHELLY_1_GEN1: dict[str, Any] = {
    "/shelly": {"type": "SHSW-1", "mac": "8CAAB505D6CB", "auth": False, "fw": "20230913-112003/v1.14.0"},
    "/status": {
        "relays": [{"ison": False, "has_timer": False, "timer_remaining": 0}],
        "meters": [{"power": 0.0, "is_valid": True}],
    },
}
_TASMOTA = {
    "/cm?cmnd=Status%202": {"StatusFWR": {"Version": "14.2.0(tasmota)", "Hardware": "ESP8266EX"}},
    "/cm?cmnd=Status%205": {"StatusNET": {"Hostname": "tasmota-1A2B", "Mac": "5C:CF:7F:3D:5E:26"}},
    "/cm?cmnd=Status%2011": {"StatusSTS": {"Time": "2026-06-15T12:00:00", "POWER": "OFF", "Sleep": 50}},
}
ENERGY = {"TotalStartTime": "2023-05-14T18:04:39", "Total": 123.456, "Yesterday": 0.1, "Today": 0.02}
ENERGY |= {"Power": 57, "ApparentPower": 60, "Factor": 0.95, "Voltage": 231, "Current": 0.26}
TASMOTA_PLUG: dict[str, Any] = {
    **_TASMOTA,
    "/cm?cmnd=Status%2010": {"StatusSNS": {"Time": "2026-06-15T12:00:00", "ENERGY": ENERGY}},
}
TASMOTA_RELAY: dict[str, Any] = dict(_TASMOTA)

CAPTURES = {
    "shelly_relay_pm_http": (SHELLY_PLUS_PLUG, 0),
    "shelly_relay_http": (SHELLY_PLUS_1, 0),
    "shelly_gen1_relay_pm_http": (SHELLY_PLUG_GEN1, 0),
    "shelly_gen1_relay_http": (SHELLY_1_GEN1, 0),
    "tasmota_plug_http": (TASMOTA_PLUG, 0),
    "tasmota_relay_http": (TASMOTA_RELAY, 0),
}
READ = {
    "shelly_relay_pm_http": {"running": False, "power": 0.0, "energy": 1234.567, "voltage_l1": 229.9}
    | {"temperature": 39.4},
    "shelly_relay_http": {"running": True, "temperature": 51.2},
    "shelly_gen1_relay_pm_http": {"running": True, "power": 1012.3, "energy": 10_000.5},  # 600 030 Wmin
    "shelly_gen1_relay_http": {"running": False},
    "tasmota_plug_http": {"running": False, "power": 57.0, "energy": 123_456.0, "current_l1": 0.26},
    "tasmota_relay_http": {"running": False},
}
SERIALS = {
    "shelly_relay_pm_http": "E465B8F0A1B2-0",
    "shelly_relay_http": "A8032AB636EC-0",
    "shelly_gen1_relay_pm_http": "7C87CEB4F0AA-0",
    "shelly_gen1_relay_http": "8CAAB505D6CB-0",
    "tasmota_plug_http": "5C:CF:7F:3D:5E:26",
    "tasmota_relay_http": "5C:CF:7F:3D:5E:26",
}
# A plug with a meter is a relay, too: whoever picks the plain profile for it loses the meter and nothing else.
ALSO = {("tasmota_relay_http", "tasmota_plug_http")}


class WebRelay:
    """Plays the relay behind the documents: it switches, and keeps the timer it was given."""

    def __init__(self, web: Any, documents: dict[str, Any]) -> None:
        """Take a web server's place. Documents are changed, so they must be a copy."""
        self._documents, self.timer_s, self.told = documents, None, []
        self.timer_s: int | None
        self.told: list[str]
        web.documents, web.on_ask = documents, self._ask
        for path in ("/rpc/Switch.Set", "/relay/0", "/cm?cmnd=Power%20ON", "/cm?cmnd=Power%20OFF"):
            documents[path] = {}

    @property
    def is_on(self) -> bool:
        """Return what the relay does."""
        if "/status" in self._documents:
            return self._documents["/status"]["relays"][0]["ison"]
        if "/rpc/Switch.GetStatus?id=0" in self._documents:
            return self._documents["/rpc/Switch.GetStatus?id=0"]["output"]
        return self._documents["/cm?cmnd=Status%2011"]["StatusSTS"]["POWER"] == "ON"

    def switch(self, *, on: bool) -> None:
        """Switch it, by a command or by hand."""
        if "/status" in self._documents:
            self._documents["/status"]["relays"][0]["ison"] = on
        elif "/rpc/Switch.GetStatus?id=0" in self._documents:
            self._documents["/rpc/Switch.GetStatus?id=0"] |= {"output": on, "apower": 1010.0 * on}
        else:
            self._documents["/cm?cmnd=Status%2011"]["StatusSTS"]["POWER"] = "ON" if on else "OFF"

    def _ask(self, request: Any) -> None:
        asked = request.raw_path
        if found := re.fullmatch(r"/rpc/Switch\.Set\?id=0&on=(true|false)(?:&toggle_after=(\d+))?", asked):
            self._told(found[0], found[1] == "true", found[2])
        elif found := re.fullmatch(r"/relay/0\?turn=(on|off)(?:&timer=(\d+))?", asked):
            self._told(found[0], found[1] == "on", found[2])
        elif found := re.fullmatch(r"/cm\?cmnd=Power%20(ON|OFF)", asked):
            self._told(found[0], found[1] == "ON", None)

    def _told(self, asked: str, on: bool, timer: str | None) -> None:
        self.told.append(asked)
        self.timer_s = None if timer is None else int(timer)
        self.switch(on=on)
