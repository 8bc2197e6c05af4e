"""Down at once, up slowly, starting small: a line per case."""

import pytest

from custom_components.ems.engine.control.ramp import Offer, Pace, in_steps, next_offer

from .homes import charger

PACE = Pace()
SPEC = charger()
# offer, changed, stopped, target, now → offer
CASES: dict[str, tuple[float, float | None, float | None, float, float, float]] = {
    "down at once": (16, 100, None, 9, 101, 9),
    "down to nothing below the minimum": (16, 100, None, 5.9, 101, 0),
    "nothing to do": (10, 100, None, 10, 200, 10),
    "half an ampere more is no step": (10, 100, None, 10.5, 200, 10),
    "a start is the smallest current": (0, None, None, 16, 100, 6),
    "up after ten seconds": (6, 100, None, 16, 110, 11),
    "not before": (6, 100, None, 16, 109, 6),
    "a small step waits a minute": (6, 100, None, 7, 159, 6),
    "and is then taken": (6, 100, None, 7, 160, 7),
    "no further than it may": (6, 100, None, 8, 110, 8),
    "a limit's stop is waited out": (0, 100, 100, 16, 159, 0),
    "and then begun again": (0, 100, 100, 16, 160, 6),
    "a clock set back waits anew, and lets nothing up": (6, 4000, None, 16, 100, 6),
    "but lets it down": (16, 4000, None, 7, 100, 7),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_charger_is_told(case: tuple[float, float | None, float | None, float, float, float]) -> None:
    amps, changed, stopped, target, now, told = case
    offer = Offer(amps=amps, changed_at_s=changed, stopped_at_s=stopped)
    assert next_offer(SPEC, offer, target, now, PACE, is_limited=True).amps == told


def test_only_a_limit_makes_a_charger_wait_before_it_begins_again() -> None:
    stopped = next_offer(SPEC, Offer(amps=10, changed_at_s=0), 0, 100, PACE, is_limited=False)
    assert next_offer(SPEC, stopped, 16, 102, PACE, is_limited=False).amps == 6


@pytest.mark.parametrize(
    ("step", "asked", "told"),
    [(1, 9.99, 9), (0.1, 9.99, 9.9), (0.5, 5.9, 0), (1, 40, 16), (0.1, 6, 6), (2, 6, 6)],
)
def test_a_current_is_one_that_the_charger_understands(step: float, asked: float, told: float) -> None:
    assert in_steps(charger(step_a=step), asked) == pytest.approx(told)
