"""What the solar forecasters have learned, kept over restarts: one model per array."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..const import CONF_PARAMS, PV
from ..engine.forecast.sky import Place
from ..engine.forecast.solar import SolarForecaster
from ..engine.site import PvArray
from .forecast_store import UNREADABLE, ForecastStore

_PREFIX: Final = "solar:"

type Solar = Mapping[str, SolarForecaster]


def recall_solar(
    hass: HomeAssistant, entry: ConfigEntry[Any], store: ForecastStore
) -> dict[str, SolarForecaster]:
    """Return the forecasters of an earlier run by array; not those of a roof or a place that was changed since."""
    found: dict[str, SolarForecaster] = {}
    for id_, described in _descriptions(hass, entry).items():
        if (kept := store.model(_PREFIX + id_)) is None:
            continue
        try:
            if kept["of"] == described:
                forecaster = _blank(id_, described)
                forecaster.restore(kept["state"])
                found[id_] = forecaster
        except UNREADABLE as err:
            store.refuse_model(_PREFIX + id_, err)
    return found


@callback
def keep_solar(
    hass: HomeAssistant, entry: ConfigEntry[Any], store: ForecastStore, before: Solar, now: Solar
) -> None:
    """Keep what was learned since; forget arrays that are gone. Forecasters are new ones where they have learned."""
    described = _descriptions(hass, entry)
    for id_, forecaster in now.items():
        if id_ in described and forecaster is not before.get(id_):
            store.keep_model(_PREFIX + id_, partial(_state, described[id_], forecaster))
    kept = {name for name in store.model_names if name.startswith(_PREFIX)}
    store.drop_models(kept - {_PREFIX + id_ for id_ in described})


def _state(described: dict[str, Any], forecaster: SolarForecaster) -> dict[str, Any]:
    return {"of": described, "state": forecaster.state()}


def _descriptions(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, dict[str, Any]]:
    """Return what each array's model is about: shading learned of one roof says nothing about another."""
    config = hass.config
    keys = ("peak_kw", "inverter_max_kw", "tilt_deg", "azimuth_deg")
    return {
        subentry.subentry_id: {
            **{key: subentry.data[CONF_PARAMS].get(key) for key in keys},
            "latitude_deg": config.latitude,
            "longitude_deg": config.longitude,
            "altitude_m": config.elevation,
        }
        for subentry in entry.subentries.values()
        if subentry.subentry_type == PV
    }


def _blank(id_: str, described: Mapping[str, Any]) -> SolarForecaster:
    fields = dict(described)
    place = Place(**{key: fields.pop(key) for key in ("latitude_deg", "longitude_deg", "altitude_m")})
    return SolarForecaster(PvArray(id=id_, name=id_, **fields), place)
