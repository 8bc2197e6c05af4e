"""Home Assistant as it is, in one process with a watch that a line on stdin starts and reads.

`python -m benchmarks.watched_core -c FOLDER …` takes Home Assistant's own arguments. Lines: `polls 5` (ask every device
that often), `begin plain`, `begin watched`, `begin profiled`, `report`. Reports go to stdout as JSON behind `@@`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
import json
import os
from pathlib import Path
import resource
import sys
import threading
import time
from typing import Any, Final, override

from homeassistant import __main__ as core, runner
from homeassistant.core import HomeAssistant, StateMachine, async_get_hass, callback
from homeassistant.helpers.update_coordinator import UpdateFailed

from benchmarks.loop_watch import LoopWatch, spread
from benchmarks.sampler import Sampler
from custom_components.ems.coordinators.device import DeviceCoordinator, MqttCoordinator
from custom_components.ems.coordinators.plan import PlanCoordinator

FOLDER: Final = str(Path(__file__).parents[1] / "custom_components" / "ems") + "/"
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


def _threads_cpu_s() -> dict[str, float]:
    """Return how long each thread has worked; those of one pool together. [s]."""
    names = {thread.native_id: thread.name.partition("_")[0] for thread in threading.enumerate()}
    found: dict[str, float] = {}
    for stat in Path("/proc/self/task").glob("*/stat"):
        fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        name = names.get(int(stat.parent.name), "other")
        found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return found


@dataclass
class Counts:
    """What happened since a window began."""

    asked: int = 0
    failed: int = 0
    answered: int = 0
    published: int = 0
    plans: int = 0
    states: int = 0
    loop_s: float = field(default_factory=time.monotonic)
    cpu_s: float = field(default_factory=time.process_time)
    threads_s: dict[str, float] = field(default_factory=_threads_cpu_s)


class Watch:
    """Answers the lines that come in."""

    def __init__(self) -> None:
        """Count from the beginning."""
        self.counts = Counts()
        self.watch: LoopWatch | None = None
        self.profile: Sampler | None = None
        _count_calls(self)

    def take(self, line: str) -> None:
        """Do what a line says; runs in the event loop."""
        verb, _, rest = line.strip().partition(" ")
        if verb == "polls":
            _poll_every(async_get_hass(), float(rest))
        elif verb == "begin":
            self._begin(rest)
        elif verb == "report":
            print("@@", json.dumps(self._report()), flush=True)

    def _begin(self, how: str) -> None:
        if how == "watched":
            self.watch = LoopWatch(FOLDER)
            self.watch.start()
        if how == "profiled":
            self.profile = Sampler()
            self.profile.start()
        self.counts = Counts()

    def _report(self) -> dict[str, Any]:
        counts = self.counts
        seconds, cpu_s = time.monotonic() - counts.loop_s, time.process_time() - counts.cpu_s
        usage = resource.getrusage(resource.RUSAGE_SELF)
        found: dict[str, Any] = {
            "seconds": round(seconds, 2),
            "cpu_pct": round(100 * cpu_s / seconds, 2),
            "threads_pct": _shares(counts.threads_s, seconds),
            "asked": counts.asked,
            "answered": counts.answered,
            "failed": counts.failed,
            "published": counts.published,
            "plans": counts.plans,
            "states_written": counts.states,
            "rss_mb": round(_rss_mb(), 1),
            "rss_max_mb": round(usage.ru_maxrss / 1024, 1),
            **_population(async_get_hass()),
        }
        if self.watch:
            self.watch.stop()
            found |= _of_the_loop(self.watch, seconds)
            self.watch = None
        if self.profile:
            found["profile"], self.profile = self.profile.stop(), None
        return found


def _of_the_loop(watch: LoopWatch, seconds: float) -> dict[str, Any]:
    slowest = sorted(watch.by_entry.items(), key=lambda entry: -entry[1][1])[:15]
    return {
        "callbacks": len(watch.clock_ms),
        "clock_ms": spread(watch.clock_ms),
        "cpu_ms": spread(watch.cpu_ms),
        "gc_ms": spread(watch.gc_ms),
        "ours_pct": round(sum(watch.cpu_ms) / seconds / 10, 2),
        "loop_busy_pct": round(watch.busy_ms / seconds / 10, 2),
        "entries": {
            name: {"times": int(times), "total_ms": round(total, 1), "max_ms": round(most, 2)}
            for name, (times, total, most) in slowest
        },
    }


def _shares(before_s: dict[str, float], seconds: float) -> dict[str, float]:
    shares = {
        name: round(100 * (now_s - before_s.get(name, 0.0)) / seconds, 2)
        for name, now_s in _threads_cpu_s().items()
    }
    return {name: share for name, share in shares.items() if share >= 0.05}


def _rss_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def _population(hass: HomeAssistant) -> dict[str, Any]:
    entries = hass.config_entries.async_entries("ems")
    devices = [device for entry in entries for device in entry.runtime_data.devices.values()]
    silent = [device.name for device in devices if not device.coordinator.last_update_success]
    return {
        "devices": len(devices),
        "polled": sum(isinstance(device.coordinator, DeviceCoordinator) for device in devices),
        "silent": silent,
        "entities": sum(state.entity_id.partition(".")[0] != "person" for state in hass.states.async_all()),
        "unavailable": sum(state.state == "unavailable" for state in hass.states.async_all()),
    }


def _poll_every(hass: HomeAssistant, seconds: float) -> None:
    """Ask every device in one rhythm, whatever its profile would choose."""
    for entry in hass.config_entries.async_entries("ems"):
        for device in entry.runtime_data.devices.values():
            if isinstance(device.coordinator, DeviceCoordinator):
                device.coordinator.update_interval = timedelta(seconds=seconds)


def _count_calls(watch: Watch) -> None:
    """Count polls, messages taken, plans and states, at next to no cost."""
    read, take, plan, write = (
        DeviceCoordinator._async_update_data,  # noqa: SLF001
        MqttCoordinator._async_take,  # noqa: SLF001
        PlanCoordinator._async_cycle,  # noqa: SLF001
        StateMachine.async_set_internal,
    )

    async def counted_read(self: DeviceCoordinator) -> Any:
        watch.counts.asked += 1
        try:
            reading = await read(self)
        except UpdateFailed:
            watch.counts.failed += 1
            raise
        watch.counts.answered += 1
        return reading

    @callback
    def counted_take(self: MqttCoordinator, at: Any) -> None:
        watch.counts.published += 1
        take(self, at)

    @callback
    def counted_state(self: StateMachine, *args: Any) -> None:
        watch.counts.states += 1
        write(self, *args)

    async def counted_plan(self: PlanCoordinator, *args: Any) -> None:
        watch.counts.plans += 1
        await plan(self, *args)

    _put(DeviceCoordinator, "_async_update_data", counted_read)
    _put(MqttCoordinator, "_async_take", counted_take)
    _put(StateMachine, "async_set_internal", counted_state)
    _put(PlanCoordinator, "_async_cycle", counted_plan)


def _put(owner: object, name: str, function: object) -> None:
    setattr(owner, name, function)


class _Lines(threading.Thread):
    """Hands lines over to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self._loop, self._take = loop, take

    @override
    def run(self) -> None:
        for line in sys.stdin:
            self._loop.call_soon_threadsafe(self._take, line)


def main() -> int:
    """Run Home Assistant."""
    original, watch = runner.setup_and_run_hass, Watch()

    async def watched(config: runner.RuntimeConfig) -> int:
        _Lines(asyncio.get_running_loop(), watch.take).start()
        return await original(config)

    _put(runner, "setup_and_run_hass", watched)
    return core.main()


if __name__ == "__main__":
    sys.exit(main())
