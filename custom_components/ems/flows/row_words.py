"""Words an error of the table: points are called what the form calls them, in the user's language."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..devices.row_checks import PLACEHOLDERS, RowError


async def async_row_words(hass: HomeAssistant, err: RowError | None = None) -> dict[str, str]:
    """Return every placeholder that a row's error may name; empty where it names none."""
    words = dict.fromkeys(PLACEHOLDERS, "")
    if err is None:
        return words
    words |= err.placeholders
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    key = f"component.{DOMAIN}.selector.point_by_hand.options.{words['point']}"
    return {**words, "point": texts.get(key, words["point"])}
