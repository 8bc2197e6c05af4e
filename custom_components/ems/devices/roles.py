"""Which points the roles in use need."""

from collections.abc import Collection

from .profile.model import DerivedPoint, Family, PointName, Quantity


def readings_of[P: Quantity](family: Family[P], roles: Collection[str]) -> tuple[list[P], list[DerivedPoint]]:
    """Return what is read by the second, and what is computed from it; what sums need of other roles is read along."""
    used = [family.roles[role] for role in roles]
    derived = [point for role in used for point in role.derived.values()]
    wanted: dict[PointName, P] = {point.name: point for role in used for point in role.readings.values()}
    for point in derived:
        wanted.update({name: family.roles[name[0]].terms[name[1]] for name in point.terms})
    return list(wanted.values()), derived


def settings_of[P: Quantity](family: Family[P], roles: Collection[str]) -> list[P]:
    """Return what is read by the minute."""
    return [point for role in roles for point in family.roles[role].settings.values()]
