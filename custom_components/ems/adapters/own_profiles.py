"""The profiles a home can choose from: those EMS ships, and those in its own configuration folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..devices import AnyProfile, load_profiles
from ..devices.own_profiles import OwnFolder, OwnProfiles, with_own

# Below the configuration folder, where people can write and updates of EMS do not.
FOLDER: Final = (DOMAIN, "profiles")
_FOLDER: HassKey[OwnFolder] = HassKey(f"{DOMAIN}_own_profiles")


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """What there is to choose from at this moment.

    every : Shipped and own profiles by id, by their label.
    own : The own ones, and the files that are no profiles.
    """

    every: Mapping[str, AnyProfile]
    own: OwnProfiles


async def async_read_profiles(hass: HomeAssistant) -> Profiles:
    """Return what there is now. Files that did not change are not read again."""
    folder = hass.data.setdefault(_FOLDER, OwnFolder(hass.config.path(*FOLDER)))
    return await hass.async_add_executor_job(_read, folder)


def _read(folder: OwnFolder) -> Profiles:
    shipped = load_profiles()
    own = folder.read(shipped)
    return Profiles(every=with_own(shipped, own.found.values()), own=own)
