"""Why there are no (new) prices, as data: whoever shows it finds the words."""

from collections.abc import Mapping


class PriceProblemError(Exception):
    """Prices that cannot be used. `key` names the message, `placeholders` fill it.

    `retry_after_s` is how long a service wants to be left alone, None where nobody said. [s]
    """

    def __init__(self, key: str, retry_after_s: float | None = None, /, **placeholders: str | float) -> None:
        """Keep the reason as data."""
        super().__init__(f"{key}: {placeholders}")
        self.key = key
        self.retry_after_s = retry_after_s
        self.placeholders: Mapping[str, str | float] = placeholders
