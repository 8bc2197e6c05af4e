"""Looks at what the main thread is doing every two milliseconds of work: where its time goes."""

from collections import Counter
import signal
from types import CodeType, FrameType
from typing import Final

_EVERY_S: Final = 0.002
# Whoever is here waits: another thread has worked.
_IDLE: Final = {"select"}


class Sampler:
    """Counts, per function, samples in which it ran (itself) and in which it was on the stack (with its calls)."""

    def __init__(self) -> None:
        """Prepare. Only the main thread can be looked at."""
        self._itself: Counter[CodeType] = Counter()
        self._with_calls: Counter[CodeType] = Counter()

    def start(self) -> None:
        """Begin; the timer counts the processor's time, so a busy machine changes nothing."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        if frame is None or frame.f_code.co_name in _IDLE:
            return
        self._itself[frame.f_code] += 1
        stack = set()
        while frame:
            stack.add(frame.f_code)
            frame = frame.f_back
        self._with_calls.update(stack)

    def stop(self) -> str:
        """Return a table: share of the main thread's work [%] itself, with its calls, function."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        samples = self._itself.total() or 1
        chosen = {code for counted in (self._itself, self._with_calls) for code, _ in counted.most_common(70)}
        return f"{samples} samples\n" + "\n".join(
            f"{100 * self._itself[code] / samples:6.2f} {100 * self._with_calls[code] / samples:6.2f}  "
            f"{'/'.join(code.co_filename.split('/')[-3:])}:{code.co_firstlineno} {code.co_qualname}"
            for code in sorted(chosen, key=lambda code: -self._with_calls[code])
        )
