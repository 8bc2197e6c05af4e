"""Hours of the day, every day anew: when a load may run, and when something is scheduled."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

type Span = tuple[float, float]  # begin and end, seconds since the epoch


@dataclass(frozen=True, kw_only=True)
class DailyWindow:
    """From one local time to another, every day. Equal times mean the whole day, round the clock.

    A window belongs to the day on which it begins. The load's day holds exactly one window: it goes from midnight to
    midnight, or, where the window crosses midnight, from one window's end to the next.
    """

    start: time
    end: time

    @property
    def crosses_midnight(self) -> bool:
        """Tell whether it ends on the day after."""
        return self.end <= self.start

    @property
    def usual_h(self) -> float:
        """Return how long it lasts on a day of 24 hours. [h]."""
        begin, end = (
            timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) for at in (self.start, self.end)
        )
        return ((end - begin) / timedelta(hours=1)) % 24 or 24.0

    def span_s(self, day: date, zone: tzinfo) -> Span:
        """Return begin and end of a day's window. [s since epoch]."""
        last = day + timedelta(days=1) if self.crosses_midnight else day
        return _at_s(day, self.start, zone), _at_s(last, self.end, zone)

    def day_of(self, at_s: float, zone: tzinfo) -> date:
        """Return the load's day that holds an instant."""
        today = datetime.fromtimestamp(at_s, zone).date()
        # Right after midnight the window of yesterday evening may still be open.
        return today - timedelta(days=1) if at_s < self.begin_s(today, zone) else today

    def begin_s(self, day: date, zone: tzinfo) -> float:
        """Return when the load's day begins. [s since epoch]."""
        return _at_s(day, self.end if self.crosses_midnight else time(), zone)

    def spans_until(self, from_s: float, until_s: float, zone: tzinfo) -> tuple[Span, ...]:
        """Return every window, or what is left of it, between two instants."""
        day, spans = self.day_of(from_s, zone), []
        while (span := self.span_s(day, zone))[0] < until_s:
            begin_s, end_s = max(from_s, span[0]), min(until_s, span[1])
            if begin_s < end_s:
                spans.append((begin_s, end_s))
            day += timedelta(days=1)
        return tuple(spans)


def _at_s(day: date, at: time, zone: tzinfo) -> float:
    """Return when a day's clock shows a time; the first time where it does so twice."""
    return datetime.combine(day, at, tzinfo=zone).timestamp()
