"""How a device's points become sensors: class, unit and precision follow from what a point measures."""

from dataclasses import replace

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    EntityCategory,
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfRatio,
    UnitOfReactivePower,
    UnitOfTemperature,
    UnitOfTime,
)

from .devices.points import POINTS, Kind


def _row(
    device_class: SensorDeviceClass | None,
    state_class: SensorStateClass | None,
    unit: str | None,
    precision: int | None = None,
    *,
    diagnostic: bool = False,
) -> SensorEntityDescription:
    return SensorEntityDescription(
        key="",
        device_class=device_class,
        state_class=state_class,
        native_unit_of_measurement=unit,
        suggested_display_precision=precision,
        entity_category=EntityCategory.DIAGNOSTIC if diagnostic else None,
        entity_registry_enabled_default=not diagnostic,
    )


_CLASS, _NOW, _COUNTER = SensorDeviceClass, SensorStateClass.MEASUREMENT, SensorStateClass.TOTAL_INCREASING
_BY_KIND = {
    Kind.POWER: _row(_CLASS.POWER, _NOW, UnitOfPower.WATT, 0),
    Kind.ENERGY: replace(
        _row(_CLASS.ENERGY, _COUNTER, UnitOfEnergy.WATT_HOUR, 2),
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    ),
    Kind.VOLTAGE: _row(_CLASS.VOLTAGE, _NOW, UnitOfElectricPotential.VOLT, 1),
    Kind.CURRENT: _row(_CLASS.CURRENT, _NOW, UnitOfElectricCurrent.AMPERE, 2),
    Kind.FREQUENCY: _row(_CLASS.FREQUENCY, _NOW, UnitOfFrequency.HERTZ, 2),
    Kind.POWER_FACTOR: _row(_CLASS.POWER_FACTOR, _NOW, None, 3),
    Kind.REACTIVE_POWER: _row(
        _CLASS.REACTIVE_POWER, _NOW, UnitOfReactivePower.VOLT_AMPERE_REACTIVE, 0, diagnostic=True
    ),
    Kind.APPARENT_POWER: _row(
        _CLASS.APPARENT_POWER, _NOW, UnitOfApparentPower.VOLT_AMPERE, 0, diagnostic=True
    ),
    Kind.SHARE: _row(None, _NOW, UnitOfRatio.PERCENTAGE, 0, diagnostic=True),
    Kind.TEMPERATURE: _row(_CLASS.TEMPERATURE, _NOW, UnitOfTemperature.CELSIUS, 1),
    Kind.DURATION: _row(_CLASS.DURATION, _NOW, UnitOfTime.SECONDS, 0, diagnostic=True),
    Kind.COUNT: _row(None, None, None, 0, diagnostic=True),
    Kind.TEXT: _row(None, None, None),
}

# Points that are what people look at, or the opposite, whatever their kind says.
_BY_POINT = {
    ("battery", "soc"): _row(_CLASS.BATTERY, _NOW, UnitOfRatio.PERCENTAGE, 0),
    ("battery", "capacity"): _row(_CLASS.ENERGY_STORAGE, _NOW, UnitOfEnergy.WATT_HOUR, 0, diagnostic=True),
    ("battery", "charge_limit"): _row(_CLASS.POWER, _NOW, UnitOfPower.WATT, 0, diagnostic=True),
    ("battery", "discharge_limit"): _row(_CLASS.POWER, _NOW, UnitOfPower.WATT, 0, diagnostic=True),
    ("battery", "charge_power_max"): _row(_CLASS.POWER, _NOW, UnitOfPower.WATT, 0, diagnostic=True),
    ("battery", "discharge_power_max"): _row(_CLASS.POWER, _NOW, UnitOfPower.WATT, 0, diagnostic=True),
    ("charger", "safe_current"): _row(_CLASS.CURRENT, _NOW, UnitOfElectricCurrent.AMPERE, 1, diagnostic=True),
}


def describe_point(role: str, point: str) -> SensorEntityDescription | None:
    """Return the description of a point's sensor; None where it is no sensor (flags are binary sensors)."""
    spec = POINTS[role].get(point)
    if spec is None or spec.kind is Kind.FLAG:
        return None
    row = _BY_POINT.get((role, point), _BY_KIND[spec.kind])
    if spec.words:
        row = replace(row, device_class=SensorDeviceClass.ENUM, options=list(spec.words))
    return replace(row, key=point)
