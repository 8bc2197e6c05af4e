"""When PV may feed in: one choice of people, for the plan and for the guard."""

from typing import Any

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_EXPORT_MAX_KW, CONF_EXPORT_PRICE_MIN, CONF_GRID
from ..engine.control.pv import ExportPolicy, ExportRules
from ..settings import SiteSettings
from .limit_options import OPT_EXPORT_POLICY


def export_policy(entry: ConfigEntry[Any]) -> ExportPolicy:
    """Return what was chosen; before that, a least price that was set up is a choice already."""
    usual = (
        ExportPolicy.ABOVE_PRICE if CONF_EXPORT_PRICE_MIN in entry.data[CONF_GRID] else ExportPolicy.ALWAYS
    )
    return ExportPolicy(entry.options.get(OPT_EXPORT_POLICY, usual))


def export_rules(entry: ConfigEntry[Any], settings: SiteSettings) -> ExportRules:
    """Return what the guard lets out. Without a least price, feeding in is never paid for: 0."""
    return ExportRules(
        export_max_kw=settings.grid(CONF_EXPORT_MAX_KW),
        policy=export_policy(entry),
        price_min_per_kwh=float(entry.data[CONF_GRID].get(CONF_EXPORT_PRICE_MIN, 0.0)),
    )
