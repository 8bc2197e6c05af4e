"""Every limit besides fuses, as it is now: the operator's, the hour's, the quarter-hour's, and what may be fed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import CONF_FUSE_A, CONF_GRID, CONF_IMPORT_MAX_KW, CONF_PHASES
from ..engine.control.flow import NOMINAL_V
from ..engine.control.pv import ExportRules
from ..engine.control.quarter_hour import Interval, limit_kw
from ..engine.control.windows import cap_now_kw
from ..engine.plan.result import Plan
from ..runtime import EmsConfigEntry
from ..settings import SiteSettings
from ..store import SiteStore
from .export_policy import export_rules
from .limit_options import cap_windows, quarter_hour_options
from .operator_limit import OperatorContact, OperatorNow
from .peak_meter import PeakMeter
from .quarter_hour import planned_peak_kw, quarter_hour_now, target_kw


@dataclass(frozen=True, kw_only=True)
class LimitsNow:
    """The limits of one instant. [kW]; None: no such limit.

    Attributes
    ----------
    connection_kw : What the connection carries, by contract and by its fuse.
    operator_kw : Most that what EMS steers may draw from the network.
    cap_kw : Most that may flow in at this time of day.
    quarter, target_kw : The running interval of a demand charge, and its mean not to exceed.
    export : What may be fed in.
    operator : Who says `operator_kw`.
    """

    at_s: float
    connection_kw: float
    operator_kw: float | None
    cap_kw: float | None
    quarter: Interval | None
    target_kw: float | None
    export: ExportRules
    operator: OperatorNow

    @property
    def powers_kw(self) -> Mapping[str, float]:
        """Return the limits that hold, by name."""
        found = {"connection": self.connection_kw, "operator": self.operator_kw, "time_of_day": self.cap_kw}
        if self.quarter is not None and self.target_kw is not None:
            found["quarter_hour"] = limit_kw(self.target_kw, self.quarter, self.at_s)
        return {name: value for name, value in found.items() if value is not None}

    @property
    def tightest(self) -> str:
        """Return the name of the smallest."""
        return min(self.powers_kw, key=self.powers_kw.__getitem__)


class LimitsBook:
    """Knows where every limit is written down, and what was heard last."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: EmsConfigEntry,
        settings: SiteSettings,
        peak: PeakMeter,
        store: SiteStore,
    ) -> None:
        """Remember the places."""
        self._entry, self._settings, self._peak = entry, settings, peak
        self._contact = OperatorContact(hass, entry, store)
        self._planned: tuple[Plan | None, float | None] = (None, None)
        self._listeners: list[CALLBACK_TYPE] = []
        self.latest: LimitsNow | None = None

    @callback
    def now(self, now_s: float) -> LimitsNow:
        """Look at everything."""
        connection_kw = self._connection_kw()
        operator = self._contact.now(now_s, connection_kw)
        most_kw = self._target_kw()
        self.latest = LimitsNow(
            at_s=now_s,
            connection_kw=connection_kw,
            operator_kw=operator.limit_kw,
            cap_kw=cap_now_kw(cap_windows(self._entry), now_s, dt_util.get_default_time_zone()),
            quarter=None if most_kw is None else quarter_hour_now(self._peak, now_s, most_kw),
            target_kw=most_kw,
            export=export_rules(self._entry, self._settings),
            operator=operator,
        )
        return self.latest

    @callback
    def async_look(self) -> LimitsNow:
        """Look, and tell those who show it."""
        found = self.now(dt_util.utcnow().timestamp())
        for listener in list(self._listeners):
            listener()
        return found

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back after every look."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _connection_kw(self) -> float:
        grid = self._entry.data[CONF_GRID]
        fuse_kw = grid[CONF_PHASES] * grid[CONF_FUSE_A] * NOMINAL_V / 1000
        return float(min(self._settings.grid(CONF_IMPORT_MAX_KW), fuse_kw))

    def _target_kw(self) -> float | None:
        record, charge = self._peak.record, self._settings.planner("demand_charge")
        return target_kw(quarter_hour_options(self._entry), charge, record.highest_kw, self._planned_kw())

    def _planned_kw(self) -> float | None:
        """Return the peak of the plan in force; looked up once per plan, because ticks are many."""
        plans = self._entry.runtime_data.plan
        plan, outlook = plans.current, plans.data.outlook
        if plan is not self._planned[0]:
            known = None if plan is None or outlook is None else planned_peak_kw(outlook.problem, plan)
            self._planned = (plan, known)
        return self._planned[1]
