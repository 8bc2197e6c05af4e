"""Who may post, and where a report goes: to the loaded site, or to the form that waits for the first one."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_KEY_HASH, CONF_KIND, CONF_SERIAL, CONF_SOURCE, DOMAIN, SOURCE_PUSH
from ..coordinators.push import PushCoordinator
from ..devices.push import Bucket, PushInbox, PushSetup, is_key, take_token
from .push_source import setup_of

KEY: Final[HassKey[PushHub]] = HassKey("ems_push")
# Twice as often as agreed is fine, and so are ten reports at once that waited for the network.
_BURST: Final = 10.0
_PER_INTERVAL: Final = 2.0
# A person who looks, or a script that watches.
_LOOKS_PER_S: Final = 1.0
# More wrong keys than any home's devices have; older ones are forgotten, and count anew.
_REMEMBERED: Final = 512


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """A device whose form is still open."""

    inbox: PushInbox
    key_hash: str


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A device that showed its key. Its inbox is None while its site is not loaded."""

    setup: PushSetup
    inbox: PushInbox | None


class Memory:
    """Tells what is new; remembers so much and no more."""

    def __init__(self) -> None:
        """Know nothing."""
        self._seen: OrderedDict[Hashable, None] = OrderedDict()

    def is_new(self, thing: Hashable) -> bool:
        """Tell whether a thing was not seen lately."""
        is_new = thing not in self._seen
        self._seen[thing] = None
        self._seen.move_to_end(thing)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return is_new


class PushHub:
    """One for all sites. It holds no site: each report looks its site up, so nothing is left of one that goes."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with nobody waiting."""
        self._hass = hass
        self._trials: dict[str, _Trial] = {}
        self._resting: dict[str, PushInbox] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self.strangers, self.guesses = Memory(), Memory()

    def admit(self, key_id: str, secret: str) -> Admitted | None:
        """Return the device of a key; None alike for an unknown device, a wrong key and a revoked one."""
        subentry, inbox = self._find(key_id)
        trial = self._trials.get(key_id)
        if subentry is None:
            if not is_key(secret, trial.key_hash if trial else None) or trial is None:
                return None
            return Admitted(setup=trial.inbox.setup, inbox=trial.inbox)
        source = subentry.data[CONF_SOURCE]
        if not is_key(secret, source[CONF_KEY_HASH]):
            return None
        # Between the form's end and the site's start the form's inbox goes on counting.
        if inbox is None and trial:
            inbox = trial.inbox
        return Admitted(setup=setup_of(subentry.subentry_type, source), inbox=inbox)

    def _find(self, key_id: str) -> tuple[ConfigSubentry | None, PushInbox | None]:
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            for subentry in entry.subentries.values():
                source = subentry.data.get(CONF_SOURCE, {})
                if source.get(CONF_KIND) != SOURCE_PUSH or source[CONF_SERIAL] != key_id:
                    continue
                if entry.state is not ConfigEntryState.LOADED:
                    return subentry, None
                device = entry.runtime_data.devices.get(subentry.subentry_id)
                coordinator = device.coordinator if device else None
                return subentry, coordinator.inbox if isinstance(coordinator, PushCoordinator) else None
        return None, None

    def inbox(self, key_id: str) -> PushInbox | None:
        """Return where the reports of a device go now."""
        trial = self._trials.get(key_id)
        return self._find(key_id)[1] or (trial.inbox if trial else None)

    def open_trial(self, key_id: str, setup: PushSetup, key_hash: str) -> None:
        """Take reports of a device that is not saved yet."""
        inbox = PushInbox(setup, now_s=dt_util.utcnow().timestamp())
        self._trials[key_id] = _Trial(inbox=inbox, key_hash=key_hash)

    def close_trial(self, key_id: str) -> None:
        """Forget a device whose form was closed; one that was saved is waiting for its site."""
        if self._find(key_id)[0] is None:
            self._trials.pop(key_id, None)
            for method in ("GET", "POST"):
                self._buckets.pop((key_id, method), None)

    def claim(self, key_id: str) -> PushInbox | None:
        """Return what a form has taken of a device that is now saved; it is the site's from here."""
        trial = self._trials.pop(key_id, None)
        return trial.inbox if trial else None

    def rest(self, key_id: str, inbox: PushInbox) -> None:
        """Keep what a device said last while its site is reloaded: its next report may be an hour away."""
        inbox.heard = None
        self._resting[key_id] = inbox
        for gone in [known for known in self._resting if self._find(known)[0] is None]:
            del self._resting[gone]

    def wake(self, key_id: str) -> PushInbox | None:
        """Return what a device said last before its site was unloaded."""
        return self._resting.pop(key_id, None)

    def wait_s(self, key_id: str, setup: PushSetup, method: str) -> float | None:
        """Return how long a device that asks too often has to wait; None where it may go on. [s]."""
        per_s = _PER_INTERVAL / setup.interval_s if method == "POST" else _LOOKS_PER_S
        place = (key_id, method)
        self._buckets[place], wait_s = take_token(
            self._buckets.get(place), self._hass.loop.time(), size=_BURST, per_s=per_s
        )
        return wait_s
