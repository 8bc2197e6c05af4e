"""Every reason the guard can give: its key, what goes into the sentence, and the sentence in English.

`circuit` and `phase` name the limit that binds, `current` is A, `power` kW, `until` an instant in UTC (ISO 8601).
"""

from collections.abc import Mapping
from typing import Final

from ..errors import Wording, worded

CONTROL_REASONS: Final[Mapping[str, Wording]] = {
    # Chargers.
    "ev_no_car": worded("No car is plugged in."),
    "ev_off": worded("Charging is switched off."),
    "ev_now": worded("Charging with all there is: the mode is set to now."),
    "ev_min_surplus": worded(
        "Charging with the smallest current, and more when the sun leaves something over."
    ),
    "ev_surplus": worded("Charging from surplus."),
    "ev_surplus_waits": worded("Waiting for surplus: {power} kW are needed to begin.", "power"),
    "ev_urgent": worded("Charging with all there is: the car would not be ready in time otherwise."),
    "ev_no_plan": worded("There is no plan young enough: following the sun until there is one."),
    "ev_plan_charges": worded("Charging as planned."),
    "ev_plan_waits": worded("The plan waits: only surplus is used."),
    "ev_plan_waits_only": worded("Waiting as planned."),
    "override_now": worded("Charging because somebody asked for it."),
    "override_off": worded("Not charging because somebody asked for it."),
    "override_surplus": worded("Following the sun because somebody asked for it."),
    "override_min_surplus": worded(
        "Charging with the smallest current and surplus because somebody asked for it."
    ),
    "override_feeds": worded("Feeding the home because somebody asked for it."),
    "override_plan": worded("Following the plan because somebody asked for it."),
    "schedule_now": worded("Charging by schedule."),
    "schedule_off": worded("Not charging by schedule."),
    "schedule_surplus": worded("Following the sun by schedule."),
    "schedule_min_surplus": worded("Charging with the smallest current and surplus by schedule."),
    "schedule_plan": worded("Following the plan by schedule."),
    "ev_changing_phases": worded("Pausing for a moment to change to {phases} phases.", "phases"),
    "ev_waking": worded("Pausing for a moment: the car takes nothing and may be asleep."),
    "ev_car_sleeps": worded("The car does not take what it is offered: it is full, or asleep."),
    "ev_silent": worded("The charger does not answer: it is counted with {current} A.", "current"),
    "ev_ignores": worded(
        "The charger draws more than it was told: it is counted with {current} A.", "current"
    ),
    # Limits.
    "held_fuse": worded("{circuit} has no more room on {phase}.", "circuit", "phase"),
    "held_power": worded("{circuit} has reached its power limit.", "circuit"),
    "held_operator": worded("The network operator limits what may be drawn."),
    "held_cap": worded("No more may be drawn at this time of day."),
    "held_quarter_hour": worded("More would raise this quarter-hour's mean above the target."),
    "held_surplus": worded("The sun leaves no more over."),
    "held_untrusted": worded(
        "The meter of {circuit} cannot be relied on: its fuse counts as full, and only the safe current is left.",
        "circuit",
    ),
    # Batteries.
    "battery_blind": worded("The grid meter is silent: the battery is left to itself."),
    "battery_follows": worded("Covering the home and storing surplus."),
    "battery_covers": worded("Covering the home with {power} kW; surplus is worth more fed in.", "power"),
    "battery_covers_home": worded("Covering the home with {power} kW, the charging car left out.", "power"),
    "battery_stores": worded("Storing {power} kW of surplus.", "power"),
    "battery_holds": worded("Keeping its energy for later."),
    "battery_hold": worded("Keeping its energy for later."),
    "battery_holds_for_car": worded("Keeping its energy while a car charges from the grid."),
    "battery_reserve": worded("Keeping the reserve for a blackout."),
    "battery_charge": worded("Charging with {power} kW.", "power"),
    "battery_discharge": worded("Discharging with {power} kW.", "power"),
    "battery_limited": worded("Charging no more than the connection leaves it."),
    "battery_automatic": worded("Left to itself."),
    "battery_protects": worded(
        "Discharging with {power} kW: the home alone draws more than its fuse carries.", "power"
    ),
    "battery_ignores": worded(
        "The battery does not do what it was told: {power} kW instead of {told} kW (below 0 it charges).",
        *("power", "told"),
    ),
    # PV.
    "pv_asked": worded("Held at {power} kW because somebody asked for it.", "power"),
    "pv_free": worded("Producing all the sun offers."),  # as the plan says it
    "pv_limited": worded("Held at {power} kW: no more than {allowed} kW may be fed in.", "power", "allowed"),
    "pv_blind": worded("Held where it was: without a meter nobody knows what would be fed in."),
}

# What a device does, in the few words that are set against what was planned: `amount` is "6 A" or "2.5 kW".
DECISION_WORDS: Final[Mapping[str, Wording]] = {
    "does_automatic": worded("left to itself"),
    "does_hold": worded("keeping its energy"),
    "does_charge": worded("charging"),
    "does_charge_with": worded("charging with {amount}", "amount"),
    "does_discharge": worded("discharging"),
    "does_discharge_with": worded("discharging with {amount}", "amount"),
    "does_limit": worded("held back"),
    "does_limit_at": worded("held at {amount}", "amount"),
    "does_off": worded("pausing"),
    "told_freed": worded("no limit any more: {now}.", "now"),
    "told_deviated": worded("{now} instead of {planned}: {why}", "now", "planned", "why"),
    "told_followed": worded("as planned again: {now}.", "now"),
}
