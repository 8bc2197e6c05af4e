"""How a language writes numbers and instants. What the words are is the business of `translations/`.

Home Assistant ships no locale data for Python, and that of the process is whatever the container has, so the
languages EMS speaks have their row here. Any other reads English sentences, and English numbers in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """The habits of one language."""

    decimal_sign: str
    weekdays: tuple[str, ...]  # short, Monday first
    # An instant as it stands in a sentence, for which a language may need a preposition that differs by day.
    today: str
    another_day: str
    date: str  # as strftime understands it, digits only

    def number(self, value: float) -> str:
        """Return a number with at most three decimals, none that says nothing, and no minus before zero."""
        return self.decimal(f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip("."))

    def decimal(self, digits: str) -> str:
        """Return digits that Python wrote with this language's decimal sign."""
        return digits.replace(".", self.decimal_sign)

    def instant(self, local: datetime, now: datetime) -> str:
        """Return an instant of the next days for a sentence: the time alone where it is today."""
        pattern = self.today if local.date() == now.date() else self.another_day
        return pattern.format(day=self.weekdays[local.weekday()], time=f"{local:%H:%M}")

    def date_and_time(self, local: datetime) -> str:
        """Return an instant in full."""
        return f"{local.strftime(self.date)} {local:%H:%M}"


_ENGLISH: Final = Manner(
    decimal_sign=".",
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    today="{time}",
    another_day="{day} {time}",
    date="%Y-%m-%d",
)
MANNERS: Final[Mapping[str, Manner]] = {
    "en": _ENGLISH,
    "de": Manner(
        decimal_sign=",",
        weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
        today="um {time}",
        another_day="am {day} um {time}",  # "um Di 02:30" is no German
        date="%d.%m.%Y",
    ),
}


def manner_of(language: str) -> Manner:
    """Return how a language writes."""
    return MANNERS.get(language, _ENGLISH)
