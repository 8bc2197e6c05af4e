"""Plans for a home as if EMS had been followed, made beside the real ones and never carried out."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..adapters.problem import PlanInputs
from ..const import LOGGER, PLAN_MAX_AGE_S
from ..engine.plan.result import Plan
from ..runtime import EmsConfigEntry
from .plan import Outlook, make_outlook


class VirtualPlan:
    """One plan at a time; what comes meanwhile is left out, for the next plan is five minutes away."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Nothing was planned yet."""
        self._hass, self._entry = hass, entry
        self._plan: Plan | None = None
        self._is_busy = self._has_failed = False

    @property
    def current(self) -> Plan | None:
        """Return the plan while it is young enough to be followed; None where the real one serves."""
        plan = self._plan
        if plan is None or dt_util.utcnow().timestamp() - plan.created_at_s > PLAN_MAX_AGE_S:
            return None
        return plan

    @callback
    def async_forget(self) -> None:
        """The real plan serves."""
        self._plan = None

    @callback
    def async_ask(self, inputs: PlanInputs | None) -> None:
        """Plan for a home; None: the real one is the same."""
        if inputs is None:
            self.async_forget()
        elif not self._is_busy:
            self._is_busy = True
            self._entry.async_create_background_task(self._hass, self._async_plan(inputs), "ems virtual plan")

    async def _async_plan(self, inputs: PlanInputs) -> None:
        try:
            found = await self._hass.async_add_executor_job(make_outlook, inputs, self._plan)
        except Exception as err:  # noqa: BLE001  # logged; the real plan's decisions serve meanwhile
            self._fail(err)
        else:
            self._plan = found.plan if isinstance(found, Outlook) else None
            self._has_failed = False
        finally:
            self._is_busy = False

    def _fail(self, err: Exception) -> None:
        """Say so once; else it would be every five minutes."""
        self._plan = None
        if not self._has_failed:
            LOGGER.warning("%s: no plan for the home as if it had been followed: %r", self._entry.title, err)
        self._has_failed = True
