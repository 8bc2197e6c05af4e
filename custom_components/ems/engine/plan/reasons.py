"""Every reason a plan can give: its key, what goes into the sentence, and the sentence in English.

Placeholders are data. Prices, values and savings are currency/kWh at the device's terminal; `later` is an
instant in UTC (ISO 8601), to be shown in the reader's own time; `name` is the device's name; powers are kW,
gaps currency. The words are in translations/; this table is what they are made from, and a test holds every
plan against it.
"""

from collections.abc import Mapping
from typing import Final

from ..errors import Wording, worded

_WEIGHED: Final = ("price", "weighed", "value")

# Per device and step.
STEP_REASONS: Final[Mapping[str, Wording]] = {
    # Batteries.
    "charge_for_later": worded(
        "Charging: {price} is {saving} below the {value} that this kWh saves at {later}.",
        *("price", "saving", "value", "later"),
    ),
    "charge_for_end": worded(
        "Charging: {price} is {saving} below the {value} that a stored kWh is worth beyond the plan.",
        *("price", "saving", "value"),
    ),
    "charge_to_reserve": worded("Charging at {price} to get back to the reserve.", "price"),
    "discharge_sell": worded(
        "Selling from the battery: {price} is more than the {value} that keeping this kWh is worth.",
        *("price", "value"),
    ),
    "cover_load": worded(
        "Covering the home from the battery: the grid asks {price}, keeping this kWh is worth {value}.",
        *("price", "value"),
    ),
    "store_surplus": worded(
        "Storing surplus: selling it would bring {price}, storing it is worth {value}.", "price", "value"
    ),
    "follow_load": worded(
        "Ready to cover the home: the grid asks {price}, a stored kWh is worth {value}.", "price", "value"
    ),
    "hold_for_later": worded(
        "Keeping energy: buying costs {price} now, this kWh is worth {saving} more ({value}) at {later}.",
        *("price", "saving", "value", "later"),
    ),
    "hold_for_end": worded(
        "Keeping energy: buying costs {price} now, this kWh is worth {saving} more ({value}) after the plan.",
        *("price", "saving", "value"),
    ),
    "charge_for_wish": worded(
        "Charging at {price}: without it a limit or a wish could not be kept later.", "price"
    ),
    "hold_for_wish": worded("Keeping energy: without it a limit or a wish could not be kept later."),
    "cover_even": worded(
        "Covering the home from the battery: the grid asks {price}, and no later hour is worth more.", "price"
    ),
    "follow_even": worded(
        "Ready to cover the home: the grid asks {price}, and no later hour is worth more.", "price"
    ),
    "hold_reserve": worded("Keeping the reserve: the grid asks {price}, and no price empties it.", "price"),
    "hold_store_surplus": worded(
        "Keeping energy and storing surplus: selling it would bring {price}, storing it is worth {value}.",
        *("price", "value"),
    ),
    # The same where a strategy, a preference or a demand charge weighs too: the price as paid and as it counts.
    "charge_weighed": worded(
        "Charging: {price} counts as {weighed} with your strategy, preference and demand charge, "
        "storing this kWh as {value}.",
        *_WEIGHED,
    ),
    "sell_weighed": worded(
        "Selling from the battery: {price} counts as {weighed} with your strategy, preference and demand charge, "
        "keeping this kWh as {value}.",
        *_WEIGHED,
    ),
    "cover_weighed": worded(
        "Covering the home from the battery: the grid's {price} counts as {weighed} with your "
        "strategy, preference and demand charge, keeping this kWh as {value}.",
        *_WEIGHED,
    ),
    "store_weighed": worded(
        "Storing surplus: selling it at {price} counts as {weighed} with your strategy, preference and demand charge, "
        "storing it as {value}.",
        *_WEIGHED,
    ),
    "follow_weighed": worded(
        "Ready to cover the home: the grid's {price} counts as {weighed} with your strategy, preference and "
        "demand charge, a stored kWh as {value}.",
        *_WEIGHED,
    ),
    "hold_weighed": worded(
        "Keeping energy: the grid's {price} counts as {weighed} with your strategy, preference and demand charge, "
        "this kWh as {value} later.",
        *_WEIGHED,
    ),
    "battery_absent": worded("This battery has no capacity and is planned as absent."),
    # Chargers.
    "car_charge": worded(
        "Charging the car: {price} is no more than the {value} that this kWh is worth to it.",
        "price",
        "value",
    ),
    "car_charge_own": worded(
        "Charging the car from the home's own energy: the grid asks {price}, it is worth {value} in the car.",
        *("price", "value"),
    ),
    "car_charge_late": worded(
        "Charging the car although its deadline has passed: {price}; this kWh is worth {value} to it.",
        *("price", "value"),
    ),
    "car_wait": worded(
        "Waiting: charging costs {price} now and {later_price} at {later}.", "price", "later_price", "later"
    ),
    "car_charge_best": worded("Charging the car: with all else in the home, now is the better time."),
    "car_wait_best": worded("Waiting: with all else in the home, {later} is the better time.", "later"),
    "car_charge_weighed": worded(
        "Charging the car: {price} counts as {weighed} with your strategy, preference and demand charge, "
        "this kWh in the car as {value}.",
        *_WEIGHED,
    ),
    "car_wait_weighed": worded(
        "Waiting: charging counts as {weighed} now with your strategy, preference and demand charge, "
        "as {later_weighed} at {later}.",
        *("weighed", "later_weighed", "later"),
    ),
    "car_surplus_charge": worded(
        "Charging the car from surplus: {surplus_kw} kW are left over.", "surplus_kw"
    ),
    "car_surplus_wait": worded(
        "Waiting for surplus: {surplus_kw} kW are left over, and the car charges with {least_kw} kW at least.",
        *("surplus_kw", "least_kw"),
    ),
    "car_surplus_later": worded("Waiting: the car takes surplus at {later}.", "later"),
    "car_feed": worded(
        "Covering the home from the car: the grid asks {price}, keeping this kWh in the car is worth {value}.",
        *("price", "value"),
    ),
    "car_sell": worded(
        "Selling from the car: {price} is more than the {value} that keeping this kWh in it is worth.",
        *("price", "value"),
    ),
    "car_feed_weighed": worded(
        "Feeding the home from the car: {price} counts as {weighed} with your strategy, preference and demand charge, "
        "keeping this kWh in the car as {value}.",
        *_WEIGHED,
    ),
    "car_needs_nothing": worded("The car needs nothing more."),
    "car_after_plan": worded("Waiting: what the car still needs can come after this plan."),
    "car_away": worded("No car is expected here."),
    "car_off": worded("Charging is switched off."),
    # Loads that can wait.
    "load_run_cheap": worded(
        "Running: a kWh costs {price} now and {later_price} at the next best time, {later}.",
        *("price", "later_price", "later"),
    ),
    "load_run_own": worded("Running on the home's own energy; the grid asks {price}.", "price"),
    "load_run_deadline": worded(
        "Running: there is no time left to wait, for it is to be done by {later}.", "later"
    ),
    "load_run_best": worded("Running: with all else in the home, now is the best time."),
    "load_run_on": worded("Running on: it is not switched off before it is through."),
    "load_run_short": worded(
        "Running, and still {missing_kwh} kWh will be missing at {later}.", "missing_kwh", "later"
    ),
    "load_run_weighed": worded(
        "Running: {price} counts as {weighed} with your strategy, preference and demand charge, this kWh as {value}.",
        *_WEIGHED,
    ),
    "load_wait": worded(
        "Waiting: a kWh costs {price} now and {later_price} at {later}.", "price", "later_price", "later"
    ),
    "load_wait_best": worded("Waiting: with all else in the home, {later} is the better time.", "later"),
    "load_wait_weighed": worded(
        "Waiting: a kWh counts as {weighed} now with your strategy, preference and demand charge, "
        "as {later_weighed} at {later}.",
        *("weighed", "later_weighed", "later"),
    ),
    "load_rests": worded("Resting: it stays off for its shortest time."),
    "load_not_yet": worded("Outside its hours: it may run from {later}.", "later"),
    "load_done": worded("Done: it has what was asked of it."),
    "load_left_out": worded(
        "Left out: it would cost more than the {value} per kWh that it is worth.", "value"
    ),
    "load_cannot_finish": worded(
        "It cannot finish: {missing_kwh} kWh will be missing at {later}.", "missing_kwh", "later"
    ),
    "load_after_plan": worded("Waiting: what is left to do can be done after this plan."),
    "load_nothing_asked": worded("Nothing is asked of it."),
    # PV.
    "pv_free": worded("Producing all the sun offers."),
    "pv_limit_price": worded("Held back: feeding in would earn {price}.", "price"),
    "pv_limit_connection": worded("Held back: the connection may feed in {limit_kw} kW.", "limit_kw"),
    "pv_limit_policy": worded(
        "Held back: feeding in would earn {price}, less than the {least} you ask for.", "price", "least"
    ),
    "pv_clipped_by_inverter": worded("Producing all that its inverter can carry."),
    # Hybrid inverters.
    "inverter_idle": worded("Nothing passes the inverter: what is behind it keeps to itself."),
    "inverter_gives": worded("Giving the home what the sun and the battery behind it offer."),
    "inverter_takes": worded("Drawing from the home for the battery behind it."),
    "inverter_full": worded("Carrying all it can, {limit_kw} kW.", "limit_kw"),
    # Any device.
    "device_unavailable": worded("Not planned with: the device does not answer or says nothing usable."),
    "rule_self_consumption": worded("No plan could be made: following plain self-consumption."),
    "rule_at_once": worded("No plan could be made: running as soon as it may."),
    "rule_plug_in": worded("No plan could be made: charging as soon as a car is plugged in."),
}

