"""How often a device is asked, and how old its word may be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry

from ..const import (
    CONF_LINK,
    CONF_PARAMS,
    CONF_POLL_S,
    CONF_SOURCE,
    DEVICE_INTERVAL,
    METER,
    METER_INTERVAL,
    READING_MAX_AGE_S,
)
from ..devices import AnyProfile, Profile
from ..devices.profile.documents import MqttLink

# One lost answer is no alarm, nor are two.
_MISSED_POLLS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How often a device is asked, and for how long its last word counts."""

    every: timedelta
    max_age_s: float


def rhythm_of(profile: AnyProfile, group: Iterable[ConfigSubentry]) -> Rhythm:
    """Return the rhythm of one physical device, for all the subentries that live on it.

    The quickest wish of a person counts, else what suits the transport; nobody asks more often than the profile
    allows. A device that publishes is not asked at all.
    """
    if isinstance(profile.link, MqttLink):
        return Rhythm(every=timedelta(0), max_age_s=max(READING_MAX_AGE_S, profile.link.max_age_s))
    subentries = list(group)
    links = [each.data[CONF_SOURCE][CONF_LINK] for each in subentries]
    wishes = [float(link[CONF_POLL_S]) for link in links if CONF_POLL_S in link]
    every_s = max(profile.link.poll_s, min(wishes, default=_usual_s(profile, subentries)))
    return Rhythm(every=timedelta(seconds=every_s), max_age_s=max(READING_MAX_AGE_S, _MISSED_POLLS * every_s))


def _usual_s(profile: AnyProfile, subentries: Iterable[ConfigSubentry]) -> float:
    """Return how often a device is asked unless a person says otherwise. [s]."""
    if not isinstance(profile, Profile):
        return 0.0  # what its profile says
    decides = any(_is_grid_meter(each.subentry_type, each.data[CONF_PARAMS]) for each in subentries)
    return (METER_INTERVAL if decides else DEVICE_INTERVAL).total_seconds()


def _is_grid_meter(role: str, params: Mapping[str, Any]) -> bool:
    return role == METER and params.get("position") == "grid"
