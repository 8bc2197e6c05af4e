"""Circuits at work: what hangs below a fuse is held by it, and by what its meter says."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from tests.ha.clock import Clock
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.sites import CHARGER_PARAMS, circuit, entity_device
from tests.ha.test_dispatcher import CURRENT, ENABLE, WALLBOX
from tests.ha.test_guard import Begin, House, begin, charging, decision, house

__all__ = ["begin", "house"]  # fixtures


def wallbox(**wiring: Any) -> dict[str, Any]:
    """Return a wallbox that hangs somewhere."""
    params = {**CHARGER_PARAMS, "wiring": wiring}
    return entity_device(
        "charger", "Wallbox", params, **WALLBOX, current_number=CURRENT, enable_switch=ENABLE
    )


CELLAR = {
    **entity_device("meter", "Cellar", {"position": "zone"}, power_entity="sensor.cellar"),
    "subentry_id": "cellar",
}


@pytest.mark.parametrize(("kept_free_a", "given_a"), [(0, 13), (4, 9)])
async def test_a_garage_without_a_meter_holds_what_charges_in_it(
    hass: HomeAssistant, foreign: Foreign, clock: Clock, begin: Begin, kept_free_a: float, given_a: float
) -> None:
    """The connection would carry more; what is kept free comes off."""
    garage = circuit("garage", 13, allowance_a=kept_free_a)
    entry = await begin(garage, wallbox(circuit="garage"))
    await charging(hass, clock, entry)
    assert foreign.current.native_value == given_a
    assert dict(decision(entry, "charger").reason.placeholders)["circuit"] == "Garage"


async def test_a_garages_meter_sees_what_others_draw_there(
    hass: HomeAssistant, foreign: Foreign, house: House, clock: Clock, begin: Begin
) -> None:
    """A drill of 2.76 kW takes 4 of the 16 A on each phase."""
    drill_w = 2760.0
    live = house.live

    def living() -> None:
        live()
        set_sensor(hass, "sensor.cellar", drill_w + house.car_w(), "W")

    clock.followers[:] = [living]
    living()
    entry = await begin(CELLAR, circuit("garage", 16, meter="cellar"), wallbox(circuit="garage"))
    await charging(hass, clock, entry)
    await clock.live(hass, 60)  # the last ampere is no reason to write at once
    assert foreign.current.native_value == 12
    assert entry.runtime_data.guard.data.trusts["garage"] == "fresh"
