"""From a profile that counts from bases to one with the addresses of one device."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .model import Control, DerivedPoint, IdentityMap, Point, PointName, Profile, Register, RoleProfile

type Places = Mapping[str, "Place"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a base is on a device: from the first register to behind the last."""

    start: int
    end: int


def placed(profile: Profile, places: Places) -> Profile:
    """Return the profile with the addresses of one device.

    What the device lacks is left out: points whose base is not there or ends before them, the steering of a role
    that misses one of its settings, and everything of a role that misses its `present` register. Only identity
    keeps an expectation without a place, since it cannot be met.
    """
    roles = {name: _role(role, places) for name, role in profile.roles.items()}
    roles = {
        name: replace(role, derived=_derived(profile, name, roles, places)) for name, role in roles.items()
    }
    return replace(profile, identity=_identity(profile, places), roles=roles)


def _role(role: RoleProfile, places: Places) -> RoleProfile:
    present = role.present
    if present is not None:
        register = _register(present.register, places)
        if register is None:
            return RoleProfile(role=role.role, readings={})
        present = replace(present, register=register)
    readings, settings = _points(role.readings, places), _points(role.settings, places)
    parts = _points(role.parts, places)
    return replace(
        role,
        readings=readings,
        settings=settings,
        parts=parts,
        present=present,
        control=_control(role.control, {*readings, *settings}),
    )


def _points(points: Mapping[str, Point], places: Places) -> Mapping[str, Point]:
    found = {key: _point(point, places) for key, point in points.items()}
    return {key: point for key, point in found.items() if point is not None}


def _point(point: Point, places: Places) -> Point | None:
    for layout in (point, *point.otherwise):
        register = _register(layout.register, places)
        scale = _register(layout.scale_register, places)
        if register is not None and (scale is None) == (layout.scale_register is None):
            return replace(layout, register=register, scale_register=scale, otherwise=())
    return None


def _register(register: Register | None, places: Places) -> Register | None:
    """Return a register at its place, None where the base is not there or too short for it."""
    if register is None or register.base is None:
        return register
    place = places.get(register.base)
    if place is None or place.start + register.end > min(place.end, 0x10000):
        return None
    return replace(register, address=place.start + register.address, base=None)


def _control(control: Control | None, there: Iterable[str]) -> Control | None:
    """Return how a role is steered; half a command would be worse than none."""
    if control is None:
        return None
    needed = {
        key
        for assigned in (
            *(control.prepare, control.give_back),
            *(*control.commands.values(), *control.phases.values(), control.phases_need),
        )
        for key in assigned
    }
    if control.confirm:
        needed.add(control.confirm.key)
    return control if needed <= set(there) else None


def _derived(
    profile: Profile, name: str, roles: Mapping[str, RoleProfile], places: Places
) -> Mapping[str, DerivedPoint]:
    """Return a role's sums without the terms that this device does not have.

    A term of a role that is missing as a whole, or behind the end of its model (the third string of an inverter
    with two), adds nothing. A term whose model alone is not there is unknown, and so is the sum.
    """
    if profile.roles[name].present and not roles[name].present:
        return {}
    sums: dict[str, DerivedPoint] = {}
    for key, point in profile.roles[name].derived.items():
        there = {term: weight for term, weight in point.terms.items() if term[1] in roles[term[0]].terms}
        unknown = [
            term
            for term in point.terms.keys() - there.keys()
            if roles[term[0]].terms and not _too_short(profile, term, places)
        ]
        if there and not unknown:
            sums[key] = replace(point, terms=there)
    return sums


def _too_short(profile: Profile, name: PointName, places: Places) -> bool:
    point = profile.roles[name[0]].terms[name[1]]
    return any(layout.register.base in places for layout in (point, *point.otherwise))


def _identity(profile: Profile, places: Places) -> IdentityMap:
    identity = profile.identity
    maker = identity.manufacturer
    return replace(
        identity,
        manufacturer=(_register(maker, places) or profile.manufacturer)
        if isinstance(maker, Register)
        else maker,
        model=_register(identity.model, places),
        serial=_register(identity.serial, places),
        firmware=_register(identity.firmware, places),
        expect=tuple(
            replace(wanted, register=_register(wanted.register, places) or wanted.register)
            for wanted in identity.expect
        ),
    )