# Why a plan is degraded or failed. What `Problem.degraded` names comes on top, without placeholders.
PLAN_REASONS: Final[Mapping[str, Wording]] = {
    "battery_unavailable": worded("{name} does not answer; the plan leaves it out.", "name"),
    "battery_state_unknown": worded("{name} reports no usable energy; the plan leaves it out.", "name"),
    "charger_unavailable": worded("{name} does not answer; the plan leaves it out.", "name"),
    "car_state_unknown": worded("What the car at {name} needs is unknown; the plan leaves it out.", "name"),
    "load_unavailable": worded("{name} does not answer; the plan leaves it out.", "name"),
    "load_state_unknown": worded("What {name} is to do is unknown; the plan leaves it out.", "name"),
    "pv_forecast_missing": worded(
        "There is no forecast for {name}; the plan expects nothing from it.", "name"
    ),
    "scenarios_unusable": worded(
        "{count} of the imagined days have gaps; the plan goes without them.", "count"
    ),
    "scenarios_too_slow": worded("The imagined days took too long; the plan stands on the mean forecast."),
    "peak_unusable": worded(
        "What is known of this period's peak is unusable; the plan takes it to be nothing."
    ),
    "co2_unusable": worded("The grid's CO₂ series has gaps; to the plan every imported kWh is as clean."),
    "stopped_early": worded("The optimiser ran out of time; at most {gap} could still be gained.", "gap"),
    "solver_timeout": worded("The optimiser found no plan within {seconds} s.", "seconds"),
    "solver_failed": worded("The optimiser failed: {detail}.", "detail"),
    "kept_last_plan": worded("Showing the last plan, made {age_min} minutes ago.", "age_min"),
    "fell_back_to_rule": worded("Following plain self-consumption until there is a plan again."),
}

