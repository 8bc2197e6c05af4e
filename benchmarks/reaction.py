"""How long a charger takes to get out of the way: from a load step on the grid meter to the charger's register.

A real Home Assistant in a process of its own, real Modbus connections, the wall clock. The household draws 1.4 to
3.4 kW more at a random moment between two polls, so that the fuse is exceeded; the time runs until the charger's
register holds a current that fits. Four steps down to the smallest current, then the load goes and the charger has to
come back.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
import os
from pathlib import Path
from statistics import median
import sys
import tempfile
from typing import Any, Final

import numpy as np

from benchmarks.reaction_home import CAR_MAX_A, POLL_S, SteppedHome, stepped_home, write_config
from script.lib.ha.instance import run_home_assistant
from script.lib.ha.ports import free_ports

# Room for the charger on each phase: half an ampere beside its steps, so that no rounding decides. [A]
FREE_A: Final = 18.5
ROOMS_A: Final = (13.5, 11.5, 8.5, 6.5)
# Until the charger was asked anew, which it is every five seconds. [s]
SETTLED_S: Final = 5.5
_LOOK_S: Final = 0.02
# A whole minute without an answer is a broken guard, and no slow one.
_PATIENCE_S: Final = 60.0
# The first plan, the first words of every device, and a charger that begins with its smallest current.
_BEGIN_S: Final = 180.0


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """One step.

    total_s : From the step to the register. [s]
    own_s : Of it, from the first question to the meter on: what EMS and Home Assistant take. [s]
    """

    total_s: float
    own_s: float


async def measured(
    steps: int, keep: Path | None = None, *, apart_s: float = SETTLED_S, seed: int = 1
) -> dict[str, Any]:
    """Return the times of so many steps.

    Parameters
    ----------
    keep : Where configuration and log are left.
    apart_s : How long after a car has followed one step the next comes at the earliest. [s]
    seed : Of the moments at which the load steps.
    """
    with tempfile.TemporaryDirectory(prefix="ems-reaction-") as made:
        folder = keep or Path(made)
        async with stepped_home() as home:
            (port,) = free_ports(1)
            write_config(folder / "config", home, port)
            home.leave_room(FREE_A)
            async with run_home_assistant(folder / "config", port=port, log=folder / "home-assistant.log"):
                return _told(await _stepped(home, steps, apart_s, seed))


async def _stepped(home: SteppedHome, steps: int, apart_s: float, seed: int) -> list[Reaction]:
    found: list[Reaction] = []
    chance, rooms = np.random.default_rng(seed), cycle((FREE_A, *ROOMS_A))
    while len(found) < steps:
        room_a = next(rooms)
        if room_a != FREE_A:
            # The meter is asked on a beat of its own; a step must not always meet the same moment of it.
            await asyncio.sleep(apart_s + POLL_S * chance.random())
            if home.box.setpoint_a > room_a:
                found.append(await _step(home, room_a))
                print(
                    f"  step {len(found)} of {steps}: {found[-1].total_s:.2f} s", file=sys.stderr, flush=True
                )
                await _until(lambda: home.drawn_a <= room_a, "the car to follow", _PATIENCE_S)  # noqa: B023
                continue
            # Words of different age have taken more than was asked for: the round begins anew.
            print("  the car has less already than the next step leaves it", file=sys.stderr, flush=True)
            rooms = cycle((*ROOMS_A, FREE_A))
        home.leave_room(FREE_A)
        await _until(lambda: home.drawn_a > CAR_MAX_A - 0.1, "the car's full current", _BEGIN_S)
    return found


async def _step(home: SteppedHome, room_a: float) -> Reaction:
    """Take the room away and wait for the register, whose own note of the moment counts."""
    if home.box.setpoint_a <= room_a:
        raise RuntimeError(f"nothing to do: the charger is at {home.box.setpoint_a} A, {room_a} A are free")
    home.asked_s.clear()
    stepped_s = home.leave_room(room_a)
    await _until(lambda: home.box.setpoint_a <= room_a, f"{room_a} A in the register", _PATIENCE_S)
    written_s, asked_s = home.box.written_s or 0.0, min(home.asked_s)
    return Reaction(total_s=written_s - stepped_s, own_s=written_s - asked_s)


async def _until(is_so: Callable[[], bool], what: str, patience_s: float) -> None:
    for _ in range(round(patience_s / _LOOK_S)):
        if is_so():
            return
        await asyncio.sleep(_LOOK_S)
    raise TimeoutError(f"waited {patience_s:g} s in vain for {what}")


def _told(found: list[Reaction]) -> dict[str, Any]:
    totals, own = sorted(each.total_s for each in found), sorted(each.own_s for each in found)
    return {
        "steps": len(found),
        "polling_interval_s": POLL_S,
        "p50_s": round(median(totals), 3),
        "p99_s": round(totals[int(0.99 * len(totals))], 3),
        "max_s": round(totals[-1], 3),
        "own_p50_s": round(median(own), 3),
        "own_max_s": round(own[-1], 3),
        "load_1min": round(os.getloadavg()[0], 2),
    }
