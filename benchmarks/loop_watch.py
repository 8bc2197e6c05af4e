"""Clocks what runs on an event loop, and tells which of it is ours.

A callback or a step of a task is ours where any function of the watched folder runs in it, found by the interpreter's
own monitoring (PEP 669). All of its time counts then: Home Assistant's and the libraries' share too. What only passes
by (a socket read by a library) is not ours.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import gc
import sys
import threading
import time
from types import CodeType
from typing import Any, Final

_TOOL: Final = sys.monitoring.PROFILER_ID
_EVENTS: Final = sys.monitoring.events.PY_START | sys.monitoring.events.PY_RESUME

_HANDLE: Final[Any] = asyncio.Handle  # everything a loop runs goes through its `_run`


@dataclass
class LoopWatch:
    """Watches the loop of the thread it is started in.

    clock_ms, cpu_ms : One entry per callback of ours: by the clock, and by what this thread worked.
    by_entry : Function of ours that ran first → how often, how long together, how long at most. [ms]
    busy_ms : All callbacks of the loop together, ours or not.
    gc_ms : Pauses of the garbage collector in callbacks of ours; what it walks is the whole process.
    """

    folder: str
    clock_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    by_entry: dict[str, list[float]] = field(default_factory=dict)
    busy_ms: float = 0.0
    gc_ms: list[float] = field(default_factory=list)
    _gc_began: int = 0
    _entered: CodeType | None = None
    _thread: int = 0
    _original: Callable[[Any], None] = _HANDLE._run  # noqa: SLF001

    def start(self) -> None:
        """Begin; a watched loop is a little slower."""
        self._thread = threading.get_ident()
        gc.callbacks.append(self._on_gc)
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "ems")
        monitoring.register_callback(_TOOL, monitoring.events.PY_START, self._on_code)
        monitoring.register_callback(_TOOL, monitoring.events.PY_RESUME, self._on_code)
        monitoring.set_events(_TOOL, _EVENTS)
        monitoring.restart_events()
        _HANDLE._run = lambda handle: self._run(handle)  # noqa: SLF001, PLW0108  # a bound method would not bind

    def stop(self) -> None:
        """Leave everything as it was."""
        gc.callbacks.remove(self._on_gc)
        _HANDLE._run = self._original  # noqa: SLF001
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.NO_EVENTS)
        sys.monitoring.free_tool_id(_TOOL)

    def _on_code(self, code: CodeType, _offset: int) -> Any:
        if not code.co_filename.startswith(self.folder):
            return sys.monitoring.DISABLE
        if self._entered is None and threading.get_ident() == self._thread:
            self._entered = code
        return None

    def _on_gc(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._gc_began = time.perf_counter_ns()
        elif self._entered is not None and threading.get_ident() == self._thread:
            self.gc_ms.append((time.perf_counter_ns() - self._gc_began) / 1e6)

    def _run(self, handle: Any) -> None:
        self._entered = None
        cpu, began = time.thread_time_ns(), time.perf_counter_ns()
        self._original(handle)
        clock_ms = (time.perf_counter_ns() - began) / 1e6
        self.busy_ms += clock_ms
        entered: CodeType | None = self.__dict__["_entered"]  # a callback has set it meanwhile
        if entered is None:
            return
        self.cpu_ms.append((time.thread_time_ns() - cpu) / 1e6)
        self.clock_ms.append(clock_ms)
        at = entered.co_filename.removeprefix(self.folder)
        entry = self.by_entry.setdefault(f"{at}:{entered.co_qualname}", [0, 0.0, 0.0])
        entry[0] += 1
        entry[1] += clock_ms
        entry[2] = max(entry[2], clock_ms)


def spread(values: list[float]) -> dict[str, float]:
    """Return what is asked of a list of times. [ms]."""
    ordered = sorted(values) or [0.0]
    last = len(ordered) - 1
    return {
        "p50": round(ordered[round(0.5 * last)], 3),
        "p99": round(ordered[round(0.99 * last)], 3),
        "max": round(ordered[last], 3),
    }
