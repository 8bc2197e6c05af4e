"""Feeding in no more than is allowed, or worth it: production is held just above what the home can use.

P_limit' = P_pv - (P_export - P_allowed) - margin      at once, where more is fed in than allowed
P_limit' = P_limit + rise                              slowly, where there is room again
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .. import checks


class ExportPolicy(StrEnum):
    """When PV may feed in."""

    ALWAYS = "always"
    ABOVE_PRICE = "above_price"  # only while it earns at least so much
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class PvSpec:
    """What is installed. power_max_kw : Its inverter's. can_limit : Whether it can be told a limit."""

    key: str
    name: str
    power_max_kw: float
    can_limit: bool = True

    def __post_init__(self) -> None:
        """Refuse what no array can be."""
        checks.at_least_zero(self.name, power_max_kw=self.power_max_kw)


@dataclass(frozen=True, kw_only=True)
class ArrayAsk:
    """What somebody asks of an array besides what may be fed in.

    Attributes
    ----------
    limit_kw : Most that it may give; None: nobody holds it back. [kW]
    export_kw : Most that may be fed in while the plan holds production back; None: it does not. [kW]
    source : Whose word `limit_kw` is: "override" or "plan".
    """

    limit_kw: float | None = None
    export_kw: float | None = None
    source: str = "plan"
    until_s: float | None = None


NO_ASK: Final = ArrayAsk()


@dataclass(frozen=True, kw_only=True)
class ExportRules:
    """What is allowed, and how a limit moves.

    Attributes
    ----------
    export_max_kw : Of the connection. [kW]
    price_min_per_kwh : With ABOVE_PRICE. [currency/kWh]
    margin_kw : How far below what is allowed a limit aims: inverters settle around it. [kW]
    deadband_kw : Room that is not worth a write. [kW]
    rise_share : Of the array's power that a limit rises with each look.
    """

    export_max_kw: float
    policy: ExportPolicy = ExportPolicy.ALWAYS
    price_min_per_kwh: float = 0.0
    margin_kw: float = 0.05
    deadband_kw: float = 0.1
    rise_share: float = 0.05

    def allowed_kw(self, export_price_per_kwh: float | None) -> float:
        """Return what may be fed in now. An unknown price is no reason to throw sun away. [kW]."""
        if self.policy is ExportPolicy.NEVER:
            return 0.0
        is_poor = export_price_per_kwh is not None and export_price_per_kwh < self.price_min_per_kwh
        return 0.0 if self.policy is ExportPolicy.ABOVE_PRICE and is_poor else self.export_max_kw


def next_limit_kw(
    spec: PvSpec,
    limit_kw: float | None,
    pv_kw: float | None,
    net_kw: float | None,
    allowed_kw: float,
    rules: ExportRules,
) -> float | None:
    """Return the limit to hold an array at; None: it is free. [kW].

    limit_kw : The one in force; None: none.
    pv_kw, net_kw : What it gives, and what flows in at the connection, as measured; None where unknown.
    """
    if not spec.can_limit:
        return None
    if pv_kw is None or net_kw is None:
        # Blind, a limit that is there stays: a home that must not feed in does not begin to because a meter died.
        return limit_kw
    over_kw = -net_kw - allowed_kw
    if over_kw > 0:
        aimed_kw = max(0.0, pv_kw - over_kw - rules.margin_kw)
        return aimed_kw if limit_kw is None else min(limit_kw, aimed_kw)
    if limit_kw is None:
        return None
    if -over_kw <= rules.margin_kw + rules.deadband_kw:
        return limit_kw
    risen_kw = limit_kw + min(-over_kw - rules.margin_kw, rules.rise_share * spec.power_max_kw)
    return None if risen_kw >= spec.power_max_kw else risen_kw
