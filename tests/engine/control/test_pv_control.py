"""Feeding in no more than is allowed, or worth it."""

import pytest

from custom_components.ems.engine.control.pv import ExportPolicy, ExportRules, PvSpec, next_limit_kw

ROOF = PvSpec(key="pv", name="Roof", power_max_kw=10.0)
ZERO = ExportRules(export_max_kw=0.0)

# limit, pv, net → limit, with nothing allowed to be fed in
CASES: dict[str, tuple[float | None, float | None, float | None, float | None]] = {
    "too much is cut at once, to just below": (None, 6.0, -2.0, 3.95),
    "and further": (5.0, 5.0, -1.0, 3.95),
    "a free roof that feeds nothing in stays free": (None, 3.0, 1.0, None),
    "little room is not worth a write": (4.0, 4.0, 0.1, 4.0),
    "room is given back slowly": (4.0, 4.0, 3.0, 4.5),
    "a little room is given back whole": (4.0, 4.0, 0.25, 4.2),
    "until nothing holds it": (9.8, 9.0, 5.0, None),
    "blind, it stays where it was": (4.0, None, -2.0, 4.0),
    "blind at the connection too": (4.0, 4.0, None, 4.0),
}


@pytest.mark.parametrize(("limit", "pv", "net", "told"), CASES.values(), ids=CASES)
def test_a_roof_is_held_at(
    limit: float | None, pv: float | None, net: float | None, told: float | None
) -> None:
    found = next_limit_kw(ROOF, limit, pv, net, 0.0, ZERO)
    assert found == (None if told is None else pytest.approx(told))


def test_a_roof_that_cannot_be_told_is_not() -> None:
    deaf = PvSpec(key="pv", name="Roof", power_max_kw=10.0, can_limit=False)
    assert next_limit_kw(deaf, None, 6.0, -2.0, 0.0, ZERO) is None


@pytest.mark.parametrize(
    ("policy", "price", "allowed"),
    [
        (ExportPolicy.ALWAYS, -0.2, 7.0),
        (ExportPolicy.NEVER, 0.5, 0.0),
        (ExportPolicy.ABOVE_PRICE, 0.01, 7.0),
        (ExportPolicy.ABOVE_PRICE, -0.01, 0.0),
        (ExportPolicy.ABOVE_PRICE, None, 7.0),
    ],
)
def test_what_may_be_fed_in_depends_on_policy_and_price(
    policy: ExportPolicy, price: float | None, allowed: float
) -> None:
    assert ExportRules(export_max_kw=7.0, policy=policy).allowed_kw(price) == allowed