# Wishes that a plan cannot keep, one sentence per `Slack.name`; `name` is the device's, or the phase.
UNMET_REASONS: Final[Mapping[str, Wording]] = {
    "unmet_import_limit": worded(
        "The home draws up to {amount} kW more than the connection may carry.", "amount"
    ),
    "unmet_export_limit": worded("The home feeds in up to {amount} kW more than it may.", "amount"),
    "unmet_phase_limit": worded(
        "Phase {name} carries up to {amount} kW more than its fuse.", "name", "amount"
    ),
    "unmet_soc_min": worded(
        "{name} is up to {amount} kWh below its minimum state of charge.", "name", "amount"
    ),
    "unmet_soc_max": worded(
        "{name} is up to {amount} kWh above its maximum state of charge.", "name", "amount"
    ),
    "unmet_reserve": worded("{name} lacks {amount} kWh of its reserve.", "name", "amount"),
    "unmet_car_ready": worded(
        "The car at {name} lacks {amount} kWh when it should be ready.", "name", "amount"
    ),
    "unmet_load_energy": worded("{name} lacks {amount} kWh at the end of its hours.", "name", "amount"),
}

# Wishes a plan may be unable to keep (`Slack.name`), with their unit.
SLACKS: Final[Mapping[str, str]] = {
    "import_limit": "kW",
    "export_limit": "kW",
    "soc_min": "kWh",
    "soc_max": "kWh",
    "reserve": "kWh",
    "car_ready": "kWh",
    "load_energy": "kWh",
    "phase_limit": "kW",
}
