"""How long one tick of the real-time guard takes: a car park of twenty chargers on three phases, and a home.

    python -m benchmarks.guard [--json] [--data DIR] [--reaction-steps N] [--keep DIR]

Times are wall-clock medians of whole ticks, `decide(setup, snapshot, state)`, in milliseconds. Each tick sees other
currents than the one before, so that no step is spared; `--data` is taken and not needed.

`closed-loop-day` is the demo home's winter evening with everything that goes wrong (`benchmarks.closed_loop`): the
processor time that a simulated day of it takes, and for how many seconds a fuse was over its limit for longer than the
guard may need.

`reaction` is how long it takes from a load step to the charger's register, in a real Home Assistant
(`benchmarks.reaction`).
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
import json
import logging
from pathlib import Path
from statistics import median
import sys
from time import perf_counter
from typing import Any, Final

from benchmarks import reaction
from custom_components.ems.engine.control.battery import BatteryAsk, BatteryNow, BatterySpec
from custom_components.ems.engine.control.charger import ChargerNow, ChargerSpec
from custom_components.ems.engine.control.circuit import Circuit, CircuitTree
from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.ev_mode import EvMode, Planned
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.pv import PvSpec
from custom_components.ems.engine.control.quarter_hour import Interval
from custom_components.ems.engine.control.setup import Setup
from custom_components.ems.engine.control.snapshot import BatterySeen, ChargerSeen, MeterWord, Snapshot, State

TICKS: Final = 500
WARM_UP: Final = 50
_START_S: Final = 1_750_000_000.0
_LIVED_SEED: Final = 2
_LIVED_H: Final = 3.0
_ROTATIONS: Final = ((1, 2, 3), (2, 3, 1), (3, 1, 2))
_MODES: Final = (EvMode.PLAN, EvMode.SURPLUS, EvMode.NOW, EvMode.MIN_SURPLUS)


def car_park(chargers: int) -> Setup:
    """Return chargers on four sub-distributions of one connection, wired in turn, with a battery and a roof."""
    main = Circuit(key="main", name="Connection", limit_a=10.0 * chargers, limit_kw=5.0 * chargers)
    floors = [
        Circuit(
            key=f"floor{i}", name=f"Floor {i}", limit_a=3.0 * chargers, above="main", is_metered=i % 2 == 0
        )
        for i in range(4)
    ]
    points = [
        ChargerSpec(
            key=f"charger{i}",
            name=f"Charger {i}",
            circuit=f"floor{i % 4}",
            rotation=_ROTATIONS[i % 3] if i % 5 else (),
            priority=i % 2,
            switches_phases=i % 3 == 0,
        )
        for i in range(chargers)
    ]
    battery = BatterySpec(
        key="battery", name="Battery", circuit="main", charge_max_kw=30, discharge_max_kw=30
    )
    return Setup(
        tree=CircuitTree(circuits=(main, *floors)),
        chargers=tuple(points),
        batteries=(battery,),
        arrays=(PvSpec(key="roof", name="Roof", power_max_kw=60.0),),
    )


def picture(setup: Setup, state: State, tick: int) -> Snapshot:
    """Return what is seen after another second: every current has moved, and cars draw what they were told."""
    now_s = _START_S + tick
    wobble = tick % 17 / 10
    drawn = {
        each.key: state.chargers[each.key].offer.amps if each.key in state.chargers else 0.0
        for each in setup.chargers
    }
    return Snapshot(
        now_s=now_s,
        day="2025-06-15",
        meters={circuit.key: _word(setup, circuit, drawn, wobble, now_s) for circuit in setup.tree.circuits},
        chargers={
            each.key: ChargerSeen(
                now=ChargerNow(is_connected=True, drawn_a=(drawn[each.key],) * 3),
                mode=_MODES[i % 4],
                planned=Planned(current_a=10.0),
            )
            for i, each in enumerate(setup.chargers)
        },
        batteries={
            "battery": BatterySeen(now=BatteryNow(power_kw=-2.0, soc=0.6), ask=BatteryAsk(mode="charge"))
        },
        arrays_kw={"roof": 20.0 + wobble},
        quarter=Interval(start_s=now_s - now_s % 900, imported_kwh=0.5),
        target_kw=100.0,
    )


def _word(
    setup: Setup, circuit: Circuit, drawn: Mapping[str, float], wobble: float, now_s: float
) -> MeterWord:
    below = sum(drawn[each.key] for each in setup.chargers if circuit.key in setup.tree.path(each.circuit))
    flows = {phase: PhaseFlow(active_a=below + 5 + wobble + phase) for phase in circuit.phases}
    return MeterWord(at_s=now_s, flows=flows)


def measured(chargers: int) -> dict[str, float]:
    """Return the times of one case. [ms]."""
    setup, state, times = car_park(chargers), State(), []
    for tick in range(WARM_UP + TICKS):
        seen = picture(setup, state, tick)
        began = perf_counter()
        state = decide(setup, seen, state).state
        times.append((perf_counter() - began) * 1000)
    counted = sorted(times[WARM_UP:])
    return {
        "total_ms": round(median(counted), 3),
        "p99_ms": round(counted[int(0.99 * len(counted))], 3),
        "max_ms": round(counted[-1], 3),
        "ticks": TICKS,
    }


def lived() -> dict[str, float]:
    """Return what three hours of the demo home come to, their time as that of a whole day. [ms], [s]."""
    from benchmarks.closed_loop.week import ZONE, Days  # Home Assistant's code takes a second to load

    logging.getLogger("custom_components.ems").setLevel(
        logging.ERROR
    )  # devices that fail are what this is about
    report = Days(_LIVED_SEED, datetime(2026, 1, 14, 21, tzinfo=ZONE), mode=EvMode.NOW).run(_LIVED_H)
    return {
        "total_ms": round(1000 * report.cpu_s * 24 / _LIVED_H, 1),
        "overload_s": float(sum(run.beyond_s for run in report.runs)),
        "longest_s": float(max((run.seconds for run in report.runs), default=0)),
        "ticks": report.looks,
    }


CASES: Final[Mapping[str, Callable[[], dict[str, float]]]] = {
    "tick-1-charger": lambda: measured(1),
    "tick-3-chargers": lambda: measured(3),
    "tick-20-chargers": lambda: measured(20),
    "tick-100-chargers": lambda: measured(100),
    "closed-loop-day": lived,
}


def main() -> None:
    """Measure every case."""
    parser = argparse.ArgumentParser(prog="script/bench guard", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", help="taken like everywhere, and not needed")
    parser.add_argument(
        "--reaction-steps",
        type=int,
        default=0,
        metavar="N",
        help="load steps in Home Assistant; 0: none (the default)",
    )
    parser.add_argument(
        "--reaction-apart",
        type=float,
        default=reaction.SETTLED_S,
        metavar="S",
        help="seconds between a car that has followed and the next load; 1: before its charger is asked again",
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave Home Assistant's log there")
    asked = parser.parse_args()
    out = sys.stderr if asked.json else sys.stdout
    found: list[dict[str, Any]] = []
    for name, case in CASES.items():
        times = case()
        print(f"{name:20} {'  '.join(f'{key} {value:.3f}' for key, value in times.items())}", file=out)
        found.append({"name": name, **times})
    if asked.reaction_steps > 0:
        reacted = asyncio.run(
            reaction.measured(asked.reaction_steps, asked.keep, apart_s=asked.reaction_apart)
        )
        print(
            "reaction             " + "  ".join(f"{key} {value}" for key, value in reacted.items()), file=out
        )
        found.append({"name": "reaction", **reacted})
    if asked.json:
        print(json.dumps({"cases": found}))


if __name__ == "__main__":
    main()
