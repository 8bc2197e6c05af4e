"""Form fields that several flows share."""

from typing import Any, Literal

from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio


def number(
    low: float, high: float, step: float | Literal["any"] = 1, unit: str | None = None
) -> NumberSelector:
    """Return a number box with limits and a unit. Steps below 0.001 are refused by Home Assistant: say "any"."""
    config = NumberSelectorConfig(min=low, max=high, step=step, mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def whole(low: int, high: int, unit: str | None = None) -> Any:
    """Return a number box that yields an int; selectors yield floats."""
    return probatio.All(number(low, high, 1, unit), probatio.Coerce(int))


def choice(options: list[str], key: str) -> SelectSelector:
    """Return a translated drop-down."""
    return SelectSelector(
        SelectSelectorConfig(options=options, translation_key=key, mode=SelectSelectorMode.DROPDOWN)
    )


def entity(*domains: str) -> EntitySelector:
    """Return an entity picker."""
    return EntitySelector(EntitySelectorConfig(domain=domains[0] if len(domains) == 1 else list(domains)))


def schema(fields: dict[Any, Any]) -> probatio.Schema:
    """Return a form's schema."""
    return probatio.Schema(fields)
