"""The parts of a home as pieces of one linear program, one per file."""

from .battery import BatteryModel
from .charger import ChargerModel
from .component import Choice, Component, Horizon
from .flexible_load import LoadModel, load_model
from .grid import GridModel
from .hybrid import HybridModel
from .load import net_of_what_cannot_move
from .phases import PhaseLimits
from .pv import PvModel
from .surplus import SurplusModel, surplus_kw

__all__ = [
    "BatteryModel",
    "ChargerModel",
    "Choice",
    "Component",
    "GridModel",
    "Horizon",
    "HybridModel",
    "LoadModel",
    "PhaseLimits",
    "PvModel",
    "SurplusModel",
    "load_model",
    "net_of_what_cannot_move",
    "surplus_kw",
]
