"""Watches, with every tick of the guard, whether chargers and batteries do what they were told."""

from collections.abc import Iterator, Mapping

from homeassistant.core import HomeAssistant, callback

from .adapters.manner import manner_of
from .engine.control.battery import CHARGE, DISCHARGE, BatteryNow, BatteryOrder
from .engine.control.decision import Decided
from .engine.control.follows import RULES, ignoring, misses
from .engine.control.setup import Setup
from .engine.control.snapshot import Snapshot
from .engine.control.timer import OFF, Switch
from .engine.plan.result import Reason
from .runtime import EmsConfigEntry
from .watch_issues import Trouble, WatchIssues


class FollowWatch:
    """Who of a home goes its own way."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Everybody follows until seen otherwise."""
        self._hass, self._issues = hass, WatchIssues(hass, entry)
        self._ignoring: dict[str, Switch] = {}

    @callback
    def async_look(
        self, setup: Setup, snapshot: Snapshot, decided: Decided, *, is_active: bool
    ) -> Mapping[str, Reason]:
        """Learn from a tick; return the reasons that take the place of those of its decisions.

        is_active : Whether decisions are written at all: who is told nothing ignores nothing.
        """
        if not is_active:
            self._ignoring.clear()
            self._issues.async_tell({})
            return {}
        self._look_at_chargers(setup, snapshot, decided)
        self._look_at_batteries(setup, snapshot, decided)
        self._issues.async_tell(dict(self._troubles(setup, snapshot, decided)))
        return dict(self._reasons(setup, snapshot, decided))

    def _look_at_chargers(self, setup: Setup, snapshot: Snapshot, decided: Decided) -> None:
        for spec in setup.chargers:
            decision, seen = decided.decisions.get(spec.key), snapshot.chargers.get(spec.key)
            if decision is None or seen is None:
                continue
            ignores = decision.reason.key == "ev_ignores" if seen.now.is_reachable else None
            self._note(spec.key, ignores, snapshot.now_s, RULES.charger_after_s)

    def _look_at_batteries(self, setup: Setup, snapshot: Snapshot, decided: Decided) -> None:
        for spec in setup.batteries:
            order, seen = decided.state.batteries.get(spec.key), snapshot.batteries.get(spec.key)
            if order is not None and seen is not None:
                ignores = misses(spec, seen.now, order)
                self._note(spec.key, ignores, snapshot.now_s, RULES.battery_after_s)

    def _note(self, key: str, ignores: bool | None, now_s: float, after_s: float) -> None:
        self._ignoring[key] = ignoring(self._ignoring.get(key, OFF), ignores, now_s, after_s=after_s)

    def _is_ignoring(self, key: str) -> bool:
        return self._ignoring.get(key, OFF).is_on

    def _reasons(self, setup: Setup, snapshot: Snapshot, decided: Decided) -> Iterator[tuple[str, Reason]]:
        for spec in setup.batteries:
            seen = snapshot.batteries.get(spec.key)
            if self._is_ignoring(spec.key) and seen is not None:
                given_kw, told_kw = _powers(seen.now, decided.state.batteries[spec.key])
                amounts = {"power": round(given_kw, 2), "told": round(told_kw, 2)}
                yield spec.key, Reason(key="battery_ignores", placeholders=amounts)

    def _troubles(self, setup: Setup, snapshot: Snapshot, decided: Decided) -> Iterator[tuple[str, Trouble]]:
        manner = manner_of(self._hass.config.language)
        for charger in setup.chargers:
            seen = snapshot.chargers.get(charger.key)
            if not self._is_ignoring(charger.key) or seen is None:
                continue
            told_a = decided.decisions[charger.key].current_a or 0.0
            drawn_a = max(seen.now.drawn_a or (0.0,))
            amounts = {"current": manner.number(round(drawn_a, 1)), "told": manner.number(round(told_a, 1))}
            told = {"device": charger.name, **amounts}
            yield f"ignores_{charger.key}", Trouble(key="charger_ignores", placeholders=told)
        for battery in setup.batteries:
            known = snapshot.batteries.get(battery.key)
            if not self._is_ignoring(battery.key) or known is None:
                continue
            given_kw, told_kw = _powers(known.now, decided.state.batteries[battery.key])
            amounts = {"power": manner.number(round(given_kw, 2)), "told": manner.number(round(told_kw, 2))}
            told = {"device": battery.name, **amounts}
            yield f"ignores_{battery.key}", Trouble(key="battery_ignores", placeholders=told)


def _powers(now: BatteryNow, order: BatteryOrder) -> tuple[float, float]:
    """Return what a battery gives, and what it was to give. [kW]."""
    sign = {CHARGE: -1.0, DISCHARGE: 1.0}.get(order.mode, 0.0)
    return now.power_kw or 0.0, sign * (order.power_kw or 0.0)
