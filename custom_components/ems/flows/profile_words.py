"""How the list of devices shows profiles of people's own, and names the files that are none."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..devices import AnyProfile
from ..devices.own_profiles import OwnProfiles

_WORDS = f"component.{DOMAIN}.selector.profile_origin.options"


async def async_profile_words(
    hass: HomeAssistant, own: OwnProfiles
) -> tuple[Callable[[AnyProfile], str], str]:
    """Return what names a profile in the list, and what is said above the list: nothing where all is well."""
    words = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    mine = words.get(f"{_WORDS}.own", "own")

    def label(profile: AnyProfile) -> str:
        return f"{profile.label} ({mine})" if profile.id in own.found else profile.label

    lines = [f"- {why}" for why in own.broken.values()]
    return label, "\n".join([words.get(f"{_WORDS}.broken", ""), "", *lines]) if lines else ""
