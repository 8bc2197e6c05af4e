"""What goes wrong with one of many must not stop the others: it is logged once, and they go on without it."""

from collections.abc import Callable

from ..const import LOGGER


class Mishaps:
    """What failed when it was tried last, by key."""

    def __init__(self, name: str) -> None:
        """Begin with nothing wrong. name : Whose they are, for the log."""
        self._name, self._open = name, set[str]()

    def __contains__(self, key: str) -> bool:
        """Tell whether something went wrong when it was tried last."""
        return key in self._open

    def attempt[T](self, key: str, action: Callable[[], T], otherwise: T, name: str = "") -> T:
        """Return what an action finds; where it fails, what counts instead. name : What people call it."""
        try:
            found = action()
        except Exception:  # noqa: BLE001  # logged, whatever it is
            if key not in self._open:
                LOGGER.exception("%s: %s failed, all else goes on", self._name, name or key)
            self._open.add(key)
            return otherwise
        if key in self._open:
            LOGGER.info("%s: %s works again", self._name, name or key)
            self._open.discard(key)
        return found
