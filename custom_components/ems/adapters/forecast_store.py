"""What forecasters have learned and what they have said, kept over restarts.

Two files per site, apart from what must not be lost: a model can be learned anew, and an archive fills again. So a
file that cannot be read is said to be so, once, and stops nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from ..const import DOMAIN, LOGGER
from ..engine.forecast.archive import Archive

VERSION: Final = 1
# What is archived. A series that is not there yet begins empty, so an older file serves a newer version.
LOAD, PV, PRICE = "load", "pv", "price"
SERIES: Final = (LOAD, PV, PRICE)
# Lost at worst after a crash: what was learned since, which the recorder still has, and a few issued forecasts.
# Two megabytes every hour would be a burden for an SD card.
DELAY_S: Final = 6 * 3600
# What reading somebody else's JSON can raise: wrong types, missing keys, wrong numbers.
UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError)


class ForecastStore:
    """Model states by name, and the archive of each series."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the files. They are large, so they are put into words off the event loop."""
        self._models = _File(hass, f"{DOMAIN}.{entry_id}.models", self._model_states)
        self._archive = _File(hass, f"{DOMAIN}.{entry_id}.archive", self._archive_states)
        self._states: dict[str, Callable[[], dict[str, Any]]] = {}
        self.archives: dict[str, Archive] = {name: Archive() for name in SERIES}

    async def async_load(self) -> None:
        """Read what the last run left."""
        for name, state in (await self._models.async_load()).items():
            self._states[name] = lambda state=state: state  # type: ignore[misc]  # binds the loop's state
        for name, state in (await self._archive.async_load()).items():
            if name in self.archives:
                self._restore(name, state)

    def _restore(self, name: str, state: Any) -> None:
        try:
            self.archives[name].restore(state)
        except UNREADABLE as err:
            self._archive.refuse(f"{name}: {err}")

    def model(self, name: str) -> dict[str, Any] | None:
        """Return the state that was kept for a model; None where there is none."""
        state = self._states.get(name)
        return None if state is None else state()

    def refuse_model(self, name: str, why: object) -> None:
        """Forget a state that its model cannot read, and say so."""
        self._states.pop(name, None)
        self._models.refuse(f"{name}: {why}")

    @callback
    def keep_model(self, name: str, state: Callable[[], dict[str, Any]]) -> None:
        """Keep a model. `state` is asked for in a thread when it is written: it must not change any more."""
        self._states[name] = state
        self._models.write_soon()

    @callback
    def drop_models(self, names: set[str]) -> None:
        """Forget the models of devices that are gone."""
        for name in names & set(self._states):
            del self._states[name]

    @property
    def model_names(self) -> set[str]:
        """Return the names of all models kept."""
        return set(self._states)

    @callback
    def archive_changed(self) -> None:
        """Write the archive a few hours later, or when the site goes."""
        self._archive.write_soon()

    def _model_states(self) -> dict[str, Any]:
        return {name: state() for name, state in dict(self._states).items()}

    def _archive_states(self) -> dict[str, Any]:
        return {name: archive.copy().state() for name, archive in self.archives.items()}

    async def async_flush(self) -> None:
        """Write now."""
        await self._models.async_flush()
        await self._archive.async_flush()

    async def async_remove(self) -> None:
        """Delete the files with the site."""
        await self._models.async_remove()
        await self._archive.async_remove()


class _File:
    """One file, written late, refused as a whole where it cannot be read."""

    def __init__(self, hass: HomeAssistant, key: str, take: Callable[[], dict[str, Any]]) -> None:
        self._store: Store[Any] = Store(hass, VERSION, key, serialize_in_event_loop=False)
        self._key, self._take = key, take
        self._is_due = self._is_touched = False

    async def async_load(self) -> Mapping[str, Any]:
        try:
            found = await self._store.async_load()
        except (HomeAssistantError, NotImplementedError, OSError, *UNREADABLE) as err:
            # Of another version, or no file of ours: Home Assistant itself puts broken JSON aside.
            self.refuse(err or type(err).__name__)
            return {}
        if found is not None and not isinstance(found, Mapping):
            self.refuse("not what EMS writes")
            return {}
        return found or {}

    def refuse(self, why: object) -> None:
        LOGGER.warning("%s cannot be read and is begun anew: %s", self._key, why)

    @callback
    def write_soon(self) -> None:
        self._is_touched = True
        if not self._is_due:
            # Each further call would put the writing off again, and something is learned every hour.
            self._is_due = True
            self._store.async_delay_save(self._taken, DELAY_S)

    def _taken(self) -> dict[str, Any]:
        self._is_due = False
        return self._take()

    async def async_flush(self) -> None:
        if self._is_touched:  # a site that was never up must not leave empty files behind
            self._is_due = False
            await self._store.async_save(await self._store.hass.async_add_executor_job(self._take))

    async def async_remove(self) -> None:
        await self._store.async_remove()
