"""Nobody is stopped for a shortage that only an old reading makes; a limit that is exceeded waits for nobody.

A house of 25 A. Garage comes first and has just risen to 16 A, which the meter shows and its own reading (6 A) does
not yet. Carport charges with 8 A. By the readings 10 A more would be the house's own, and Carport would have to stop.
"""

from dataclasses import replace

from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.decision import Decided
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.ramp import Offer
from custom_components.ems.engine.control.snapshot import ChargerState, State
from custom_components.ems.engine.control.unhurried import WAIT_S

from .homes import START_S, charger, seen, setup, snapshot, word

SITE = setup(charger("garage", priority=1), charger("carport"))
TOLD = State(
    chargers={
        "garage": ChargerState(offer=Offer(amps=16.0, changed_at_s=START_S - 20)),
        "carport": ChargerState(offer=Offer(amps=8.0, changed_at_s=START_S - 20)),
    }
)


def look(state: State, now_s: float, net_a: float, garage_a: float = 6.0, carport_a: float = 8.0) -> Decided:
    """Look once: what the meter shows, and what the chargers said last."""
    cars = {
        "garage": seen(EvMode.NOW, (garage_a,) * 3),
        "carport": seen(EvMode.NOW, (carport_a,) * 3),
    }
    return decide(SITE, snapshot(now_s, {"main": word(net_a, net_a, net_a, now_s)}, cars), state)


def test_a_car_goes_on_while_another_ones_reading_is_old() -> None:
    """It is turned down to the smallest current for a moment, and not stopped."""
    found = look(TOLD, START_S, 24.5)
    assert found.decisions["carport"].current_a == 6
    heard = look(found.state, START_S + 4, 24.5, garage_a=16.0)
    assert heard.decisions["carport"].current_a == 6
    assert heard.state.chargers["carport"].yields_at_s is None


def test_it_gives_way_when_the_shortage_lasts() -> None:
    state = TOLD
    for i in range(int(WAIT_S / 2)):
        found = look(state, START_S + 2 * i, 24.5 - i / 100)
        assert found.decisions["carport"].current_a == 6
        state = found.state
    assert look(state, START_S + WAIT_S, 24.4).decisions["carport"].current_a == 0


def test_a_fuse_that_carries_too_much_waits_for_nobody() -> None:
    assert look(TOLD, START_S, 25.5).decisions["carport"].current_a == 0


def test_nothing_is_kept_that_no_longer_fits_beside_what_others_were_promised() -> None:
    """Carport was told to begin a moment ago and draws nothing so far: its 6 A are still to come."""
    new = ChargerState(offer=Offer(amps=6.0, changed_at_s=START_S - 2))
    told = replace(TOLD, chargers={**TOLD.chargers, "carport": new})
    assert look(told, START_S, 24.5, carport_a=0.0).decisions["carport"].current_a == 0


def test_a_clock_that_was_set_back_begins_to_wait_anew() -> None:
    found = look(TOLD, START_S, 24.5)
    again = look(found.state, START_S - 3600, 24.4)
    assert again.state.chargers["carport"].yields_at_s == START_S - 3600
