"""From the value of a stored kWh to prices, by hand."""

import numpy as np
import pytest

from custom_components.ems.engine.plan.result import DevicePlan, Mode, Reason
from custom_components.ems.engine.plan.thresholds import thresholds
from custom_components.ems.engine.site import HybridInverter, Site
from tests.engine.plan.homes import battery

BATTERY = battery(charge_efficiency=0.9, discharge_efficiency=0.8, wear_per_kwh=0.02)


def planned(**values: float) -> DevicePlan:
    """Return one step of a battery's plan."""
    return DevicePlan(
        id="battery",
        name="Battery",
        kind="battery",
        power_kw=np.zeros(1),
        modes=(Mode.HOLD,),
        reasons=(Reason(key="hold_for_end"),),
        **{name: np.array([value]) for name, value in values.items()},
    )


def test_thresholds_by_hand():
    """0.30·0.9 = 0.27 is what a bought kWh may cost; 0.32/0.8 + 0.02 = 0.42 is what a given one has to bring."""
    found = thresholds(
        Site(name="Test", batteries=(BATTERY,)), planned(import_value_per_kwh=0.30, export_value_per_kwh=0.32)
    )
    assert found is not None
    assert found.charge_below_per_kwh == pytest.approx([0.27])
    assert found.discharge_above_per_kwh == pytest.approx([0.42])


def test_behind_a_hybrid_inverter_its_losses_count_too():
    """Prices are paid at the AC side: 0.30·0.9·0.5 and 0.42/0.75."""
    hybrid = HybridInverter(
        id="hybrid",
        name="Hybrid",
        battery_ids=("battery",),
        ac_max_kw=5,
        ac_to_dc_efficiency=0.5,
        dc_to_ac_efficiency=0.75,
    )
    site = Site(name="Test", batteries=(BATTERY,), inverters=(hybrid,))
    found = thresholds(site, planned(import_value_per_kwh=0.30, export_value_per_kwh=0.32))
    assert found is not None
    assert found.charge_below_per_kwh == pytest.approx([0.135])
    assert found.discharge_above_per_kwh == pytest.approx([0.56])


def test_without_values_or_a_battery_there_are_no_thresholds():
    site = Site(name="Test", batteries=(BATTERY,))
    assert thresholds(site, planned(import_value_per_kwh=0.3)) is None
    both = planned(import_value_per_kwh=0.3, export_value_per_kwh=0.3)
    assert thresholds(Site(name="Test"), both) is None
