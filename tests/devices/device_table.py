"""What the list of supported devices has to say of a profile, made from the profile alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from custom_components.ems.devices.profile import DocumentProfile, Profile
from custom_components.ems.devices.profile.model import RoleProfile

type Roles = Mapping[str, RoleProfile[Any]]

HEAD = (
    "Device",
    "Reached by",
    "Plays the role of",
    "Confidence",
    "EMS reads",
    "EMS writes",
    "When EMS is gone",
)
READ_ONLY = "read only"
ROLES = {
    "meter": "meter",
    "pv": "solar array",
    "battery": "battery",
    "charger": "car charger",
    "load": "flexible load",
}
_REACHED = {
    "modbus_rtu": "RS-485, by serial port or gateway",
    "modbus_tcp": "Modbus TCP",
    "http": "HTTP",
    "mqtt": "MQTT",
}
_QUANTITIES = ("power", "voltage", "current", "power_factor")


def row(profiles: Sequence[Profile | DocumentProfile]) -> dict[str, str]:
    """Return the cells, but the first, of a row for one profile or for relatives on several transports."""
    roles: Roles = profiles[0].roles
    return {
        "Reached by": " or ".join(_REACHED[profile.link.transport] for profile in profiles),
        "Plays the role of": ", ".join(name for key, name in ROLES.items() if key in roles),
        "Confidence": profiles[0].confidence,
        "EMS reads": _reads(roles),
        "EMS writes": "; ".join(_writes(roles)) or READ_ONLY,
        "When EMS is gone": " ".join(_gone(roles)) or "–",
    }


def _points(role: RoleProfile[Any]) -> set[str]:
    return {*role.readings, *role.derived}


def _reads(roles: Roles) -> str:
    if "battery" in roles:
        return "; ".join(
            f"{name}: {', '.join(_flows(roles[key]))}" for key, name in ROLES.items() if key in roles
        )
    return ", ".join(_measured(_points(next(iter(roles[key] for key in ROLES if key in roles)))))


def _flows(role: RoleProfile[Any]) -> Iterator[str]:
    """Name what a plan needs of a hybrid's role; the rest is on its page."""
    points = _points(role)
    yield "power"
    if "soc" in points:
        yield "state of charge"
    if any(point.endswith("energy") for point in points):
        yield "energy"


def _measured(points: set[str]) -> Iterator[str]:
    if "running" in points:
        yield "whether it is on"
    for key in _QUANTITIES:
        if f"{key}_l2" in points:
            yield f"{key.replace('_', ' ')}s"
        elif {key, f"{key}_l1"} & points:
            yield key.replace("_", " ")
    if "frequency" in points:
        yield "frequency"
    if "import_energy" in points:
        yield "import and export" if "export_energy" in points else "import"
    elif "running" not in points or "energy" in points:
        yield "energy" if "energy" in points else "no total energy"
    if "state" in points:
        yield "state"


def _writes(roles: Roles) -> Iterator[str]:
    for key, name in ROLES.items():
        if key in roles and roles[key].control:
            commands = ", ".join(command.replace("_", " ") for command in sorted(roles[key].commands))
            charger = "current, phases, off" if roles[key].control.phases else "current, off"
            yield {"charger": charger, "load": commands}.get(key, f"{name}: {commands}")


def _gone(roles: Roles) -> Iterator[str]:
    """Say what a command becomes, and where that is a lease of every command, after how long."""
    for key in ROLES:
        control = roles[key].control if key in roles else None
        if control:
            is_lease = control.lease_s is not None and not control.keeps >= set(roles[key].commands)
            yield f"{control.lease_s:g} s: {control.on_expiry}" if is_lease else control.on_expiry
