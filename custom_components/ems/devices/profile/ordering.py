"""From a profile as it leaves the factory to one in the word order that a device was set to."""

from collections.abc import Mapping
from dataclasses import replace

from .model import Expectation, Point, Profile, Register, RoleProfile, WordOrder


def in_order(profile: Profile, order: WordOrder) -> Profile:
    """Return the profile with every register that follows the device's setting in that order."""
    identity = profile.identity
    maker = identity.manufacturer
    return replace(
        profile,
        roles={name: _role(role, order) for name, role in profile.roles.items()},
        identity=replace(
            identity,
            manufacturer=_register(maker, order) if isinstance(maker, Register) else maker,
            model=_register(identity.model, order) if identity.model else None,
            serial=_register(identity.serial, order) if identity.serial else None,
            firmware=_register(identity.firmware, order) if identity.firmware else None,
            expect=tuple(_expectation(expected, order) for expected in identity.expect),
        ),
    )


def _role(role: RoleProfile, order: WordOrder) -> RoleProfile:
    return replace(
        role,
        readings=_points(role.readings, order),
        settings=_points(role.settings, order),
        parts=_points(role.parts, order),
        present=_expectation(role.present, order) if role.present else None,
    )


def _points(points: Mapping[str, Point], order: WordOrder) -> Mapping[str, Point]:
    return {key: _point(point, order) for key, point in points.items()}


def _point(point: Point, order: WordOrder) -> Point:
    others = tuple(_point(other, order) for other in point.otherwise)
    return replace(point, register=_register(point.register, order), otherwise=others)


def _expectation(expected: Expectation, order: WordOrder) -> Expectation:
    return replace(expected, register=_register(expected.register, order))


def _register(register: Register, order: WordOrder) -> Register:
    return replace(register, word_order=order) if register.order_is_set else register
